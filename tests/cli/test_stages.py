"""Lines of stages, where they come from, and how they stand side by side."""

from __future__ import annotations

import textwrap

from hloc.cli.side_by_side import LEAST, share
from hloc.cli.stages import Line, align, hlo_lines, source_lines, ssa_lines, stablehlo_lines
from hloc.diagnostics.span import Span
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module
from hloc.ir.printer import print_module
from hloc.ir.types import F64
from hloc.ops.elementwise import Sine

FILE = "/tmp/a (b).py"


def test_ssa_lines_know_their_place() -> None:
    function = Function("main", Block(), Span(FILE, 1, 0, 2, 20, "f"))
    x = function.block.add_arg(F64, "x")
    function.block.results.append(Builder(function.block, Span(FILE, 2, 4, 2, 9, "f")).emit(Sine, x))
    module = Module()
    module.add(function)
    assert ssa_lines(print_module(module, spans=True), FILE) == [
        Line("func @main(%x: f64) -> f64 {", 1),
        Line("  %0: f64 = sine %x", 2),
        Line("  return %0"),
        Line("}"),
    ]
    assert [line.source for line in ssa_lines(print_module(module, spans=True), "/other.py")] == [0, 0, 0, 0]


def test_stablehlo_locations_are_followed_through_aliases_names_and_fusions() -> None:
    text = textwrap.dedent(f"""
        #loc1 = loc("{FILE}":1:1)
        module {{
          %0 = stablehlo.sine %arg0 : tensor<f64> loc(#loc3)
          %1 = stablehlo.cosine %0 : tensor<f64> loc("{FILE}":7:2)
          %2 = stablehlo.negate %1 : tensor<f64> loc(#loc4)
          %3 = stablehlo.abs %2 : tensor<f64> loc(#loc)
        }} loc(#loc)
        #loc = loc(unknown)
        #loc2 = loc("/lib.py":3:1)
        #loc3 = loc("f/sine"(#loc1))
        #loc4 = loc(fused[#loc2, #loc1])
        """).strip()
    assert stablehlo_lines(text, FILE) == [
        Line("module {"),
        Line("  %0 = stablehlo.sine %arg0 : tensor<f64>", 1),
        Line("  %1 = stablehlo.cosine %0 : tensor<f64>", 7),
        Line("  %2 = stablehlo.negate %1 : tensor<f64>", 1),
        Line("  %3 = stablehlo.abs %2 : tensor<f64>"),
        Line("}"),
    ]


def test_hlo_metadata_is_taken_off() -> None:
    metadata = f'metadata={{op_name="f/add" source_file="{FILE}" source_line=4}}'
    text = f"  a = f64[] add(x, y), {metadata}\n  ROOT r = f64[] sine(a)"
    assert hlo_lines(text, FILE) == [Line("  a = f64[] add(x, y)", 4), Line("  ROOT r = f64[] sine(a)")]


def test_stages_are_aligned_by_source_line_and_keep_their_order() -> None:
    source = source_lines("def f(x):\n    y = x * x\n    return y + 1\n", 5)
    stage = [Line("head", 5), Line("open"), Line("add", 7), Line("late multiply", 6), Line("close")]
    rows = align([source, stage])
    assert [(row.source, [line.text for line in row.cells[1]]) for row in rows] == [
        (5, ["head", "open"]),
        (6, []),
        (7, ["add", "late multiply", "close"]),
    ]
    assert [row.cells[0] for row in rows] == [(line,) for line in source]


def test_lines_before_the_first_place_come_first() -> None:
    rows = align([source_lines("x = 1\n", 3), [Line("module {"), Line("constant", 3)]])
    assert [(row.source, row.cells[0]) for row in rows] == [(0, ()), (3, (Line("x = 1", 3),))]


def test_columns_share_what_the_narrow_ones_leave() -> None:
    assert share([10, 20, 30], 100) == [10, 20, 30]
    assert share([10, 200, 300], 100) == [10, 45, 45]
    assert share([200, 40, 300], 100) == [33, 33, 33]
    assert share([200, 200], 30) == [LEAST, LEAST]
