"""What vmap refuses, with the texts that users see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from tests.conftest import Golden

from .refused import A, N, X, add, identity, model, nothing, pair, positive, summed, text, zeros

REFUSED: dict[str, Callable[[], Any]] = {
    "sizes": lambda: hloc.vmap(add)(A, X),
    "axis_size": lambda: hloc.vmap(add, axis_size=4)(A, A),
    "negative axis_size": lambda: hloc.vmap(nothing, axis_size=-1)(),
    "in_axes out of range": lambda: hloc.vmap(add, (2, 0))(A, A),
    "in_axes out of range, negative": lambda: hloc.vmap(add, -3)(A, A),
    "out_axes out of range": lambda: hloc.vmap(add, out_axes=2)(A, A[:, 0]),
    "in_axes with other keys": lambda: hloc.vmap(model, ({"v": 0}, 0))({"w": A}, A),
    "in_axes of another structure": lambda: hloc.vmap(model, ((0,), 0))({"w": A}, A),
    "too few in_axes": lambda: hloc.vmap(add, (0,))(A, A),
    "in_axes that are no axes": lambda: hloc.vmap(add, 0.5)(A, A),
    "in_axes that are truth values": lambda: hloc.vmap(add, True)(A, A),
    "too many out_axes": lambda: hloc.vmap(pair, out_axes=(0, 0, 0))(A),
    "out_axes of another structure": lambda: hloc.vmap(identity, out_axes=(0, 0))(A),
    "out_axes None for a result that varies": lambda: hloc.vmap(add, out_axes=None)(A, A),
    "a number": lambda: hloc.vmap(add)(A, 2.0),
    "a list of numbers": lambda: hloc.vmap(add)(A, [1.0, 2.0]),
    "a scalar of NumPy": lambda: hloc.vmap(identity)(np.float64(3.0)),
    "nothing is mapped": lambda: hloc.vmap(add, None)(A, A),
    "an unknown strategy": lambda: hloc.vmap(add, strategy="fast")(A, A),
    "a string in the result": lambda: hloc.vmap(text)(A),
    "lengths that vary": lambda: hloc.vmap(positive)(A),
    "a shape from a lane": lambda: hloc.vmap(zeros)(N),
    "an axis from a lane": lambda: hloc.vmap(summed, (None, 0))(A, N),
    "no function": lambda: hloc.vmap(3)(A),
}


def test_texts(golden: Golden) -> None:
    texts = []
    for name, call in REFUSED.items():
        with pytest.raises(hloc.CompileError) as caught:
            call()
        texts.append(f"--- {name}\nhloc.{type(caught.value).__name__}: {str(caught.value).lstrip()}\n")
    golden("batching/refusals.txt", "\n".join(texts))


@pytest.mark.parametrize("name", ["sizes", "in_axes out of range", "lengths that vary"])
def test_errors_are_also_those_of_python(name: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        REFUSED[name]()


def test_within_compiled_code_the_place_is_that_of_the_call() -> None:
    @hloc.compile
    def program(a, x):
        b = a * 2
        return hloc.vmap(add)(b, x)

    with pytest.raises(hloc.ShapeError, match="different sizes: 2, 3") as caught:
        program(A, X)
    assert "return hloc.vmap(add)(b, x)" in str(caught.value)
