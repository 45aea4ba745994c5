"""The public names for derivatives: functions of functions, also to be called in compiled code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hloc.api import DEFAULT_CHOICES, CompiledFunction
from hloc.derivative import Checkpoint, CustomJvp, CustomVjp, Derivative, chosen, innermost, plain
from hloc.diagnostics.errors import DTypeError, SourceError

F = TypeVar("F", bound=Callable[..., Any])
Argnums = int | Sequence[int]
Argnames = str | Sequence[str] | None


def public(function: F) -> F:
    """Let the front end know a function of this module by its name."""
    function.__hloc_derivative__ = function.__name__  # type: ignore[attr-defined]
    return function


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
    f = _in_python(f)
    numbers = chosen(argnums, int, "argnums")
    names = None if argnames is None else chosen(argnames, str, "argnames")
    return _compiled(Derivative(kind, plain(f), numbers, names, has_aux), f)


def _several(name: str, values: Sequence[Any]) -> tuple[Any, ...]:
    if not isinstance(values, tuple | list):
        raise DTypeError(f"{name} must be a tuple or list, found {type(values).__name__}", help="write (x,) for one")
    return tuple(values)


def _once(kind: str, f: Callable[..., Any], has_aux: bool) -> CompiledFunction:
    f = _in_python(f)
    return _compiled(Derivative(kind, plain(f), has_aux=has_aux), f)


def _in_python(f: Any) -> Any:
    """A function of a library, such as np.tanh, as one written in Python that calls it."""
    if innermost(f) is not None or not callable(f):
        return f

    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    call.__name__ = call.__qualname__ = getattr(f, "__name__", type(f).__name__)
    return call


def _compiled(derivative: Derivative, f: Callable[..., Any]) -> CompiledFunction:
    """The derivative of f, with the options of f; the one made before where f was differentiated so before."""
    if innermost(f) is None:
        raise SourceError(
            f"hloc.{derivative.kind} takes a function, found {type(f).__name__}",
            help="pass the function, not its result: hloc.grad(f)(x)",
        )
    made = _made_before(f)
    if derivative.choices not in made:
        choices = f.choices if isinstance(f, CompiledFunction) else DEFAULT_CHOICES
        static = () if derivative.parameters else choices[0]  # the parameters of f are inside of its own
        made[derivative.choices] = CompiledFunction(derivative, (static, *choices[1:]), None)
    return made[derivative.choices]


def _made_before(f: Callable[..., Any]) -> dict[Any, CompiledFunction]:
    """The derivatives of f by their choices, kept with f; functools.wraps may have copied those of another one."""
    made: dict[Any, CompiledFunction]
    owner, made = getattr(f, "__dict__", {}).get("__hloc_derivatives__", (None, {}))
    if owner is not f:
        made = {}
        if hasattr(f, "__dict__") and not inspect.ismethod(f):
            f.__dict__["__hloc_derivatives__"] = (f, made)
    return made
