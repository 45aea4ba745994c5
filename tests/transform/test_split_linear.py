"""A program is cut in two where later parameters come in."""

from __future__ import annotations

import textwrap

import hloc.ops  # noqa: F401  (registers the operations)
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.verifier import verify
from hloc.transform.split_linear import split_linear


def test_the_second_half_starts_from_what_the_first_hands_on() -> None:
    module = parse_module("""
        func @main(%x: f64[3], %n: i64, %y_bar: f64[3]) -> (f64[3], f64[3]) {
          %two: f64 = constant {value = f64(2.0)}
          %twos: f64[3] = broadcast_in_dim %two {shape = (3,), dims = ()}
          %y: f64[3] = sine %x
          %c: f64[3] = cosine %x
          %x_bar: f64[3] = for %n, %y_bar {direction = 1} body(%k: i64, %b: f64[3]) {
            %b1: f64[3] = multiply %b, %c
            %b2: f64[3] = multiply %b1, %twos
            yield %b2
          }
          return %y, %x_bar
        }
        """)
    halves = split_linear(module, module.entry.params[2:], 1)
    for half in halves:
        verify(half)
    assert print_module(halves[0]).strip() == textwrap.dedent("""\
        func @main(%x: f64[3], %n: i64) -> (f64[3], i64, f64[3]) {
          %two: f64 = constant {value = f64(2.0)}
          %twos: f64[3] = broadcast_in_dim %two {shape = (3,), dims = ()}
          %y: f64[3] = sine %x
          %c: f64[3] = cosine %x
          return %y, %n, %c
        }""")
    assert print_module(halves[1]).strip() == textwrap.dedent("""\
        func @main(%n: i64, %c: f64[3], %y_bar: f64[3]) -> f64[3] {
          %two: f64 = constant {value = f64(2.0)}
          %twos: f64[3] = broadcast_in_dim %two {shape = (3,), dims = ()}
          %x_bar: f64[3] = for %n, %y_bar {direction = 1} body(%k: i64, %b: f64[3]) {
            %b1: f64[3] = multiply %b, %c
            %b2: f64[3] = multiply %b1, %twos
            yield %b2
          }
          return %x_bar
        }""")
