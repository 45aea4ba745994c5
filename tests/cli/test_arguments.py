"""Arguments read from the command line."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest

from hloc.cli.arguments import annotated_types, load_file, read_types, read_values, split
from hloc.cli.runs import same
from hloc.ir.types import I64, parse_type
from hloc.program import TypeSpec


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("1, 2", ["1", "2"]),
        ("np.ones((2, 3)), [1, 2]", ["np.ones((2, 3))", "[1, 2]"]),
        ("'a,b', {1: 2, 3: 4}", ["'a,b'", "{1: 2, 3: 4}"]),
        (r"'a\',b', c", [r"'a\',b'", "c"]),
    ],
)
def test_split(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def array(text: str) -> TypeSpec:
    return TypeSpec(parse_type(text))


def test_types_nest_in_containers() -> None:
    types = read_types("[f32[2], {'a': (c64[1,1], None)}], x=u8[0,3], axis=-1, how='f'")
    assert types.positional == [[array("f32[2]"), {"a": (array("c64[1,1]"), None)}]]
    assert types.keywords == {"x": array("u8[0,3]"), "axis": -1, "how": "f"}


@pytest.mark.parametrize(
    ("text", "number"), [("i64", True), ("f64", True), ("b1", True), ("c128", True), ("f32", False)]
)
def test_types_of_python_numbers(text: str, number: bool) -> None:
    assert read_types(text).positional == [TypeSpec(parse_type(text), number=number)]


def annotated(x: "f64[3,4]", n: int, y: complex, eps: float = 1e-3, *, last: "b1[2]") -> None:  # noqa: F821, UP037
    """A function with types in its annotations."""


def test_types_from_annotations() -> None:
    types = annotated_types(annotated)
    assert types.positional == [
        array("f64[3,4]"),
        TypeSpec(I64, number=True),
        TypeSpec(parse_type("c128"), number=True),
    ]
    assert types.keywords == {"last": array("b1[2]")}


def test_no_types() -> None:
    assert read_types("").positional == []


@pytest.mark.parametrize("text", ["f(1)", "x", "f64[-1]", "1 +", ")", "**k"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="is no list of types"):
        read_types(text)


def test_values_from_expressions_and_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    np.savez(tmp_path / "b.npz", u=np.ones(2), v=np.zeros(1))
    values = read_values(f"{tmp_path}/a.npy, n + 1, k={tmp_path}/b.npz:v, flag=n == 4", {"n": 4})
    assert same(values.positional, [np.arange(3), 5])
    assert same(values.keywords, {"k": np.zeros(1), "flag": True})


def test_npz_with_several_arrays_wants_a_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", u=np.ones(2), v=np.zeros(1))
    with pytest.raises(click.UsageError, match="it holds u, v"):
        read_values(f"{tmp_path}/b.npz", {})


@pytest.mark.parametrize("header", ["", "width,height\n", "\ufeffwidth,height\n"])
def test_csv_with_and_without_header(tmp_path: Path, header: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(header + "1,2.5\n3,-4e2\n", encoding="utf-8")
    assert same(load_file(str(path)), np.array([[1, 2.5], [3, -400]]))


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1.0, 1.0 + 1e-15, True),
        (1.0, 1.0 + 1e-9, False),
        (1, 1.0, False),
        (np.float32(1), np.float64(1), False),
        (np.nan, np.nan, True),
        (np.ones(2), np.ones((2, 1)), False),
        ((1, 2), [1, 2], False),
        ([1, [2.0]], [1, [2.0]], True),
        ({"a": 1}, {"b": 1}, False),
        (None, None, True),
        (None, 0, False),
        ("a", "a", True),
    ],
)
def test_same(a: object, b: object, equal: bool) -> None:
    assert same(a, b) is equal
