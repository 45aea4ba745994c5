"""jacfwd, jacrev, hessian: derivatives in all directions of a basis, from one linearisation.

The loop over the directions is plain Python in hloc.library.jacobians, and stays one loop in the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import numbers
from hloc.frontend.derivatives import Args, Kwargs, check_arguments, choose, linearized, main_part, send, split_aux
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree, is_float, type_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    BuiltinMethodV,
    ChoiceRef,
    Const,
    DerivedV,
    LinearMapV,
    Tensor,
    TupleV,
)
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.library import jacobians
from hloc.ops import helpers
from hloc.transformed import Derivative

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
    xs, ys = linear.arguments.floats(), linear.results.floats()
    return [_directions(sp, linear, jacobians.rows, ys, j, xs) for j in range(len(ys))]


def _by_columns(sp: Specializer, linear: LinearMapV) -> list[list[Value]]:
    """The same from tangents."""
    xs, ys = linear.arguments.floats(), linear.results.floats()
    columns = [_directions(sp, linear, jacobians.columns, xs, j, ys) for j in range(len(xs))]
    return [[column[i] for column in columns] for i in range(len(ys))]


def _directions(
    sp: Specializer,
    linear: LinearMapV,
    loop: object,
    sources: Sequence[AbstractValue],
    number: int,
    targets: Sequence[AbstractValue],
) -> list[Value]:
    """Derivatives in all directions of one leaf, those of its side that are not meant being zero."""
    types = [t for leaf in sources if (t := type_of(leaf)) is not None]

    def through(sp: Specializer, owner: AbstractValue, basis: AbstractValue) -> AbstractValue:
        given = [_zeros(sp, t) for t in types]
        given[number] = sp.number(basis)
        return TupleV(tuple(sp.new_array(v) for v in send(sp, linear, given)))

    if not types[number].shape:
        one = Tensor(sp.constant(1, types[number].dtype))
        found = through(sp, linear, one)
    else:
        direct = BuiltinMethodV(through, linear, "a direction")
        likes = TupleV(tuple(sp.new_array(_zeros(sp, t)) for leaf in targets if (t := type_of(leaf)) is not None))
        found = sp.call(Const(loop), direct, sp.new_array(_zeros(sp, types[number])), likes)
    assert isinstance(found, TupleV)
    return [sp.number(item) for item in found.items]


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
