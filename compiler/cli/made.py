"""The options --grad, --vmap and --option: what is made of the function before a command works on it."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from hloc.api import CompiledFunction
from hloc.autodiff import grad
from hloc.batching import vmap
from hloc.options import debug_options

GRAD_HELP = "Take the gradient of the function by these arguments, names or numbers, instead: 'w,b', '0'."
VMAP_HELP = "Run it, or its gradient, for many lanes: the axis of each argument that has them, or none: '0', '0,none'."
OPTION_HELP = "One of XLA's debug options, for example xla_backend_optimization_level=1; may be repeated."


@dataclass(frozen=True)
class Made:
    """What a command works on instead of the function.

    by: what --grad says; axes: what --vmap says, after it; options: what each --option says.
    """

    by: str | None = None
    axes: str | None = None
    options: tuple[str, ...] = ()

    @property
    def transforms(self) -> bool:
        """Whether it is another function."""
        return self.by is not None or self.axes is not None

    def of(self, function: CompiledFunction) -> CompiledFunction:
        function = _with_options(function, self.options) if self.options else function
        made = function if self.by is None else self._gradient(function, self.by)
        made = made if self.axes is None else vmap(made, _axes(self.axes))
        made.signature = function.signature
        return made

    def _gradient(self, function: CompiledFunction, by: str) -> CompiledFunction:
        asked = [name.strip() for name in by.split(",")]
        names = list(inspect.signature(function).parameters)
        unknown = [name for name in asked if name not in names and not name.isdecimal()]
        if unknown:
            raise click.UsageError(
                f"--grad: {', '.join(unknown)} is no argument of {function.__name__}({', '.join(names)})"
            )
        chosen = [names[int(a)] if a.isdecimal() and int(a) < len(names) else a for a in asked]
        gradient: CompiledFunction = grad(function, argnames=chosen[0] if len(chosen) == 1 else chosen)
        return gradient


def _with_options(function: CompiledFunction, texts: tuple[str, ...]) -> CompiledFunction:
    """The function with further options for XLA, given as NAME=VALUE."""
    chosen = dict(map(_option, texts))
    options = tuple(sorted((dict(function.options.options) | chosen).items()))
    return CompiledFunction(
        function.__hloc_function__, dataclasses.replace(function.options, options=options), function.signature
    )


def _option(text: str) -> tuple[str, str | bool]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--option takes NAME=VALUE, found {text!r}")
    try:
        return debug_options({name.strip(): {"true": True, "false": False}.get(value.lower(), value)})[0]
    except ValueError as error:
        raise click.UsageError(f"--option {text}: {error}") from error


def _axes(text: str) -> int | tuple[int | None, ...] | None:
    """in_axes as --vmap says them."""
    parts = [part.strip().lower() for part in text.split(",")]
    if any(part != "none" and not part.removeprefix("-").isdecimal() for part in parts):
        raise click.UsageError(f"--vmap: axes are numbers or none, such as 0,none, found {text!r}")
    axes = tuple(None if part == "none" else int(part) for part in parts)
    return axes[0] if len(axes) == 1 else axes


def transforming(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is made of the function, as one argument `made`, a function of functions."""

    @click.option("--grad", "by", metavar="ARGUMENTS", help=GRAD_HELP)
    @click.option("--vmap", "axes", metavar="AXES", help=VMAP_HELP)
    @click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help=OPTION_HELP)
    @functools.wraps(command)
    def with_options(*args: Any, by: str | None, axes: str | None, options: tuple[str, ...], **kwargs: Any) -> Any:
        return command(*args, made=Made(by, axes, options), **kwargs)

    return with_options
