"""What a user may choose about a compilation: the keywords of `hloc.compile`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from hloc.classes import dataclass

MEMORY_BUDGET = 1 << 30
"""Bytes that a derivative may save of loops, unless the user says otherwise."""

RECURSION_LIMIT = 1_000_000
"""Calls of a function that may be active at once, unless the user says otherwise."""

XlaOption = str | bool | int | float

PRECISIONS = {
    "default": "default",
    "fastest": "default",
    "bfloat16": "default",
    "high": "high",
    "bfloat16_3x": "high",
    "tensorfloat32": "high",
    "highest": "highest",
    "float32": "highest",
}
"""How exactly floats are multiplied in matrix products: StableHLO's three, also by the names that jax gives them."""


class Keywords(TypedDict, total=False):
    """The keywords of `hloc.compile` that choose, as a user writes them."""

    static_argnames: str | tuple[str, ...]
    checks: bool
    strict: bool
    tune: bool
    memory_budget: int
    recursion_limit: int
    donate: str | tuple[str, ...]
    device: Any  # an hloc.Device or its name
    options: Mapping[str, XlaOption]
    precision: str | None
    fast_math: bool
    deterministic: bool


@dataclass(frozen=True)
class CompileOptions:
    """The same, checked and hashable; `hloc.compile` says what they mean.

    options: XLA's debug options, pairs of name and value, sorted; numbers as texts, which XLA reads as what it needs.
    precision: a value of PRECISIONS.
    """

    static_argnames: tuple[str, ...] = ()
    checks: bool = True
    strict: bool = False
    tune: bool = True
    memory_budget: int = MEMORY_BUDGET
    recursion_limit: int = RECURSION_LIMIT
    donate: tuple[str, ...] = ()
    device: str | None = None
    options: tuple[tuple[str, str | bool], ...] = ()
    precision: str | None = None
    fast_math: bool = False
    deterministic: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.recursion_limit < 1 << 40:
            raise ValueError(f"recursion_limit must be at least 1, found {self.recursion_limit}")
        for name, value in (("fast_math", self.fast_math), ("deterministic", self.deterministic)):
            if not isinstance(value, bool):
                raise ValueError(f"{name} is True or False, found {value!r}")
        if self.fast_math and self.strict:
            raise ValueError("strict=True keeps the rounding of NumPy, fast_math=True gives it up: choose one of them")


def names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def precision_of(given: Any) -> str | None:
    """The precision that a name stands for. Raises ValueError."""
    if given is None:
        return None
    if not isinstance(given, str) or given.lower() not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, or None; found {given!r}")
    return PRECISIONS[given.lower()]


def debug_options(given: Mapping[str, XlaOption]) -> tuple[tuple[str, str | bool], ...]:
    """XLA's debug options in one hashable form; whether XLA has them, it says when it compiles. Raises ValueError."""
    if not isinstance(given, Mapping):
        raise ValueError(f'options are a dict such as {{"xla_cpu_enable_fast_math": True}}, found {given!r}')
    for name in given:
        if not str(name).startswith("xla_"):
            raise ValueError(f"options: names of XLA's options begin with xla_, found {name!r}")
    return tuple((name, _debug_option(name, given[name])) for name in sorted(given))


def _debug_option(name: str, value: Any) -> str | bool:
    if hasattr(value, "dtype") and hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if not isinstance(value, str | bool | int | float):
        raise ValueError(f"options: {name} takes a bool, a number or a text, found {value!r}")
    if name.endswith("_count") and str(value).strip().startswith("-"):  # XLA takes it, and ends the process
        raise ValueError(f"options: {name} is a count, found {value!r}")
    return value if isinstance(value, bool) else str(value)
