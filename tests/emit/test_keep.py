"""Barriers as calls."""

from __future__ import annotations

from hloc.emit.keep import call_barriers
from hloc.emit.loops import Loop
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, walk
from hloc.ir.types import F64
from hloc.ops.elementwise import Add, Barrier
from hloc.ops.helpers import constant


def test_constants_pass_beside_the_call() -> None:
    """Also through two barriers: XLA aborts where it moves a constant into the called function."""
    module, body, test = Module(), Block(), Block()
    x = body.add_arg(F64, "x")
    b = Builder(body)
    one = constant(b, 1.0)
    y, two = b.emit_many(Barrier, x, one, keep=True)
    z, three = b.emit_many(Barrier, y, two, keep=True)
    body.results = [b.emit(Add, z, three)]
    test.add_arg(F64)
    with b.at(test):
        test.results = [constant(b, True)]
    entry = Block()
    start = entry.add_arg(F64)
    with b.at(entry):
        entry.results = list(b.emit_op(Loop, [start], [F64], {}, [test, body]))
    function = module.add(Function("main", entry))
    call_barriers(module, function)
    calls = [op for op in walk(function.block) if op.name == "call"]
    assert [len(op.operands) for op in calls] == [1, 1]
    assert body.ops[-1].operands == (calls[-1].result, one)
