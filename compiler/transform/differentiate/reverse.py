"""Reverse mode: the adjoint of structured SSA, written while walking the program backwards.

    %y = for %n, %x { %t = sine %s }      →      %x_bar = for %n, %y_bar { %c = cosine %s; %b = mul0 %s_bar, %c }

A loop gives a loop in the other direction, a branch a branch on the same condition, an operation what its record says.
The backward code names values of the forward code as if they were in scope; which of them are saved, and which computed
again, is settled afterwards by `hloc.transform.differentiate.saving`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hloc.diagnostics.errors import UnsupportedError
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Module, Op, Value, substitute, walk
from hloc.ops.algebra import is_float
from hloc.ops.control import Call, For
from hloc.ops.elementwise import Barrier
from hloc.transform.differentiate.activity import useful, varied
from hloc.transform.differentiate.cotangents import LoopScope, Scope, named, zeros
from hloc.transform.differentiate.inline import body_of, call_of, inline_all, refuse_captured
from hloc.transform.differentiate.recursion import Recursion


@dataclass(frozen=True, eq=False)
class Pair:
    """A control operation and its adjoint; region j of one belongs to region j of the other (the body of a loop)."""

    forward: Op
    backward: Op


class Sweep:
    """Walks operations backwards, appending their adjoint to `builder`.

    Fields:
        active: values that have a cotangent.
        pairs: control operations with their adjoints, inner ones first.
        needed: what the rules of users need for derivatives of their own (see hloc.ops.control), and where.
        number: of this sweep, greater than those in the program.
        recursion: the functions that call themselves.
        inside: whether this is the adjoint of such a function.
        repeating: how many parts of the program that run again this one is in.
        rules: of users, forward ones that are being transposed.
    """

    def __init__(
        self, module: Module, active: set[Value], builder: Builder, recursion: Recursion, *, inside: bool = False
    ) -> None:
        self.module = module
        self.active = active
        self.builder = builder
        self.recursion = recursion
        self.inside = inside
        self.repeating = 0
        self.rules: list[str] = []
        self.pairs: list[Pair] = []
        self.needed: list[tuple[Block, Value]] = []
        self.number = 0

    def ops(self, ops: Sequence[Op], scope: Scope) -> None:
        """The adjoint of a list of operations, into the current block."""
        self.number = self.number or 1 + max((op.span.sweep for op in walk(Block(ops=list(ops)))), default=0)
        for op in reversed(ops):
            with self.builder.spanned(replace(op.span, sweep=self.number)):
                if any(scope.running.get(v) is not None for v in op.results):
                    self.op(op, scope)

    def op(self, op: Op, scope: Scope) -> None:
        if op.name in ("for", "while"):
            self.loop(op, scope)
        elif op.name in ("if", "switch"):
            self.branches(op, scope)
        elif op.name == "call":
            self.call(op, scope)
        else:
            cotangents = [scope.take(v) for v in op.results]
            wanted = [v in self.active for v in op.operands]
            for operand, contribution in zip(
                op.operands, op.kind.vjp(self.builder, op, cotangents, wanted), strict=True
            ):
                scope.add(self.builder, operand, contribution)

    # --- regions

    def loop(self, op: Op, scope: Scope) -> None:
        """A loop over the same trips in the other order, carrying the cotangents of the carries."""
        forward, b = op.regions[-1], self.builder
        inits, results = op.operands[op.name == "for" :], op.results[op.name == "while" :]
        count = op.operands[0] if op.name == "for" else op.results[0]
        carried = [j for j, v in enumerate(forward.args[1:]) if v in self.active or results[j] in self.active]
        cotangents = [scope.take(results[j]) for j in carried]
        block = Block()
        block.add_arg(forward.args[0].type, forward.args[0].name)
        inner = LoopScope(self.active, scope, _defined(forward), block)
        carries = [named(block.add_arg(results[j].type), results[j]) for j in carried]
        with b.at(block):
            for j, carry in zip(carried, carries, strict=True):
                inner.add(b, forward.results[j], carry)
            self.ops(forward.ops, inner)
            block.results = [inner.value(b, forward.args[j + 1]) for j in carried]
            captured = list(inner.changed)
            block.results += [inner.running[v] for v in captured]
        starts = [zeros(b, results[j]) if c is None else c for j, c in zip(carried, cotangents, strict=True)]
        starts += [scope.value(b, v) for v in captured]
        attrs = {name: value for name, value in op.attrs.items() if name == "lanes"}
        attrs["direction"] = -op.attrs.get("direction", 1)
        ends = b.emit_op(For, [count, *starts], [v.type for v in starts], attrs, [block])
        self.pairs.append(Pair(op, b.block.ops[-1]))
        for v, end in zip(captured, ends[len(carried) :], strict=True):
            scope.set(v, end)
        for j, end in zip(carried, ends, strict=False):
            scope.add(b, inits[j], named(end, inits[j]))

    def branches(self, op: Op, scope: Scope) -> None:
        """The adjoint of the branch that was taken."""
        b = self.builder
        cotangents = [scope.take(v) for v in op.results]
        sides: list[tuple[Block, Scope]] = []
        for region in op.regions:
            block, inner = Block(), Scope(self.active, scope, _defined(region))
            with b.at(block):
                for result, cotangent in zip(region.results, cotangents, strict=True):
                    inner.add(b, result, cotangent)
                self.ops(region.ops, inner)
            sides.append((block, inner))
        changed = list({v: None for _, inner in sides for v in inner.changed})
        if not changed:
            return
        for block, inner in sides:
            with b.at(block):
                block.results = [inner.value(b, v) for v in changed]
        results = b.emit_op(op.kind, op.operands, [v.type for v in changed], {}, [block for block, _ in sides])
        self.pairs.append(Pair(op, b.block.ops[-1]))
        for v, result in zip(changed, results, strict=True):
            scope.set(v, result)

    # --- calls

    def call(self, op: Op, scope: Scope) -> None:
        cotangents = [scope.take(v) for v in op.results]
        refuse_captured(op, self.active)
        if "backward" in op.attrs:
            self.call_backward(op, scope, cotangents)
        elif "jvp" in op.attrs:
            self.transpose_rule(op, scope, cotangents)
        elif op.attrs.get("checkpoint"):
            operands = self.builder.emit_many(Barrier, *op.operands)
            body = self.copy(op.attrs["function"], operands)
            self.again(body, list(zip(operands, op.operands, strict=True)), scope, cotangents)
        else:
            call = self.recursion.call(self.builder, op, self.active, scope, cotangents)
            if self.repeating:
                self.recursion.repeated[call] = op if self.inside else None
            elif not self.inside:
                self.recursion.gated.add(call)

    def call_backward(self, op: Op, scope: Scope, cotangents: Sequence[Value | None]) -> None:
        """The user's rule; the forward call becomes one of the rule's first half, which gives residuals as well."""
        forward = self.module.functions[op.attrs["forward"]]
        backward = self.module.functions[op.attrs["backward"]]
        primal = len(op.results)
        given = [
            zeros(self.builder, v) if c is None else c
            for v, c in zip(op.results, cotangents, strict=True)
            if is_float(v.type)
        ]
        residuals = tuple(Value(v.type, v.name) for v in forward.results[primal:])
        op.results = (*op.results, *residuals)
        op.attrs = {"function": forward.name}
        types = [v.type for v in backward.results]
        found = self.builder.emit_op(Call, [*residuals, *given], types, {"function": backward.name})
        floats = [v for v in op.operands if is_float(v.type)]
        self.needed += [(self.builder.block, v) for v in found[len(floats) :]]
        for operand, cotangent in zip(floats, found, strict=False):
            scope.add(self.builder, operand, cotangent)

    def transpose_rule(self, op: Op, scope: Scope, cotangents: Sequence[Value | None]) -> None:
        """The user's forward rule is linear in the tangents: its adjoint with respect to them, anywhere, is the vjp."""
        if op.attrs["jvp"] in self.rules:
            raise _transposed_by_itself(op)
        floats = [v for v in op.operands if is_float(v.type)]
        tangents = [zeros(self.builder, v) for v in floats]
        body = self.copy(op.attrs["jvp"], [*op.operands, *tangents])
        wanted = [c for v, c in zip(op.results, cotangents, strict=True) if is_float(v.type)]
        body.results = body.results[len(op.results) :]
        self.rules.append(op.attrs["jvp"])
        self.again(body, list(zip(tangents, floats, strict=True)), scope, wanted)
        self.rules.pop()

    def copy(self, name: str, operands: Sequence[Value]) -> Block:
        """The body of a function with `operands` in place of its parameters."""
        again = self.inside and name in self.recursion.halves
        body = call_of(self.module, name) if again else body_of(self.module, name)
        substitute(body, dict(zip(body.args, operands, strict=True)))
        body.args.clear()
        inline_all(self.module, body)
        return body

    def again(
        self,
        body: Block,
        stand_ins: Sequence[tuple[Value, Value]],
        scope: Scope,
        cotangents: Sequence[Value | None],
    ) -> None:
        """Compute `body` here, then its adjoint with respect to values that stand in for others."""
        self.builder.block.ops += body.ops
        sources = {inner for inner, outer in stand_ins if outer in self.active}
        targets = {v for v, c in zip(body.results, cotangents, strict=True) if c is not None}
        self.active |= varied(body, sources, self.module) & useful(body, targets, self.module)
        self.active |= sources
        inner = Scope(self.active)
        for result, cotangent in zip(body.results, cotangents, strict=True):
            inner.add(self.builder, result, cotangent)
        self.repeating += 1
        self.ops(body.ops, inner)
        self.repeating -= 1
        for stand_in, outer in stand_ins:
            scope.add(self.builder, outer, inner.get(stand_in))


def _transposed_by_itself(op: Op) -> UnsupportedError:
    return UnsupportedError(
        f"the rule of {op.attrs['function']} calls it with tangents: reverse mode would have no end",
        span=op.span,
        help="write what the rule does with tangents in other words, or give the rule with hloc.custom_vjp",
    )


def _defined(block: Block) -> list[Value]:
    """What a region defines itself, without the regions inside."""
    return [*block.args, *(v for op in block.ops for v in op.results)]
