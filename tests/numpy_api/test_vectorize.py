"""np.vectorize in compiled code and hloc.vectorize: broadcasting, element types, signatures, excluded arguments."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

SMALL = np.array([100, 3], np.int8)
CASES = {
    "numbers": (lambda x: x + 1, (np.array([[1, 2], [3, 4]]),), {}),
    "broadcasting": (lambda x, y: x * y, (np.arange(3.0)[:, None], np.arange(4)), {}),
    "one number": (lambda x: x + 1, (3,), {}),
    "a list": (lambda x: x + 1.5, ([1, 2],), {}),
    "two results": (lambda x, y: (x + y, x > y), (np.arange(3), np.ones(3)), {}),
    "branches": (lambda x: x if x > 1 else -x, (np.arange(4.0),), {}),
    "wide inside, narrow outside": (lambda x: (x * 1e30 * 1e30) / 1e30 / 1e30, (np.array([1.5], np.float32),), {}),
    "small integers": (lambda x: x * x // 100, (SMALL,), {}),
    "small to float": (lambda x: x / 2, (SMALL,), {}),
    "mixed": (lambda x, y: x + y, (np.array([1.5, 2.5], np.float32), SMALL), {}),
    "halves": (lambda x: x * 2, (np.array([1.5], np.float16),), {}),
    "complex": (lambda x: abs(x), (np.array([3 - 4j], np.complex64),), {}),
    "large": (lambda x: x + 1, (np.array([2**63], np.uint64),), {}),
    "otypes": (lambda x: x * 2, (np.arange(3),), {"otypes": [np.float32]}),
    "otypes as text": (lambda x: (x, x > 1), (np.arange(3),), {"otypes": "d?"}),
    "excluded": (lambda p, x: p[0] * x + p[1], ([2, 3], np.arange(3)), {"excluded": [0]}),
    "inner products": (
        lambda a, b: a @ b,
        (np.ones((4, 1, 3)), np.arange(15.0).reshape(5, 3)),
        {"signature": "(n),(n)->()"},
    ),
    "matrices": (lambda a, b: a @ b, (np.ones((4, 2, 3)), np.ones(3)), {"signature": "(m,n),(n)->(m)"}),
    "two arrays": (lambda a: (a * 2, a.sum()), (np.arange(6.0).reshape(2, 3),), {"signature": "(n)->(n),()"}),
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy(name: str) -> None:
    function, arguments, choices = CASES[name]
    theirs = np.vectorize(function, **choices)
    with np.errstate(all="ignore"):
        wanted = theirs(*arguments)
    compiled = hloc.compile(lambda *args: theirs(*args))
    for found in (hloc.vectorize(function, **choices)(*arguments), compiled(*arguments)):
        several = isinstance(wanted, tuple)
        for mine, expected in zip(found if several else [found], wanted if several else [wanted], strict=True):
            assert np.asarray(mine).dtype == expected.dtype
            np.testing.assert_array_equal(np.asarray(mine), expected)


def test_made_in_compiled_code() -> None:
    @hloc.compile
    def f(x, k):
        return np.vectorize(lambda a: a * k if a > 1 else a)(x)

    np.testing.assert_array_equal(f(np.arange(4.0), 3.0), [0, 1, 6, 9])


def test_as_a_decorator() -> None:
    @hloc.vectorize(otypes=[np.int32])
    def floor_half(x):
        return x // 2

    assert np.asarray(floor_half(np.arange(4))).dtype == np.int32


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (OverflowError, "out of bounds for int8", lambda: hloc.vectorize(lambda x: x * x)(SMALL)),
        (ValueError, "cannot call `vectorize` on size 0 inputs", lambda: hloc.vectorize(lambda x: x)(np.zeros(0))),
        (
            hloc.ShapeError,
            "dimension n",
            lambda: hloc.vectorize(np.dot, signature="(n),(n)->()")(np.ones(3), np.ones(4)),
        ),
        (hloc.DTypeError, "1 dimensions, expected 0", lambda: hloc.vectorize(lambda x: np.ones(2) * x)(np.ones(3))),
        (hloc.DTypeError, "2 results", lambda: hloc.vectorize(lambda a: a, signature="(n)->(n),()")(np.ones(3))),
        (hloc.DTypeError, "otypes has 2 entries", lambda: hloc.vectorize(lambda a: a, otypes="dd")(np.ones(3))),
        (
            hloc.UnsupportedError,
            "not a valid gufunc",
            lambda: hloc.vectorize(lambda a: a, signature="n->n")(np.ones(3)),
        ),
    ],
)
def test_refusals(error: type[Exception], message: str, call) -> None:
    with pytest.raises(error, match=message):
        call()
