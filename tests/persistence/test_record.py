"""Programs as records: a program from its record calls, raises, prints and writes back as the program itself does."""

from __future__ import annotations

import copy
import json
import random
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.calling import BoundProgram
from hloc.persistence import guards, record
from hloc.persistence.codecs import Json, RecordError
from hloc.program import LinearProgram
from hloc.transformed import Derivative
from tests.persistence.records import Numbered

Pair = namedtuple("Pair", "left right")


@dataclass
class Body:
    mass: float
    position: Any


class TooHeavy(Exception):
    pass


SCALE = 2.5


def plain(x: Any) -> Any:
    return np.sin(x) * SCALE


def failing(x: Any, n: int) -> Any:
    if n > 3:
        raise TooHeavy("n is", n, f"{n:>4}")
    return x[n]


def printing(x: Any, n: int) -> float:
    print("row", x, n, sep=" | ", end=".\n")
    return float(x.sum())


def writing(x: Any, seen: list[float], info: dict[str, Any]) -> int:
    x[0] = x[1] + 1.0
    seen.append(float(x[0]))
    info["sum"] = x.sum()
    return len(seen)


def containers(pair: Pair, body: Body) -> Any:
    body.mass = body.mass + pair.left
    return {"pair": Pair(pair.right, body.mass), "list": [1, "a", None, body.position], "kept": body}


def masked(x: Any) -> Any:
    return x[x > 0.5], range(len(x)), (1.5, -0.0, 2j)


def depth(n: int) -> int:
    return 0 if n == 0 else 1 + depth(n - 1) // 1


def branching(n: int) -> int:
    return n if n < 2 else branching(n - 1) + branching(n - 2)


CALLS: list[tuple[Callable[..., Any], Callable[[], tuple[Any, ...]]]] = [
    (plain, lambda: (np.arange(3.0),)),
    (failing, lambda: (np.arange(5.0), 2)),
    (failing, lambda: (np.arange(5.0), 7)),
    (failing, lambda: (np.arange(5.0), -9)),
    (printing, lambda: (np.arange(2), 3)),
    (writing, lambda: (np.arange(3.0), [1.0], {"sum": np.float64(0.0)})),
    (containers, lambda: (Pair(1.5, np.ones(2)), Body(2.0, np.zeros(3)))),
    (masked, lambda: (np.linspace(0, 1, 7),)),
    (depth, lambda: (40,)),
    (branching, lambda: (9,)),
]
IDS = [f"{function.__name__}-{j}" for j, (function, _) in enumerate(CALLS)]


def bound_program(function: Callable[..., Any], arguments: tuple[Any, ...]) -> BoundProgram:
    compiled = hloc.compile(function)
    try:
        compiled(*arguments)
    except (TooHeavy, IndexError):
        pass
    (bound,) = compiled._programs
    return bound


def written(bound: BoundProgram, references: Numbered) -> tuple[str, str]:
    """The record of a program and of its guards, as texts that are JSON."""
    kept = record.Kept(bound.recipe, bound.status, tuple(bound.machines))
    texts = (record.write(kept, references), guards.write_guards(bound.recipe.guards, references))
    first, second = (json.dumps(data, allow_nan=False) for data in texts)
    return first, second


def rebuilt(bound: BoundProgram, references: Numbered) -> BoundProgram:
    """The program of the record, with the executable of the other."""
    data, rules = map(json.loads, written(bound, references))
    kept = record.read(data, references)
    recipe = kept.recipe.replace(guards=guards.read_guards(rules, references))
    return BoundProgram(recipe, bound.executable, kept.status, kept.machines)


def outcome(bound: BoundProgram, arguments: tuple[Any, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """All that a caller sees of a call."""
    assert bound.matches(*arguments)
    try:
        result = repr(bound.call(arguments))
    except (TooHeavy, IndexError) as error:
        result = repr((type(error), error.args, error.__notes__))
    return f"{result} {arguments} {capsys.readouterr().out}"


@pytest.mark.parametrize(("function", "make"), CALLS, ids=IDS)
def test_a_program_from_its_record_does_the_same(
    function: Callable[..., Any], make: Callable[[], tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    bound = bound_program(function, make())
    references = Numbered(function)
    again = rebuilt(bound, references)
    assert written(again, references) == written(bound, references)
    assert again.specialized is None
    capsys.readouterr()
    assert outcome(again, make(), capsys) == outcome(bound, make(), capsys)


def test_guards_hold_and_fail_as_before() -> None:
    bound = bound_program(containers, CALLS[6][1]())
    again = rebuilt(bound, Numbered(containers))
    pair, body = CALLS[6][1]()
    assert again.matches(pair, body)
    others: list[Any] = [((1.5, np.ones(2)), body), (Pair(1, np.ones(2)), body), (pair, Body(2.0, np.zeros(4)))]
    assert not any(again.matches(*arguments) for arguments in others)


def test_machines_of_recursive_functions() -> None:
    bound = bound_program(branching, (9,))
    (before,), (after,) = bound.machines, rebuilt(bound, Numbered(branching)).machines
    assert (after.number, after.rows, after.limit, after.kind) == (1, before.rows, before.limit, "machine")
    assert (after.name, after.span.line) == ("branching", before.span.line)


def test_the_second_half_of_vjp_is_part_of_the_record() -> None:
    program = hloc.compile(Derivative("vjp", plain)).lower((np.arange(3.0),)).program
    references = Numbered(plain)
    data = record.write(record.Kept(program), references)
    kept = record.read(json.loads(json.dumps(data)), references)
    (linear,) = (part.value for part in kept.recipe.output.parts if isinstance(part.value, LinearProgram))
    assert linear.what == "hloc.vjp: the cotangent"
    assert str(linear.structure.type) == "f64[3]"
    assert linear.program.parameters == ("residuals", "given")


# --- records that nobody wrote


def places_in(data: Json) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a record."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, part in list(items):
        yield data, key
        yield from places_in(part)


JUNK: list[Json] = [
    None,
    True,
    -1,
    1 << 60,
    1.5,
    "",
    "x",
    "__import__('os')",
    [],
    [[]],
    {},
    {"kind": "const"},
    ["tuple"],
]


@pytest.mark.parametrize(
    ("function", "make"), [CALLS[j] for j in (2, 5, 6, 9)], ids=lambda x: getattr(x, "__name__", "")
)
def test_malformed_records_are_refused_or_read(function: Any, make: Any) -> None:
    """One part of a record in place of another, or junk: RecordError or a program, and never any other error."""
    references = Numbered(function)
    whole, rules = map(json.loads, written(bound_program(function, make()), references))
    rng = random.Random(6)
    refused = 0
    for _ in range(1500):
        data = copy.deepcopy([whole, rules])
        places = list(places_in(data))[2:]
        container, key = rng.choice(places)
        other, other_key = rng.choice(places)
        change = rng.random()
        if change < 0.2 and isinstance(container, dict):
            del container[key]
        else:
            container[key] = copy.deepcopy(other[other_key] if change < 0.5 else rng.choice(JUNK))
        try:
            record.read(data[0], references)
            guards.read_guards(data[1], references)
        except RecordError:
            refused += 1
    assert refused > 500


@pytest.mark.parametrize(
    "source",
    [
        "def words(v0):\n    return [__import__('os')]\n",
        "def words(v0):\n    return [v0.real]\n",
        "def words(v0):\n    return [1 << 99]\n",
        "def words(v0):\n    return [10 ** 9]\n",
        "def words(v0):\n    v1 = open\n    return [v1]\n",
        "def words(v0):\n    return [v0]\nimport os\n",
        "def words(v0):\n    return [lambda]\n",
        "def words(v0, v1=max):\n    return [v0]\n",
        "@max\ndef words(v0):\n    return [v0]\n",
        "def words(v0):\n    v1 = (v0 := 3)\n    return [v0]\n",
        "def words(v0):\n    return [v0\u00b2]\n",
        None,
    ],
)
def test_steps_of_the_host_are_numbers_only(source: Any) -> None:
    references = Numbered(failing)
    data, _ = written(bound_program(failing, CALLS[1][1]()), references)
    broken = json.loads(data)
    assert record.read(broken, references).status is not None
    broken["status"]["code"] = source
    with pytest.raises(RecordError):
        record.read(broken, references)


def test_a_record_of_many_levels_is_refused() -> None:
    data: Json = {"kind": "const"}
    for _ in range(100_000):
        data = {"kind": "tuple", "parts": [data]}
    with pytest.raises(RecordError, match="levels"):
        record.read({"recipe": {"name": "f", "output": data}}, Numbered())
