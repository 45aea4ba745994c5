"""What a benchmark of derivatives consists of: one program in the forms of its contenders, its arguments, its bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SCALAR_LOOP = 4.0
"""The most that value and gradient of a scalar loop may cost, in times of the function."""
ANY = 6.0
"""The same for every program."""
IN_PLACE = 5.0
"""The same for loops that write arrays in place and for long dynamic loops."""


@dataclass(frozen=True)
class Case:
    """One program.

    Fields:
        function: what hloc compiles and differentiates: plain Python.
        in_jax: the form that one would write for jax; arguments that are no arrays or floats are static.
        arguments, longer: arguments, and ones with ten times the trips (none for programs without loops).
        wrt: numbers of the arguments that the gradient is taken of.
        bar: the most that value and gradient may cost, in times of the function.
        beside: other forms for jax by what they are called, e.g. with checkpoints.
        not_slower: the issue wants the gradient not slower than jax's and its memory not above.
    """

    name: str
    function: Callable[..., Any]
    in_jax: Callable[..., Any]
    arguments: tuple[Any, ...]
    wrt: tuple[int, ...] = (0,)
    longer: tuple[Any, ...] | None = None
    bar: float = ANY
    beside: tuple[tuple[str, Callable[..., Any]], ...] = ()
    not_slower: bool = False

    @property
    def static(self) -> tuple[int, ...]:
        """Numbers of the arguments that jax must know when it compiles: trip counts and sizes."""
        return tuple(n for n, x in enumerate(self.arguments) if isinstance(x, int))
