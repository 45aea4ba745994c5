"""Memory that programs write before they read it, kept from one run to the next.

Fresh memory costs more than what a program does with it: the system maps and clears each page at its first use. So
memory that a program is lent and hands back (see hloc.emit.workspace) waits for the next run. A run that finds none,
because another thread has it, gets new memory.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakSet

import numpy as np

from hloc.runtime.buffers import Raw
from hloc.runtime.executable import Executable, Memory

BUDGET = 1 << 28
"""At most this many bytes wait for all programs together."""

_lock = threading.RLock()  # a signal handler may call a program, too
_lenders: WeakSet[Lender] = WeakSet()


def lending(executable: Executable, inputs: int) -> Executable:
    """A program that takes so many inputs; what else it takes, its last results hand back, and it is lent."""
    count = len(executable.signature.inputs) - inputs
    return Lender(executable, count) if count else executable


class Lender(Executable):
    """A program whose last `count` parameters are such memory, which its last `count` results hand back.

    Fields:
        nbytes: what one run needs.
        idle: memory that waits, for a run each.
        allowed: for how many runs memory may wait: several where threads have run the program at once.
    """

    direct = False

    def __init__(self, executable: Executable, count: int) -> None:
        super().__init__(executable.loaded, executable.backend, executable.signature)
        self.count = count
        self.nbytes = sum(aval.nbytes for aval in self.avals[-count:])
        self.idle: list[list[Raw]] = []
        self.allowed = 0
        with _lock:
            _lenders.add(self)

    def execute(
        self,
        arguments: Sequence[Any],
        *,
        apart: bool = False,
        found: list[list[Raw]] | None = None,
        kept: Sequence[int] = (),
    ) -> list[Raw]:
        """As `Executable.execute`, without the memory, which is last in `found`.

        A run that fails, or is given up, loses it.
        """
        try:
            lent = self.idle.pop()
        except IndexError:
            lent = [self._buffers.put(np.empty(aval.shape, aval.dtype)) for aval in self.avals[-self.count :]]
        results = super().execute([*arguments, *lent], apart=apart, found=found, kept=kept)
        self._take_back(results[-self.count :])
        return self.own(results)

    def own(self, results: list[Raw]) -> list[Raw]:
        return results[: -self.count]

    def _take_back(self, lent: list[Raw]) -> None:
        with _lock:
            if len(self.idle) < self.allowed or self._may_keep_more():
                self.idle.append(lent)

    def _may_keep_more(self) -> bool:
        """Account for the memory of one more run; past the budget, let that of all other programs go first."""
        if sum(lender.nbytes * lender.allowed for lender in _lenders) + self.nbytes > BUDGET:
            for lender in _lenders:
                if lender is not self:
                    lender.idle.clear()
                    lender.allowed = 0
            if self.nbytes * (self.allowed + 1) > BUDGET:
                return False
        self.allowed += 1
        return True

    def memory(self) -> Memory:
        """The bytes that one run needs on the device; what is lent counts as temporary, which it is to the caller."""
        found, lent = super().memory(), self.nbytes
        return replace(
            found,
            arguments=found.arguments - lent,
            outputs=found.outputs - lent,
            temporaries=found.temporaries + lent,
            alias=found.alias - lent,
        )
