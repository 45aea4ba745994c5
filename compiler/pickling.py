"""Compiled functions travel to other processes by name, as Python's functions do.

    @hloc.compile                          module.f
    def f(x): …
    df = hloc.grad(f)                      the gradient of module.f, with its options

What was compiled does not travel: the other process finds it in the persistent cache.
"""

from __future__ import annotations

import dataclasses
import operator
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hloc.transformed import Transformed, plain

if TYPE_CHECKING:
    from hloc.api import CompiledFunction


def reduced(compiled: CompiledFunction, make: Callable[..., CompiledFunction]) -> str | tuple[Any, ...]:
    """What `__reduce__` returns: a name where that leads to it, else what `make` makes it of again."""
    if _named(compiled) is compiled:
        return str(compiled.__qualname__)
    return _made, (make, _reference(compiled.__hloc_function__), compiled.options, compiled.signature)


def _made(make: Callable[..., CompiledFunction], function: Any, *rest: Any) -> CompiledFunction:
    return make(_dereferenced(function), *rest)


def _named(obj: Any) -> Any:
    """What the module has under the name of an object."""
    try:
        return operator.attrgetter(obj.__qualname__)(sys.modules[obj.__module__])
    except (AttributeError, KeyError):
        return None


def _reference(function: Any) -> Any:
    """With decorated functions, which have the name, for those that they decorate."""
    if isinstance(function, Transformed):
        return dataclasses.replace(function, function=_reference(function.function))
    if isinstance(function, types.FunctionType):
        found = _named(function)
        return found if plain(found) is function else function
    return function


def _dereferenced(function: Any) -> Any:
    if isinstance(function, Transformed):
        return dataclasses.replace(function, function=_dereferenced(function.function))
    return plain(function)
