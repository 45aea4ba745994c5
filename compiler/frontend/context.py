"""What surrounds a specialisation: its options, the decisions it starts from, activations, the phases that it calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gast

from hloc.diagnostics.span import Span
from hloc.frontend.values import (
    AbstractValue,
)
from hloc.program import Path, StaticUse

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@dataclass
class Decisions:
    """What a specialisation must treat as static, and which functions call themselves; grows with each restart.

    recursive: function (its node) → places in its arguments where known numbers are data; kept: where they stay known,
    and what for. told_apart: joins (a statement and a variable) that know new arrays from those from before.
    """

    static: dict[Path, StaticUse] = field(default_factory=dict)
    repeated: dict[Any, StaticUse] = field(default_factory=dict)
    recursive: dict[Any, set[tuple[object, ...]]] = field(default_factory=dict)
    kept: dict[Any, dict[tuple[object, ...], str]] = field(default_factory=dict)
    told_apart: set[object] = field(default_factory=set)
    forced: frozenset[str] = frozenset()

    def is_static(self, path: Path) -> bool:
        """Whether the number at this path is to be known at compile time."""
        named = path.root is None and path.steps[0][1] in self.forced
        return named or path in self.static


class Restart(Exception):
    """The specialisation starts again under wider decisions."""


@dataclass(eq=False)
class Frame:
    """One activation of a function: its number names its variables.

    signature: what is known of its arguments. control: conditions on data, and loops, that it stands under.
    """

    number: int
    source: Any
    globals: dict[str, Any]
    function: Any
    closure: dict[str, tuple[int, str]]
    caller: Frame | None = None
    signature: dict[tuple[object, ...], object] | None = None
    control: int = 0

    def span(self, node: Any) -> Span:
        span: Span = self.source.span(node)
        return span


@dataclass(eq=False)
class LoopContext:
    """A loop being specialised; demands on its counter repeat it."""

    node: Any
    span: Span


@dataclass(frozen=True)
class Options:
    """checks: emit index and zero-division checks. print_capacity: words in the print log."""

    checks: bool = True
    print_capacity: int = 4096
    max_repeat: int = 512


@dataclass(frozen=True)
class Interpreter:
    """The phases that need each other in a circle: `entry` ties them together, calls go through the `Specializer`."""

    call: Callable[[Specializer, AbstractValue, list[AbstractValue], dict[str, AbstractValue]], AbstractValue]
    evaluate: Callable[[Specializer, gast.expr], AbstractValue]
    run_block: Callable[[Specializer, Sequence[gast.stmt]], AbstractValue]
    assign: Callable[[Specializer, gast.expr, AbstractValue], None]
    iterate: Callable[[Specializer, AbstractValue], list[AbstractValue]]
