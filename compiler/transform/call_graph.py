"""Which functions call which: an order for passes that go from function to function, and the recursive ones.

main → helper → helper        callees first: helper, main; recursive: helper
"""

from __future__ import annotations

from collections import Counter

from hloc.ir.core import Function, Module, walk


def callees(module: Module, function: Function) -> Counter[str]:
    """The functions that operations of `function` name, with how often."""
    names = (v for op in walk(function.block) for v in op.attrs.values() if isinstance(v, str))
    return Counter(name for name in names if name in module.functions)


def callees_first(graph: dict[str, Counter[str]], main: str) -> dict[str, int]:
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


def recursive_functions(graph: dict[str, Counter[str]], order: dict[str, int]) -> set[str]:
    """The functions on cycles: of several functions, and those that call themselves."""
    component = components(graph, order)
    sizes = Counter(component.values())
    return {name for name in order if sizes[component[name]] > 1 or name in graph[name]}


def components(graph: dict[str, Counter[str]], order: dict[str, int]) -> dict[str, str]:
    """Strongly connected components (Kosaraju): each function with one that stands for all that call each other."""
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
    return component


RULES = ("jvp", "forward", "backward")
"""Attributes of calls that name functions which only their derivatives call."""


def cycles(module: Module) -> dict[str, str]:
    """The recursive functions of a module, each with the one that stands for its cycle.

    A rule for the derivative of a function may well call this function, which does not make it recursive.
    """
    graph = {name: _called(module, function) for name, function in module.functions.items()}
    order: dict[str, int] = {}
    for name in graph:
        if name not in order:
            order |= {n: len(order) + at for n, at in callees_first(graph, name).items() if n not in order}
    component = components(graph, order)
    return {name: component[name] for name in recursive_functions(graph, order)}


def _called(module: Module, function: Function) -> Counter[str]:
    """The functions that operations of `function` name, but for rules."""
    names = (v for op in walk(function.block) for a, v in op.attrs.items() if isinstance(v, str) and a not in RULES)
    return Counter(name for name in names if name in module.functions)


def fixed_signatures(module: Module) -> set[str]:
    """Functions whose parameters and results must stay: main, and those that anything but a plain call names."""
    fixed = {module.main}
    for function in module.functions.values():
        for op in walk(function.block):
            if op.name != "call" or len(op.attrs) > 1:
                fixed.update(v for v in op.attrs.values() if isinstance(v, str) and v in module.functions)
    return fixed
