"""The batching rule of every op: what it makes equals one lane after another, stacked.

Lanes are samples of the records, drawn anew for each; which operands have lanes is tried in all ways. Floats agree to
rounding, as a sum over another layout may be added in another order. This misses large sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.opdef import REGISTRY, OpDef
from hloc.ir.to_python import run_python
from hloc.ir.types import I64, TensorType
from hloc.ir.verifier import verify
from hloc.ops.algebra import zeros
from hloc.ops.contraction import ATTRS
from hloc.ops.control import Control, For
from hloc.ops.families import Elementwise
from hloc.ops.sampling import Sample
from tests.emit.building import run as run_compiled
from tests.ir import interpreter
from tests.ops.harness import reference
from tests.ops.test_matrix import assert_agree

RECORDS = [record for record in REGISTRY.values() if not issubclass(record, Control)]
BATCHED = [record for record in RECORDS if record.name not in ("constant", "iota", "empty")]
ELEMENTWISE = [record for record in BATCHED if issubclass(record, Elementwise)]
OTHERS = [record for record in BATCHED if not issubclass(record, Elementwise)]
SIZES = (0, 1, 3)

WINDOWS = (
    ((3, 4, 5), (3, 2, 5), ()),
    ((3, 4, 5), (2, 4, 3), ()),
    ((3, 4, 5), (1, 4, 2), (0,)),
    ((3, 4, 5), (2, 1, 5), (1,)),
    ((3, 1, 5), (2, 1, 1), (1, 2)),
    ((3, 4, 5), (0, 4, 1), (2,)),
)
"""Shape, sizes of the window, dimensions that it drops."""

PRODUCTS = (
    ((2, 3, 4), (5, 4, 6), (), (), (2,), (1,)),
    ((5, 4, 6), (2, 3, 4), (), (), (1,), (2,)),
    ((2, 3, 2, 4), (4, 6, 5, 2), (0,), (3,), (3,), (0,)),
    ((4, 2), (2, 9, 9), (1,), (0,), (), ()),
)
"""Shapes and dimensions of `dot_general`."""


@dataclass
class Case:
    """One application of an op: the operands of each lane, and which of them have a lane axis."""

    kind: type[OpDef]
    lanes: list[Sample]
    batched: tuple[bool, ...]
    size: int

    def arguments(self) -> list[np.ndarray]:
        """The operands, those of lane 0 where they have no lane axis."""
        columns = zip(*(lane.operands for lane in self.lanes), strict=True)
        return [np.stack(x)[: self.size] if has else x[0] for x, has in zip(columns, self.batched, strict=True)]

    def lane(self, k: int) -> Sample:
        operands = zip(self.lanes[0].operands, self.lanes[k].operands, self.batched, strict=True)
        return Sample(tuple(own if has else first for first, own, has in operands), self.lanes[0].attrs)

    def op(self) -> Op:
        """The op on one lane."""
        builder = Builder(Block())
        types = [TensorType(x.shape, x.dtype) for x in self.lanes[0].operands]
        builder.emit_many(self.kind, *map(builder.block.add_arg, types), **self.lanes[0].attrs)
        return builder.block.ops[0]

    def expected(self) -> list[np.ndarray]:
        """The results of one lane after another, stacked."""
        results = [reference(self.kind, self.lane(k)) for k in range(self.size)]
        if results:
            return [np.stack(x) for x in zip(*results, strict=True)]
        return [np.zeros((0, *v.type.shape), v.type.dtype) for v in self.op().results]

    def rule(self, builder: Builder, operands: Sequence[Value]) -> list[Value]:
        """What the batching rule makes of operands like the arguments."""
        return list(self.kind.batch(builder, self.op(), operands, self.batched, self.size))

    def __str__(self) -> str:
        types = [f"{x.dtype}{list(x.shape)}" for x in self.lanes[0].operands]
        return f"{self.kind.name} {types} {self.lanes[0].attrs} batched {self.batched} size {self.size}"


def samples_of(kind: type[OpDef], seed: int) -> Iterator[Sample]:
    """The samples of a record, and some of ours with more dimensions."""
    rng = np.random.default_rng(seed)
    yield from kind.samples(rng)
    for shape, sizes, drop in WINDOWS:
        a, starts = rng.normal(size=shape), [np.int64(0)] * len(shape)
        if kind.name == "read":
            yield Sample((a, *starts), {"sizes": sizes, "drop": drop})
        if kind.name == "upd":
            v = rng.normal(size=[n for d, n in enumerate(sizes) if d not in drop])
            yield from (Sample((a, v, *starts), {"drop": drop, "mode": mode}) for mode in ("set", "add"))
    for lhs, rhs, *numbers in PRODUCTS:
        if kind.name == "dot_general":
            yield Sample((rng.normal(size=lhs), rng.normal(size=rhs)), dict(zip(ATTRS, numbers, strict=True)))


def lanes_of(kind: type[OpDef]) -> Iterator[list[Sample]]:
    """Each sample, drawn for all lanes. Starts of windows, which samples fix, vary by lane here."""
    draws = zip(*(samples_of(kind, seed) for seed in range(max(SIZES))), strict=True)
    rng = np.random.default_rng(0)
    first = {"read": 1, "upd": 2}.get(kind.name)
    for lanes in draws:
        yield [lane if first is None else moved(lane, first, rng) for lane in lanes]


def moved(lane: Sample, first: int, rng: np.random.Generator) -> Sample:
    """A window with other starts, which are the operands from `first` on."""
    starts = (np.asarray(rng.integers(-2, 7)) for _ in lane.operands[first:])
    return Sample((*lane.operands[:first], *starts), lane.attrs)


def cases_of(kind: type[OpDef]) -> list[Case]:
    """Each sample with each choice of operands that have lanes and each number of lanes."""
    return [
        Case(kind, lanes, batched, size)
        for lanes in lanes_of(kind)
        for batched in product((True, False), repeat=len(lanes[0].operands))
        for size in SIZES
        if any(batched)
    ]


def some(kind: type[OpDef], count: int) -> list[Case]:
    """Some of the cases, always the same."""
    cases = cases_of(kind)
    return [cases[i] for i in np.random.default_rng(0).permutation(len(cases))[:count]]


def program(cases: Sequence[Case], in_loop: bool = False) -> Module:
    """What the rules make of all cases, on parameters; or in a loop of one trip, whose count is the first parameter."""
    block = Block()
    count = [block.add_arg(I64)] if in_loop else []
    operands = [[block.add_arg(TensorType(x.shape, x.dtype)) for x in case.arguments()] for case in cases]
    inner = Block([Value(I64)]) if in_loop else block
    builder = Builder(inner)
    results = [v for case, values in zip(cases, operands, strict=True) for v in case.rule(builder, values)]
    if in_loop:
        outer = Builder(block)
        inner.args += [Value(v.type) for v in results]
        inner.results = results
        empty = [zeros(outer, v.type) for v in results]
        results = list(outer.emit_op(For, [*count, *empty], [v.type for v in results], {"direction": 1}, [inner]))
    block.results = results
    module = Module()
    module.add(Function("main", block))
    verify(module)
    return module


def compiled(cases: Sequence[Case], in_loop: bool = False) -> list[list[np.ndarray]]:
    """The results of each case, computed by XLA."""
    arguments = [x for case in cases for x in case.arguments()]
    flat = run_compiled(program(cases, in_loop), *[np.int64(1)] * in_loop, *arguments)
    counts = [len(case.op().results) for case in cases]
    return [[flat.pop(0) for _ in range(count)] for count in counts]


def check_interpreted(case: Case) -> None:
    """By the references of the ops that the rule makes, and as printed Python."""
    module, arguments, expected = program([case]), case.arguments(), case.expected()
    for run in (interpreter.run, run_python):
        assert_agree([np.asarray(x) for x in run(module, arguments)], expected, case)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_op_has_a_rule(record: type[OpDef]) -> None:
    has_operands = any(sample.operands for sample in record.samples(np.random.default_rng(0)))
    assert has_operands == (record in BATCHED)
    assert has_operands == (record.batch.__func__ is not OpDef.batch.__func__)


@pytest.mark.parametrize("kind", BATCHED, ids=lambda kind: kind.name)
def test_lanes_agree_with_one_after_another(kind: type[OpDef]) -> None:
    for case in some(kind, 16 if kind in ELEMENTWISE else 120):
        check_interpreted(case)


def test_compiled_elementwise_lanes_agree() -> None:
    cases = [case for kind in ELEMENTWISE for case in some(kind, 2)]
    for case, found in zip(cases, compiled(cases), strict=True):
        assert_agree(found, case.expected(), case)


@pytest.mark.parametrize("in_loop", [False, True], ids=["plain", "in loop"])
@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_compiled_lanes_agree(kind: type[OpDef], in_loop: bool) -> None:
    cases = some(kind, 16)
    for case, found in zip(cases, compiled(cases, in_loop), strict=True):
        assert_agree(found, case.expected(), case)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", BATCHED, ids=lambda kind: kind.name)
def test_all_lanes_agree(kind: type[OpDef]) -> None:
    for case in cases_of(kind):
        check_interpreted(case)


@pytest.mark.sweep
@pytest.mark.parametrize("in_loop", [False, True], ids=["plain", "in loop"])
@pytest.mark.parametrize("kind", BATCHED, ids=lambda kind: kind.name)
def test_many_compiled_lanes_agree(kind: type[OpDef], in_loop: bool) -> None:
    cases = some(kind, 300)
    for part in (cases[i : i + 30] for i in range(0, len(cases), 30)):
        for case, found in zip(part, compiled(part, in_loop), strict=True):
            assert_agree(found, case.expected(), case)
