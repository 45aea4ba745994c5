"""Arguments that an artefact does not take: the exact messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime.errors import ArgumentError
from tests.artefacts import programs
from tests.artefacts.programs import Body, Mode, Pair


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., hloc.Artefact]:
    def load(function: Any, *arguments: Any, **keywords: Any) -> hloc.Artefact:
        path = tmp_path / f"{function.__name__}.hloc"
        hloc.compile(function).lower(*arguments, **keywords).save(path)
        return hloc.load(path)

    return load


def message(loaded: hloc.Artefact, *arguments: Any, **keywords: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        loaded(*arguments, **keywords)
    assert isinstance(caught.value, TypeError)
    return str(caught.value)


X = np.zeros(4)
TAKES = "; plain.hloc takes (x: f64[4], n: int = 3)"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "plain(): missing a required argument: 'x'"),
        ((X, 1, 2), "plain(): too many positional arguments"),
        ((np.zeros(5),), "plain(): x must be f64[4], found float64[5]"),
        ((np.zeros((4, 1)),), "plain(): x must be f64[4], found float64[4, 1]"),
        ((np.zeros(4, np.float32),), "plain(): x must be f64[4], found float32[4]"),
        ((X, 1.0), "plain(): n must be int, found float"),
        ((X, True), "plain(): n must be int, found bool"),
        ((X, np.int64(1)), "plain(): n must be int, found numpy.int64"),
        (([0.0] * 4,), "plain(): x must be f64[4], found list"),
        ((None,), "plain(): x must be f64[4], found NoneType"),
    ],
)
@pytest.mark.parametrize("given", ["values", "types"])
def test_types_and_shapes(
    load: Callable[..., hloc.Artefact], given: str, arguments: tuple[Any, ...], text: str
) -> None:
    loaded = load(programs.plain, X, 3) if given == "values" else load(programs.plain, "f64[4]", "i64")
    assert message(loaded, *arguments) == text + TAKES


def test_keywords(load: Callable[..., hloc.Artefact]) -> None:
    assert message(load(programs.plain, X), X, m=1) == f"plain(): got an unexpected keyword argument 'm'{TAKES}"


def test_structure(load: Callable[..., hloc.Artefact]) -> None:
    loaded = load(programs.structures, Pair(1.5, np.float32(2)), Body(2.0, np.zeros(3)), {"x": np.arange(3), "y": 2})
    takes = "; structures.hloc takes (pair: Pair of 2, body: Body with mass, position, extra: dict with x, y)"
    pair, body, extra = Pair(1.5, np.float32(2)), Body(2.0, np.zeros(3)), {"x": np.arange(3), "y": 2}
    cases = [
        (((1.5, np.float32(2)), body, extra), "pair must be Pair of 2, found tuple of 2"),
        ((Pair(1.5, 2.0), body, extra), "pair[1] must be numpy.float32, found float"),
        ((pair, body, {"x": np.arange(3)}), "extra must be dict with x, y, found dict with x"),
        ((pair, body, {}), "extra must be dict with x, y, found dict with nothing in it"),
        ((pair, body, {"x": np.arange(4), "y": 2}), "extra['x'] must be i64[3], found int64[4]"),
        ((pair, Body(2, np.zeros(3)), extra), "body.mass must be float, found int"),
        ((pair, pair, extra), "body must be Body with mass, position, found Pair of 2"),
        ((pair, extra, extra), "body must be Body with mass, position, found dict with x, y"),
    ]
    for arguments, text in cases:
        assert message(loaded, *arguments) == f"structures(): {text}{takes}"


def test_static_values(load: Callable[..., hloc.Artefact]) -> None:
    loaded = load(programs.static, np.ones((2, 3)), 1, Mode.FAST, ("a", "b"))
    takes = "; static.hloc takes (x: f64[2,3], axis: 1, mode: Mode.FAST, names: tuple of 2)"
    part = " (its value is part of the program)"
    x = np.ones((2, 3))
    cases = [
        ((x, 0, Mode.FAST, ("a", "b")), f"axis must be 1{part}, found 0"),
        ((x, True, Mode.FAST, ("a", "b")), "axis must be int, found bool"),
        ((x, 1, Mode.EXACT, ("a", "b")), f"mode must be Mode.FAST{part}, found Mode.EXACT"),
        ((x, 1, Mode.FAST, ("c", "b")), f"names[0] must be 'a'{part}, found 'c'"),
        ((x, 1, Mode.FAST, ("a",)), "names must be tuple of 2, found tuple of 1"),
    ]
    for arguments, text in cases:
        assert message(loaded, *arguments) == f"static(): {text}{takes}"


def test_lists_that_are_one_array(load: Callable[..., hloc.Artefact]) -> None:
    def total(numbers: list[float]) -> float:
        result = 0.0
        for number in numbers:
            result += number
        return result

    loaded = load(total, [1.0] * 40)
    assert loaded([2.0] * 40) == 80.0
    takes = "; total.hloc takes (numbers: list of 40)"
    assert message(loaded, [1.0] * 39) == f"total(): numbers must be list of 40, found list of 39{takes}"
    assert message(loaded, [1.0] * 39 + [1]) == f"total(): numbers must be a list of float, found list{takes}"


def test_objects_that_must_be_distinct_or_the_same(load: Callable[..., hloc.Artefact]) -> None:
    def add(x: Any, y: Any) -> None:
        x[0] = 1.0
        y[1] = x[0] + 1.0

    takes = "; add.hloc takes (x: f64[2], y: f64[2])"
    x, y = np.zeros(2), np.zeros(2)
    loaded = load(add, np.zeros(2), np.zeros(2))
    loaded(x, y)
    assert (x.tolist(), y.tolist()) == ([1.0, 0.0], [0.0, 2.0])
    assert message(loaded, x, x) == f"add(): x and y must be different objects{takes}"
    both = np.zeros(2)
    loaded = load(add, both, both)
    loaded(x, x)
    assert x.tolist() == [1.0, 2.0]
    assert message(loaded, x, y).startswith("add(): y and x must be the same object; add.hloc takes (x: f64[2]")
