"""IR text: what is printed and read, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.diagnostics.errors import CompileError
from hloc.diagnostics.span import Span
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.types import F64, I64, parse_type
from hloc.ops import control, elementwise, shape
from tests.ir.examples import FIBONACCI, NEWTON


@pytest.mark.parametrize(
    "value",
    [
        np.float32(0.1),
        np.array([1.0, -np.inf, np.nan, -0.0]),
        np.array([[True, False]]),
        np.arange(1000, dtype=np.uint16).reshape(10, 100),
        np.full((7, 9), 2.5, np.float16),
        np.array([1 + 2j, complex(-0.0, np.nan)], np.complex64),
        np.empty((0, 3)),
        np.uint64(2**64 - 1),
        np.linspace(0.0, 1.0, 99) ** 3,
    ],
    ids=lambda v: str(np.asarray(v).dtype),
)
def test_constants_are_read_back_bit_by_bit(value: np.ndarray) -> None:
    builder = Builder(Block())
    result = builder.emit(shape.Constant, value=np.asarray(value))
    builder.block.results = [result]
    module = Module()
    module.add(Function("main", builder.block))
    (op,) = parse_module(print_module(module)).entry.block.ops
    assert op.attrs["value"].dtype == value.dtype
    assert op.attrs["value"].shape == value.shape
    assert op.attrs["value"].tobytes() == value.tobytes()


def test_names_are_unique_and_numbered() -> None:
    builder = Builder(Block())
    x = builder.block.add_arg(F64, "x")
    for name in ("x", "x_1", "", "a b", "1st", ""):
        builder.emit(elementwise.Sine, x).name = name
    builder.block.results = [x]
    module = Module()
    module.add(Function("main", builder.block))
    names = [line.split(":")[0].strip() for line in print_module(module).splitlines()[1:-2]]
    assert names == ["%x_1", "%x_2", "%0", "%a_b", "%_1st", "%1"]


def test_spans_are_printed_on_request() -> None:
    module = parse_module(FIBONACCI)
    loop = next(op for op in module.entry.block.ops if op.kind is control.For)
    loop.span = Span("fib.py", 3, 4, 5, 20, "fib")
    module.entry.span = Span("fib.py", 1, 0, 6, 0)
    text = print_module(module, spans=True)
    assert '{direction = 1} loc("fib.py" 3:4 5:20 in "fib") body(' in text
    assert 'func @main(%n: i64) -> i64 { loc("fib.py" 1:0 6:0)' in text
    again = parse_module(text)
    assert print_module(again, spans=True) == text
    assert again.entry.span == module.entry.span
    assert print_module(module) == FIBONACCI.lstrip()


def test_entry_with_another_name() -> None:
    text = FIBONACCI.replace("@main", "@fibonacci").lstrip()
    module = parse_module("entry @fibonacci\n\n" + text)
    assert module.main == "fibonacci"
    assert print_module(module) == "entry @fibonacci\n\n" + text


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("add %a_1", "ad %a_1", 6, "unknown operation 'ad'"),
        ("add %a_1", "add %q", 6, "%q is not defined here"),
        ("%0: i64 = add", "%n: i64 = add", 6, "%n is defined twice"),
        ("%n: i64)", "%n: i65)", 2, "expected a type, found 'i65'"),
        ("i64(1)", "i64(True)", 4, "expected an element of type int64, found 'True'"),
        ("direction = 1", "direction = !", 5, "unexpected '!'"),
        ("return %a", "return %n, %a", 10, "@main returns (i64, i64), its header says (i64)"),
        ("  return %a\n}", "", 10, "expected a name, found the end of the text"),
    ],
)
def test_text_that_cannot_be_read(old: str, new: str, line: int, message: str) -> None:
    assert old in FIBONACCI
    with pytest.raises(CompileError) as caught:
        parse_module(FIBONACCI.replace(old, new), "fib.ir")
    report = caught.value.report
    assert (report.message, str(report.span)) == (message, f"fib.ir:{line}")


def test_cond_sees_its_own_arguments_only() -> None:
    with pytest.raises(CompileError, match="%y_1 is not defined here"):
        parse_module(NEWTON.replace("divide %x, %y_2", "divide %x, %y_1"))


def test_types() -> None:
    assert parse_type(" f64[3, 4] ") == parse_type("f64[3,4]")
    assert parse_type("i64") == I64
