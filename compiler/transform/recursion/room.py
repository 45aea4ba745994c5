"""How much room the stacks of recursive functions have."""

from __future__ import annotations

from dataclasses import dataclass, field

BUDGET = 1 << 26
"""Bytes that a stack takes at first, at most; large arrays that wait for a call are part of its rows."""
LEAST = 16
"""Rows that a stack has in any case."""


@dataclass(frozen=True)
class Stacks:
    """Rows of stacks: by the name of the function that is called from outside of its cycle, or `first`.

    first: of a stack that nothing is known of yet; fewer where that would take more than `BUDGET` bytes.
    limit: the most calls of a function that may be active at once, and so the most rows.
    """

    rows: dict[str, int] = field(default_factory=dict)
    first: int = 1024
    limit: int = 1_000_000

    def of(self, function: str, row_bytes: int) -> int:
        """The rows for a function whose rows take this many bytes."""
        first = min(self.first, max(BUDGET // max(row_bytes, 1), LEAST))
        return min(self.rows.get(function, first), self.limit)


@dataclass(frozen=True)
class Room:
    """number: of the machine.   rows: of its stack.   limit: the most calls."""

    number: int
    rows: int
    limit: int
