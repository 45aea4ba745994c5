"""Put the bodies of small functions, and of functions called once, in place of their calls; remove what nothing calls.

    func @square(%x) { %y = multiply %x, %x; return %y }
    func @main(%a) { %b = call @square(%a); return %b }        →      func @main(%a) { %b = multiply %a, %a; return %b }

Callees come before callers, so that chains of calls fold up in one pass. A function on a cycle of calls (recursion)
is left alone. Copies of small functions (`_SMALL` operations) keep the program linear in the source.
"""

from __future__ import annotations

from collections import Counter

from hloc.ir.core import Block, Function, Module, Op, clone_block, walk
from hloc.transform.rewrite import Replacement, Rewriter

_SMALL = 12


def inline_calls(module: Module) -> bool:
    """Inline in place, and remove unreachable functions; says whether anything changed."""
    graph = {name: _callees(module, function) for name, function in module.functions.items()}
    order = _callees_first(graph, module.main)
    changed = len(order) < len(module.functions)
    module.functions = {name: f for name, f in module.functions.items() if name in order}
    recursive = _recursive(graph, order)
    uses = Counter(callee for name in order for callee in graph[name].elements())
    for name in order:
        inliner = _Inliner(module, recursive, uses)
        changed |= inliner.run(module.functions[name])
    reachable = _callees_first({n: _callees(module, f) for n, f in module.functions.items()}, module.main)
    module.functions = {name: f for name, f in module.functions.items() if name in reachable}
    return changed


class _Inliner(Rewriter):
    def __init__(self, module: Module, recursive: set[str], uses: Counter[str]) -> None:
        super().__init__()
        self.module, self.recursive, self.uses = module, recursive, uses

    def rewrite(self, op: Op) -> Replacement:
        if op.name != "call":
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
    return sum(1 for _ in zip(walk(function.block), range(_SMALL + 1), strict=False)) <= _SMALL


def _callees(module: Module, function: Function) -> Counter[str]:
    """The functions that operations of `function` name, with how often."""
    names = (v for op in walk(function.block) for v in op.attrs.values() if isinstance(v, str))
    return Counter(name for name in names if name in module.functions)


def _callees_first(graph: dict[str, Counter[str]], main: str) -> dict[str, int]:
    """The functions reachable from `main` with their place in an order that puts callees first, cycles apart."""
    order: dict[str, int] = {}
    entered: set[str] = set()
    pending = [(main, False)]
    while pending:
        name, left = pending.pop()
        if left:
            order[name] = len(order)
        elif name not in entered:
            entered.add(name)
            pending.append((name, True))
            pending += [(callee, False) for callee in graph[name]]
    return order


def _recursive(graph: dict[str, Counter[str]], order: dict[str, int]) -> set[str]:
    """The functions on cycles: strongly connected components (Kosaraju) of several functions, and calls of oneself."""
    callers: dict[str, list[str]] = {name: [] for name in order}
    for name in order:
        for callee in graph[name]:
            callers[callee].append(name)
    component: dict[str, str] = {}
    for root in sorted(order, key=lambda name: -order[name]):
        pending = [root]
        while pending:
            name = pending.pop()
            if name not in component:
                component[name] = root
                pending += callers[name]
    sizes = Counter(component.values())
    return {name for name in order if sizes[component[name]] > 1 or name in graph[name]}
