"""The programs of the other suites, as they are compiled for a device: with arguments, as gradients, as lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hloc
from tests.batching import corpus

Maker = Callable[[], tuple[Any, tuple[Any, ...]]]
"""Makes a compiled function, and arguments for it."""


def programs() -> dict[str, Maker]:
    """All of them by name."""
    return dict([*_language(), *_returns(), *_recursion(), *_gradients(), *_lanes()])


def _language() -> Iterator[tuple[str, Maker]]:
    """Each snippet in one context, another from snippet to snippet."""
    for j, name in enumerate(corpus.LANGUAGE):
        yield f"language: {name}", lambda n=name, c=corpus.CONTEXTS[j % 4]: _first(corpus.language(n, c))


def _returns() -> Iterator[tuple[str, Maker]]:
    for name, program in corpus.RETURNS.items():
        yield f"returns: {name}", lambda p=program: _first(p)


def _recursion() -> Iterator[tuple[str, Maker]]:
    for name, program in corpus.RECURSIVE.items():
        yield f"recursion: {name}", lambda p=program: _first(p)


def _first(program: corpus.Program) -> tuple[Any, tuple[Any, ...]]:
    function, cases = program
    return hloc.compile(function), tuple(cases[0])


def _gradients() -> Iterator[tuple[str, Maker]]:
    for name, (make, wrt) in corpus.LOSSES.items():
        yield f"gradient: {name}", lambda m=make, w=wrt: _gradient(m, w)


def _gradient(make: Callable[[], corpus.Program], wrt: tuple[int, ...] | None) -> tuple[Any, tuple[Any, ...]]:
    function, cases = make()
    case = tuple(cases[0])
    floats = tuple(j for j, x in enumerate(case) if isinstance(x, float) or _is_float_array(x))
    return hloc.grad(function, argnums=wrt or floats), case


def _is_float_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _lanes() -> Iterator[tuple[str, Maker]]:
    """Programs on numbers and arrays for four lanes."""
    for name, program in corpus.RECURSIVE.items():
        function, cases = program
        case = tuple(cases[0])
        if case and all(isinstance(x, int | float | np.ndarray) and not isinstance(x, bool) for x in case):
            lanes = tuple(np.stack([x] * 4) for x in case)
            yield f"lanes: {name}", lambda f=function, a=lanes: (hloc.vmap(f), a)
