"""Which recursive functions need an adjoint, and how cotangents go into it and out of it.

    func @f(%x, %n, %w: f64[8], %a: f64[100]) -> (f64, f64[100])

An adjoint takes the cotangents of the results that are asked for and gives those of the parameters that take part.
Where they are arrays, this costs no more than what is done with their elements:

- a parameter whose memory a result takes over (%a is written, and comes back): its cotangent is the one of that result,
  changed in place;
- any other array (%w): the adjoint is given what has been accumulated so far, and adds to it.

Parameters that are passed on unchanged within the cycle (%w) are there in each adjoint without being saved.
A function has one adjoint for all calls in a program, for the union of what they ask for: a least fixpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hloc.ir.core import Block, Module, Op, Value, clone_block, walk
from hloc.ops.algebra import is_float
from hloc.transform.call_graph import cycles
from hloc.transform.differentiate.accumulate import find_accumulations
from hloc.transform.differentiate.activity import Summaries, useful, varied
from hloc.transform.differentiate.inline import inline_all


@dataclass(eq=False)
class Demand:
    """The adjoint of one function.

    Fields:
        body: what the function computes, a copy in which only recursive calls, and those with rules, are left.
        params, results: which of them have cotangents.
        taken: parameter → the result that takes over its memory.
        invariant: the parameters that are passed on unchanged.
    """

    name: str
    body: Block
    params: list[bool]
    results: list[bool]
    active: set[Value] = field(default_factory=set)
    taken: dict[int, int] = field(default_factory=dict)
    invariant: list[int] = field(default_factory=list)

    @property
    def accumulated(self) -> list[int]:
        """Parameters whose cotangents are added to what is there."""
        args = self.body.args
        return [i for i, p in enumerate(self.params) if p and args[i].type.rank and i not in self.taken]


class Demands:
    """What a program asks for, by name of the function."""

    def __init__(self, module: Module, summaries: Summaries | None = None) -> None:
        self.module = module
        self.cycles = cycles(module)
        self.summaries = summaries or Summaries(module)
        self.found: dict[str, Demand] = {}
        self.pending: list[Demand] = []
        self.entered: set[str] = set()

    def ask(self, block: Block, active: set[Value]) -> None:
        """Find what the adjoint of a block needs, for which these values take part."""
        if not self.cycles:
            return
        self.visit(block, active, inside=False)
        while self.pending:
            demand = self.pending.pop()
            self.visit(demand.body, self.active(demand), inside=True)
        for demand in self.found.values():
            demand.active = self.active(demand)
        self.find_taken()
        self.find_invariant()

    def active(self, demand: Demand) -> set[Value]:
        body = demand.body
        sources = [v for v, p in zip(body.args, demand.params, strict=True) if p]
        targets = [v for v, r in zip(body.results, demand.results, strict=True) if r]
        found = varied(body, sources, self.module, self.summaries)
        return found & useful(body, targets, self.module, self.summaries)

    # --- which functions

    def visit(self, block: Block, active: set[Value], *, inside: bool) -> None:
        """Look at the calls of a block. inside: of a recursive function."""
        for op in walk(block):
            if op.name == "call" and "backward" not in op.attrs:
                params, results = [v in active for v in op.operands], [v in active for v in op.results]
                if any(params) and any(results):
                    self.visit_call(op, params, results, inside)

    def visit_call(self, op: Op, params: list[bool], results: list[bool], inside: bool) -> None:
        if "jvp" in op.attrs:  # linear in the tangents, which stand behind the operands, as those of results do
            params = [False] * len(params) + [p for p, v in zip(params, op.operands, strict=True) if is_float(v.type)]
            results = [False] * len(results) + [r for r, v in zip(results, op.results, strict=True) if is_float(v.type)]
        self.visit_function(op.attrs.get("jvp", op.attrs["function"]), params, results, inside)

    def visit_function(self, name: str, params: list[bool], results: list[bool], inside: bool) -> None:
        """A function that is called: recursive, or run in the backward sweep of a recursive one and saving then, it has
        an adjoint; else it is written out in its place."""
        known = self.found.get(name)
        if known is None:
            body = clone_block(self.module.functions[name].block, {})
            inline_all(self.module, body)
            if name not in self.cycles and not (inside and _may_save(body)):
                if name not in self.entered:  # else the sweep refuses it
                    self.entered.add(name)
                    self.visit(body, self.active(Demand(name, body, params, results)), inside=inside)
                    self.entered.remove(name)
                return
            find_accumulations(body)
            known = self.found[name] = Demand(name, body, [False] * len(params), [False] * len(results))
        grown = [a or b for a, b in zip(known.params, params, strict=True)]
        wanted = [a or b for a, b in zip(known.results, results, strict=True)]
        if grown != known.params or wanted != known.results:
            known.params, known.results = grown, wanted
            if known not in self.pending:
                self.pending.append(known)

    # --- whose memory results take over

    def find_taken(self) -> None:
        """A greatest fixpoint: calls within a cycle hand on memory unless something else is known."""
        sources: dict[str, list[int | None]] = {n: [_ANY] * len(d.results) for n, d in self.found.items()}
        while True:
            new = {n: _Sources(d.body, sources).results() for n, d in self.found.items()}
            if new == sources:
                break
            sources = new
        for name, demand in self.found.items():
            for j, i in enumerate(sources[name]):
                if i is not None and i != _ANY and demand.results[j] and demand.params[i] and i not in demand.taken:
                    demand.taken[i] = j

    # --- what is passed on unchanged

    def find_invariant(self) -> None:
        """Parameters that are one and the same value in all functions of a cycle, where each has just one of them."""
        group: dict[tuple[str, int], tuple[str, int]] = {}

        def find(key: tuple[str, int]) -> tuple[str, int]:
            while key in group:
                key = group[key]
            return key

        broken: set[tuple[str, int]] = set()
        for name, demand in self.found.items():
            numbers = {v: i for i, v in enumerate(demand.body.args)}
            for op in walk(demand.body):
                callee = op.attrs.get("function")
                if op.name != "call" or callee not in self.found or self.cycles.get(callee) != self.cycles.get(name):
                    continue
                for i, operand in enumerate(op.operands):
                    if operand not in numbers:
                        broken.add((callee, i))
                    elif find((callee, i)) != find((name, numbers[operand])):
                        group[find((callee, i))] = find((name, numbers[operand]))
        members: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for name, demand in self.found.items():
            for i in range(len(demand.params)):
                members.setdefault(find((name, i)), []).append((name, i))
        for keys in members.values():
            if broken.isdisjoint(keys) and len({name for name, _ in keys}) == len(keys):
                for name, i in keys:
                    self.found[name].invariant.append(i)
        for demand in self.found.values():
            demand.invariant.sort()


def _may_save(body: Block) -> bool:
    """Whether the adjoint of a body saves more than the values that are there."""
    return any(op.name in ("for", "while", "call") for op in walk(body))


_ANY = -1


class _Sources:
    """For values of a body: the parameter whose memory they take over when writes are made in place.

    None: there is none; _ANY: not known yet, of the calls in the cycle.
    """

    def __init__(self, body: Block, calls: dict[str, list[int | None]]) -> None:
        self.body = body
        self.calls = calls
        self.of: dict[Value, int | None] = {v: i for i, v in enumerate(body.args)}

    def results(self) -> list[int | None]:
        self.block(self.body)
        return [self.of.get(v) if v.type.rank else None for v in self.body.results]

    def block(self, block: Block) -> None:
        for op in block.ops:
            if op.name in ("for", "while"):
                self.loop(op)
            elif op.name in ("if", "switch"):
                for region in op.regions:
                    self.block(region)
                for j, result in enumerate(op.results):
                    self.of[result] = self.meet([region.results[j] for region in op.regions])
            elif op.name in ("upd", "scatter"):
                self.of[op.result] = self.of.get(op.operands[0])
            elif op.name == "call" and op.attrs["function"] in self.calls:
                for result, i in zip(op.results, self.calls[op.attrs["function"]], strict=True):
                    self.of[result] = i if i in (None, _ANY) else self.of.get(op.operands[i])

    def loop(self, op: Op) -> None:
        body, inits = op.regions[-1], op.operands[op.name == "for" :]
        self.of.update((arg, self.of.get(init)) for arg, init in zip(body.args[1:], inits, strict=True))
        self.block(body)
        for arg, last, result in zip(body.args[1:], body.results, op.results[op.name == "while" :], strict=True):
            self.of[result] = self.meet([arg, last])

    def meet(self, values: Sequence[Value]) -> int | None:
        found = {self.of.get(v) for v in values} - {_ANY}
        return found.pop() if len(found) == 1 else None if found else _ANY
