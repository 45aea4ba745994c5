"""Prepared SSA functions → gast function definitions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import gast

from hloc.diagnostics.span import Span
from hloc.ir.core import Block, Function, Op, Value
from hloc.ir.to_python import trees
from hloc.ir.to_python.assignments import assignments, shortened
from hloc.ir.to_python.copies import insert_copies, sums_in_place
from hloc.ir.to_python.expressions import Expressions
from hloc.ir.to_python.face import Face, unpacking
from hloc.ir.to_python.memory import Calls, calls_that_write, memory_classes
from hloc.ir.to_python.nesting import Nesting
from hloc.ir.to_python.prepare import use_counts
from hloc.ir.to_python.source import text
from hloc.ir.to_python.templates import template
from hloc.ir.to_python.variables import assign_variables
from hloc.ir.to_python.weak import weak_values


def function_tree(
    function: Function,
    calls: Calls,
    reserved: Iterable[str],
    convert: bool,
    spans: dict[Any, Span],
    face: Face | None = None,
) -> Any:
    """The definition of a prepared function, which is changed by this.

    calls: what the functions of its module do with memory.
    convert: parameters are converted to their types first; `face` says how instead.
    spans: is given the places of statements.
    """
    insert_copies(function, calls)
    classes = memory_classes(function, calls)
    in_place = sums_in_place(function, classes)
    written = {op: op.operands[:1] for op in in_place} | calls_that_write(function, calls)
    nested = Nesting(function, classes, written).ops
    names = assign_variables(function, nested, {*reserved, *(face.roots if face else ())}, written)
    writer = _FunctionWriter(function, Expressions(names, nested, weak_values(function)), in_place, spans)
    return writer.write_with(face) if face else writer.write(convert)


class _FunctionWriter:
    """Writes the blocks of one function as lists of statements."""

    def __init__(
        self, function: Function, expressions: Expressions, in_place: Collection[Op], spans: dict[Any, Span]
    ) -> None:
        self.function, self.expressions, self.in_place, self.spans = function, expressions, in_place, spans
        self.counts = use_counts(function.block)

    def write(self, convert: bool) -> Any:
        params = [self.variable(v) for v in self.function.params]
        converted = [v for v in self.function.params if convert and self.counts[v]]
        body = _merge_copies([self.conversion(v) for v in converted], self.block(self.function.block))
        results = [self.expressions.strong(v) for v in self.function.results]
        value = results[0] if len(results) == 1 else gast.Tuple(results, gast.Load()) if results else None
        body.append(gast.Return(value))
        arguments = gast.arguments([trees.parameter(p) for p in params], [], None, [], [], None, [])
        return trees.function(self.function.name, arguments, body)

    def write_with(self, face: Face) -> Any:
        before = unpacking(face, self.function, self.expressions.names, self.counts)
        body = [*before, *self.block(self.function.block)]
        results = [self.expressions.strong(v) for v in self.function.results]
        body.append(gast.Return(template(face.result).fill(results)))
        if face.documentation:
            body.insert(0, gast.Expr(trees.literal(face.documentation)))
        captured = [trees.parameter(p) for p in face.captured]
        parameters = [trees.parameter(p) for p in face.parameters]
        arguments = gast.arguments(parameters, [], None, captured, [None] * len(captured), None, [])
        return trees.function(face.name, arguments, body)

    def conversion(self, value: Value) -> Any:
        """`x = np.asarray(x, np.float64)`: the exact type of a parameter."""
        name, dtype = self.variable(value), trees.dtype(value.type.dtype)
        loaded = trees.name(name)
        tree = trees.call("np.asarray", loaded, dtype) if value.type.rank else gast.Call(dtype, [loaded], [])
        return trees.assign(trees.target([name]), tree)

    def variable(self, value: Value) -> str:
        return self.expressions.names[value]

    # ---- blocks and ops

    def block(self, block: Block) -> list[Any]:
        statements: list[Any] = []
        for op in block.ops:
            if not any(v in self.expressions.nested for v in op.results):
                statements += self.op(op)
        return statements

    def op(self, op: Op) -> list[Any]:
        if op.name == "upd":
            statements = self.write_window(op)
        elif op.name in _CONTROL:
            statements = _CONTROL[op.name](self, op)
        else:
            targets = [self.variable(v) if self.counts[v] else "_" for v in op.results]
            scalar = len(op.results) == 1 and not op.result.type.rank
            statement = trees.assign(trees.target(targets), self.expressions.operation(op))
            statements = [shortened(statement) if scalar or op in self.in_place else statement]
        for statement in statements:
            self.spans.setdefault(statement, op.span)
        return statements

    def write_window(self, op: Op) -> list[Any]:
        """`a[i] = v` or `a[i] += v`; the array gets the name of the result before."""
        array, value, *starts = op.operands
        name = self.variable(op.result)
        adds = op.attrs["mode"] == "add"
        if not array.type.rank:
            new = self.expressions.strong(value)
            tree = gast.BinOp(self.expressions.strong(array), gast.Add(), new) if adds else new
            return assignments([(name, tree)])
        before = assignments([(name, self.expressions.strong(array))])
        window = self.expressions.window(op, trees.name(name), starts, store=True)
        if adds:
            return [*before, gast.AugAssign(window, gast.Add(), self.expressions.small(value))]
        return [*before, trees.assign(window, self.expressions.small(value))]

    def assign(self, values: Sequence[Value], new: Sequence[Value]) -> list[Any]:
        """Give variables new values, all at once."""
        pairs = zip(values, new, strict=True)
        statements = assignments([(self.variable(v), self.expressions.strong(n)) for v, n in pairs])
        scalars = {self.variable(v) for v in values if not v.type.rank}
        return [shortened(s) if text(s.targets[0]) in scalars else s for s in statements]

    def if_(self, op: Op) -> list[Any]:
        then, otherwise = (self.branch(op, region) for region in op.regions)
        test = self.expressions.loose(op.operands[0])
        if not then:
            then, otherwise, test = otherwise, [], self.negation(op.operands[0])
        return [gast.If(test, then, otherwise)] if then else []

    def negation(self, test: Value) -> Any:
        """`x >= y` for `x < y` where there is no NaN, else `not …`."""
        op, tree = self.expressions.nested.get(test), self.expressions.loose(test)
        if (
            op is None
            or op.name != "compare"
            or op.operands[0].type.dtype.kind in "fc"
            or type(tree) is not gast.Compare
        ):
            return gast.UnaryOp(gast.Not(), tree)
        return gast.Compare(tree.left, [_OPPOSITE[type(tree.ops[0])]()], tree.comparators)

    def branch(self, op: Op, region: Block) -> list[Any]:
        statements = self.block(region)
        return statements + self.assign(op.results, region.results)

    def switch(self, op: Op) -> list[Any]:
        """`if j <= 0: … elif j == 1: … else: …`"""
        *cases, last = (self.branch(op, region) for region in op.regions)
        for number in reversed(range(len(cases))):
            compare = gast.Eq() if number else gast.LtE()
            test = gast.Compare(self.expressions.loose(op.operands[0]), [compare], [trees.literal(number)])
            last = [gast.If(test, cases[number] or [gast.Pass()], last)]
        return last

    def for_(self, op: Op) -> list[Any]:
        (body,) = op.regions
        counter, *carried = body.args
        trips = trees.call("range", self.expressions.loose(op.operands[0]))
        if op.attrs["direction"] < 0:
            trips = trees.call("reversed", trips)
        statements = self.block(body) + self.assign(carried, body.results)
        target = trees.target([self.variable(counter) if self.counts[counter] else "_"])
        loop = gast.For(target, trips, statements or [gast.Pass()], [], None)
        return [*self.assign(carried, op.operands[1:]), loop, *self.assign(op.results, carried)]

    def while_(self, op: Op) -> list[Any]:
        cond, body = op.regions
        counter, *carried = body.args
        trips = op.results[: len(op.results) - len(carried)]
        counts = bool(self.counts[counter] or any(self.counts[v] for v in trips))
        statements = self.block(body) + self.assign(carried, body.results)
        start = self.assign(carried, op.operands)
        if counts:
            start += assignments([(self.variable(counter), trees.literal(0))])
            one = trees.literal(1)
            statements.append(gast.AugAssign(trees.target([self.variable(counter)]), gast.Add(), one))
        after = self.assign(op.results[len(trips) :], carried)
        if trips and self.counts[trips[0]]:
            after += assignments([(self.variable(trips[0]), trees.name(self.variable(counter)))])
        return [*start, self.while_loop(cond, statements), *after]

    def while_loop(self, cond: Block, statements: list[Any]) -> Any:
        """`while test:`, or `while True:` with a break where the test needs statements."""
        first = self.block(cond)
        test = self.expressions.loose(cond.results[0])
        if not first:
            return gast.While(test, statements or [gast.Pass()], [])
        leave = gast.If(self.negation(cond.results[0]), [gast.Break()], [])
        return gast.While(trees.literal(True), [*first, leave, *statements], [])


_OPPOSITE = {
    gast.Lt: gast.GtE,
    gast.GtE: gast.Lt,
    gast.Gt: gast.LtE,
    gast.LtE: gast.Gt,
    gast.Eq: gast.NotEq,
    gast.NotEq: gast.Eq,
}


def _merge_copies(conversions: list[Any], statements: list[Any]) -> list[Any]:
    """`x = np.asarray(x, T)` and, right after, `x = np.copy(x)` are `x = np.array(x, T)`."""
    conversions = list(conversions)
    while statements and isinstance(statements[0], gast.Assign):
        texts = [text(c.targets[0]) for c in conversions]
        name = text(statements[0].targets[0])
        if text(statements[0].value) != f"np.copy({name})" or name not in texts:
            break
        conversions[texts.index(name)].value.func = trees.attribute("np.array")
        statements = statements[1:]
    return conversions + statements


_CONTROL = {
    "if": _FunctionWriter.if_,
    "switch": _FunctionWriter.switch,
    "for": _FunctionWriter.for_,
    "while": _FunctionWriter.while_,
}
