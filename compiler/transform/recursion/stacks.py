"""How much room the stacks of recursive functions have."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stacks:
    """Rows of stacks: by the name of the function that is called from outside of its cycle, or `first`.

    limit: the most calls of a function that may be active at once, and so the most rows.
    """

    rows: dict[str, int] = field(default_factory=dict)
    first: int = 1024
    limit: int = 1_000_000

    def of(self, function: str) -> int:
        """The rows for a function."""
        return min(self.rows.get(function, self.first), self.limit)
