"""Constants as JSON: the same bits, the same classes, and nothing but JSON."""

from __future__ import annotations

import enum
import json
import math
import struct
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hloc.persistence.codecs import RecordError
from hloc.persistence.digest import Unportable
from hloc.persistence.values import CONSTANT, MOST_BYTES
from tests.persistence.records import Numbered

FLOATS = st.floats() | st.sampled_from([0.0, -0.0, math.nan, -math.nan, math.inf, 5e-324])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(1 << 54), 1 << 54),
    FLOATS,
    st.builds(complex, FLOATS, FLOATS),
    st.text(st.characters()),  # surrogates too
    st.binary(),
    st.just(...),
    st.just(NotImplemented),
    st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9)),
    st.sampled_from(["b1", "i1", "u8", "f2", "f4", "f8", "c8", "c16", ">f8", "<i4"]).map(np.dtype),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.int8, st.integers(-128, 127)),
    st.builds(np.bool_, st.booleans()),
    st.builds(np.complex64, st.complex_numbers(width=64)),
)
CONSTANTS = st.recursive(
    SCALARS,
    lambda part: st.one_of(
        st.lists(part, max_size=4).map(tuple),
        st.frozensets(SCALARS, max_size=4),
        st.builds(slice, part, part, part),
    ),
    max_leaves=12,
)


def written(obj: Any) -> str:
    """An object as the text of a record; what is no JSON is refused."""
    return json.dumps(CONSTANT.write(obj, Numbered()), allow_nan=False)


def is_same(x: Any, y: Any) -> bool:
    """Of the same class and with the same bits all the way down."""
    if type(x) is not type(y):
        return False
    if isinstance(x, tuple):
        return len(x) == len(y) and all(map(is_same, x, y))
    if isinstance(x, slice):
        return all(is_same(getattr(x, name), getattr(y, name)) for name in ("start", "stop", "step"))
    if isinstance(x, frozenset):
        return sorted(map(written, x)) == sorted(map(written, y))
    if type(x) is float:
        return struct.pack("d", x) == struct.pack("d", y)
    if type(x) is complex:
        return is_same((x.real, x.imag), (y.real, y.imag))
    if isinstance(x, np.generic | np.ndarray):
        return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
    return bool(x == y)


@given(CONSTANTS)
def test_constants_are_read_as_they_were_written(obj: Any) -> None:
    text = written(obj)
    found = CONSTANT.read(json.loads(text), Numbered())
    assert is_same(obj, found)
    assert written(found) == text


def test_integers_of_any_size() -> None:
    assert CONSTANT.read(json.loads(written(-(10**5000))), Numbered()) == -(10**5000)


@pytest.mark.parametrize(
    "array", [np.arange(6).reshape(2, 3), np.array(2.5), np.zeros((0, 3), np.int8), np.eye(2)[::-1]]
)
def test_small_arrays_are_constants(array: Any) -> None:
    assert is_same(array, CONSTANT.read(json.loads(written(array)), Numbered()))


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


Pair = namedtuple("Pair", "a b")
OBJECTS = [
    Colour.RED,
    Text("a"),
    Pair(1, 2),
    [1],
    {"a": 1},
    object(),
    int,
    math,
    np.sin,
    np.longdouble(1),
    np.dtype([("a", "i4")]),
    np.array([object()]),
    np.zeros(MOST_BYTES + 1, np.int8),
    np.str_("a"),
    np.datetime64("2020"),
    np.ma.array([1]),
    bytearray(b"a"),
]


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: type(obj).__name__)
def test_other_objects_only_have_names(obj: Any) -> None:
    references = Numbered()
    assert CONSTANT.write((obj, 1), references) == ["tuple", ["object", 0], 1]
    assert CONSTANT.read(["tuple", ["object", 0], 1], references)[0] is obj
    with pytest.raises(Unportable, match=type(obj).__name__):
        CONSTANT.write((obj,), Numbered(refused=(object,)))


MALFORMED = [
    {},
    [],
    1.5,
    [None],
    [["tuple"]],
    ["eval", "1"],
    ["object"],
    ["object", 0],
    ["object", "os:system"],
    ["float", 1],
    ["float", "zz"],
    ["float", "00" * 9],
    ["int"],
    ["int", "ten"],
    ["int", None],
    ["bytes", "0"],
    ["complex", "00" * 8],
    ["tuple", 1.5],
    ["frozenset", ["object", 0]],
    ["range", 1],
    ["range", 1, 2, 0],
    ["range", 1, "a", 2],
    ["slice", 1],
    ["dtype", "O"],
    ["dtype", "f8,i4"],
    ["dtype", "V8"],
    ["dtype", "g"],
    ["dtype", 8],
    ["scalar", "<f8", "00"],
    ["scalar", "O", "00" * 8],
    ["array", "<f8", [2], "00" * 8],
    ["array", "<f8", [-1], ""],
    ["array", "<f8", [1 << 62, 1 << 62], ""],
    ["array", "<f8", [True], "00" * 8],
    ["array", "|O", [1], "00" * 8],
]


@pytest.mark.parametrize("data", MALFORMED, ids=repr)
def test_malformed_constants_are_refused(data: Any) -> None:
    with pytest.raises(RecordError):
        CONSTANT.read(data, Numbered())
