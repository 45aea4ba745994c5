"""How much derivatives save, and where: what a compilation knows of it, and finds out."""

from __future__ import annotations

from dataclasses import dataclass, field

from hloc.ir.core import Op
from hloc.options import MEMORY_BUDGET
from hloc.program import Saved

SITE_SHIFT = 40
AT_MOST = "at_most"
"""Attribute of a loop while a derivative is made: it makes no more trips than that."""
STRIDE = "stride"
"""Attribute of a loop while a derivative is made: so many trips of a loop of the user are one of its trips."""


@dataclass(frozen=True)
class Logged:
    """The logs of one loop: how large they are, and the loops that it stands in which could run in segments (see
    `tiling`), with their trips.

    Those of recursive functions belong to no loop.
    """

    loops: dict[Op, int]
    nbytes: int
    count: int
    saved: tuple[Saved, ...]


@dataclass
class Sites:
    """Loops with logs in one compilation.

    Fields:
        capacities: site → rows, where a run has found out that the first guess is too small.
        first: rows to begin with, at most; fewer when rows are large.
        budget: bytes that the logs of one derivative may take before loops run in segments.
        checked: whether the program finds out that there are too few rows.
        count: sites so far.
        logs: what was saved so far.
    """

    capacities: dict[int, int] = field(default_factory=dict)
    first: int = 4096
    budget: int = MEMORY_BUDGET
    checked: bool = True
    count: int = 0
    logs: list[Logged] = field(default_factory=list)

    @property
    def saved(self) -> list[Saved]:
        """What derivatives save, for the user to see."""
        return [saved for log in self.logs for saved in log.saved]

    def mark(self) -> int:
        """A point to which `reset` can return."""
        return len(self.logs)

    def reset(self, mark: int) -> None:
        """Forget the logs since a point."""
        self.count -= sum(log.count for log in self.logs[mark:])
        del self.logs[mark:]

    def new(self) -> int:
        """The number of a further site whose trips are not known: 1, 2, …"""
        self.count += 1
        return self.count

    def rows(self, site: int, nbytes: int) -> int:
        return self.capacities.get(site, self.guess(nbytes))

    def at_least(self, site: int, nbytes: int) -> int:
        """Rows of one of several logs with the same number."""
        return max(self.capacities.get(site, 0), self.guess(nbytes))

    def guess(self, nbytes: int) -> int:
        return min(self.first, max((1 << 20) // max(nbytes, 1), 16))
