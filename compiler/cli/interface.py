"""What the command line uses of the public API (hloc.api)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hloc.runtime import Memory


class Compiled(Protocol):
    """A program compiled for this machine."""

    @property
    def optimized_hlo(self) -> str: ...
    @property
    def cost(self) -> dict[str, float]: ...
    @property
    def memory(self) -> Memory: ...


class Lowered(Protocol):
    """A program specialised to argument types, with the text of its stages."""

    @property
    def ssa(self) -> str: ...
    @property
    def python(self) -> str: ...
    @property
    def stablehlo(self) -> str: ...
    def with_places(self, stage: str) -> str:
        """The text of "ssa", "python" or "stablehlo" with the places in the source that lines come from."""
        ...

    def compile(self) -> Compiled: ...


class Explanation(Protocol):
    """What was decided about a program, one sentence each."""

    @property
    def static(self) -> Sequence[object]: ...
    @property
    def repeated(self) -> Sequence[object]: ...
    @property
    def checks(self) -> Sequence[object]: ...


class CompiledFunction(Protocol):
    """What `hloc.compile` makes of a function."""

    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def lower(self, *args: Any, **kwargs: Any) -> Lowered: ...
    def explain(self, *args: Any, **kwargs: Any) -> Explanation: ...
