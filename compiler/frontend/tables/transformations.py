"""hloc.grad, hloc.vmap and their relatives, called in compiled code; public functions carry their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend import derivatives
from hloc.frontend.tables.registry import Rule, family
from hloc.frontend.trees import is_float, like_leaf, tree_of
from hloc.frontend.values import AbstractValue, Const, DerivedV
from hloc.ops.derivative import StopGradient
from hloc.transformed import Derivative, Mapped, axes_of, chosen, size_of, strategy_of, vectorized_as

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def _deriving(kind: str) -> Rule:
    def rule(
        sp: Specializer,
        f: AbstractValue,
        argnums: AbstractValue = Const(0),
        argnames: AbstractValue = Const(None),
        has_aux: AbstractValue = Const(False),
    ) -> AbstractValue:
        numbers = chosen(sp.static(argnums, "argnums of a derivative"), int, "argnums")
        names = sp.static(argnames, "argnames of a derivative")
        names = None if names is None else chosen(names, str, "argnames")
        return DerivedV(Derivative(kind, None, numbers, names, static_bool(sp, has_aux)), f)

    return rule


def static_bool(sp: Specializer, value: AbstractValue) -> bool:
    return bool(sp.static(value, "has_aux"))


def vjp(
    sp: Specializer, f: AbstractValue, *primals: AbstractValue, has_aux: AbstractValue = Const(False)
) -> AbstractValue:
    return derivatives.vjp(sp, f, list(primals), static_bool(sp, has_aux))


def linearize(
    sp: Specializer, f: AbstractValue, *primals: AbstractValue, has_aux: AbstractValue = Const(False)
) -> AbstractValue:
    return derivatives.linearize(sp, f, list(primals), static_bool(sp, has_aux))


def jvp(
    sp: Specializer,
    f: AbstractValue,
    primals: AbstractValue,
    tangents: AbstractValue,
    has_aux: AbstractValue = Const(False),
) -> AbstractValue:
    return derivatives.jvp(sp, f, primals, tangents, static_bool(sp, has_aux))


def hvp(sp: Specializer, f: AbstractValue, primals: AbstractValue, tangents: AbstractValue) -> AbstractValue:
    return derivatives.hvp(sp, f, primals, tangents)


def stop_gradient(sp: Specializer, x: AbstractValue) -> AbstractValue:
    tree = tree_of(sp, x)
    leaves = [
        like_leaf(sp, leaf, sp.emit(StopGradient, sp.number(leaf))) if is_float(leaf) else leaf
        for leaf in tree.leaves()
    ]
    return tree.build(sp, iter(leaves))


def checkpoint(sp: Specializer, f: AbstractValue) -> AbstractValue:
    return DerivedV(Derivative("checkpoint", None), f)


def custom(sp: Specializer, f: AbstractValue, nondiff_argnums: AbstractValue = Const(())) -> AbstractValue:
    raise UnsupportedError("a function with a rule of its own is defined outside of compiled code")


def vmap(
    sp: Specializer,
    f: AbstractValue,
    in_axes: AbstractValue = Const(0),
    out_axes: AbstractValue = Const(0),
    axis_size: AbstractValue = Const(None),
    strategy: AbstractValue = Const(None),
) -> AbstractValue:
    inner, outer = (axes_of(sp.static(axes, "axes of hloc.vmap")) for axes in (in_axes, out_axes))
    size = size_of(sp.static(axis_size, "axis_size of hloc.vmap"))
    chosen = strategy_of(sp.static(strategy, "strategy of hloc.vmap"))
    return DerivedV(Mapped("vmap", None, inner, outer, size, chosen), f)


def vectorize(
    sp: Specializer,
    pyfunc: AbstractValue,
    otypes: AbstractValue = Const(None),
    excluded: AbstractValue = Const(None),
    signature: AbstractValue = Const(None),
) -> AbstractValue:
    choices = (sp.static(value, "an argument of vectorize") for value in (otypes, excluded, signature))
    return DerivedV(vectorized_as(None, *choices), pyfunc)


_RULES: dict[str, Rule] = {
    "checkpoint": checkpoint,
    "custom_jvp": custom,
    "custom_vjp": custom,
    **{kind: _deriving(kind) for kind in ("grad", "value_and_grad", "jacfwd", "jacrev", "hessian")},
    "vjp": vjp,
    "linearize": linearize,
    "jvp": jvp,
    "hvp": hvp,
    "stop_gradient": stop_gradient,
    "vectorize": vectorize,
    "vmap": vmap,
}


@family
def find_transformation(obj: Any) -> Rule | None:
    """The rule of a function of the public API, by the name that it carries."""
    name = getattr(obj, "__hloc_transformation__", None)
    return _RULES.get(name) if isinstance(name, str) else None
