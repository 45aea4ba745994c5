"""What classes define is followed as CPython follows it, or refused."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

import pytest

import hloc

from .agreement import agree


class Size:
    def __init__(self, v: Any) -> None:
        self.v = v

    def __eq__(self, other: object) -> Any:
        return self.v == other.v if isinstance(other, Size) else NotImplemented

    def __lt__(self, other: Size) -> Any:
        return self.v < other.v


@dataclasses.dataclass
class Pair:
    a: float
    b: float
    note: str = dataclasses.field(default="", compare=False)


class Kind(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Flags(enum.IntFlag):
    A = 1
    B = 2


class Made:
    def __new__(cls, v: Any) -> Any:
        obj = object.__new__(cls)
        obj.v = v + 1
        return obj


class Set:
    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value + 1)


class Got:
    v = 1.0

    def __getattribute__(self, name: str) -> Any:
        return 5.0


class Below(Size):
    def doubled(self) -> Any:
        return super().v


BOTH = Flags.A | Flags.B


def compared(x: Any) -> Any:
    return Size(x) == Size(x), Size(x) == Size(x + 1), Size(x) != Size(x), Size(x) == 3, Size(x) in [Size(x)]


def ordered(x: Any) -> Any:
    return Size(x) < Size(x + 1), Size(x) > Size(x + 1)


def pairs(x: Any) -> Any:
    return Pair(x, 1.0, "p") == Pair(x, 1.0, "q"), Pair(x, 1.0) != Pair(x, 2.0), Pair(x, 1.0) == Size(x)


def dicts(x: Any) -> Any:
    return {"a": x, "b": 1.0} == {"b": 1.0, "a": x}, {"a": x} == {"a": x + 1}, {"a": x} != {"c": x}


def members(x: Any) -> Any:
    return x if Kind.SMALL.value == "s" else -x, x if BOTH & Flags.B else -x, Flags.A + 1


@pytest.mark.parametrize("function", [compared, ordered, pairs, dicts, members])
def test_as_in_cpython(function: Any) -> None:
    agree(function, 1.5)


def made(x: Any) -> Any:
    return Made(x).v


def put(x: Any) -> Any:
    s = Set()
    s.v = x
    return s.v


def got(x: Any) -> Any:
    return Got().v + x


def above(x: Any) -> Any:
    return Below(x).doubled()


@pytest.mark.parametrize(
    ("function", "said"),
    [(made, "__new__"), (put, "__setattr__"), (got, "__getattribute__"), (above, r"super\(\) is not supported")],
)
def test_refused(function: Any, said: str) -> None:
    with pytest.raises(hloc.UnsupportedError, match=said):
        hloc.compile(function)(1.5)
