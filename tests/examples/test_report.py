"""What the report of the examples takes as agreement, and that it says so where there is none."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from examples.report import Differs, agreement, compare

X = np.array([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("found", "expected", "verdict"),
    [
        ((X, 3, True, "a"), (X.copy(), 3, True, "a"), "yes, bit for bit"),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), "yes, bit for bit"),
        (X + 1e-13, X, "yes, floats within"),
        (X + 1e-10, X, "NO, floats differ by 3e-11"),
        (np.array([np.nan, 1.0]), np.array([0.0, 1.0]), "NO, floats differ by inf"),
        (np.array([np.inf, 1.0]), np.array([-np.inf, 1.0]), "NO, floats differ by inf"),
        (X.astype(np.float32), X, "NO, float32[3] instead of float64[3]"),
        (X[:2], X, "NO, float64[2] instead of"),
        (np.array([1, 2]), np.array([1, 3]), "NO"),
        (3.0, 3, "NO, float instead of int"),
        (np.float64(3.0), 3.0, "NO, ndarray instead of float"),
        ({"a": 1}, {"a": 2}, "NO, 1 instead of 2"),
        ([1, 2], (1, 2), "NO, a list of 2 instead of a tuple of 2"),
        ((1, 2), (1, 2, 3), "NO, a tuple of 2 instead of a tuple of 3"),
    ],
)
def test_agreement(found: object, expected: object, verdict: str) -> None:
    assert agreement(found, expected, 1e-12).startswith(verdict)


def test_a_difference_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    factor = [2.0]

    def scaled(x):
        return x * factor[0]

    class Wrong:
        """A compiled function that gives something else."""

        __wrapped__ = staticmethod(scaled)
        __name__ = "scaled"

        def __call__(self, x: np.ndarray) -> np.ndarray:
            return 3.0 * x

    monkeypatch.setattr(hloc, "compile", lambda function: Wrong())
    with pytest.raises(Differs, match="scaled: NO"):
        compare(scaled, X, inspected="no command")
