"""Attributes and methods of arrays and NumPy scalars: shape, views, copies, conversion."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError, UnsupportedError
from hloc.frontend import numbers, operators
from hloc.frontend.arrays import as_array, list_items, take_view
from hloc.frontend.structure import children
from hloc.frontend.subscripts import get_item, stored_value
from hloc.frontend.tables.registry import implements, method, prop, setter
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, Const, MaskedV, Tensor, TupleV
from hloc.frontend.views import PartView, ReadOnlyView, ReshapeView, TransposeView, View, is_contiguous
from hloc.ir.types import ELEMENT_TYPES, TensorType
from hloc.ops import helpers
from hloc.ops.elementwise import Conj, Convert, Imag, Real

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

NONE = Const(None)


def type_of_array(sp: Specializer, value: AbstractValue) -> TensorType:
    """Shape and element type of an array or number."""
    if isinstance(value, ArrayRef | ChoiceRef):
        return value.type
    described = numbers.describe(value)
    if described is None:
        return sp.number(as_array(sp, value)).type
    return described[0]


def static_shape(sp: Specializer, shape: AbstractValue) -> tuple[int, ...]:
    """A shape argument: an int or a sequence of ints, known now."""
    if isinstance(shape, ArrayRef | ChoiceRef):
        return tuple(sp.static_int(i, "a shape") for i in list_items(sp, shape))
    known = sp.static(shape, "a shape")
    dims = tuple(known) if isinstance(known, tuple | list | np.ndarray) else (known,)
    return tuple(int(d.__index__()) for d in dims)


def dtype_argument(sp: Specializer, dtype: AbstractValue | None) -> np.dtype | None:
    """A dtype argument, known now; None for none given."""
    if dtype is None or (isinstance(dtype, Const) and dtype.obj is None):
        return None
    found: np.dtype = np.dtype(sp.static(dtype, "a dtype"))
    if found not in ELEMENT_TYPES:
        raise DTypeError(f"arrays of {found} are not supported", help="use a boolean or numeric dtype")
    return found


# --- attributes


@prop("array scalar", "shape")
def shape_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return TupleV(tuple(Const(n) for n in type_of_array(sp, owner).shape))


@implements(np.shape)
def np_shape(sp: Specializer, a: AbstractValue) -> AbstractValue:
    return shape_(sp, as_array(sp, a))


@prop("array scalar", "ndim")
def ndim_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, owner).rank)


@implements(np.ndim)
def np_ndim(sp: Specializer, a: AbstractValue) -> AbstractValue:
    return ndim_(sp, as_array(sp, a))


@prop("array scalar", "size")
def size_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, owner).size)


@implements(np.size)
def np_size(sp: Specializer, a: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    a = as_array(sp, a)
    known = sp.static(axis, "an axis")
    return size_(sp, a) if known is None else Const(type_of_array(sp, a).shape[known])


@prop("array scalar", "dtype")
def dtype_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, owner).dtype)


@prop("array scalar", "itemsize")
def itemsize_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, owner).dtype.itemsize)


@prop("array scalar", "nbytes")
def nbytes_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, owner).nbytes)


@prop("array", "T")
def transposed(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return permuted(sp, owner, tuple(reversed(range(type_of_array(sp, owner).rank))))


@prop("scalar number", "real")
def real_number(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return _part(sp, owner, Real)


@prop("scalar number", "imag")
def imag_number(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return _part(sp, owner, Imag)


@prop("array", "real")
def real_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return owner if type_of_array(sp, owner).dtype.kind != "c" else _viewed(sp, owner, PartView(False))


@prop("array", "imag")
def imag_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    if type_of_array(sp, owner).dtype.kind == "c":
        return _viewed(sp, owner, PartView(True))
    return _viewed(sp, sp.new_array(helpers.zeros_like(sp.builder, sp.number(owner))), ReadOnlyView())


@setter("array", "real")
def set_real(sp: Specializer, owner: AbstractValue, value: AbstractValue) -> None:
    _set_part(sp, real_(sp, owner), value)


@setter("array", "imag")
def set_imag(sp: Specializer, owner: AbstractValue, value: AbstractValue) -> None:
    _set_part(sp, imag_(sp, owner), value)


def _set_part(sp: Specializer, part: AbstractValue, value: AbstractValue) -> None:
    assert isinstance(part, ArrayRef | ChoiceRef)
    sp.store(part, stored_value(sp, value, part))


def _viewed(sp: Specializer, owner: AbstractValue, step: View) -> AbstractValue:
    """A view of an array, or of each array of a choice."""
    if isinstance(owner, ChoiceRef):
        return ChoiceRef(owner.selector, tuple(take_view(sp, r, step) for r in owner.refs))
    assert isinstance(owner, ArrayRef)
    return take_view(sp, owner, step)


def _part(sp: Specializer, owner: AbstractValue, record: Any) -> AbstractValue:
    if isinstance(owner, Const):
        return Const(owner.obj.real if record is Real else owner.obj.imag)
    x = sp.number(owner)
    weak = isinstance(owner, Tensor) and owner.weak
    if x.type.dtype.kind != "c":
        if record is Real:
            return owner
        return Tensor(helpers.zeros_like(sp.builder, x), weak)
    return Tensor(sp.emit(record, x), weak)


@method("number scalar array", "conjugate", "conj")
def conjugate_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    if isinstance(owner, Const):
        return Const(owner.obj.conjugate())
    x = sp.number(owner)
    x = sp.emit(Conj, x) if x.type.dtype.kind == "c" else x
    return Tensor(x, owner.weak) if isinstance(owner, Tensor) else sp.result(x)


# --- views


def permuted(sp: Specializer, owner: AbstractValue, permutation: tuple[int, ...]) -> AbstractValue:
    """A view with the dimensions reordered."""
    if permutation == tuple(range(len(permutation))):
        return owner
    return _viewed(sp, owner, TransposeView(permutation))


def reshaped(sp: Specializer, owner: AbstractValue, shape: tuple[int, ...]) -> AbstractValue:
    """`reshape`: a view where NumPy's is one, else a copy. One dimension may be -1. Raises ShapeError."""
    owner = as_array(sp, owner)
    type_ = type_of_array(sp, owner)
    if shape.count(-1) == 1:
        rest = prod(d for d in shape if d != -1)
        if rest and type_.size % rest == 0:
            shape = tuple(type_.size // rest if d == -1 else d for d in shape)
    if prod(shape) != type_.size or any(d < 0 for d in shape):
        raise ShapeError(f"cannot reshape array of size {type_.size} into shape {shape}")
    if isinstance(owner, ArrayRef):
        base = sp.state[owner.cell]
        assert isinstance(base, Tensor)
        if is_contiguous(owner.view, base.value.type) or _only_units(type_.shape, shape):
            return owner if shape == type_.shape else take_view(sp, owner, ReshapeView(shape))
    return sp.new_array(helpers.reshape(sp.builder, sp.number(owner), shape))


def _only_units(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Dimensions of size 1 come and go without moving elements."""
    return [d for d in old if d != 1] == [d for d in new if d != 1]


def _shape_arguments(sp: Specializer, shape: tuple[AbstractValue, ...]) -> tuple[int, ...]:
    return static_shape(sp, shape[0] if len(shape) == 1 else TupleV(shape))


@method("array scalar", "reshape")
def reshape_method(
    sp: Specializer, owner: AbstractValue, *shape: AbstractValue, order: AbstractValue = Const("C")
) -> AbstractValue:
    return reshape_(sp, owner, TupleV(tuple(Const(d) for d in _shape_arguments(sp, shape))), order)


@implements(np.reshape)
def reshape_(
    sp: Specializer, a: AbstractValue, shape: AbstractValue, order: AbstractValue = Const("C")
) -> AbstractValue:
    kind = sp.static(order, "order")
    if kind == "F":
        flipped = permuted(sp, as_array(sp, a), tuple(reversed(range(type_of_array(sp, as_array(sp, a)).rank))))
        dims = static_shape(sp, shape)
        result = reshaped(sp, sp.new_array(sp.number(flipped)), dims[::-1])
        return permuted(sp, result, tuple(reversed(range(len(dims)))))
    if kind not in ("C", "A"):
        raise UnsupportedError(f"order={kind!r} is not supported")
    return reshaped(sp, a, static_shape(sp, shape))


@method("array scalar", "ravel")
@implements(np.ravel)
def ravel_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    if isinstance(a, MaskedV):
        return a
    a = as_array(sp, a)
    return reshaped(sp, a, (type_of_array(sp, a).size,))


@method("array scalar", "flatten")
def flatten_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    return sp.new_array(helpers.reshape(sp.builder, sp.number(a), (type_of_array(sp, a).size,)))


@method("array", "transpose")
def transpose_method(sp: Specializer, owner: AbstractValue, *axes: AbstractValue) -> AbstractValue:
    given = axes[0] if len(axes) == 1 else TupleV(axes)
    return transpose_(sp, owner, given if axes else NONE)


@implements(np.transpose)
def transpose_(sp: Specializer, a: AbstractValue, axes: AbstractValue = NONE) -> AbstractValue:
    a = as_array(sp, a)
    rank = type_of_array(sp, a).rank
    order = sp.static(axes, "the axes of transpose")
    if order is None:
        return permuted(sp, a, tuple(reversed(range(rank)))) if rank else a
    order = (order,) if isinstance(order, int) else order
    permutation = tuple(normal_axis(axis, rank) for axis in order)
    if sorted(permutation) != list(range(rank)):
        raise ShapeError(f"axes {order} do not match an array of {rank} dimensions")
    return permuted(sp, a, permutation)


def normal_axis(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises ShapeError outside [-rank, rank)."""
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is out of bounds for array of dimension {rank}")
    return axis % rank


@setter("array", "shape")
def set_shape(sp: Specializer, owner: AbstractValue, value: AbstractValue) -> None:
    """In place for an array made here that only plain variables hold: all names of the object see the new shape."""
    help_ = "write a = a.reshape(...)"
    if not isinstance(owner, ArrayRef) or owner.is_list:
        raise UnsupportedError("assignment to .shape of one of several arrays is not supported", help=help_)
    if owner.cell in sp.origins:
        raise UnsupportedError("assignment to .shape of an argument would change the caller's array", help=help_)
    new = reshaped(sp, owner, static_shape(sp, value))
    if not isinstance(new, ArrayRef) or new.cell is not owner.cell:
        raise ShapeError("incompatible shape for in-place modification", help=help_)
    names = [slot for slot, held in sp.state.slots.items() if held is owner and isinstance(slot, tuple)]
    for slot, held in sp.state.slots.items():
        if slot not in names and any(_may_be_same(owner, ref) for ref in array_refs(held)):
            raise UnsupportedError(
                "assignment to .shape of an array that is also held elsewhere is not supported", help=help_
            )
    for slot in names:
        sp.state[slot] = new


def array_refs(value: object) -> Iterator[ArrayRef]:
    """The arrays in a value and in the immutable structure that it holds."""
    if isinstance(value, ArrayRef):
        yield value
    elif isinstance(value, ChoiceRef):
        yield from value.refs
    elif isinstance(value, AbstractValue):
        inner = getattr(value, "value", None)
        for child in (inner, *children(value)):
            yield from array_refs(child)


def _may_be_same(a: ArrayRef, b: ArrayRef) -> bool:
    return a.cell is b.cell and a.type == b.type and len(a.view) == len(b.view)


# --- copies and conversion


@method("array", "copy")
@implements(np.copy)
def copy_(sp: Specializer, a: AbstractValue, order: AbstractValue = NONE) -> AbstractValue:
    a = as_array(sp, a)
    return sp.new_array(sp.number(a))


@method("scalar", "copy")
def copy_scalar(sp: Specializer, a: AbstractValue) -> AbstractValue:
    return a


@method("array scalar", "astype")
def astype_(
    sp: Specializer, owner: AbstractValue, dtype: AbstractValue, copy: AbstractValue = Const(True)
) -> AbstractValue:
    target = dtype_argument(sp, dtype)
    assert target is not None
    x = sp.number(owner)
    if x.type.dtype.kind == "c" and target.kind not in "cb":
        raise DTypeError(f"casting {x.type.dtype} to {target} discards the imaginary part", help="take .real first")
    if x.type.dtype == target and sp.static(copy, "copy") is False:
        return owner
    converted = helpers.convert(sp.builder, x, target)
    return sp.new_array(converted) if isinstance(owner, ArrayRef | ChoiceRef) else Tensor(converted)


@method("array", "fill")
def fill_(sp: Specializer, owner: AbstractValue, value: AbstractValue) -> AbstractValue:
    sp.store(owner, stored_value(sp, value, owner))  # type: ignore[arg-type]
    return NONE


@method("array scalar", "item")
def item_(sp: Specializer, owner: AbstractValue, *index: AbstractValue) -> AbstractValue:
    if index:
        key = index[0] if len(index) == 1 else TupleV(index)
        flat = ravel_(sp, owner) if len(index) == 1 and not isinstance(key, TupleV) else owner
        owner = get_item(sp, flat, key)
    if isinstance(owner, Const):
        return operators.python_call(sp, lambda x: x.item(), owner.obj)
    x = sp.number(owner)
    if x.type.size != 1:
        raise ShapeError(f"item(): an array of one element is needed, found {x.type}")
    wide = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64, "c": np.complex128}[x.type.dtype.kind]
    return Tensor(helpers.convert(sp.builder, helpers.reshape(sp.builder, x, ()), wide), True)


@method("array", "tolist")
def tolist_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    x = sp.number(owner)
    wide = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64, "c": np.complex128}[x.type.dtype.kind]
    x = helpers.convert(sp.builder, x, wide)
    return sp.new_array(x, is_list=True) if x.type.rank else Tensor(x, True)


def scalar_type(dtype: np.dtype) -> Any:
    """The rule of a NumPy scalar type used as a function: `np.float32(x)`."""

    def rule(sp: Specializer, value: AbstractValue = Const(0)) -> AbstractValue:
        if isinstance(value, Const):
            return operators.python_call(sp, dtype.type, value.obj)
        array = as_array(sp, value)
        x = sp.number(array)
        if x.type.dtype.kind == "c" and dtype.kind not in "cb":
            raise DTypeError(f"a complex number cannot be converted to {dtype}", help="take its .real")
        converted = sp.emit(Convert, x, dtype=dtype) if x.type.dtype != dtype else x
        return sp.result(converted)

    return rule


for _name in [
    "bool_",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]:
    _type = getattr(np, _name)
    implements(_type)(scalar_type(np.dtype(_type)))
