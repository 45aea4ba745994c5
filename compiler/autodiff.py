"""The public names for derivatives: functions of functions, also to be called in compiled code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hloc.api import CompiledFunction
from hloc.diagnostics.errors import DTypeError
from hloc.transformation import compiled, in_python, public
from hloc.transformed import Checkpoint, CustomJvp, CustomVjp, Derivative, chosen, plain

Argnums = int | Sequence[int]
Argnames = str | Sequence[str] | None


@public
def grad(f: Callable[..., Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False) -> Any:
    """The function that computes the gradient of f, which returns one real number.

    argnums: which argument, or a tuple of several (the gradient is then a tuple). argnames: the same by name.
    has_aux: f returns a pair (value, aux); the result is a pair (gradient, aux).
    """
    return _derived("grad", f, argnums, argnames, has_aux)


@public
def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False
) -> Any:
    """The function that computes the value of f and its gradient; with has_aux, ((value, aux), gradient)."""
    return _derived("value_and_grad", f, argnums, argnames, has_aux)


@public
def jacfwd(f: Callable[..., Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False) -> Any:
    """The function that computes the Jacobian of f column by column, in forward mode: best where it is tall."""
    return _derived("jacfwd", f, argnums, argnames, has_aux)


@public
def jacrev(f: Callable[..., Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False) -> Any:
    """The function that computes the Jacobian of f row by row, in reverse mode: best where it is wide."""
    return _derived("jacrev", f, argnums, argnames, has_aux)


@public
def hessian(f: Callable[..., Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False) -> Any:
    """The function that computes the second derivatives of f: jacfwd of jacrev."""
    return _derived("hessian", f, argnums, argnames, has_aux)


@public
def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """f(*primals) and its derivative in the direction `tangents`: (result, tangent), with has_aux also aux."""
    return _once("jvp", f, has_aux)(_several("primals", primals), _several("tangents", tangents))


@public
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """f(*primals) and the function that takes the cotangent of the result to a tuple of those of the arguments."""
    return _once("vjp", f, has_aux).with_linear(primals)


@public
def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """f(*primals) and the function that takes tangents of the arguments to that of the result."""
    return _once("linearize", f, has_aux).with_linear(primals)


@public
def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f at `primals` times `tangents`; for several primals a tuple."""
    return _once("hvp", f, False)(_several("primals", primals), _several("tangents", tangents))


@public
def stop_gradient(x: Any) -> Any:
    """x, through which no derivative goes."""
    return x


@public
def checkpoint(f: Callable[..., Any]) -> Any:
    """f, whose intermediate values are computed again in a reverse sweep instead of saved."""
    return Checkpoint(f)


@public
def custom_jvp(f: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> Any:
    """f with a rule of its own for tangents, which `defjvp` sets: rule(primals, tangents) → (result, tangent).

    nondiff_argnums: arguments that are not differentiated; the rule is given them first.
    """
    return CustomJvp(f, tuple(nondiff_argnums))


@public
def custom_vjp(f: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> Any:
    """f with a rule of its own for cotangents, which `defvjp(forward, backward)` sets.

    forward(*args) → (result, residuals); backward(residuals, cotangent) → a tuple of the arguments' cotangents.
    nondiff_argnums: arguments that are not differentiated; `backward` is given them first.
    """
    return CustomVjp(f, tuple(nondiff_argnums))


# --- what they make


def _derived(kind: str, f: Callable[..., Any], argnums: Argnums, argnames: Argnames, has_aux: bool) -> CompiledFunction:
    f = in_python(f)
    numbers = chosen(argnums, int, "argnums")
    names = None if argnames is None else chosen(argnames, str, "argnames")
    return compiled(Derivative(kind, plain(f), numbers, names, has_aux), f)


def _several(name: str, values: Sequence[Any]) -> tuple[Any, ...]:
    if not isinstance(values, tuple | list):
        raise DTypeError(f"{name} must be a tuple or list, found {type(values).__name__}", help="write (x,) for one")
    return tuple(values)


def _once(kind: str, f: Callable[..., Any], has_aux: bool) -> CompiledFunction:
    f = in_python(f)
    return compiled(Derivative(kind, plain(f), has_aux=has_aux), f)
