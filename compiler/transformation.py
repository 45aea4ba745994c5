"""What the public transformations have in common: functions of functions, also to be called in compiled code."""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from hloc.api import CompiledFunction
from hloc.diagnostics.errors import SourceError
from hloc.options import CompileOptions
from hloc.transformed import Transformed, innermost

_lock = threading.RLock()  # two threads that ask for a gradient get the same one

F = TypeVar("F", bound=Callable[..., Any])


def public(function: F) -> F:
    """Let the front end know a function of the public API by its name."""
    function.__hloc_transformation__ = function.__name__  # type: ignore[attr-defined]
    return function


def in_python(f: Any) -> Any:
    """A function of a library, such as np.tanh, as one written in Python that calls it."""
    if innermost(f) is not None or not callable(f):
        return f

    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    call.__name__ = call.__qualname__ = getattr(f, "__name__", type(f).__name__)
    return call


def compiled(made: Transformed, f: Callable[..., Any]) -> CompiledFunction:
    """What a transformation makes of f, with the options of f; the one made before where there is one."""
    if innermost(f) is None:
        raise SourceError(
            f"hloc.{made.kind} takes a function, found {type(f).__name__}",
            help=f"pass the function, not its result: hloc.{made.kind}(f)",
        )
    with _lock:
        known = _made_before(f)
        if made.choices not in known:
            options = f.options if isinstance(f, CompiledFunction) else CompileOptions()
            if made.parameters:  # the parameters of f are inside of its own
                options = dataclasses.replace(options, static_argnames=(), donate=())
            known[made.choices] = CompiledFunction(made, options, None)
        return known[made.choices]


def _made_before(f: Callable[..., Any]) -> dict[Any, CompiledFunction]:
    """What was made of f, by the choices, kept with f; functools.wraps may have copied those of another one."""
    made: dict[Any, CompiledFunction]
    owner, made = getattr(f, "__dict__", {}).get("__hloc_transformed__", (None, {}))
    if owner is not f:
        made = {}
        if hasattr(f, "__dict__") and not inspect.ismethod(f):
            f.__dict__["__hloc_transformed__"] = (f, made)
    return made
