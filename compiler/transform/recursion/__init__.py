"""Recursion becomes loops with stacks: afterwards no function reaches itself.

A `token` (i64) goes through all that may call a recursive function: such functions take it as their last parameter and
give it as their last result, and `main`, where it begins with 0, gives it as one more result. It stays 0 as long as all
stacks have room; else it is the number of the machine times 2**40, plus the rows that it wants (more than its limit:
the recursion is deeper than allowed), and all other results are meaningless.

token      the token's way;  repeat: what is computed again after a call, and not kept meanwhile
room       how much stacks have;  stack: their arrays
segments   functions cut at their recursive calls;  analysis: what the pieces hand to each other
storage    where that is kept;  tick: one trip of a loop;  machine: the loops;  lower: which ones
"""

from __future__ import annotations

from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ops.control import Call
from hloc.program import Machine
from hloc.transform.call_graph import callees, callees_first, recursive_functions
from hloc.transform.convert_if_to_select import convert_if_to_select
from hloc.transform.recursion.lower import CycleLowering
from hloc.transform.recursion.room import Stacks
from hloc.transform.recursion.token import calls, thread_token

__all__ = ["Stacks", "lower_recursion"]


def lower_recursion(module: Module, stacks: Stacks) -> list[Machine]:
    """Make loops of the recursive functions that `main` reaches, in place; gives what stands for them, in order.

    Without recursion the module stays as it is, and the list is empty.
    """
    graph = {name: callees(module, function) for name, function in module.functions.items()}
    order = callees_first(graph, module.main)
    recursive = recursive_functions(graph, order)
    if not recursive:
        return []
    module.functions = {name: function for name, function in module.functions.items() if name in order}
    if module.main in recursive:
        _set_main_apart(module)
    convert_if_to_select(module)
    return _Lowering(module, stacks).run()


def _set_main_apart(module: Module) -> None:
    """Give the module an entry that calls what was its entry."""
    entry = module.entry
    block = Block([Value(v.type, v.name) for v in entry.params])
    block.results = [Value(v.type, v.name) for v in entry.results]
    block.ops = [Op(Call, tuple(block.args), {"function": entry.name}, (), tuple(block.results), entry.span)]
    module.main = module.add(Function("main", block, entry.span)).name


class _Lowering:
    """Goes through the functions, callees first. `takers`: those that take the token by now."""

    def __init__(self, module: Module, stacks: Stacks) -> None:
        self.module, self.stacks = module, stacks
        self.graph = {name: callees(module, function) for name, function in module.functions.items()}
        self.order = callees_first(self.graph, module.main)
        self.takers: set[str] = set()
        self.machines: list[Machine] = []

    def run(self) -> list[Machine]:
        recursive = recursive_functions(self.graph, self.order)
        for name in self.order:
            if name in recursive:
                cycle = self.cycle_of(name)
                if name == max(cycle, key=self.order.__getitem__):  # all that the cycle calls comes before
                    self.cycle(cycle)
            elif name not in recursive and calls(self.module.functions[name], self.takers):
                entry = name == self.module.main
                thread_token(self.module.functions[name], self.takers, entry=entry)
                self.takers.add(name)
        return self.machines

    def cycle_of(self, name: str) -> list[str]:
        """The functions that reach `name` and that it reaches, in the order of the module."""
        reached = callees_first(self.graph, name)
        return [other for other in self.graph if other in reached and name in callees_first(self.graph, other)]

    def cycle(self, names: list[str]) -> None:
        """Replace the functions that are called from outside of a cycle; nobody calls the others any more."""
        lowering = CycleLowering(self.module, names, self.takers, self.stacks)
        outside = {callee for name in self.order if name not in names for callee in self.graph[name]}
        for name in names:
            if name in outside:
                function, machine = lowering.lower(name, len(self.machines) + 1)
                self.module.functions[name] = function
                self.machines.append(machine)
                self.takers.add(name)
        for name in names:
            if name not in outside:
                del self.module.functions[name]
