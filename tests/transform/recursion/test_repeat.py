"""What is computed again after recursive calls, and what is not."""

from __future__ import annotations

from textwrap import dedent

import numpy as np

from hloc.ir.core import Module
from hloc.ir.parser import parse_module
from hloc.ir.verifier import verify
from hloc.transform.recursion.repeat import repeat_after_calls
from tests.transform.interpreter import run

PROGRAM = """
func @f(%u: f64[9], %v: f64[9], %n: i64, %x: f64) -> f64 {
  %0: i64 = constant {value = i64(0)}
  %p: b1 = compare %n, %0 {direction = "LE"}
  %1: i64 = constant {value = i64(1)}
  %m: i64 = subtract %n, %1
  %a: f64 = read %u, %m {sizes = (1,), drop = (0,)}
  %b: f64 = read %v, %m {sizes = (1,), drop = (0,)}
  %c: f64 = sine %x
  %r: f64 = if %p then {
    yield %x
  } else {
    %d: f64 = multiply %a, %b
    %y: f64 = call @f %u, %v, %m, %d
    %s: f64 = add %y, %c
    %t: f64 = multiply %s, %d
    yield %t
  }
  %z: f64 = subtract %r, %b
  %w: f64 = multiply %z, %a
  return %w
}

func @main(%u: f64[9], %v: f64[9], %n: i64, %x: f64) -> f64 {
  %y: f64 = call @f %u, %v, %n, %x
  return %y
}
"""


def _repeated() -> Module:
    module = parse_module(dedent(PROGRAM))
    function = module.functions["f"]
    repeat_after_calls([function], {"f"}, set(function.params[:2]))
    verify(module)
    return module


def test_results_are_the_same() -> None:
    u = np.linspace(0.1, 0.9, 9)
    assert run(_repeated(), [u, u * u, 5, 0.3]) == run(parse_module(dedent(PROGRAM)), [u, u * u, 5, 0.3])


def test_only_what_is_not_cheap_is_kept() -> None:
    """Behind the branch stand the two elements again, for one index that is kept. Behind the call stand they too, with
    their product: the index is kept anyway. The sine is kept."""
    block = _repeated().functions["f"].block
    (branch,) = (op for op in block.ops if op.name == "if")
    assert [op.name for op in block.ops[block.ops.index(branch) + 1 :]] == ["read", "read", "subtract", "multiply"]
    after = branch.regions[1]
    call = next(n for n, op in enumerate(after.ops) if op.name == "call")
    assert [op.name for op in after.ops[call + 1 :]] == ["read", "read", "multiply", "add", "multiply"]
    (sine,) = (op for op in block.ops if op.name == "sine")
    assert sine.result in after.ops[-2].operands
