"""Recursive programs of textbooks mean what CPython means, called from everywhere."""

from __future__ import annotations

import pytest

from .agreement import CONTEXTS, check, in_context
from .textbook import PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    function, cases = PROGRAMS[name]
    check(function, cases)


EVERY = 12
"""One in so many programs is called from each place in the quick tests; the sweep has the others."""


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    "name", [n if j % EVERY == 0 else pytest.param(n, marks=pytest.mark.sweep) for j, n in enumerate(PROGRAMS)]
)
def test_program_in_context(name: str, context: str) -> None:
    function, cases = PROGRAMS[name]
    program, first = in_context(context, function)
    check(program, [(*first, *case) for case in cases])
