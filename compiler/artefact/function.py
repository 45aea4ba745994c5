"""`Artefact`: a function from a file. It is called as the function was, and takes what it was saved for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hloc.artefact.check import misfit, taken
from hloc.artefact.header import Header, Parameter
from hloc.calling import BoundProgram
from hloc.matching import Accessors
from hloc.program import UNFIT, Overflow, PrintOverflow, StackOverflow
from hloc.runtime.errors import ArgumentError, ExecutionError


class Artefact:
    """What `hloc.load` gives: the function that was saved, for the kind of arguments that it was lowered with.

    signature: what it takes, such as "(x: f64[100], n: int = 3)".   targets: those for which the file has executables.
    portable: the StableHLO module for any platform, as the portable artifact that other tools read; `stablehlo` is its
    text, `inputs` gives what its `main` takes.   frozen: the globals and captured variables whose values the file has.
    origin: whether an executable of the file is run, or the StableHLO was compiled here, and why.
    """

    def __init__(
        self, path: Path, header: Header, bound: BoundProgram, frozen: tuple[Any, ...], portable: bytes, origin: str
    ) -> None:
        self.__name__ = self.__qualname__ = header.name
        self.__doc__ = header.doc
        self.__signature__ = inspect.Signature([_parameter(p) for p in header.parameters])
        self.path = path
        self.portable = portable
        self.origin = origin
        self.targets = tuple(code.target for code in header.codes)
        self.frozen = tuple(value.label for value in header.frozen)
        self.signature = taken(header.parameters, header.recipe)
        self._bound = bound
        self._hidden = (frozen,) if frozen else ()
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        plain = all(p.kind in positional for p in self.__signature__.parameters.values())
        self._plain_count = len(header.parameters) if plain else -1

    def __repr__(self) -> str:
        return f"<hloc artefact {self.__name__}{self.signature} of {self.path.name}: {self.origin}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = args if not kwargs and len(args) == self._plain_count else self._bind(args, kwargs)
        try:
            result = self._bound.attempt(*values, *self._hidden)
        except Overflow as overflow:
            raise self._no_room(overflow) from None
        if result is UNFIT:
            raise self._misfit(values)
        return result

    def __reduce__(self) -> Any:
        raise TypeError(f"the artefact {self.__name__} cannot be pickled: send the path, and hloc.load it there")

    @property
    def stablehlo(self) -> str:
        """The StableHLO module for any platform, as text."""
        from hloc.emit.portable import portable_text

        return portable_text(self.portable)

    def inputs(self, *args: Any, **kwargs: Any) -> list[Any]:
        """What the module's `main` takes for these arguments: their arrays and numbers, and those of globals."""
        values = self._bind(args, kwargs)
        if not self._bound.matches(*values, *self._hidden):
            raise self._misfit(values)
        recipe = self._bound.recipe
        found: list[Any] = Accessors(recipe.parameters).inputs(recipe.inputs)(*values, *self._hidden)
        return found

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{self.__name__}(): {error}; {self._takes()}") from None
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _misfit(self, values: tuple[Any, ...]) -> ArgumentError:
        recipe = self._bound.recipe
        return ArgumentError(f"{self.__name__}(): {misfit(recipe, (*values, *self._hidden))}; {self._takes()}")

    def _takes(self) -> str:
        return f"{self.path.name} takes {self.signature}"

    def _no_room(self, overflow: Overflow) -> ExecutionError:
        """A file cannot learn."""
        if isinstance(overflow, StackOverflow):
            what = f"its recursion ({overflow.function})"
        elif isinstance(overflow, PrintOverflow):
            what = "what it prints"
        else:
            what = "what its derivative remembers of loops"
        return ExecutionError(
            f"{self.__name__}(): {self.path.name} has not enough room for {what}. Call the function itself with such "
            "arguments, then lower and save it again: the room that its runs have needed goes into the file"
        )


def _parameter(parameter: Parameter) -> inspect.Parameter:
    kind = getattr(inspect.Parameter, parameter.kind)
    default = inspect.Parameter.empty if parameter.required else parameter.default
    return inspect.Parameter(parameter.name, kind, default=default)
