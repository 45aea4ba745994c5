"""The copy linter sees whole-array copies in loops, and only those."""

from __future__ import annotations

from typing import Any

from hloc.diagnostics.span import Span
from hloc.emit.lint import Finding, find_copies
from hloc.ir.core import Value
from tests.emit.building import Code, compiled, program

HLO = """HloModule main

FileNames
1 "model.py"

FunctionNames
1 "f/upd"

FileLocations
1 {file_name_id=1 function_name_id=1 line=12 end_line=12 column=5 end_column=9}

StackFrames
1 {file_location_id=1 parent_frame_id=1}

%only_copies (p: f64[1000]) -> f64[1000] {
  %p = f64[1000]{0} parameter(0)
  ROOT %copy.1 = f64[1000]{0} copy(%p)
}

%adds (p.1: f64[1000]) -> f64[1000] {
  %p.1 = f64[1000]{0} parameter(0)
  ROOT %add.1 = f64[1000]{0} add(%p.1, %p.1)
}

%body (t: (f64[1000], pred[4000])) -> (f64[1000], pred[4000]) {
  %t = (f64[1000]{0}, pred[4000]{0}) parameter(0)
  %a = f64[1000]{0} get-tuple-element(%t), index=0
  %small = f64[2]{0} copy(%s)
  %big = f64[1000]{0} copy(%a), metadata={op_name="f/upd" stack_frame_id=1}
  %fused = f64[1000]{0} fusion(%a), kind=kLoop, calls=%only_copies
  %sum = f64[1000]{0} fusion(%a), kind=kLoop, calls=%adds
  ROOT %r = (f64[1000]{0}, pred[4000]{0}) tuple(%sum, %b)
}

%cond (t.1: (f64[1000], pred[4000])) -> pred[] {
  ROOT %go = pred[] constant(true)
}

ENTRY %main (x: f64[1000]) -> f64[1000] {
  %x = f64[1000]{0} parameter(0)
  %outside = f64[1000]{0} copy(%x)
  ROOT %loop = (f64[1000]{0}, pred[4000]{0}) while(%start), condition=%cond, body=%body
}
"""


def test_copies_in_the_loop_are_found() -> None:
    big, fused = Finding("big", 8000, "model.py", 12), Finding("fused", 8000, "", 0)
    assert find_copies(HLO) == [big, fused]


def test_small_copies_are_found_when_asked() -> None:
    assert [f.instruction for f in find_copies(HLO, min_bytes=16)] == ["small", "big", "fused"]


def test_exchange_of_two_arrays_is_found_with_its_line() -> None:
    """a, b = b, a cannot be done in place."""

    def body(c: Code, k: Value, a: Value, b: Value) -> Any:
        c.b.span = Span("model.py", 7, 0, 7, 9, "f")
        return c.store(b, 1.0, k), c.store(a, 2.0, k)

    def build(c: Code, a: Value, b: Value) -> Any:
        c.b.span = Span("model.py", 6, 0, 8, 9, "f")
        return c.loop(300, [a, b], body)

    found = find_copies(compiled(program(["f64[300]"] * 2, build)).optimized_hlo())
    assert found
    assert {f.bytes for f in found} == {2400}
