"""Transformations of functions that are asked for, and functions with rules of their own, as data.

The public API makes these records, the front end gives them their meaning; neither needs to know the other.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hloc.classes import dataclass
from hloc.diagnostics.errors import DTypeError


@dataclass(frozen=True, eq=False)
class Transformed:
    """What a transformation makes of `function`: a function.

    kind: the name of the transformation in the public API.
    """

    kind: str
    function: Any

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its own parameters; none where it takes the arguments of the function."""
        return ()

    @property
    def choices(self) -> tuple[Any, ...]:
        """All but the function, hashable."""
        return (self.kind,)

    @property
    def name(self) -> str:
        """Such as "grad_f"."""
        function = self.function
        known = function.name if isinstance(function, Transformed) else getattr(function, "__name__", None)
        of = (known or type(function).__name__).strip("<>")
        return of if self.kind == "value" else f"{self.kind}_{of}"


@dataclass(frozen=True, eq=False)
class Derivative(Transformed):
    """A derivative of `function` as a function.

    kind, and what is called: "value" (the function itself), "grad", "value_and_grad", "jacfwd", "jacrev" and "hessian"
    with the arguments of `function`; "jvp" and "hvp" with (primals, tangents), "vjp" and "linearize" with a tuple of
    primals.
    argnums, argnames: the arguments to differentiate by; argnames count where both are given.
    has_aux: `function` returns a pair, of which only the first part is differentiated.
    """

    argnums: int | tuple[int, ...] = 0
    argnames: str | tuple[str, ...] | None = None
    has_aux: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        if self.kind in ("jvp", "hvp"):
            return ("primals", "tangents")
        return ("primals",) if self.kind in ("vjp", "linearize") else ()

    @property
    def choices(self) -> tuple[Any, ...]:
        return (self.kind, self.argnums, self.argnames, self.has_aux)


Axes = int | None | tuple[Any, ...]
"""Which axis of each array has the lanes; None: it has none. In tuples the axes of a container's parts, one by one;
pairs (key, axes) behind the word "keys" for dicts and objects."""
STRATEGIES = ("auto", "simd", "lockstep", "serial", "pc")


@dataclass(frozen=True, eq=False)
class Mapped(Transformed):
    """`function` run for many lanes: hloc.vmap.

    in_axes: of the arguments; out_axes: of the result. axis_size: how many lanes, where the arguments do not tell.
    strategy: one of STRATEGIES.
    """

    in_axes: Axes = 0
    out_axes: Axes = 0
    axis_size: int | None = None
    strategy: str = "auto"

    @property
    def choices(self) -> tuple[Any, ...]:
        return (self.kind, self.in_axes, self.out_axes, self.axis_size, self.strategy)


def chosen(value: Any, what: type, name: str) -> Any:
    """argnums (of int) or argnames (of str): one, or a tuple of several. Raises DTypeError."""
    several = tuple(value) if isinstance(value, tuple | list) else (value,)
    if what is int:
        several = tuple(int(v) if isinstance(v, np.integer) else v for v in several)
    wrong = [v for v in several if not isinstance(v, what) or isinstance(v, bool)]
    if wrong:
        raise DTypeError(f"{name} takes {what.__name__} or a tuple of them, found {wrong[0]!r}")
    return several if isinstance(value, tuple | list) else several[0]


@dataclass(frozen=True, eq=False)
class Vectorized(Transformed):
    """`function` of numbers or small arrays, applied to all elements by broadcasting, as np.vectorize does.

    excluded: positions and keywords of arguments that are passed as they are.
    signature: such as "(m,n),(n)->(m)"; None: numbers.
    otypes: element types of the results, one for each; None: those that the function gives.
    """

    excluded: frozenset[int | str] = frozenset()
    signature: str | None = None
    otypes: tuple[np.dtype, ...] | None = None

    @property
    def choices(self) -> tuple[Any, ...]:
        return (self.kind, self.excluded, self.signature, self.otypes)


def vectorized_as(function: Any, otypes: Any, excluded: Any, signature: str | None) -> Vectorized:
    """What np.vectorize with these arguments is. Raises TypeError where NumPy does."""
    types = None if otypes is None else tuple(np.dtype(t) for t in otypes)
    return Vectorized("vectorize", function, frozenset(excluded or ()), signature, types)


def axes_of(axes: Any) -> Axes:
    """Axes as the user gives them, in one hashable form. Raises DTypeError."""
    if axes is None or (isinstance(axes, int | np.integer) and not isinstance(axes, bool)):
        return None if axes is None else int(axes)
    if isinstance(axes, tuple | list):
        return tuple(axes_of(part) for part in axes)
    if isinstance(axes, Mapping):
        return ("keys", tuple((key, axes_of(part)) for key, part in axes.items()))
    if hasattr(axes, "__dict__") and not callable(axes):
        return axes_of(vars(axes))
    raise DTypeError(
        f"hloc.vmap: axes are ints, None or containers of them, found {type(axes).__name__}",
        help="in_axes=(0, None) maps over the first axis of the first argument and shares the second",
    )


def size_of(axis_size: Any) -> int | None:
    """The number of lanes asked for. Raises DTypeError."""
    if axis_size is None:
        return None
    if isinstance(axis_size, bool) or not isinstance(axis_size, int | np.integer) or axis_size < 0:
        raise DTypeError(
            f"hloc.vmap: axis_size is a number of lanes, found {axis_size!r}", help="give an int of 0 or more"
        )
    return int(axis_size)


def strategy_of(strategy: str | None) -> str:
    """The strategy asked for. Raises DTypeError."""
    if strategy is None:
        return "auto"
    if strategy not in STRATEGIES:
        raise DTypeError(
            f"hloc.vmap: strategy must be one of {', '.join(STRATEGIES)}, found {strategy!r}",
            help="leave it out: it is chosen by cost, and results do not depend on it",
        )
    return strategy


class Rewritten:
    """A function whose derivative is computed in another way than from its statements. A call runs the function."""

    def __init__(self, function: Callable[..., Any], nondiff_argnums: tuple[int, ...] = ()) -> None:
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.nondiff_argnums = tuple(nondiff_argnums)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {getattr(self.function, '__qualname__', self.function)}>"


class Checkpoint(Rewritten):
    """What hloc.checkpoint returns: the reverse sweep runs the function again instead of saving what it computes."""


class CustomJvp(Rewritten):
    """What hloc.custom_jvp returns: a function with a rule for its tangents.

    rule: (*nondiff, primals, tangents) → (result, tangent of the result).
    """

    rule: Callable[..., Any] | None = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the rule; usable as a decorator."""
        self.rule = rule
        return rule


class CustomVjp(Rewritten):
    """What hloc.custom_vjp returns: a function with a rule for its cotangents.

    forward: the arguments of the function → (result, residuals).
    backward: (*nondiff, residuals, cotangent of the result) → a tuple of the cotangents of the other arguments.
    """

    forward: Callable[..., Any] | None = None
    backward: Callable[..., Any] | None = None

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Set the rule."""
        self.forward, self.backward = forward, backward


def plain(function: Any) -> Any:
    """A function or Derivative instead of what hloc.compile made of it."""
    bound = isinstance(function, types.MethodType)  # which has the attributes of its function
    return function if bound else getattr(function, "__hloc_function__", function)


def signature(function: Any) -> inspect.Signature:
    """The signature of a function or of what a transformation makes of one. Raises what inspect.signature does."""
    while isinstance(function, Transformed | Rewritten) and not getattr(function, "parameters", ()):
        function = function.function
    if isinstance(function, Transformed):
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, kind) for name in function.parameters])
    return inspect.signature(function)


def innermost(function: Any) -> Any:
    """The function written in Python that a transformation, partial, … stands around; None where there is none."""
    while not isinstance(function, types.FunctionType):
        if isinstance(function, Transformed | Rewritten):
            function = function.function
        elif isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
        elif hasattr(function, "__hloc_function__"):
            function = function.__hloc_function__
        else:
            call = getattr(type(function), "__call__", None)  # noqa: B004
            if not isinstance(call, types.FunctionType):
                return None
            function = call
    return function
