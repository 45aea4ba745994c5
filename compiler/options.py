"""What a user may choose about a compilation: the keywords of `hloc.compile`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

MEMORY_BUDGET = 1 << 30
"""Bytes that a derivative may save of loops, unless the user says otherwise."""

RECURSION_LIMIT = 1_000_000
"""Calls of a function that may be active at once, unless the user says otherwise."""

XlaOption = str | bool | int | float


class Keywords(TypedDict, total=False):
    """The keywords of `hloc.compile` that choose, as a user writes them."""

    static_argnames: str | tuple[str, ...]
    checks: bool
    strict: bool
    tune: bool
    memory_budget: int
    recursion_limit: int
    donate: str | tuple[str, ...]
    device: str | None
    options: Mapping[str, XlaOption]
    precision: str | None
    fast_math: bool
    deterministic: bool


@dataclass(frozen=True)
class CompileOptions:
    """The same, checked and hashable; `hloc.compile` says what they mean.

    options: XLA's debug options, pairs of name and value, sorted.
    """

    static_argnames: tuple[str, ...] = ()
    checks: bool = True
    strict: bool = False
    tune: bool = True
    memory_budget: int = MEMORY_BUDGET
    recursion_limit: int = RECURSION_LIMIT
    donate: tuple[str, ...] = ()
    device: str | None = None
    options: tuple[tuple[str, XlaOption], ...] = ()
    precision: str | None = None
    fast_math: bool = False
    deterministic: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.recursion_limit < 1 << 40:
            raise ValueError(f"recursion_limit must be at least 1, found {self.recursion_limit}")


def names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name or several."""
    return (given,) if isinstance(given, str) else tuple(given)
