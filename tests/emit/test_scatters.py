"""Scatters in loops become loops of stores, which do the same, stay native and in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hloc.emit import EmitOptions, emit_module
from hloc.emit.bounds import bounds
from hloc.emit.lint import find_copies
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Module, Value
from hloc.ir.types import I64, TensorType
from hloc.ops.elementwise import Add, Maximum, Minimum, Multiply, Select
from hloc.ops.helpers import broadcast_to, compare, constant, full
from hloc.ops.indexing import Scatter
from hloc.ops.sampling import Sample
from hloc.ops.shape import BroadcastInDim, Iota
from tests.emit.building import Code, compiled, define, program, run
from tests.ir import interpreter
from tests.ops.test_matrix import assert_agree

SAMPLES = list(Scatter.samples(np.random.default_rng(0)))
rng = np.random.default_rng(1)
POINTS = (rng.integers(-1, 5, (20, 20)), rng.integers(-1, 4, (20, 20)))
DUPLICATES = [
    Sample((np.zeros(3), rng.normal(size=5000), rng.integers(-1, 4, 5000)), {"dims": (0,), "mode": "set"}),
    Sample((np.zeros((4, 2)), rng.normal(size=(300, 2)), rng.integers(0, 4, 300)), {"dims": (0,), "mode": "set"}),
    Sample((np.zeros((4, 3)), rng.normal(size=(20, 20)), *POINTS), {"dims": (0, 1), "mode": "set"}),
]


def twice(sample: Sample, in_branch: bool) -> Module:
    """The updates in a loop of three trips that carries the array; if `in_branch`, in the last trip only."""

    def main(c: Code, a: Value, *others: Value) -> Any:
        def body(c: Code, k: Value, a: Value) -> Any:
            def write(c: Code) -> Value:
                return c.b.emit(Scatter, a, *others, **sample.attrs)

            return c.if_(c.cmp(k, "EQ", 2), write, lambda c: a)[0] if in_branch else write(c)

        return c.loop(3, [a], body)

    return program([str(TensorType(x.shape, x.dtype)) for x in sample.operands], main)


@pytest.mark.parametrize("in_branch", [False, True], ids=["plain", "in branch"])
@pytest.mark.parametrize(
    "sample", [*SAMPLES[::11], *DUPLICATES], ids=lambda s: f"{s.operands[0].dtype}-{s.attrs['mode']}"
)
def test_scatter_in_a_loop_agrees_with_the_reference(sample: Sample, in_branch: bool) -> None:
    module = twice(sample, in_branch)
    expected = interpreter.run(module, sample.operands)
    assert_agree(run(module, *sample.operands), expected, sample)


def lanes(shape: tuple[int, ...], dim: int, mode: str, place: Callable[[Code, Value], Value]) -> Module:
    """Into each of 40 rows, in a loop: one index counts along `dim`, the other is what `place` makes of data."""

    def main(c: Code, a: Value, v: Value, i: Value) -> Any:
        def body(c: Code, k: Value, a: Value) -> Value:
            row = c.b.emit(Iota, shape=shape, dtype=np.dtype(np.int64), dim=dim)
            column = place(c, c.b.emit(Add, i, broadcast_to(c.b, k, shape)))
            return c.b.emit(Scatter, a, v, row, column, dims=(0, 1), mode=mode)

        return c.loop(5, [a], body)

    sizes = ",".join(map(str, shape))
    return program(["f64[40,9]", f"f64[{sizes}]", f"i64[{sizes}]"], main)


def clamped(c: Code, i: Value, high: int = 8) -> Value:
    return c.b.emit(
        Minimum, c.b.emit(Maximum, i, full(c.b, i.type.shape, 0, np.int64)), full(c.b, i.type.shape, high, np.int64)
    )


@pytest.mark.parametrize("mode", ["set", "add", "multiply"])
@pytest.mark.parametrize("place", [lambda c, i: i, clamped], ids=["anywhere", "inside"])
@pytest.mark.parametrize(("shape", "dim"), [((40,), 0), ((40, 3), 0), ((3, 40), 1), ((2, 30, 2), 1)])
def test_indices_that_count_agree_with_the_reference(
    shape: tuple[int, ...], dim: int, place: Callable[[Code, Value], Value], mode: str
) -> None:
    module = lanes(shape, dim, mode, place)
    arguments = [np.ones((40, 9)), rng.normal(size=shape), rng.integers(-6, 9, shape)]
    np.testing.assert_allclose(run(module, *arguments)[0], interpreter.run(module, arguments)[0], rtol=1e-12)


@pytest.mark.parametrize("mode", ["set", "add"])
@pytest.mark.parametrize("place", [lambda c, i: i, clamped], ids=["anywhere", "inside"])
def test_loops_around_stay_native_and_copy_nothing(place: Callable[[Code, Value], Value], mode: str) -> None:
    module = lanes((40,), 0, mode, place)
    assert "stablehlo.scatter" not in emit_module(module, EmitOptions()).text()
    assert find_copies(compiled(module).optimized_hlo(), min_bytes=40 * 9 * 8) == []


def windows(
    shape: tuple[int, ...], sizes: tuple[int, ...], mode: str, place: Callable[..., Value], shared: bool
) -> Module:
    """6 windows of these sizes written in a loop, each at its own place of one array, or of an array of its own."""
    moving = [d for d, (n, m) in enumerate(zip(sizes, shape, strict=True)) if n < m]
    wide = (6, *(sizes[d] for d in moving))

    def main(c: Code, a: Value, v: Value, *starts: Value) -> Any:
        def body(c: Code, k: Value, a: Value) -> Value:
            indices = [] if shared else [c.b.emit(Iota, shape=wide, dtype=np.dtype(np.int64), dim=0)]
            for number, (d, start) in enumerate(zip(moving, starts, strict=True), 1):
                first = place(c, c.b.emit(Add, start, broadcast_to(c.b, k, (6,))), shape[d] - sizes[d])
                first = c.b.emit(BroadcastInDim, first, shape=wide, dims=(0,))
                indices.append(c.b.emit(Add, first, c.b.emit(Iota, shape=wide, dtype=np.dtype(np.int64), dim=number)))
            dims = moving if shared else [0, *(d + 1 for d in moving)]
            return c.b.emit(Scatter, a, v, *indices, dims=tuple(dims), mode=mode)

        return c.loop(5, [a], body)

    rest = [n for d, n in enumerate(shape) if d not in moving]
    types = [TensorType(x, np.dtype(np.float64)) for x in (shape if shared else (6, *shape), (*wide, *rest))]
    return program([*map(str, types), *["i64[6]"] * len(moving)], main)


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
@pytest.mark.parametrize("mode", ["set", "add", "maximum"])
@pytest.mark.parametrize("place", [lambda c, i, high: i, clamped], ids=["anywhere", "inside"])
@pytest.mark.parametrize(
    ("shape", "sizes"), [((9,), (4,)), ((5, 7), (2, 3)), ((5, 4, 7), (2, 4, 3)), ((5, 7), (5, 3)), ((5, 7), (2, 7))]
)
def test_windows_are_stored_at_once_where_they_fit(
    shape: tuple[int, ...], sizes: tuple[int, ...], mode: str, place: Callable[..., Value], shared: bool
) -> None:
    module = windows(shape, sizes, mode, place, shared)
    arguments = [rng.normal(size=v.type.shape) for v in module.entry.params[:2]]
    arguments += [rng.integers(-4, 5, 6) for _ in module.entry.params[2:]]
    np.testing.assert_allclose(run(module, *arguments)[0], interpreter.run(module, arguments)[0], rtol=1e-12)
    together = "tensor<" + "x".join(map(str, sizes if shared else (1, *sizes))) + "xf64>"
    assert (together in emit_module(module, EmitOptions()).text()) == (place is clamped)


def test_scatter_outside_of_loops_stays() -> None:
    module = program(["f64[4]", "f64[9]", "i64[9]"], lambda c, *v: c.b.emit(Scatter, *v, dims=(0,), mode="set"))
    assert "stablehlo.scatter" in emit_module(module, EmitOptions()).text()


@pytest.mark.parametrize("in_loop", [False, True], ids=["plain", "in loop"])
def test_scatter_in_a_function_goes_by_its_calls(in_loop: bool) -> None:
    types = ["f64[4]", "f64[9]", "i64[9]"]
    inner = define("inner", types, lambda c, *v: c.b.emit(Scatter, *v, dims=(0,), mode="add"))
    outer = define("outer", types, lambda c, *v: c.call(inner, *v))

    def main(c: Code, a: Value, v: Value, i: Value) -> Any:
        return c.loop(3, [a], lambda c, k, a: c.call(outer, a, v, i)) if in_loop else c.call(outer, a, v, i)

    module = program(types, main, inner, outer)
    assert ("stablehlo.scatter" in emit_module(module, EmitOptions()).text()) != in_loop
    arguments = [np.zeros(4), rng.normal(size=9), rng.integers(-1, 5, 9)]
    np.testing.assert_allclose(run(module, *arguments)[0], interpreter.run(module, arguments)[0], rtol=1e-12)


def test_bounds() -> None:
    b = Builder(Block())
    x, p = b.block.add_arg(I64), b.block.add_arg(TensorType((), np.dtype(bool)))
    five, nine = constant(b, 5), constant(b, 9)

    def found(value: Value) -> tuple[float, float]:
        return bounds(value, b.producers)

    low = b.emit(Maximum, x, five)
    inside = b.emit(Minimum, low, nine)
    counter = b.emit(Iota, shape=(3, 4), dtype=np.dtype(np.int64), dim=1)
    assert found(x) == (-np.inf, np.inf)
    assert found(low) == (5, np.inf)
    assert found(inside) == (5, 9)
    assert found(counter) == (0, 3)
    assert found(b.emit(Add, counter, broadcast_to(b, inside, (3, 4)))) == (5, 12)
    assert found(b.emit(Select, p, five, constant(b, -2))) == (-2, 5)
    assert found(b.emit(Add, inside, constant(b, 2**62))) == (-np.inf, np.inf)
    assert found(b.emit(Multiply, inside, inside)) == (-np.inf, np.inf)
    assert found(compare(b, x, "EQ", x)) == (-np.inf, np.inf)
