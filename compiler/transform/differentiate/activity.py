"""Which values of a program take part in a derivative.

    func @f(%x: f64, %n: i64) -> f64 {      by %x     for %y
      %i: f64 = convert %n                            useful
      %c: f64 = stop_gradient %x                      useful     no derivative goes through
      %s: f64 = sine %x                     varied    useful
      %t: f64 = multiply %s, %c             varied    useful
      %u: f64 = cosine %t                   varied
      %y: f64 = add %t, %i                  varied    useful
      return %y
    }

Each value has edges to the values that depend on it in a differentiable way; only floats have edges. `varied` is what
is reached from the sources forwards, `useful` what is reached from the targets backwards: for the carries of loops
that is the least fixpoint. A call has an edge from an operand to a result where the callee's result depends on the
parameter; `Summaries` finds these, again as a least fixpoint for functions that call each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import product

from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ops.algebra import is_float
from hloc.transform.call_graph import callees, callees_first
from hloc.transform.regions import carries_of

Edge = tuple[Value, Value]


def varied(block: Block, sources: Iterable[Value], module: Module, summaries: Summaries | None = None) -> set[Value]:
    """Values of a block and its nested blocks that depend on `sources`, these included."""
    following: dict[Value, list[Value]] = {}
    for value, dependent in (summaries or Summaries(module)).edges(block):
        following.setdefault(value, []).append(dependent)
    return _reach(sources, following)


def useful(block: Block, targets: Iterable[Value], module: Module, summaries: Summaries | None = None) -> set[Value]:
    """Values that `targets` depend on, these included; values from outside that the block uses are among them."""
    preceding: dict[Value, list[Value]] = {}
    for value, dependent in (summaries or Summaries(module)).edges(block):
        preceding.setdefault(dependent, []).append(value)
    return _reach(targets, preceding)


class Summaries:
    """Which results of the functions of a module depend on which of their parameters.

    Keep one for several questions as long as the functions stay as they are; new functions may be added.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.pairs: dict[str, set[tuple[int, int]]] = {}

    def of(self, name: str) -> set[tuple[int, int]]:
        """Pairs (number of a parameter, number of a result that depends on it) of a function."""
        if name not in self.pairs:
            graph = {n: callees(self.module, function) for n, function in self.module.functions.items()}
            order = [n for n in callees_first(graph, name) if n not in self.pairs]
            self.pairs.update((n, set()) for n in order)
            while sum(self.grow(n) for n in order):
                pass
        return self.pairs[name]

    def grow(self, name: str) -> bool:
        """Find the pairs of a function from those of the functions that it calls; says whether there are more now."""
        before = len(self.pairs[name])
        self.pairs[name] = _dependent_pairs(self.module.functions[name], self.edges(self.module.functions[name].block))
        return len(self.pairs[name]) > before

    def edges(self, block: Block) -> Iterator[Edge]:
        """(value, value that depends on it) for the operations of a block and its nested blocks."""
        for op in block.ops:
            for edge in self.edges_of(op):
                if is_float(edge[0].type) and is_float(edge[1].type):
                    yield edge
            for region in op.regions:
                yield from self.edges(region)

    def edges_of(self, op: Op) -> Iterable[Edge]:
        """Edges of one operation, its regions apart; some are between values that are no floats."""
        if op.name in ("for", "while"):
            return _loop_edges(op)
        if op.name in ("if", "switch"):
            return (edge for region in op.regions for edge in zip(region.results, op.results, strict=True))
        if op.name == "call" and not op.attrs.keys() & {"jvp", "forward"}:
            return [(op.operands[i], op.results[j]) for i, j in sorted(self.of(op.attrs["function"]))]
        return product(op.operands, op.results) if op.kind.differentiable else ()


def _loop_edges(op: Op) -> Iterator[Edge]:
    """A carry comes from its initial value and from what the body yields; the result of the loop is the last one."""
    body, first = op.regions[-1], op.name == "while"
    for number, init in enumerate(op.operands[carries_of(op)]):
        arg = body.args[number + 1]
        yield from ((init, arg), (body.results[number], arg), (arg, op.results[number + first]))


def _reach(starts: Iterable[Value], next: dict[Value, list[Value]]) -> set[Value]:
    pending = [v for v in starts if is_float(v.type)]
    reached = set(pending)
    while pending:
        for value in next.get(pending.pop(), ()):
            if value not in reached:
                reached.add(value)
                pending.append(value)
    return reached


def _dependent_pairs(function: Function, edges: Iterable[Edge]) -> set[tuple[int, int]]:
    """Pairs of a parameter and a result that it reaches.

    Each value has the set of parameters that reach it, as the bits of an integer. Values are visited in order of
    definition: once each, but for those in loops.
    """
    place: dict[Value, int] = {v: number for number, v in enumerate(function.params)}
    following: dict[Value, list[Value]] = {}
    for value, dependent in edges:
        place.setdefault(dependent, len(place))
        following.setdefault(value, []).append(dependent)
    values, reached = list(place), [1 << i for i in range(len(function.params))]
    reached += [0] * (len(values) - len(reached))
    pending = list(range(len(function.params)))
    while pending:
        number = heappop(pending)
        for value in following.get(values[number], ()):
            grown = reached[place[value]] | reached[number]
            if grown != reached[place[value]]:
                reached[place[value]] = grown
                heappush(pending, place[value])
    bits = [reached[place[v]] if v in place else 0 for v in function.results]
    return {(i, j) for j, mask in enumerate(bits) for i in range(len(function.params)) if mask >> i & 1}
