"""One specialisation of a function that calls itself, while it is found and when it is complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hloc.diagnostics.errors import UnsupportedError
from hloc.diagnostics.render import display_path
from hloc.diagnostics.span import Span
from hloc.frontend.joins import NeverT
from hloc.frontend.recursion.arguments import Arguments
from hloc.frontend.state import Slot, State
from hloc.frontend.templates import Template
from hloc.ir.core import Block, Function, Value

if TYPE_CHECKING:
    from hloc.frontend.context import Frame


@dataclass(eq=False)
class Recursive:
    """One specialisation of a function that may call itself.

    Fields:
        entry: its arguments, as they were when it was first called.
        takes: what it is given of its environment; changes: what it hands back besides its `result` (None: nothing is
            known of that yet).
        captured: values of the entry that it uses, the same for all that it calls.
        round: the round of the outermost call in which `block` was made.
        assumed: whether a call relied, in this round, on what was known before `block` is complete.
        complete: whether it is a function of the program for good.
        calls: whom it calls from where and through which functions, to show in messages.
    """

    function: Function
    frame: Frame
    entry: Arguments
    takes: dict[Slot, Template]
    changes: dict[Slot, Template] = field(default_factory=dict)
    result: Template | None = None
    block: Block = field(default_factory=Block)
    captured: list[Value] = field(default_factory=list)
    before: State = field(default_factory=State)
    group: Group | None = None
    round: int = 0
    assumed: bool = False
    complete: bool = False
    calls: list[tuple[Recursive, Span, str]] = field(default_factory=list)

    @property
    def never_returns(self) -> bool:
        return self.result is None or isinstance(self.result, NeverT)


@dataclass(eq=False)
class Group:
    """The functions that one outermost call meets.

    separations: how many bodies of differentiated functions it stands in (see hloc.frontend.separate).
    stable: whether this round has found nothing new so far.
    """

    separations: int
    met: list[Recursive] = field(default_factory=list)
    active: list[Recursive] = field(default_factory=list)
    round: int = 0
    stable: bool = True


def way(caller: Recursive, frame: Frame) -> str:
    """How a function comes to be called: `f calls g calls f`, where g is no function of the program."""
    names = [frame.source.name]
    at = frame.caller
    while at is not None:
        names.append(at.source.name)
        at = None if at.source.node is caller.frame.source.node else at.caller
    return " calls ".join(reversed(names))


def endless(recursive: Recursive) -> UnsupportedError:
    """Every path through the function calls it again: the cycle of calls."""
    notes, seen = [], set()
    at = recursive
    while at not in seen and at.calls:
        seen.add(at)
        callee, span, names = at.calls[0]
        notes.append(f"{names} at {display_path(span.file)}:{span.line}")
        at = callee
    return UnsupportedError(
        f"{recursive.frame.source.name} never ends: every path through it calls it again",
        span=recursive.calls[0][1] if recursive.calls else recursive.function.span,
        notes=notes,
        help="return before the call where the recursion is to end",
    )
