"""Put the bodies of small functions, and of functions called once, in place of their calls; remove what nothing calls.

    func @square(%x) { %y = multiply %x, %x; return %y }
    func @main(%a) { %b = call @square(%a); return %b }        →      func @main(%a) { %b = multiply %a, %a; return %b }

Callees come before callers, so that chains of calls fold up in one pass. A function on a cycle of calls (recursion)
is left alone. Copies of small functions (`_SMALL` operations, constants not counted) keep the program linear in the
source.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

from hloc.ir.core import Block, Function, Module, Op, clone_block, walk
from hloc.transform.call_graph import callees, callees_first, recursive_functions
from hloc.transform.rewrite import Replacement, Rewriter

_SMALL = 32


def inline_calls(module: Module) -> bool:
    """Inline in place, and remove unreachable functions; says whether anything changed."""
    graph = {name: callees(module, function) for name, function in module.functions.items()}
    order = callees_first(graph, module.main)
    changed = len(order) < len(module.functions)
    module.functions = {name: f for name, f in module.functions.items() if name in order}
    recursive = recursive_functions(graph, order)
    uses = Counter(callee for name in order for callee in graph[name].elements())
    for name in order:
        inliner = _Inliner(module, recursive, uses)
        changed |= inliner.run(module.functions[name])
    reachable = callees_first({n: callees(module, f) for n, f in module.functions.items()}, module.main)
    module.functions = {name: f for name, f in module.functions.items() if name in reachable}
    return changed


class _Inliner(Rewriter):
    def __init__(self, module: Module, recursive: set[str], uses: Counter[str]) -> None:
        super().__init__()
        self.module, self.recursive, self.uses = module, recursive, uses

    def rewrite(self, op: Op) -> Replacement:
        if op.name != "call" or len(op.attrs) > 1:  # it says how it is differentiated
            return None
        callee = self.module.functions[op.attrs["function"]]
        if callee.name in self.recursive or not (self.uses[callee.name] == 1 or _is_small(callee)):
            return None
        return self.inline(self.body(callee), op.operands)

    def body(self, callee: Function) -> Block:
        """The block of a function, a copy unless this is its only call."""
        block = callee.block if self.uses[callee.name] == 1 else clone_block(callee.block, {})
        self.producers.update((v, op) for op in walk(block) for v in op.results)
        return block


def _is_small(function: Function) -> bool:
    computing = (op for op in walk(function.block) if op.name != "constant")
    return len(list(islice(computing, _SMALL + 1))) <= _SMALL
