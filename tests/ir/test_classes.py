"""The dataclass that is quick to define does what that of Python's library does."""

from __future__ import annotations

import copy
import dataclasses
import functools
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar

import pytest

from hloc import classes


def defined(dataclass: Any) -> dict[str, Any]:
    """The same classes, made by one decorator or the other."""

    @dataclass(frozen=True)
    class Point:
        x: int
        y: int = 2
        kind: ClassVar[str] = "point"

        @functools.cached_property
        def total(self) -> int:
            return self.x + self.y

    @dataclass(frozen=True)
    class Named(Point):
        name: str = ""

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("negative")

    @dataclass
    class Bag:
        items: list[int] = field(default_factory=list)
        note: str = field(default="none", repr=False)

    @dataclass(eq=False)
    class Node:
        items: list[int]
        count: int = field(kw_only=True)

        def __repr__(self) -> str:
            return "a node"

    class Plain(Point):
        pass

    return {kind.__name__: kind for kind in (Point, Named, Bag, Node, Plain)}


OURS, THEIRS = defined(classes.dataclass), defined(dataclasses.dataclass)


def outcome(kinds: dict[str, Any], act: Callable[[dict[str, Any]], Any]) -> Any:
    """What a program gives, or its error."""
    try:
        return act(kinds)
    except Exception as error:
        return type(error), str(error)


def set_attribute(obj: Any, name: str) -> Any:
    setattr(obj, name, 5)
    return getattr(obj, name)


def change_bag(k: dict[str, Any]) -> Any:
    first, second = k["Bag"](), k["Bag"]()
    first.items.append(1)
    first.note = "x"
    return first.items, second.items, first == second, first.note


@pytest.mark.parametrize(
    "act",
    [
        lambda k: repr(k["Point"](1)).rpartition(".")[2],
        lambda k: repr(k["Named"](1, name="n")).rpartition(".")[2],
        lambda k: repr(k["Bag"]([1])).rpartition(".")[2],
        lambda k: repr(k["Node"]([], count=1)),
        lambda k: k["Point"](1, y=3).y,
        lambda k: k["Point"](1) == k["Point"](1, 2),
        lambda k: k["Point"](1) == k["Point"](2),
        lambda k: k["Point"](1) == k["Named"](1),
        lambda k: k["Named"](1, name="a") == k["Named"](1, name="b"),
        lambda k: k["Point"](1) == k["Plain"](1),
        lambda k: k["Point"](1) != 1,
        lambda k: len({k["Point"](1), k["Point"](1, 2), k["Point"](2)}),
        lambda k: hash(k["Point"](1)) == hash(k["Point"](1)),
        lambda k: hash(k["Bag"]()),
        lambda k: k["Node"]([], count=1) == k["Node"]([], count=1),
        lambda k: isinstance(hash(k["Node"]([], count=1)), int),
        lambda k: k["Node"]([], 1),
        lambda k: k["Point"](),
        lambda k: k["Point"](1, 2, 3),
        lambda k: k["Named"](-1),
        lambda k: k["Point"](1).total,
        lambda k: set_attribute(k["Point"](1), "x"),
        lambda k: set_attribute(k["Point"](1), "z"),
        lambda k: set_attribute(k["Plain"](1), "z"),
        lambda k: set_attribute(k["Plain"](1), "x"),
        lambda k: delattr(k["Point"](1), "x"),
        change_bag,
        lambda k: [f.name for f in dataclasses.fields(k["Named"])],
        lambda k: dataclasses.replace(k["Named"](1), name="b").name,
        lambda k: dataclasses.replace(k["Node"]([], count=1), count=2).count,
        lambda k: dataclasses.is_dataclass(k["Point"]),
        lambda k: dataclasses.asdict(k["Named"](1)),
        lambda k: copy.deepcopy(k["Bag"]([1])).items,
        lambda k: copy.copy(k["Named"](1)).name,
        lambda k: k["Point"].y,
        lambda k: hasattr(k["Bag"], "items"),
        lambda k: k["Point"].kind,
        lambda k: k["Named"].__match_args__,
        lambda k: dataclasses.dataclass(frozen=True)(type("Sub", (k["Point"],), {}))(1).x,
        lambda k: dataclasses.dataclass(type("Sub", (k["Point"],), {})),
    ],
)
def test_it_behaves_as_the_library_has_it(act: Callable[[dict[str, Any]], Any]) -> None:
    assert outcome(OURS, act) == outcome(THEIRS, act)


def test_instances_are_pickled() -> None:
    from hloc.ir.types import F64, TensorType

    kind = TensorType((3,), F64.dtype)
    assert pickle.loads(pickle.dumps(kind)) == kind


def test_what_is_not_supported_is_refused() -> None:
    with pytest.raises(TypeError, match="use the dataclass of Python's library"):

        @classes.dataclass
        class Slotted:
            __slots__ = ("x",)
            x: int

    with pytest.raises(TypeError, match="use the dataclass of Python's library"):

        @classes.dataclass
        class Hidden:
            x: int = field(init=False, default=1)
