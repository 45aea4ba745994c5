"""Random programs about which array a name is mean what CPython means; see tests.random_programs.rebinding.

pytest -m sweep tests/random_programs/test_rebinding.py --programs 2000 --first 0
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .check import compare
from .rebinding import generate_rebinding
from .trial import accept, quick, sweep


@quick(5)
@given(seed=st.integers(0, 2**32))
def test_rebinding(seed: int) -> None:
    program = generate_rebinding(random.Random(seed))
    accept(seed, compare(program), program)


@pytest.mark.sweep
def test_many_rebinding(request: pytest.FixtureRequest) -> None:
    sweep(request, generate_rebinding, lambda _, program: compare(program), programs=200, unused=0.2)
