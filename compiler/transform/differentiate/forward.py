"""Forward mode: a program that computes tangents beside the values.

    func @f(%x: f64, %n: i64) -> f64 {           %y: f64, %y_dot: f64 = jvp @f %a, %n, %a_dot {wrt = 1, outputs = 1}
      %y: f64 = for %n, %x body(%k, %s) {
        %t: f64 = sine %s                        →
        yield %t                                 %y: f64, %y_dot: f64 = for %n, %a, %a_dot body(%k, %s, %s_dot) {
      }                                            %t: f64 = sine %s
      return %y                                    %1: f64 = cosine %s
    }                                              %t_dot: f64 = mul0 %s_dot, %1
                                                   yield %t, %t_dot
                                                 }

The function's body is copied in place of the `jvp`, and the operations of each rule stand behind the operation that
they differentiate. Only active values have tangents: those that depend on the arguments and that the results depend
on. Loops and branches carry the tangents of active values along, zeros where one side has none; a condition sees the
values only. A call becomes a call of the derived function, which is made once for each pattern of active parameters:

    call @g %a, %b      →      call @g_jvp %a, %b, tangents of the active ones; its results come with their tangents

In functions that call themselves, these are the parameters that are active in any of the calls: a least fixpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from hloc.diagnostics.errors import UnsupportedError
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value, clone_block, clone_op, walk
from hloc.ops.algebra import emit, is_float, zeros
from hloc.transform.call_graph import cycles
from hloc.transform.differentiate.activity import Summaries, useful, varied
from hloc.transform.differentiate.inline import call_of, refuse_captured
from hloc.transform.regions import carries_of


@dataclass(frozen=True)
class Derived:
    """A function with tangents: its name, and which parameters and results of the original have one."""

    name: str
    params: tuple[bool, ...]
    results: tuple[bool, ...]


class Forward:
    """Writes out the `jvp` operations of one module, as long as its other functions stay as they are."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.summaries = Summaries(module)
        self.derived: dict[tuple[str, tuple[bool, ...]], Derived] = {}

    def expand(self, b: Builder, op: Op) -> list[Value]:
        """Emit what a `jvp` stands for; gives the values for its results. Its function has no derivatives inside."""
        callee = self.module.functions[op.attrs["function"]]
        count, wrt, outputs = len(callee.params), op.attrs["wrt"], op.attrs["outputs"]
        if callee.name in cycles(self.module):
            block = call_of(self.module, callee.name)
            callee = Function(callee.name, block, callee.span)
        walk = _Walk(self, b, callee, callee.params[:wrt], callee.results[:outputs])
        walk.primals.update(zip(callee.params, op.operands[:count], strict=True))
        walk.set_tangents(callee.params[:wrt], op.operands[count:])
        walk.ops(callee.block)
        return [walk.primals[v] for v in callee.results] + [walk.tangent(v) for v in callee.results[:outputs]]

    def derive(self, name: str, params: tuple[bool, ...]) -> Derived:
        """A function that takes tangents of some parameters behind the parameters and gives results and tangents."""
        if (name, params) not in self.derived:
            original, grown = self.module.functions[name], self.in_all_calls(name, params)
            if grown != params:
                self.derived[name, params] = self.derive(name, grown)
                return self.derived[name, params]
            results = self.dependent(name, params)
            function = self.module.add(Function(f"{name}_jvp", Block(), original.span))
            self.derived[name, params] = Derived(function.name, params, results)
            self.fill(function.block, original, params, results)
        return self.derived[name, params]

    def dependent(self, name: str, params: Sequence[bool]) -> tuple[bool, ...]:
        """Which results of a function depend on some parameters."""
        found = {j for i, j in self.summaries.of(name) if params[i]}
        return tuple(j in found for j in range(len(self.module.functions[name].results)))

    def in_all_calls(self, name: str, params: tuple[bool, ...]) -> tuple[bool, ...]:
        """The parameters that are active in some call of a function, where those in `params` are in one."""
        cycle = cycles(self.module)
        found, pending = {name: params}, [name] if name in cycle else []
        while pending:
            caller = pending.pop()
            active = self.active(self.module.functions[caller], found[caller])
            for op in walk(self.module.functions[caller].block):
                callee = op.attrs.get("function", "")
                if op.name != "call" or "jvp" in op.attrs or cycle.get(callee) != cycle[name]:
                    continue
                before = found.get(callee, (False,) * len(op.operands))
                grown = tuple(p or v in active for p, v in zip(before, op.operands, strict=True))
                if grown != before:
                    found[callee] = grown
                    pending.append(callee)
        return found[name]

    def active(self, function: Function, params: Sequence[bool]) -> set[Value]:
        """Values of a function that depend on some parameters, and its results on them."""
        sources = compress(function.params, params)
        targets = compress(function.results, self.dependent(function.name, params))
        found = varied(function.block, sources, self.module, self.summaries)
        return found & useful(function.block, targets, self.module, self.summaries)

    def fill(self, block: Block, original: Function, params: Sequence[bool], results: Sequence[bool]) -> None:
        """The body of a derived function."""
        sources, targets = list(compress(original.params, params)), list(compress(original.results, results))
        walk = _Walk(self, Builder(block, original.span), original, sources, targets)
        for param in original.params:
            walk.primals[param] = block.add_arg(param.type, param.name)
        walk.set_tangents(sources, [block.add_arg(v.type) for v in sources])
        walk.ops(original.block)
        block.results = [walk.primals[v] for v in original.results] + [walk.tangent(v) for v in targets]


class _Walk:
    """Copies the body of one function with tangents.

    Fields:
        active: values of the function that need a tangent.
        primals: value of the function → its copy.
        tangents: active value → its tangent; an active value may still turn out to have none.
    """

    def __init__(
        self, forward: Forward, b: Builder, function: Function, sources: Sequence[Value], targets: Sequence[Value]
    ) -> None:
        module, summaries = forward.module, forward.summaries
        self.forward, self.b = forward, b
        self.active = varied(function.block, sources, module, summaries)
        self.active &= useful(function.block, targets, module, summaries)
        self.primals: dict[Value, Value] = {}
        self.tangents: dict[Value, Value] = {}

    def set_tangents(self, values: Sequence[Value], tangents: Sequence[Value | None]) -> None:
        """Note tangents of values, where they are active and there is one."""
        for value, tangent in zip(values, tangents, strict=True):
            if tangent is not None and value in self.active:
                self.tangents[value] = tangent
                tangent.name = tangent.name or (value.name and f"{value.name}_dot")

    def tangent(self, value: Value) -> Value:
        """The tangent of a value; zeros where it has none, and for a log that is to be written another such log."""
        if value in self.tangents:
            return self.tangents[value]
        maker = self.b.producers.get(self.primals[value])
        if maker is not None and maker.name == "empty":
            return emit(self.b, "empty", **maker.attrs)
        return zeros(self.b, value.type)

    def ops(self, block: Block) -> None:
        """Copy the operations of a block, each with its tangents."""
        for op in block.ops:
            self.b.span = op.span
            if any(v in self.active for v in op.results):
                getattr(self, f"{op.name}_", self.plain)(op)
            else:
                self.copy(op)

    def copy(self, op: Op) -> Op:
        copy = clone_op(op, self.primals)
        self.b.block.ops.append(copy)
        self.b.producers.update((v, copy) for v in copy.results)
        return copy

    def plain(self, op: Op) -> None:
        """An operation that has a rule."""
        copy = self.copy(op)
        self.set_tangents(op.results, op.kind.jvp(self.b, copy, [self.tangents.get(v) for v in op.operands]))

    def emit(
        self, op: Op, operands: Sequence[Value], active: Sequence[Value], regions: Sequence[Block] = (), **attrs: Any
    ) -> None:
        """The same operation with tangents: further operands, and further results for `active` ones."""
        operands = [*(self.primals[v] for v in op.operands), *operands]
        self.b.span = op.span
        types = [v.type for v in (*op.results, *active)]
        results = self.b.emit_op(op.kind, operands, types, attrs or op.attrs, regions)
        for old, new in zip(op.results, results, strict=False):
            self.primals[old], new.name = new, old.name
        self.set_tangents(active, results[len(op.results) :])

    def region(self, block: Block, with_tangent: Sequence[bool]) -> Block:
        """A copy of a region that takes tangents of its active arguments and yields tangents of some results."""
        copy = Block()
        for arg in block.args:
            self.primals[arg] = copy.add_arg(arg.type, arg.name)
        active = [arg for arg in block.args if arg in self.active]
        self.set_tangents(active, [copy.add_arg(arg.type) for arg in active])
        with self.b.at(copy):
            self.ops(block)
            tangents = [self.tangent(v) for v in compress(block.results, with_tangent)]
        copy.results = [*(self.primals[v] for v in block.results), *tangents]
        return copy

    def if_(self, op: Op) -> None:
        with_tangent = [v in self.active for v in op.results]
        regions = [self.region(region, with_tangent) for region in op.regions]
        self.emit(op, (), list(compress(op.results, with_tangent)), regions)

    switch_ = if_

    def for_(self, op: Op) -> None:
        """A carry is active as it is in the body; an initial value without a tangent has zeros."""
        body, results = op.regions[-1], op.results[op.name == "while" :]
        with_tangent = [arg in self.active for arg in body.args[1:]]
        inits = [self.tangent(v) for v in compress(op.operands[carries_of(op)], with_tangent)]
        conditions = [self.condition(region, with_tangent) for region in op.regions[:-1]]
        regions = [*conditions, self.region(body, with_tangent)]
        self.emit(op, inits, list(compress(results, with_tangent)), regions)

    while_ = for_

    def condition(self, region: Block, with_tangent: Sequence[bool]) -> Block:
        """The condition of a while; it takes the tangents as the body does, and ignores them."""
        copy = clone_block(region, self.primals)
        for arg in compress(region.args, with_tangent):
            copy.add_arg(arg.type, arg.name and f"{arg.name}_dot")
        return copy

    def call_(self, op: Op) -> None:
        """A call of the derived function, or of the rule that the user gave."""
        refuse_captured(op, self.tangents)
        if "forward" in op.attrs:
            raise _no_forward_rule(op)
        if "jvp" in op.attrs:
            tangents = [self.tangent(v) for v in op.operands if is_float(v.type)]
            self.emit(op, tangents, [v for v in op.results if is_float(v.type)], function=op.attrs["jvp"])
            return
        params = tuple(v in self.tangents for v in op.operands)
        derived = self.forward.derive(op.attrs["function"], params)
        tangents = [self.tangent(v) for v in compress(op.operands, derived.params)]
        attrs = op.attrs | {"function": derived.name}
        self.emit(op, tangents, list(compress(op.results, derived.results)), (), **attrs)


def _no_forward_rule(op: Op) -> UnsupportedError:
    return UnsupportedError(
        f"jvp: {op.attrs['function']} has a rule for reverse mode only (custom_vjp)",
        span=op.span,
        help="give the rule with hloc.custom_jvp, which serves both modes, or use hloc.vjp or hloc.grad",
    )
