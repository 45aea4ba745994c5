"""Names that stand for one of several arrays after a branch or a loop, as data says: writes go to the very array."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import define

NESTED = """
    x = np.zeros(3)
    if n > 0:
        if n > 1: x = a
        else: x = a + 1
    x[0] = 7
    return a
"""
IN_A_LIST = """
    items = [a, a]
    if n > 0: items[0] = items[1].copy()
    items[1][1] = 18
    return a, items[0] + 0
"""
IN_A_DICT = """
    d = {"u": a + 1, "v": a}
    for i in range(n): d["v"] = a[::-1]
    a += 3
    return d["v"] + 0
"""


@pytest.mark.parametrize("body", [NESTED, IN_A_LIST, IN_A_DICT])
def test_writes_by_data_are_refused(body: str) -> None:
    with pytest.raises(hloc.AliasError, match="may or may not change another array"):
        hloc.compile(define(f"def program(a, n):{body}"))(np.arange(3.0), 2)
