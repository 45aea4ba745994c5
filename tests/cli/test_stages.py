"""Lines of stages, where they come from, and how they stand side by side."""

from __future__ import annotations

import textwrap

from hloc.cli.side_by_side import LEAST, share
from hloc.cli.stages import Line, align, hlo_lines, python_lines, source_lines, ssa_lines, stablehlo_lines
from hloc.diagnostics.span import Span
from hloc.emit import EmitOptions, emit_module
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module
from hloc.ir.printer import print_module
from hloc.ir.types import F64
from hloc.ops.elementwise import Sine
from hloc.runtime import compile_stablehlo

FILE = "/tmp/a (b).py"


def sine_of(whole: Span, part: Span) -> Module:
    """main(x) = sine(x), the function at `whole`, the op at `part`."""
    function = Function("main", Block(), whole)
    x = function.block.add_arg(F64, "x")
    function.block.results.append(Builder(function.block, part).emit(Sine, x))
    module = Module()
    module.add(function)
    return module


def test_ssa_lines_know_their_place() -> None:
    module = sine_of(Span(FILE, 1, 0, 2, 20, "f"), Span(FILE, 2, 4, 2, 9, "f"))
    assert ssa_lines(print_module(module, spans=True), FILE) == [
        Line("func @main(%x: f64) -> f64 {", 1),
        Line("  %0: f64 = sine %x", 2),
        Line("  return %0"),
        Line("}"),
    ]
    assert [line.source for line in ssa_lines(print_module(module, spans=True), "/other.py")] == [0, 0, 0, 0]


def test_places_inside_a_line_are_taken_off() -> None:
    text = f'%b: f64 = for %n, %a {{direction = 1}} loc("{FILE}" 15:4 15:21 in "f(g)") body(%k: i64, %c: f64) {{'
    assert ssa_lines(text, FILE) == [Line("%b: f64 = for %n, %a {direction = 1} body(%k: i64, %c: f64) {", 15)]


def test_places_in_printed_python_are_comments() -> None:
    text = f"def main(x):\n    y = x + 1  # {FILE}:3\n    z = y  # /lib.py:4\n"
    assert python_lines(text, FILE) == [Line("def main(x):"), Line("    y = x + 1", 3), Line("    z = y")]


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


def test_hlo_metadata_is_followed_through_the_tables_of_places() -> None:
    text = textwrap.dedent(f"""
        HloModule main

        FileNames
        1 "/lib.py"
        2 "{FILE}"

        FunctionNames
        1 "f/sine"

        FileLocations
        1 {{file_name_id=1 function_name_id=1 line=2 end_line=2 column=5 end_column=5}}
        2 {{file_name_id=2 function_name_id=1 line=31 end_line=31 column=5 end_column=5}}

        StackFrames
        1 {{file_location_id=1 parent_frame_id=1}}
        4 {{file_location_id=2 parent_frame_id=1}}


        ENTRY %main (x: f64[3]) -> f64[3] {{
          %x = f64[3]{{0}} parameter(0), metadata={{op_name="f/}}main"}}
          %y = f64[3]{{0}} abs(%x), metadata={{op_name="f/abs" stack_frame_id=1}}
          ROOT %z = f64[3]{{0}} sine(%y), metadata={{op_name="f/sine" stack_frame_id=4}}, calls=%c
        }}
        """).strip()
    assert hlo_lines(text, FILE) == [
        Line("HloModule main"),
        Line(""),
        Line("ENTRY %main (x: f64[3]) -> f64[3] {"),
        Line("  %x = f64[3]{0} parameter(0)"),
        Line("  %y = f64[3]{0} abs(%x)"),
        Line("  ROOT %z = f64[3]{0} sine(%y), calls=%c", 31),
        Line("}"),
    ]


def test_places_survive_emission_and_xla() -> None:
    emitted = emit_module(sine_of(Span(FILE, 1, 0, 2, 20, "f"), Span(FILE, 2, 4, 2, 9, "f")), EmitOptions())
    stablehlo = stablehlo_lines(emitted.text(with_locations=True), FILE)
    assert [line.source for line in stablehlo if "stablehlo.sine" in line.text] == [2]
    assert not [line for line in stablehlo if "loc" in line.text]
    hlo = hlo_lines(compile_stablehlo(emitted.bytecode, emitted.build_options).optimized_hlo(), FILE)
    assert 2 in [line.source for line in hlo if "sine" in line.text]
    assert not [line for line in hlo if "metadata" in line.text or "FileNames" in line.text]


def test_stages_are_aligned_by_source_line_and_keep_their_order() -> None:
    source = source_lines("def f(x):\n    for i in range(n):\n        y = x * x\n    return y\n", 5)
    stage = [
        Line("head", 5),
        Line("open"),
        Line("hoisted", 7),
        Line("for", 6),
        Line("add", 7),
        Line("close"),
        Line("end", 8),
    ]
    rows = align([source, stage])
    assert [(row.source, [line.text for line in row.cells[1]]) for row in rows] == [
        (5, ["head", "open", "hoisted"]),
        (6, ["for"]),
        (7, ["add", "close"]),
        (8, ["end"]),
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
