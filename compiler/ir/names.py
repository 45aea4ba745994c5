"""Unique, deterministic names from name hints: `x`, `x`, `x_1` become `x`, `x_1`, `x_2`."""

from __future__ import annotations

import re
from collections.abc import Iterable


def identifier(hint: str) -> str:
    """The hint with everything that cannot stand in an identifier replaced; "" when nothing is left."""
    text = re.sub(r"\W", "_", hint, flags=re.ASCII)
    if text and text[0].isdigit():
        return f"_{text}"
    return text if text.strip("_") else ""


def base_name(hint: str) -> str:
    """The hint without a number at its end: `x` for `x_1`."""
    return re.sub(r"_\d+$", "", hint) or hint


class Namer:
    """Hands out names that are not taken yet."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """`name` when it is free, else its base with the next free number; the result is taken from now on."""
        if name in self._taken:
            base = base_name(name)
            count = self._next.get(base, 1)
            while f"{base}_{count}" in self._taken:
                count += 1
            self._next[base] = count + 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name
