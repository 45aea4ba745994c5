"""grad, vjp, jvp, linearize and what they return: each differentiates one call, which becomes a function (`separate`).

    hloc.grad(f)(x)        →      %y, %tape, %needed = linearize(%x) {function = "f", wrt = 1, outputs = 1}
                                  %x_bar, %needed_1 = pullback(%tape, 1.0)

hloc.transform.differentiate writes these operations out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import effects
from hloc.frontend.separate import Pick, Run, Separate, separate
from hloc.frontend.signatures import function_name, position_of
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree, is_float, tree_of, type_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    DerivedV,
    LinearMapV,
    NeverV,
    Tensor,
    TupleV,
)
from hloc.ir.core import Value
from hloc.ir.types import I64
from hloc.ops import helpers
from hloc.ops.control import Call, Jvp, Linearize, Pullback, Pushforward
from hloc.program import TapeOverflow
from hloc.transformed import Derivative

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Args = list[AbstractValue]
Kwargs = dict[str, AbstractValue]


def gradient(
    sp: Specializer, derivative: Derivative, function: AbstractValue, args: Args, kwargs: Kwargs
) -> AbstractValue:
    """`grad(function)(*args, **kwargs)`, or value_and_grad."""
    chosen, run, single = choose(sp, derivative, function, args, kwargs)
    what = f"hloc.{derivative.kind}"
    check_arguments(sp, what, chosen)

    def loss(result: AbstractValue) -> AbstractValue:
        return real_scalar(sp, what, function, main_part(what, result, derivative.has_aux))

    value, pullback = linearized(sp, function, run, list(chosen.values()), loss, transposed=True)
    if pullback is None:
        return value
    result, aux = split_aux(value, derivative.has_aux)
    type_ = type_of(result)
    assert type_ is not None
    grads = tangents_through(sp, pullback, [helpers.full(sp.builder, (), 1, type_.dtype)])
    assert isinstance(grads, TupleV)
    handed = grads.items[0] if single else grads
    if derivative.kind == "grad":
        return TupleV((handed, *aux)) if aux else handed
    return TupleV((TupleV((result, *aux)) if aux else result, handed))


def vjp(sp: Specializer, function: AbstractValue, primals: Args, has_aux: bool) -> AbstractValue:
    """`vjp(function, *primals)`: the result and the function of its cotangents."""
    return _linear(sp, "hloc.vjp", function, primals, has_aux, transposed=True)


def linearize(sp: Specializer, function: AbstractValue, primals: Args, has_aux: bool) -> AbstractValue:
    """`linearize(function, *primals)`: the result and the function of the arguments' tangents."""
    return _linear(sp, "hloc.linearize", function, primals, has_aux, transposed=False)


def _linear(
    sp: Specializer, what: str, function: AbstractValue, primals: Args, has_aux: bool, transposed: bool
) -> AbstractValue:
    check_arguments(sp, what, dict(enumerate(primals)))
    value, linear = linearized(
        sp,
        function,
        lambda inner: sp.call(function, *inner),
        primals,
        lambda result: main_part(what, result, has_aux),
        transposed=transposed,
    )
    if linear is None:
        return value
    result, aux = split_aux(value, has_aux)
    return TupleV((result, linear, *aux))


def jvp(
    sp: Specializer, function: AbstractValue, primals: AbstractValue, tangents: AbstractValue, has_aux: bool
) -> AbstractValue:
    """`jvp(function, primals, tangents)`: the result and its tangent."""
    what = "hloc.jvp"
    arguments = _sequence(sp, what, "primals", primals)
    check_arguments(sp, what, dict(enumerate(arguments)))
    made, tree = separate(
        sp,
        function_name(function),
        lambda inner: sp.call(function, *inner),
        arguments,
        lambda result: main_part(what, result, has_aux),
    )
    given = _matched(sp, tree, TupleV(tuple(_sequence(sp, what, "tangents", tangents))), f"{what}: a tangent")
    if not made.outputs:
        value, dots = call_plainly(sp, made), iter(list[Value]())
    else:
        types = [v.type for v in made.function.results]
        operands = [*made.operands, *given]
        results = sp.builder.emit_op(Jvp, operands, types + types[: made.outputs], made.attrs)
        value, dots = made.finish(sp, results[: len(types)]), iter(results[len(types) :])
    if isinstance(value, NeverV):
        return value
    result, aux = split_aux(value, has_aux)
    return TupleV((result, tree_of(sp, result).build_floats(sp, dots), *aux))


def linearized(
    sp: Specializer,
    function: AbstractValue,
    run: Run,
    arguments: Sequence[AbstractValue],
    pick: Pick,
    *,
    transposed: bool,
    quiet: bool = False,
) -> tuple[AbstractValue, LinearMapV | None]:
    """Run a call so that it can be differentiated: its result and the map of its derivatives; None where it raises."""
    made, tree = separate(sp, function_name(function), run, arguments, pick)
    tape = needed = None
    if made.wrt and made.outputs:
        types = [v.type for v in made.function.results]
        *results, tape, needed = sp.builder.emit_op(Linearize, made.operands, [*types, I64, I64], made.attrs)
        value = made.finish(sp, results, quiet)
        raise_on_overflow(sp, needed)
    else:
        value = call_plainly(sp, made, quiet)
        tape = sp.constant(0, np.int64)
    if isinstance(value, NeverV):
        return value, None
    scope = Cell("tape")
    sp.state[scope] = Tensor(tape)
    return value, LinearMapV(tape, made.attrs, scope, tree, tree_of(sp, pick(value)), transposed)


def call_plainly(sp: Specializer, made: Separate, quiet: bool = False) -> AbstractValue:
    """Call a function that nothing is differentiated by."""
    types = [v.type for v in made.function.results]
    results = sp.builder.emit_op(Call, made.operands, types, {"function": made.function.name})
    return made.finish(sp, results, quiet)


def apply_linear(sp: Specializer, linear: LinearMapV, args: Args, kwargs: Kwargs) -> AbstractValue:
    """Call what vjp or linearize returned."""
    if linear.transposed:
        if len(args) != 1 or kwargs:
            raise DTypeError("the function of hloc.vjp takes one argument: the cotangent of the result")
        return tangents_through(sp, linear, _matched(sp, linear.results, args[0], "hloc.vjp: the cotangent"))
    count = len(linear.arguments.parts)
    if len(args) != count or kwargs:
        raise DTypeError(f"the function of hloc.linearize takes {count} tangents, found {len(args)} arguments")
    return tangents_through(
        sp, linear, _matched(sp, linear.arguments, TupleV(tuple(args)), "hloc.linearize: a tangent")
    )


def tangents_through(sp: Specializer, linear: LinearMapV, given: Sequence[Value]) -> AbstractValue:
    """Send derivatives of all float leaves on one side to the other: a value of its structure."""
    tree: Tree = linear.arguments if linear.transposed else linear.results
    return tree.build_floats(sp, iter(send(sp, linear, given)))


def send(sp: Specializer, linear: LinearMapV, given: Sequence[Value]) -> list[Value]:
    """Send derivatives of all float leaves on one side to those on the other."""
    tree: Tree = linear.arguments if linear.transposed else linear.results
    types = [t for leaf in tree.floats() if (t := type_of(leaf)) is not None]
    if not linear.attrs["wrt"] or not linear.attrs["outputs"]:
        return [helpers.full(sp.builder, t.shape, 0, t.dtype) for t in types]
    kind = Pullback if linear.transposed else Pushforward
    *results, needed = sp.builder.emit_op(kind, [linear.tape, *given], [*types, I64], linear.attrs)
    raise_on_overflow(sp, needed)
    return results


def raise_on_overflow(sp: Specializer, needed: Value) -> None:
    """Have the host compile again with more room where what a derivative must remember did not fit."""
    bad = helpers.compare(sp.builder, needed, "NE", sp.constant(0, np.int64))
    effects.fail(sp, bad, TapeOverflow, [Tensor(needed)])


# --- which arguments, and what is allowed


def choose(
    sp: Specializer, derivative: Derivative, function: AbstractValue, args: Args, kwargs: Kwargs
) -> tuple[dict[int | str, AbstractValue], Run, bool]:
    """The arguments to differentiate by, the call with others in their place, and whether one alone was asked for."""
    asked = derivative.argnums if derivative.argnames is None else derivative.argnames
    single = isinstance(asked, int | str)
    several: Iterable[int | str] = (asked,) if isinstance(asked, int | str) else asked
    places = [position_of(derivative.kind, function, place, args, kwargs) for place in several]
    chosen = {p: args[p] if isinstance(p, int) else kwargs[p] for p in places}
    if len(chosen) < len(places):
        raise DTypeError(f"hloc.{derivative.kind}: the same argument is named twice: {asked}")

    def run(inner: Args) -> AbstractValue:
        given = dict(zip(chosen, inner, strict=True))
        positional = [given.get(j, a) for j, a in enumerate(args)]
        named = {name: given.get(name, a) for name, a in kwargs.items()}
        return sp.call(function, *positional, **named)

    return chosen, run, single


def check_arguments(sp: Specializer, what: str, chosen: Mapping[Any, AbstractValue]) -> None:
    """Refuse to differentiate by an argument that has no derivative. Integers inside containers have the gradient 0."""
    for place, value in chosen.items():
        tree = tree_of(sp, value)
        if tree.is_leaf and not is_float(tree.like) and not isinstance(value, NeverV):
            name = f"argument {place}" if isinstance(place, int) else place
            raise DTypeError(
                f"{what}: {name} is {kind_of(value)}, by which nothing can be differentiated",
                help="pass a float: 3.0 instead of 3, x.astype(np.float64); choose other arguments by argnums",
            )


def main_part(what: str, result: AbstractValue, has_aux: bool) -> AbstractValue:
    """What is differentiated of a result. Raises DTypeError where has_aux finds no pair."""
    if not has_aux:
        return result
    if isinstance(result, TupleV) and len(result.items) == 2:
        return result.items[0]
    raise DTypeError(f"{what}: with has_aux=True the function returns a pair (result, aux), found {kind_of(result)}")


def split_aux(value: AbstractValue, has_aux: bool) -> tuple[AbstractValue, tuple[AbstractValue, ...]]:
    """The differentiated part of a result and, in a tuple, the other."""
    if not has_aux:
        return value, ()
    assert isinstance(value, TupleV)
    return value.items[0], value.items[1:]


def real_scalar(sp: Specializer, what: str, function: AbstractValue, result: AbstractValue) -> AbstractValue:
    """The result, where it is one real number. Raises DTypeError."""
    type_ = type_of(result)
    name = function_name(function)
    if type_ is None or (not isinstance(result, ArrayRef | ChoiceRef) and type_.shape):
        raise DTypeError(f"{what}: {name} must return one real number, found {kind_of(result)}", help=_OTHERS)
    if type_.shape:
        raise DTypeError(f"{what}: {name} must return one real number, found an array ({type_})", help=_OTHERS)
    if type_.dtype.kind == "c":
        raise DTypeError(f"{what}: {name} must return a real number, found a complex one ({type_})", help=_COMPLEX)
    if type_.dtype.kind != "f":
        raise DTypeError(f"{what}: {name} must return a float, found {kind_of(result)}", help=_OTHERS)
    return result if isinstance(result, ArrayRef | ChoiceRef) else Tensor(sp.number(result))


_OTHERS = (
    "sum or choose one element; hloc.jacrev and hloc.jacfwd differentiate arrays, has_aux=True hands on other results"
)
_COMPLEX = "return its real part, imaginary part or absolute value; hloc.vjp and hloc.jvp take complex results"


def _sequence(sp: Specializer, what: str, name: str, value: AbstractValue) -> Args:
    tree = tree_of(sp, value)
    if tree.is_leaf or tree.keys:
        raise DTypeError(f"{what}: {name} must be a tuple or list, found {kind_of(value)}", help="write (x,) for one")
    return [part.like for part in tree.parts]


def _matched(sp: Specializer, tree: Tree, value: AbstractValue, what: str) -> list[Value]:
    return tree.match(sp, value, what)


def hvp(sp: Specializer, function: AbstractValue, primals: AbstractValue, tangents: AbstractValue) -> AbstractValue:
    """The product of the Hessian with the tangents, in the structure of `primals`, or of the only one."""
    arguments = _sequence(sp, "hloc.hvp", "primals", primals)
    asked = 0 if len(arguments) == 1 else tuple(range(len(arguments)))
    result = jvp(sp, DerivedV(Derivative("grad", None, asked), function), primals, tangents, False)
    return result.items[1] if isinstance(result, TupleV) else result
