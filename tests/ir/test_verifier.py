"""The verifier: one broken program for each rule."""

from __future__ import annotations

import pytest

from hloc.diagnostics.errors import InternalError
from hloc.ir.core import Block, Module, Op, Value
from hloc.ir.parser import parse_module
from hloc.ir.types import F64
from hloc.ir.verifier import verify
from tests.ir.examples import EXAMPLES, FIBONACCI, NEWTON, RECURSION, SWITCH


def message_of(module: Module) -> str:
    with pytest.raises(InternalError) as caught:
        verify(module)
    return caught.value.report.message


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid(name: str) -> None:
    verify(parse_module(EXAMPLES[name][0]))


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (NEWTON, "%1: f64 =", "%1: f32 =", "subtract: result types: found (f32), expected (f64)"),
        (NEWTON, "yield %3", "yield %2", "while: results of cond: found (f64), expected (b1)"),
        (FIBONACCI, "%a: i64, %b: i64 = for", "%a: i64, %b: b1 = for", "for: results of for: found (i64, b1)"),
        (NEWTON, "body(%k: i64,", "body(%k: f64,", "while: arguments of the loop body: found (f64, f64)"),
        (FIBONACCI, "yield %b_1, %0", "yield %b_1", "for: results of the loop body: found (i64), expected (i64, i64)"),
        (FIBONACCI, "direction = 1", "direction = 2", "for: direction is 2, expected 1 or -1"),
        (FIBONACCI, "for %n, %zero", "for %zero", "for: arguments of the loop body"),
        (RECURSION, "call @fib %1", "call @fob %1", "call: there is no function 'fob'"),
        (RECURSION, "call @fib %1", "call @fib %1, %2", "call: arguments of fib: found (i64, i64), expected (i64)"),
        (RECURSION, "    yield %n\n", "    yield %0\n", "if: results of the branch: found (b1), expected (i64)"),
        (SWITCH, "switch %j", "switch %x", "switch: index: found (f64), expected (i64)"),
        (SWITCH, "sine %x", "sine %j", "sine: infer refuses the operands (i64)"),
    ],
)
def test_broken_programs(text: str, old: str, new: str, message: str) -> None:
    assert old in text
    assert message in message_of(parse_module(text.replace(old, new)))


def test_use_outside_of_the_defining_region() -> None:
    module = parse_module(SWITCH)
    switch = module.entry.block.ops[0]
    switch.regions[2].results = list(switch.regions[0].results)
    assert "%_: f64 is used out of its scope" in message_of(module)


def test_use_before_definition() -> None:
    module = parse_module(NEWTON)
    module.entry.block.ops.reverse()
    assert "is used but not defined before" in message_of(module)


def test_value_of_another_program() -> None:
    module = parse_module(SWITCH)
    module.entry.block.results = [Value(F64, "stranger")]
    assert "%stranger: f64 is used but not defined before" in message_of(module)


def test_value_defined_twice() -> None:
    module = parse_module(NEWTON)
    module.entry.block.ops.append(module.entry.block.ops[0])
    assert "%one: f64 is defined twice" in message_of(module)


def test_one_op_with_a_region_too_many() -> None:
    module = parse_module(NEWTON)
    first = module.entry.block.ops[0]
    module.entry.block.ops[0] = Op(first.kind, (), first.attrs, (Block(),), first.results)
    assert "constant has 1 regions, expected 0" in message_of(module)


def test_missing_entry() -> None:
    module = parse_module(NEWTON)
    module.main = "start"
    assert "the module has no function 'start'" in message_of(module)


def test_function_under_another_name() -> None:
    module = parse_module(NEWTON)
    module.functions["f"] = module.functions.pop("main")
    module.main = "f"
    assert "function 'main' is entered in the module as 'f'" in message_of(module)


def test_report_shows_the_program_with_a_mark() -> None:
    with pytest.raises(InternalError) as caught:
        verify(parse_module(NEWTON.replace("%1: f64 =", "%1: f32 =")))
    (note,) = caught.value.report.notes
    line = "    ^^^ result types: found (f32), expected (f64)\n"
    assert f"    %1: f32 = subtract %0, %x\n{line}" in note
