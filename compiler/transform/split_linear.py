"""Cut a program in two where a part of its inputs comes later: the second half starts from what the first hands on.

func @main(%x, %y_bar) {                  func @main(%x) {                   func @main(%c, %y_bar) {
  %y = sine %x                              %y = sine %x                       %x_bar = multiply %y_bar, %c
  %c = cosine %x                      →     %c = cosine %x               and   return %x_bar }
  %x_bar = multiply %y_bar, %c              return %y, %c }
  return %y, %x_bar }

What is nothing but another form of a value or constant (`_REPEATED`) is made again instead of handed on.
"""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ir.core import Block, Function, Module, Op, Value, clone_block, free_values

_REPEATED = frozenset({"constant", "empty", "iota", "broadcast_in_dim", "reshape"})


def split_linear(module: Module, later: Sequence[Value], count: int) -> tuple[Module, Module]:
    """The two halves. The first has the first `count` results and then those that are handed on; the second takes them
    and the parameters `later`."""
    block = module.entry.block
    early, late = _by_time(block, later)
    second = Block(list(later), late, block.results[count:])
    kept, again = _handed_on(early, free_values(second))
    first = Block([arg for arg in block.args if arg not in later], early, [*block.results[:count], *kept])
    second = clone_block(Block([*kept, *later], again + late, second.results), {})
    return _with_entry(module, first), _with_entry(module, second)


def _by_time(block: Block, later: Sequence[Value]) -> tuple[list[Op], list[Op]]:
    """Operations that can run early, and those that need a parameter that comes later."""
    known_late = set(later)
    early: list[Op] = []
    late: list[Op] = []
    for op in block.ops:
        inside = [v for region in op.regions for v in free_values(region)]
        if known_late.isdisjoint(op.operands) and known_late.isdisjoint(inside):
            early.append(op)
        else:
            late.append(op)
            known_late.update(op.results)
    return early, late


def _handed_on(early: list[Op], needed: Sequence[Value]) -> tuple[list[Value], list[Op]]:
    """The values to hand on so that `needed` can be had, and the operations to do again."""
    producers = {result: op for op in early for result in op.results}
    kept: dict[Value, None] = {}
    again: set[Op] = set()
    pending = list(needed)
    for value in pending:  # grows meanwhile
        op = producers.get(value)
        if op is None or op.name not in _REPEATED:
            kept[value] = None
        elif op not in again:
            again.add(op)
            pending += op.operands
    return list(kept), [op for op in early if op in again]


def _with_entry(module: Module, block: Block) -> Module:
    made = Module(main=module.main)
    for function in module.functions.values():
        body = block if function.name == module.main else clone_block(function.block, {})
        made.add(Function(function.name, body, function.span))
    return made
