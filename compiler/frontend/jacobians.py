"""jacfwd, jacrev, hessian: derivatives in all directions of a basis, from one linearisation.

    hloc.jacrev(f)(x)      →      …linearize…
                                  %rows: f64[m, n] = for %m, %empty {lanes = "auto"} body(%lane, %rows) {
                                    %e = …1 at %lane, else 0; %x_bar, %needed = pullback %tape, %e
                                    yield upd %rows, %x_bar, %lane }

Directions are lanes: each of them goes the same way, so they can be run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import numbers
from hloc.frontend.batching import LaneCall
from hloc.frontend.derivatives import Args, Kwargs, check_arguments, choose, linearized, main_part, send, split_aux
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree, is_float, tree_of, type_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    DerivedV,
    LinearMapV,
    Tensor,
    TupleV,
)
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.ops.shape import Iota
from hloc.transformed import Derivative, Mapped

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def jacobian(
    sp: Specializer, derivative: Derivative, function: AbstractValue, args: Args, kwargs: Kwargs
) -> AbstractValue:
    """`jacrev(function)(*args, **kwargs)`, or jacfwd: the result, with the arguments in place of each leaf."""
    what, reverse = f"hloc.{derivative.kind}", derivative.kind == "jacrev"
    chosen, run, single = choose(sp, derivative, function, args, kwargs)
    check_arguments(sp, what, chosen)
    value, linear = linearized(
        sp,
        function,
        run,
        list(chosen.values()),
        lambda result: main_part(what, result, derivative.has_aux),
        transposed=reverse,
    )
    if linear is None:
        return value
    _, aux = split_aux(value, derivative.has_aux)
    _refuse(what, linear.results, "the result", not reverse)
    _refuse(what, linear.arguments, "an argument", reverse)
    table = _by_rows(sp, linear) if reverse else _by_columns(sp, linear)
    inputs: Tree = linear.arguments.parts[0] if single else linear.arguments
    outputs: Tree = linear.results
    rows = iter(table)
    leaves = [_row(sp, inputs, leaf, next(rows)) if is_float(leaf) else leaf for leaf in outputs.leaves()]
    result = outputs.build(sp, iter(leaves))
    return TupleV((result, *aux)) if aux else result


def hessian(
    sp: Specializer, derivative: Derivative, function: AbstractValue, args: Args, kwargs: Kwargs
) -> AbstractValue:
    """`jacfwd(jacrev(function))(*args, **kwargs)`."""
    _, argnums, argnames, has_aux = derivative.choices
    inner = DerivedV(Derivative("jacrev", None, argnums, argnames, has_aux), function)
    return jacobian(sp, Derivative("jacfwd", None, argnums, argnames, has_aux), inner, args, kwargs)


def _refuse(what: str, tree: Tree, name: str, complex_allowed: bool) -> None:
    for leaf in tree.leaves():
        type_ = type_of(leaf)
        if type_ is not None and type_.dtype.kind == "c" and not complex_allowed:
            raise DTypeError(
                f"{what}: {name} is complex ({type_}): its real and imaginary parts have a derivative each",
                help="differentiate by the parts, or use hloc.jvp and hloc.vjp (docs/derivatives.md, complex numbers)",
            )
        if name == "the result" and type_ is not None and not is_float(leaf):
            raise DTypeError(f"{what}: {name} is {kind_of(leaf)}, which has no derivative", help="return floats")


def _by_rows(sp: Specializer, linear: LinearMapV) -> list[list[Value]]:
    """For each output leaf its derivatives by all input leaves, from cotangents."""
    ys = linear.results.floats()
    return [_directions(sp, linear, ys, j) for j in range(len(ys))]


def _by_columns(sp: Specializer, linear: LinearMapV) -> list[list[Value]]:
    """The same from tangents."""
    xs, ys = linear.arguments.floats(), linear.results.floats()
    columns = [[_last_axes(sp, v, _type(x)) for v in _directions(sp, linear, xs, j)] for j, x in enumerate(xs)]
    return [[column[i] for column in columns] for i in range(len(ys))]


def _directions(sp: Specializer, linear: LinearMapV, sources: Sequence[AbstractValue], number: int) -> list[Value]:
    """Derivatives in all directions of one leaf, whose axes come first; those of its other leaves are zero."""
    types = [_type(leaf) for leaf in sources]
    type_ = types[number]

    def through(basis: Value) -> AbstractValue:
        given = [_zeros(sp, t) for t in types]
        given[number] = basis
        return TupleV(tuple(sp.new_array(v) for v in send(sp, linear, given)))

    if not type_.shape:
        return _values(sp, through(sp.constant(1, type_.dtype)))
    lanes = LaneCall(
        sp,
        tree_of(sp, TupleV(())),
        axes=[],
        size=type_.size,
        run=lambda _: through(_direction(sp, type_, lanes.lane)),
        mapped=Mapped("vmap", None),
    )
    values = _values(sp, lanes.result())
    for value in values:
        value.name = value.name or "jacobian"
    return [helpers.reshape(sp.builder, v, (*type_.shape, *v.type.shape[1:])) for v in values]


def _direction(sp: Specializer, type_: TensorType, number: Value | None) -> Value:
    """1 in one place, else 0."""
    assert number is not None
    b, places = sp.builder, sp.emit(Iota, shape=(type_.size,), dtype=np.dtype(np.int64), dim=0)
    here = helpers.compare(b, places, "EQ", helpers.broadcast_to(b, number, (type_.size,)))
    basis = helpers.reshape(b, helpers.convert(b, here, type_.dtype), type_.shape)
    basis.name = "basis"
    return basis


def _values(sp: Specializer, found: AbstractValue) -> list[Value]:
    assert isinstance(found, TupleV)
    return [sp.number(item) for item in found.items]


def _last_axes(sp: Specializer, value: Value, type_: TensorType) -> Value:
    """The first axes of a value, as many as `type_` has, put last."""
    axes = range(value.type.rank)
    return helpers.transpose(sp.builder, value, [*axes[type_.rank :], *axes[: type_.rank]])


def _type(leaf: AbstractValue) -> TensorType:
    type_ = type_of(leaf)
    assert type_ is not None
    return type_


def _zeros(sp: Specializer, type_: TensorType) -> Value:
    return helpers.full(sp.builder, type_.shape, 0, type_.dtype)


def _row(sp: Specializer, inputs: Tree, y: AbstractValue, values: Sequence[Value]) -> AbstractValue:
    """The derivatives of one output leaf in the structure of the arguments."""
    found = iter(values)
    return inputs.build(sp, iter([_entry(sp, x, y, found) for x in inputs.leaves()]))


def _entry(sp: Specializer, x: AbstractValue, y: AbstractValue, found: object) -> AbstractValue:
    type_, outer = type_of(x), type_of(y)
    if type_ is None or outer is None:
        return x
    value = next(found) if is_float(x) else _zeros(sp, TensorType(outer.shape + type_.shape, type_.dtype))  # type: ignore[call-overload]
    if value.type.shape or any(isinstance(leaf, ArrayRef | ChoiceRef) for leaf in (x, y)):
        return sp.new_array(value)
    return Tensor(value, numbers.is_python_number(x) and numbers.is_python_number(y))
