"""hloc.checkpoint, custom_jvp, custom_vjp: calls that say how they are differentiated (see hloc.ops.control).

    @hloc.custom_jvp                     %y = call @f %x {jvp = "f_jvp"}
    def f(x): …                          func @f(%x) -> (%y)
    @f.defjvp                            func @f_jvp(%x, %x_dot) -> (%y, %y_dot)
    def rule(primals, tangents): …

The function and its rules are bodies of their own (`separate.Body`) with the same operands: first the float leaves of
the arguments that may be differentiated, then all that any of them captures, by which nothing can be differentiated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.derivatives import Args, Kwargs
from hloc.frontend.members import guard_attribute
from hloc.frontend.separate import Body, capture_free, separate
from hloc.frontend.signatures import function_name, parameter_names
from hloc.frontend.state import ERROR, Slot, is_status, payload_slot
from hloc.frontend.structure import kind_of, same
from hloc.frontend.templates import Template
from hloc.frontend.trees import Tree, is_float, like_leaf, tree_of, type_of
from hloc.frontend.values import AbstractValue, Const, NeverV, Tensor, TupleV
from hloc.ir.core import Function, Op, Value, walk
from hloc.ops import helpers
from hloc.ops.control import Call
from hloc.program import TapeOverflow
from hloc.transformed import CustomJvp, CustomVjp, Rewritten

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

_OVERFLOW = (ERROR, payload_slot(0))
"""The status words in which derivatives say what they need: 0 and 0 when all had room (see `raise_on_overflow`)."""


def checkpointed(sp: Specializer, function: AbstractValue, args: Args, kwargs: Kwargs) -> AbstractValue:
    """A call that the reverse sweep runs again."""
    made, _ = separate(sp, function_name(function), lambda inner: sp.call(function, *args, **kwargs), [])
    types = [v.type for v in made.function.results]
    attrs = {"function": made.function.name, "checkpoint": True}
    return made.finish(sp, sp.builder.emit_op(Call, made.operands, types, attrs))


def with_rule(sp: Specializer, obj: Rewritten, args: Args, kwargs: Kwargs) -> AbstractValue:
    """A call of a function with a rule of its own."""
    for part in ("function", "rule", "forward", "backward"):
        if hasattr(obj, part):
            guard_attribute(sp, obj, part)
    name = function_name(Const(obj))
    args = _positional(Const(obj.function), name, args, kwargs)
    active: _Ruled
    for active in sp.ruled:
        if active.stands_for(obj, args):
            return active.call_itself(args)
    ruled = _Ruled(sp, obj, name, args)
    if isinstance(ruled.result, NeverV):
        return sp.call(Const(obj.function), *args)
    sp.ruled.append(ruled)
    try:
        if isinstance(obj, CustomJvp) and obj.rule is not None:
            return ruled.with_jvp(obj.rule)
        if isinstance(obj, CustomVjp) and obj.forward is not None and obj.backward is not None:
            return ruled.with_vjp(obj.forward, obj.backward)
    finally:
        sp.ruled.remove(ruled)
    kind = "custom_jvp" if isinstance(obj, CustomJvp) else "custom_vjp"
    raise DTypeError(f"{name} has no rule", help=f"hloc.{kind}: give one by .def{kind[7:]}")


class _Ruled:
    """One call of a function with a rule: its operands, and the bodies of function and rules.

    The rule may call the function again on the same kind of arguments: those calls have the same rule (`self_calls`).
    """

    def __init__(self, sp: Specializer, obj: Rewritten, name: str, args: Args) -> None:
        self.sp = sp
        self.obj = obj
        self.name = name
        self.args = args
        self.self_calls: list[Op] = []
        fixed = {j + len(self.args) if j < 0 else j for j in obj.nondiff_argnums}
        self.open = [j for j in range(len(self.args)) if j not in fixed]
        self.fixed = [self.args[j] for j in sorted(fixed)]
        self.tree = self._tree(args)
        self.operands = [sp.number(leaf) for leaf in self.tree.floats()]
        self.body = Body(sp)
        with self.body.open():
            inner = self.body.enter(self.tree, self.operands)
            self.result = self.body.run(lambda: sp.call(Const(obj.function), *self.merged(inner)))
            self.results = tree_of(sp, self.result)
            self.values = [] if isinstance(self.result, NeverV) else _data(sp, self.results)

    def _tree(self, args: Args) -> Tree:
        given = TupleV(tuple(args[j] for j in self.open))
        return Tree(given, tuple(tree_of(self.sp, item) for item in given.items))

    def stands_for(self, obj: Rewritten, args: Args) -> bool:
        """Whether a call differs from this one at most in the float leaves of what may be differentiated."""
        if obj is not self.obj or len(args) != len(self.args):
            return False
        fixed = all(same(a, b) for j, (a, b) in enumerate(zip(args, self.args, strict=True)) if j not in self.open)
        return fixed and _alike(self._tree(args), self.tree)

    def call_itself(self, args: Args) -> AbstractValue:
        """A call in the rule. What it captures, the rule captures as well, and `_call` adds it."""
        sp = self.sp
        operands = [sp.number(leaf) for leaf in self._tree(args).floats()]
        slots = list(self._changed(self.body))
        types = [v.type for v in self.values] + [self.sp.number(self.body.after[slot]).type for slot in slots]
        results = sp.builder.emit_op(Call, operands, types)
        self.self_calls.append(sp.builder.producers[results[0]])
        for slot, value in zip(slots, results[len(self.values) :], strict=True):
            sp.state[slot] = Tensor(value)
        return _filled(sp, self.results, results[: len(self.values)])

    def merged(self, inner: Args) -> Args:
        """All arguments, with these in place of the ones that may be differentiated."""
        given = dict(zip(self.open, inner, strict=True))
        return [given.get(j, a) for j, a in enumerate(self.args)]

    def with_jvp(self, rule: Any) -> AbstractValue:
        """The call, with the rule as a function from arguments and tangents to results and tangents."""
        sp, body = self.sp, Body(self.sp)
        with body.open():
            primals = body.enter(self.tree, self.operands)
            params = [body.block.add_arg(v.type, f"{v.name}_dot" if v.name else "") for v in self.operands]
            tangents = self.tree.build_floats(sp, iter(params))
            found = body.run(lambda: sp.call(Const(rule), *self.fixed, TupleV(tuple(primals)), tangents))
            out, out_dot = self._pair(found, "the rule of custom_jvp", "(result, tangent)")
            values = self._like_result(out)
            dots = self.results.match(sp, out_dot, f"{self.name}: the tangent of the result")
        status = self._close([(self.body, self.values), (body, values)])
        body.block.results += dots
        captured = self._capture(body)
        count, block = len(self.operands), body.block
        unused = [Value(v.type, v.name) for v in captured if v.type.dtype.kind in "fc"]
        block.args = block.args[:count] + block.args[2 * count :] + params + unused
        return self._call(captured, status, {"jvp": self._function(body, "jvp").name})

    def with_vjp(self, forward: Any, backward: Any) -> AbstractValue:
        """The call, with the two halves of the rule as functions."""
        sp, body = self.sp, Body(self.sp)
        with body.open():
            inner = body.enter(self.tree, self.operands)
            found = body.run(lambda: sp.call(Const(forward), *self.merged(inner)))
            out, kept = self._pair(found, "the forward rule of custom_vjp", "(result, residuals)")
            values = self._like_result(out)
            residuals = tree_of(sp, kept)
            kept_values = _data(sp, residuals)
        status = self._close([(self.body, self.values), (body, values)])
        reverse, needed = self._backward(backward, residuals, kept_values)
        params = list(reverse.block.args)
        outer = capture_free(sp, [reverse.block])
        body.block.results += [*kept_values, *outer]
        captured = self._capture(body)
        n = len(kept_values)
        reverse.block.args = params[:n] + reverse.block.args[len(params) :] + params[n:]
        with sp.builder.at(reverse.block):
            zeros = [helpers.zeros_like(sp.builder, v) for v in captured if v.type.dtype.kind in "fc"]
        reverse.block.results += [*zeros, *needed]
        names = {"forward": self._function(body, "fwd").name, "backward": self._function(reverse, "bwd").name}
        return self._call(captured, status, names)

    def _backward(self, rule: Any, residuals: Tree, kept: Sequence[Value]) -> tuple[Body, list[Value]]:
        """The body of the backward rule: parameters are residuals and cotangents. It has no effects.

        What derivatives in it need to remember (hloc.program.TapeOverflow) is its last result.
        """
        sp, body = self.sp, Body(self.sp)
        options, sp.options = sp.options, dataclasses.replace(sp.options, checks=False)
        try:
            with body.open():
                inner = _filled(sp, residuals, [body.parameter(v) for v in kept])
                params = iter([body.block.add_arg(v.type, f"{v.name}_bar" if v.name else "") for v in self._floats()])
                given = self.results.build_floats(sp, params)
                sites = len(sp.error_sites)
                for slot in _OVERFLOW:
                    sp.state[slot] = Tensor(sp.constant(0, np.int64))
                found = body.run(lambda: sp.call(Const(rule), *self.fixed, inner, given))
                body.block.results = self._cotangents(found)
                overflows = all(site.exception is TapeOverflow for site in sp.error_sites[sites:])
                if not body.changed().keys() <= (set(_OVERFLOW) if overflows else set()):
                    raise UnsupportedError(
                        f"{self.name}: the backward rule prints, raises or changes objects",
                        help="do that in the forward rule, and hand what is needed on as residuals",
                    )
                needed = [sp.number(sp.state[_OVERFLOW[1]])] if overflows and body.changed() else []
        finally:
            sp.options = options
        return body, needed

    def _cotangents(self, found: AbstractValue) -> list[Value]:
        tree, what = tree_of(self.sp, found), f"{self.name}: a cotangent of the backward rule"
        if tree.is_leaf or tree.keys or len(tree.parts) != len(self.tree.parts):
            raise DTypeError(
                f"{self.name}: the backward rule returns a tuple of {len(self.tree.parts)}, one cotangent for each "
                f"argument, found {kind_of(found)}",
                help="write (x_bar,) for one argument; None stands for zeros",
            )
        values: list[Value] = []
        for part, given in zip(self.tree.parts, tree.parts, strict=True):
            if isinstance(given.like, Const) and given.like.obj is None:
                values += [
                    self.sp.constant(np.zeros(t.shape), t.dtype) for leaf in part.floats() if (t := type_of(leaf))
                ]
            else:
                values += part.match(self.sp, given.like, what)
        return values

    def _pair(self, found: AbstractValue, who: str, pair: str) -> tuple[AbstractValue, AbstractValue]:
        if isinstance(found, TupleV) and len(found.items) == 2:
            return found.items[0], found.items[1]
        raise DTypeError(f"{self.name}: {who} returns a pair {pair}, found {kind_of(found)}")

    def _floats(self) -> list[Value]:
        return [v for v in self.values if v.type.dtype.kind in "fc"]

    def _like_result(self, out: AbstractValue) -> list[Value]:
        """The data of the result as a rule gives it, in the types of the function's result."""
        sp = self.sp
        floats = self.results.match(sp, out, f"{self.name}: the result of the rule")
        found = _data(sp, tree_of(sp, out))[len(floats) :]
        kept = self.values[len(floats) :]
        if [v.type for v in found] != [v.type for v in kept]:
            raise DTypeError(f"{self.name}: the rule gives another result than the function")
        return floats + found

    def _close(self, bodies: Sequence[tuple[Body, Sequence[Value]]]) -> list[Slot]:
        """Set the results of the bodies: data, then all status words that one of them changes."""
        status: dict[Slot, None] = {}
        for body, _ in bodies:
            status.update(dict.fromkeys(self._changed(body)))
        if not all(map(is_status, status)):
            raise UnsupportedError(
                f"{self.name} has a rule of its own and changes arrays or objects",
                help="work on a copy and return it",
            )
        for body, values in bodies:
            with self.sp.in_block(body.block, body.after):
                body.block.results = [*values, *(self.sp.number(body.after[slot]) for slot in status)]
            body.restore_hidden(set())
        return list(status)

    def _changed(self, body: Body) -> dict[Slot, Template]:
        with self.sp.in_block(body.block, body.after):
            return body.changed()

    def _capture(self, rule: Body) -> list[Value]:
        """What function and rule use from outside."""
        inside = set(walk(rule.block))
        captured = capture_free(self.sp, [self.body.block, rule.block], [op for op in self.self_calls if op in inside])
        if captured and not inside.issuperset(self.self_calls):
            raise UnsupportedError(
                f"{self.name}: the rule differentiates the function itself, which uses data from outside",
                help="pass the data as an argument",
            )
        return captured

    def _function(self, body: Body, suffix: str) -> Function:
        name = f"{self.name}_{suffix}" if suffix else self.name
        return self.sp.module.add(Function(name, body.block, self.sp.span))

    def _call(self, captured: Sequence[Value], status: Sequence[Slot], rule: dict[str, str]) -> AbstractValue:
        sp, function = self.sp, self._function(self.body, "")
        types = [v.type for v in function.results]
        attrs = {"function": function.name, "arguments": len(self.operands), **rule}
        for op in self.self_calls:
            op.attrs = dict(attrs)
            op.results += tuple(Value(t) for t in types[len(op.results) :])
        results = sp.builder.emit_op(Call, [*self.operands, *captured], types, attrs)
        count = len(self.values)
        for slot, value in zip(status, results[count:], strict=True):
            sp.state[slot] = Tensor(value)
        return _filled(sp, self.results, results[:count])


def _alike(a: Tree, b: Tree) -> bool:
    """Whether two trees differ at most in the values of float leaves."""
    if a.is_leaf or b.is_leaf:
        if is_float(a.like) and is_float(b.like):
            return type_of(a.like) == type_of(b.like) and numbers.describe(a.like) == numbers.describe(b.like)
        return a.is_leaf and b.is_leaf and same(a.like, b.like)
    alike = type(a.like) is type(b.like) and a.keys == b.keys and len(a.parts) == len(b.parts)
    return alike and all(map(_alike, a.parts, b.parts))


def _data(sp: Specializer, tree: Tree) -> list[Value]:
    """The data in a tree: float leaves first, then the others that are not constants."""
    leaves = [leaf for leaf in tree.leaves() if type_of(leaf) is not None]
    floats = [sp.number(leaf) for leaf in leaves if is_float(leaf)]
    return floats + [sp.number(leaf) for leaf in leaves if not is_float(leaf) and not isinstance(leaf, Const)]


def _filled(sp: Specializer, tree: Tree, values: Sequence[Value]) -> AbstractValue:
    """A value of this structure with such data, in new arrays."""
    count = len(tree.floats())
    floats, others = iter(values[:count]), iter(values[count:])
    leaves = []
    for leaf in tree.leaves():
        if is_float(leaf):
            leaf = like_leaf(sp, leaf, next(floats))
        elif type_of(leaf) is not None and not isinstance(leaf, Const):
            leaf = like_leaf(sp, leaf, next(others))
        leaves.append(leaf)
    return tree.build(sp, iter(leaves))


def _positional(function: AbstractValue, name: str, args: Args, kwargs: Kwargs) -> Args:
    """Arguments with those given by keyword in their places, as rules take them."""
    names = parameter_names(function)
    for parameter in names[len(args) : len(args) + len(kwargs)]:
        if parameter not in kwargs:
            break
        args = [*args, kwargs[parameter]]
        kwargs = {k: v for k, v in kwargs.items() if k != parameter}
    if kwargs:
        raise DTypeError(f"{name}: {', '.join(kwargs)} cannot be given by keyword here", help="pass it by position")
    return args
