"""What an emitted module says: functions, constants, places, donation, and the refusal of what XLA cannot run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hloc.diagnostics.errors import InternalError
from hloc.diagnostics.span import Span
from hloc.emit import EmitOptions, emit_module
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.types import F64, parse_type
from hloc.ops.control import Call
from hloc.ops.elementwise import Add, FloorDivide, FloorMod, Multiply, Sine
from hloc.ops.shape import Constant
from hloc.runtime.compile import compile_stablehlo
from tests.emit.building import Code, compiled, define, program, run

INF, NAN = np.inf, np.nan


def test_private_functions_and_public_main() -> None:
    square = define("square!", ["f64"], lambda c, x: c.mul(x, x))
    module = program(["f64"], lambda c, x: c.call(square, x), square)
    text = emit_module(module, EmitOptions()).text()
    assert "func.func public @main(" in text
    assert "func.func private @square_(" in text
    assert float(run(module, 3.0)[0]) == 9.0


def test_functions_that_main_does_not_reach_are_left_out() -> None:
    unused = define("unused", ["f64"], lambda c, x: x)
    assert "unused" not in emit_module(program(["f64"], lambda c, x: x, unused), EmitOptions()).text()


def test_entry_of_another_name_becomes_main() -> None:
    helper = define("main", ["f64"], lambda c, x: c.add(x, 1.0))
    module = Module(main="entry")
    module.add(helper)
    module.add(define("entry", ["f64"], lambda c, x: c.call(helper, x)))
    assert float(run(module, 1.0)[0]) == 2.0


def test_emission_leaves_the_program_as_it_is() -> None:
    module = program(["f64[8]"], lambda c, a: c.loop(8, [a], lambda c, k, a: c.store(a, c.read(a, k), k)))
    before = repr(module.entry.block)
    emit_module(module, EmitOptions())
    assert repr(module.entry.block) == before


def test_same_program_gives_the_same_text() -> None:
    build = lambda c, a: c.loop(8, [a], lambda c, k, a: c.store(a, c.read(a, k), k))  # noqa: E731
    texts = {emit_module(program(["f64[8]"], build), EmitOptions()).text(with_locations=True) for _ in range(2)}
    assert len(texts) == 1


def test_call_cycle_is_refused() -> None:
    module = Module()
    for name, callee in (("main", "even"), ("even", "odd"), ("odd", "even")):
        block = Block()
        x = block.add_arg(F64)
        block.results = list(Builder(block).emit_op(Call, [x], [F64], {"function": callee}))
        module.add(Function(name, block))
    with pytest.raises(InternalError) as caught:
        emit_module(module, EmitOptions())
    assert caught.value.report.message == "recursive calls reach emission: even → odd → even"


def test_verifier_refuses_what_has_the_wrong_type() -> None:
    block = Block()
    x = block.add_arg(F64)
    wrong = Value(parse_type("f32"))
    block.ops.append(Op(Add, (x, x), {}, (), (wrong,)))
    outside = Value(parse_type("f32"))
    block.ops.append(Op(Call, (wrong,), {"function": "f"}, (), (outside,)))
    block.results = [outside]
    module = Module()
    module.add(define("f", ["f32"], lambda c, x: x))
    module.add(Function("main", block))
    with pytest.raises(InternalError, match="MLIR refuses the emitted module"):
        emit_module(module, EmitOptions())


def spanned(line: int) -> Span:
    return Span("model.py", line, 4, line, 20, "layer")


def test_places_reach_the_optimised_program() -> None:
    block = Block()
    x = block.add_arg(parse_type("f64[64]"))
    b = Builder(block, spanned(12))
    y = b.emit(Sine, x)
    b.span = spanned(13)
    block.results = [b.emit(Multiply, y, y)]
    module = Module()
    module.add(Function("main", block, spanned(11)))
    emitted = emit_module(module, EmitOptions())
    text = emitted.text(with_locations=True)
    assert 'loc("layer/sine"(' in text
    assert 'loc("model.py":12:5)' in text
    assert "loc(" not in emitted.text()
    hlo = compile_stablehlo(emitted.bytecode, emitted.build_options).optimized_hlo()
    assert "file_name_id=1 function_name_id=1 line=12" in hlo
    assert 'FileNames\n1 "model.py"' in hlo


def test_donated_parameter_shares_its_buffer() -> None:
    module = program(["f64[4]", "f64[4]"], lambda c, a, b: (b, c.store(a, 1.0, 0)))
    emitted = emit_module(module, EmitOptions(donate=((0, 1),)))
    assert "%arg0: tensor<4xf64> {tf.aliasing_output = 1 : i32}, %arg1: tensor<4xf64>)" in emitted.text()
    memory = compile_stablehlo(emitted.bytecode, emitted.build_options).memory()
    assert memory.alias == 32


CONSTANTS: list[Any] = [
    np.array([1.5, -0.0, INF, -INF, NAN]),
    np.full(3, -0.0),
    np.full((2, 2), NAN, np.float32),
    np.array(0.1),
    np.array([0.0, -0.0]),
    np.arange(6, dtype=np.int8).reshape(2, 3),
    np.array([2**63, 1], np.uint64),
    np.full(4, 2**64 - 1, np.uint64),
    np.array(-(2**63)),
    np.array([True, False, True] * 5),
    np.ones((3, 3), bool),
    np.array(False),
    np.array([1 + 2j, -0.0 - 1j]),
    np.full(3, 1 - 2j, np.complex64),
    np.zeros((0, 3)),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array([0.5, 1.0], np.float16),
]


@pytest.mark.parametrize("value", CONSTANTS, ids=lambda v: f"{v.dtype}{list(v.shape)}")
def test_constant_keeps_its_bits(value: np.ndarray) -> None:
    (result,) = run(program([], lambda c: c.b.emit(Constant, value=value)))
    assert result.dtype == value.dtype
    assert result.shape == value.shape
    assert result.tobytes() == np.ascontiguousarray(value).tobytes()


@pytest.mark.parametrize(("index", "expected"), [(-5, 0), (0, 0), (1, 1), (2, 2), (9, 2)])
def test_switch_index_is_clamped(index: int, expected: int) -> None:
    cases = [lambda c, j=j: c.const(j) for j in range(3)]
    assert run(program(["i64"], lambda c, i: c.switch(i, *cases)), np.int64(index))[0] == expected


@pytest.mark.parametrize("n", [-2, 0, 1, 5])
@pytest.mark.parametrize("direction", [1, -1])
def test_counted_loop_runs_in_order(n: int, direction: int) -> None:
    """digits = 10 digits + k, for a count that is data and for a constant one."""
    body = lambda c, k, s: c.add(c.mul(s, 10), k)  # noqa: E731
    expected = 0
    for k in range(n)[::direction]:
        expected = 10 * expected + k
    data = program(["i64"], lambda c, count: c.loop(count, [c.const(0)], body, direction))
    assert run(data, np.int64(n))[0] == expected
    assert run(program([], lambda c: c.loop(n, [c.const(0)], body, direction)))[0] == expected


def test_while_counts_its_trips() -> None:
    def build(c: Code, x: Value) -> Any:
        halve = lambda c, k, x: c.div(x, 2)  # noqa: E731
        return c.while_([x], lambda c, x: c.cmp(x, "GT", 1), halve)

    assert [int(r) for r in run(program(["i64"], build), np.int64(40))] == [5, 1]


def test_while_without_use_of_its_count_carries_none() -> None:
    def build(c: Code, x: Value) -> Any:
        return c.while_([x], lambda c, x: c.cmp(x, "GT", 1), lambda c, k, x: c.div(x, 2))[1]

    text = emit_module(program(["i64"], build), EmitOptions(tune=False)).text()
    assert "stablehlo.while(%iterArg = %arg0) : tensor<i64>" in text


def test_loops_without_carried_values_disappear() -> None:
    def build(c: Code, x: Value) -> Any:
        c.loop(5, [], lambda c, k: ())
        return x

    assert "while" not in emit_module(program(["f64"], build), EmitOptions()).text()


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_other_platforms_get_no_cpu_tuning(platform: str) -> None:
    build = lambda c, a: c.loop(8, [a], lambda c, k, a: c.store(a, c.read(a, k), k))  # noqa: E731
    emitted = emit_module(program(["f64[8]"], build), EmitOptions(platform=platform))
    assert "optimization_barrier" not in emitted.text()
    assert not emitted.build_options.extra


def test_strict_rounds_products_before_sums() -> None:
    """Some of these products round differently when contracted; the loop and the array form give NumPy's bits."""
    rng = np.random.default_rng(0)
    x, y, z = rng.random(500), rng.random(500), -rng.random(500)

    def loop(c: Code, x: Value, y: Value, z: Value) -> Any:
        def body(c: Code, k: Value, out: Value) -> Value:
            return c.store(out, c.add(c.mul(c.read(x, k), c.read(y, k)), c.read(z, k)), k)

        return c.loop(500, [z], body)

    for build in (loop, lambda c, x, y, z: c.add(c.mul(x, y), z)):
        module = program(["f64[500]"] * 3, build)
        (strict,) = run(module, x, y, z, options=EmitOptions(strict=True))
        np.testing.assert_array_equal(strict, x * y + z)


def test_bytecode_and_text_are_the_same_program() -> None:
    module = program(["f64"], lambda c, x: c.mul(x, x))
    emitted = emit_module(module, EmitOptions())
    results = [compile_stablehlo(form).execute([3.0])[0] for form in (emitted.bytecode, emitted.text())]
    assert [float(np.asarray(r)) for r in results] == [9.0, 9.0]
    assert float(np.asarray(compiled(module).execute([2.0])[0])) == 4.0


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint32])
@pytest.mark.parametrize("divisor", [1, 2, 64])
def test_floor_division_by_power_of_two(dtype: Any, divisor: int) -> None:
    def build(c: Code, x: Value) -> Any:
        y = c.b.emit(Constant, value=np.full(8, divisor, dtype))
        return c.b.emit(FloorDivide, x, y), c.b.emit(FloorMod, x, y)

    short = {"int8": "i8", "int64": "i64", "uint32": "u32"}[np.dtype(dtype).name]
    module = program([f"{short}[8]"], build)
    assert "divide" not in emit_module(module, EmitOptions()).text()
    x = np.array([-128, -65, -64, -1, 0, 1, 63, 127]).astype(dtype)
    quotient, rest = run(module, x)
    np.testing.assert_array_equal(quotient, x // dtype(divisor))
    np.testing.assert_array_equal(rest, x % dtype(divisor))
