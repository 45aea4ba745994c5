"""hloc.vectorize and np.vectorize: a function of numbers or small arrays applied by broadcasting.

Loop dimensions become one: the call is an hloc.vmap over it, with arguments that have no loop dimensions shared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError, UnsupportedError
from hloc.frontend import effects
from hloc.frontend.arrays import as_array, resolve_list
from hloc.frontend.batching import LaneCall
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree, tree_of, type_of
from hloc.frontend.values import AbstractValue, Const, ListRef, NeverV, Tensor, TupleV, Unreachable
from hloc.ir.core import Block, Value
from hloc.ir.types import Shape
from hloc.ops import helpers
from hloc.ops.elementwise import And
from hloc.ops.reduction import ReduceMax, ReduceMin
from hloc.transformed import Mapped, Vectorized

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Core = tuple[str, ...]
"""The dimensions of one argument or result in a signature: names or sizes."""
_PYTHON = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64, "c": np.complex128}
"""For each kind of element types that of the Python number as which np.vectorize hands elements to the function."""
_GROUP = r"\(([^()]*)\)"


def vectorized(
    sp: Specializer,
    made: Vectorized,
    function: AbstractValue,
    args: list[AbstractValue],
    kwargs: dict[str, AbstractValue],
) -> AbstractValue:
    """`vectorize(function)(*args, **kwargs)`."""
    values = [resolve_list(sp, value) for value in (*args, *kwargs.values())]
    names = [*range(len(args)), *kwargs]
    whole = [name in made.excluded or not _is_data(value) for name, value in zip(names, values, strict=True)]
    inputs, outputs = (None, None) if made.signature is None else parse(made.signature)
    if inputs is not None and (len(inputs) != whole.count(False) or any(not w for w in whole[len(args) :])):
        raise DTypeError(f"vectorize: the signature {made.signature} does not fit {whole.count(False)} arguments")
    cores = iter(inputs or [()] * len(values))
    sizes: dict[str, int] = {}
    arrays = [None if w else _Array(sp, v, next(cores), sizes) for v, w in zip(values, whole, strict=True)]
    loop = helpers.broadcast_shapes(*(a.loop for a in arrays if a is not None))

    def call(inner: list[AbstractValue]) -> AbstractValue:
        return sp.call(function, *inner[: len(args)], **dict(zip(kwargs, inner[len(args) :], strict=True)))

    def run(inner: list[AbstractValue]) -> AbstractValue:
        if made.signature is not None:
            return call(inner)
        return call([v if w else _as_python(sp, v) for v, w in zip(inner, whole, strict=True)])

    types = made.otypes
    if types is None and made.signature is None and any(a is not None and a.is_narrow for a in arrays):
        types = _first_types(sp, call, [v if a is None else a.element() for v, a in zip(values, arrays, strict=True)])
    size = math.prod(loop)
    if not size and made.otypes is None:
        message = "cannot call `vectorize` on size 0 inputs unless `otypes` is set"
        effects.fail(sp, None, ValueError, [Const(message)])
        return NeverV()
    lanes = [v if a is None else a.lanes(loop) for v, a in zip(values, arrays, strict=True)]
    if loop:
        tree = Tree(TupleV(tuple(lanes)), tuple(tree_of(sp, v) for v in lanes))
        mapped = [a is not None and math.prod(a.loop) != 1 for a in arrays]
        axes = [0 if m else None for m, part in zip(mapped, tree.parts, strict=True) for _ in part.leaves()]
        result = LaneCall(sp, tree, axes, size, run, Mapped("vmap", None)).result()
    else:
        result = run(lanes)
    if isinstance(result, NeverV):
        return result
    several = isinstance(result, TupleV)
    found = list(result.items) if isinstance(result, TupleV) else [result]
    if outputs is not None and len(outputs) != len(found):
        raise DTypeError(f"vectorize: the signature {made.signature} has {len(outputs)} results, found {len(found)}")
    if types is not None and len(types) != len(found):
        raise DTypeError(f"vectorize: otypes has {len(types)} entries for {len(found)} results")
    ends = zip(found, outputs or [()] * len(found), types or [None] * len(found), strict=True)
    done = [_result(sp, *each, loop, sizes) for each in ends]
    return TupleV(tuple(done)) if several else done[0]


def _is_data(value: AbstractValue) -> bool:
    return type_of(value) is not None or isinstance(value, ListRef)


class _Array:
    """An argument: `loop` are the dimensions before those of its core."""

    def __init__(self, sp: Specializer, value: AbstractValue, core: Core, sizes: dict[str, int]) -> None:
        self.sp = sp
        self.given = value
        self.value = sp.number(as_array(sp, value))
        shape = self.value.type.shape
        rank = len(shape) - len(core)
        if rank < 0:
            raise ShapeError(f"vectorize: an argument with {len(shape)} dimensions where {len(core)} are needed")
        self.loop, self.core = shape[:rank], shape[rank:]
        _bind(core, self.core, sizes)

    @property
    def is_narrow(self) -> bool:
        """Whether Python numbers of this kind have another element type."""
        return self.value.type.dtype != _PYTHON[self.value.type.dtype.kind]

    def element(self) -> AbstractValue:
        """Some element, as NumPy hands it out."""
        return Tensor(Value(self.value.type.with_shape(())))

    def lanes(self, loop: Shape) -> AbstractValue:
        """The argument with its loop dimensions as one, or without where they are of size 1."""
        sp, b = self.sp, self.sp.builder
        if type_of(self.given) and not self.value.type.shape:
            return self.given
        if math.prod(self.loop) == 1:
            return sp.result(helpers.reshape(b, self.value, self.core))
        full = helpers.broadcast_to(b, self._spread(loop), (*loop, *self.core))
        return sp.new_array(helpers.reshape(b, full, (math.prod(loop), *self.core)))

    def _spread(self, loop: Shape) -> Value:
        ones = (1,) * (len(loop) - len(self.loop))
        return helpers.reshape(self.sp.builder, self.value, (*ones, *self.loop, *self.core))


def _as_python(sp: Specializer, value: AbstractValue) -> AbstractValue:
    """An element as np.vectorize hands it out: a Python number. Those of uint64 have no other type that holds them."""
    if not isinstance(value, Tensor):
        return value
    dtype = value.value.type.dtype
    if dtype == np.uint64:
        return Tensor(value.value)
    return Tensor(helpers.convert(sp.builder, value.value, _PYTHON[dtype.kind]), True)


def _first_types(
    sp: Specializer, call: Callable[[list[AbstractValue]], AbstractValue], elements: list[AbstractValue]
) -> tuple[np.dtype, ...] | None:
    """The element types of the results: without otypes np.vectorize takes those that the function gives for the first
    elements, which it hands out as NumPy's scalars."""
    with sp.in_block(Block(), sp.state.copy()):
        try:
            result = call(elements)
        except Unreachable:
            return None
        found = list(result.items) if isinstance(result, TupleV) else [result]
        types = [type_of(value) for value in found]
    return None if None in types else tuple(t.dtype for t in types if t is not None)


def _result(
    sp: Specializer, value: AbstractValue, core: Core, dtype: np.dtype | None, loop: Shape, sizes: dict[str, int]
) -> AbstractValue:
    type_ = type_of(value)
    if type_ is None:
        raise DTypeError(
            f"vectorize: the function returns {kind_of(value)}", help="return a number, or a tuple of them"
        )
    found = sp.number(value)
    shape = type_.shape[1:] if loop else type_.shape
    if len(shape) != len(core):
        raise DTypeError(
            f"vectorize: the function returns an array with {len(shape)} dimensions, expected {len(core)}",
            help="give a signature, such as signature='(n)->(n)'",
        )
    _bind(core, shape, sizes)
    if dtype is not None:
        _check_range(sp, found, dtype)
        found = helpers.convert(sp.builder, found, dtype)
    return sp.new_array(helpers.reshape(sp.builder, found, (*loop, *shape)))


def _check_range(sp: Specializer, value: Value, dtype: np.dtype) -> None:
    """Raise OverflowError where an integer does not fit."""
    if value.type.dtype.kind not in "iu" or dtype.kind not in "iu" or not value.type.size:
        return
    limits, own = np.iinfo(dtype), np.iinfo(value.type.dtype)
    if limits.min <= own.min and own.max <= limits.max:
        return
    b, axes = sp.builder, tuple(range(value.type.rank))
    least, most = sp.emit(ReduceMin, value, axes=axes), sp.emit(ReduceMax, value, axes=axes)
    low, high = max(limits.min, own.min), min(limits.max, own.max)
    inside = sp.emit(
        And,
        helpers.compare(b, least, "GE", sp.constant(low, value.type.dtype)),
        helpers.compare(b, most, "LE", sp.constant(high, value.type.dtype)),
    )
    effects.check(sp, inside, OverflowError, Const(f"a Python integer is out of bounds for {dtype.name}"))


def _bind(core: Core, shape: Shape, sizes: dict[str, int]) -> None:
    for name, size in zip(core, shape, strict=True):
        wanted = int(name) if name.isdigit() else sizes.setdefault(name, size)
        if wanted != size:
            raise ShapeError(f"vectorize: the dimension {name} of the signature is {wanted} and {size}")


def parse(signature: str) -> tuple[list[Core], list[Core]]:
    """The dimensions of arguments and results in a signature. Raises UnsupportedError (a ValueError in NumPy)."""
    sides = signature.replace(" ", "").split("->")
    if len(sides) != 2 or any(not re.fullmatch(rf"{_GROUP}(,{_GROUP})*", side) for side in sides):
        raise UnsupportedError(f"not a valid gufunc signature: {signature}", help="such as '(m,n),(n)->(m)'")
    inputs, outputs = ([tuple(d for d in g.split(",") if d) for g in re.findall(_GROUP, side)] for side in sides)
    return inputs, outputs
