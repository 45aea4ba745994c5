"""Expressions: gast → abstract values, in Python's order of evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gast
import numpy as np

from hloc.diagnostics.errors import StaticValueError, UnsupportedError
from hloc.frontend import operators
from hloc.frontend.arrays import list_items
from hloc.frontend.attributes import get_attribute
from hloc.frontend.branches import branch
from hloc.frontend.calls import call
from hloc.frontend.iteration import Iteration
from hloc.frontend.names import read_name
from hloc.frontend.subscripts import get_item
from hloc.frontend.tabulate import tabulate
from hloc.frontend.values import (
    NONE,
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    FormatV,
    FunctionV,
    NeverV,
    SliceV,
    Tensor,
    TupleV,
    Unreachable,
)
from hloc.ir.core import Value

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer


def evaluate(sp: Specializer, node: gast.expr) -> AbstractValue:
    """The value of an expression."""
    rule = _RULES.get(type(node))
    if rule is None:
        with sp.at(node):
            raise UnsupportedError(f"{type(node).__name__} expressions are not supported yet")
    with sp.at(node):
        try:
            value: AbstractValue = rule(sp, node)
        except Unreachable:
            return NeverV()
    sp.hold(value)
    return value


def operand(sp: Specializer, node: gast.expr) -> AbstractValue:
    """The value of a part of an expression or statement. Raises `Unreachable` when it has none."""
    value = evaluate(sp, node)
    if isinstance(value, NeverV):
        raise Unreachable
    return value


def evaluate_index(sp: Specializer, node: gast.expr) -> AbstractValue:
    """The index of a subscript; slices only occur here."""
    return operand(sp, node)


def make_function(sp: Specializer, node: Any) -> FunctionV:
    """A nested def or lambda: its defaults are evaluated now, its free variables looked up when it runs."""
    args = node.args
    defaults = tuple(operand(sp, d) for d in args.defaults)
    kw_defaults = {
        a.id: operand(sp, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None
    }
    frame = sp.frame
    assert frame is not None
    around = {**frame.closure, **{name: (frame.number, name) for name in frame.source.scope.locals}}
    closure = {name: around[name] for name in node.scope.freevars if name in around}
    return FunctionV(NestedSource(node, frame.source), defaults, kw_defaults, closure, frame.globals, frame.function)


class NestedSource:
    """The source of a nested function: places come from the function around it."""

    def __init__(self, node: Any, outer: Any) -> None:
        self.node = node
        self.outer = outer
        self.scope = node.scope
        self.name = getattr(node, "name", "<lambda>")

    def span(self, node: Any) -> Any:
        return self.outer.span(node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NestedSource) and self.node is other.node

    def __hash__(self) -> int:
        return id(self.node)


def _name(sp: Specializer, node: gast.Name) -> AbstractValue:
    return read_name(sp, node.id)


def _constant(sp: Specializer, node: gast.Constant) -> AbstractValue:
    return Const(node.value)


def _sequence(sp: Specializer, elts: list[gast.expr]) -> list[AbstractValue]:
    items: list[AbstractValue] = []
    for element in elts:
        if isinstance(element, gast.Starred):
            items.extend(list_items(sp, operand(sp, element.value)))
        else:
            items.append(operand(sp, element))
    return items


def _tuple(sp: Specializer, node: gast.Tuple) -> AbstractValue:
    return TupleV(tuple(_sequence(sp, node.elts)))


def _list(sp: Specializer, node: gast.List) -> AbstractValue:
    return sp.new_list(_sequence(sp, node.elts))


def _dict(sp: Specializer, node: gast.Dict) -> AbstractValue:
    entries: dict[Any, AbstractValue] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            entries.update(sp.entries(operand(sp, value)))  # type: ignore[arg-type]
        else:
            entries[sp.static(operand(sp, key), "the key of a dict")] = operand(sp, value)
    return sp.new_dict(entries)


def _binary(sp: Specializer, node: gast.BinOp) -> AbstractValue:
    left, right = operand(sp, node.left), operand(sp, node.right)
    if isinstance(node.op, gast.MatMult):
        return matmul(sp, left, right)
    return operators.binary(sp, type(node.op).__name__, left, right)


def matmul(sp: Specializer, left: AbstractValue, right: AbstractValue) -> AbstractValue:
    found = operators.call_dunder(sp, "matmul", left, right)
    return found if found is not None else call(sp, Const(np.matmul), [left, right], {})


def _unary(sp: Specializer, node: gast.UnaryOp) -> AbstractValue:
    return operators.unary(sp, type(node.op).__name__, operand(sp, node.operand))


def _compare(sp: Specializer, node: gast.Compare) -> AbstractValue:
    """`a < b < c` evaluates c only where a < b."""
    left = operand(sp, node.left)
    return _chain(sp, left, list(zip(node.ops, node.comparators, strict=True)))


def _chain(sp: Specializer, left: AbstractValue, links: list[tuple[Any, gast.expr]]) -> AbstractValue:
    (op, node), *rest = links
    right = operand(sp, node)
    result = operators.compare(sp, type(op).__name__, left, right)
    if not rest:
        return result
    return _short_circuit(sp, result, lambda: _chain(sp, right, rest), stop=False)


def _bool_op(sp: Specializer, node: gast.BoolOp) -> AbstractValue:
    return _operands(sp, node.values, stop=isinstance(node.op, gast.Or))


def _operands(sp: Specializer, nodes: list[gast.expr], *, stop: bool) -> AbstractValue:
    first, *rest = nodes
    value = operand(sp, first)
    return value if not rest else _short_circuit(sp, value, lambda: _operands(sp, rest, stop=stop), stop=stop)


def _short_circuit(
    sp: Specializer, value: AbstractValue, rest: Callable[[], AbstractValue], *, stop: bool
) -> AbstractValue:
    """`value` where its truth is `stop`, else `rest()`."""
    if isinstance(value, NeverV):
        return value
    known = operators.truth(sp, value)
    if isinstance(known, bool):
        return value if known == stop else rest()
    then, orelse = (lambda: value, rest) if stop else (rest, lambda: value)
    return branch(sp, known, then, orelse)


def _if_expression(sp: Specializer, node: gast.IfExp) -> AbstractValue:
    condition = operand(sp, node.test)
    known = operators.truth(sp, condition)
    if isinstance(known, bool):
        return operand(sp, node.body if known else node.orelse)
    return branch(sp, known, lambda: operand(sp, node.body), lambda: operand(sp, node.orelse))


def _named(sp: Specializer, node: gast.NamedExpr) -> AbstractValue:
    value = operand(sp, node.value)
    sp.assign(node.target, value)
    return value


def _call(sp: Specializer, node: gast.Call) -> AbstractValue:
    function = operand(sp, node.func)
    args = _sequence(sp, node.args)
    kwargs: dict[str, AbstractValue] = {}
    for keyword in node.keywords:
        value = operand(sp, keyword.value)
        if keyword.arg is None:
            kwargs.update(sp.entries(value))  # type: ignore[arg-type]
        else:
            kwargs[keyword.arg] = value
    return call(sp, function, args, kwargs)


def _attribute(sp: Specializer, node: gast.Attribute) -> AbstractValue:
    return get_attribute(sp, operand(sp, node.value), node.attr)


def _subscript(sp: Specializer, node: gast.Subscript) -> AbstractValue:
    base = operand(sp, node.value)
    return get_item(sp, base, evaluate_index(sp, node.slice))


def _slice(sp: Specializer, node: gast.Slice) -> AbstractValue:
    parts = (NONE if part is None else operand(sp, part) for part in (node.lower, node.upper, node.step))
    return SliceV(*parts)


def _lambda(sp: Specializer, node: gast.Lambda) -> AbstractValue:
    return make_function(sp, node)


def _format(sp: Specializer, node: gast.JoinedStr) -> AbstractValue:
    parts: list[Any] = []
    for value in node.values:
        if isinstance(value, gast.Constant):
            parts.append(value.value)
        else:
            spec = "" if value.format_spec is None else _static_text(sp, operand(sp, value.format_spec))
            parts.append((operand(sp, value.value), value.conversion, spec))
    return format_value(sp, parts)


def format_value(sp: Specializer, parts: list[Any]) -> AbstractValue:
    """The text now where everything in it is known."""
    texts = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part[0], Const):
            value, conversion, spec = part
            convert: dict[int, Callable[[Any], Any]] = {115: str, 114: repr, 97: ascii}
            texts.append(format(convert.get(conversion, lambda x: x)(value.obj), spec))
        else:
            return FormatV(tuple(parts))
    return Const("".join(texts))


def _static_text(sp: Specializer, value: AbstractValue) -> str:
    if not isinstance(value, Const):
        raise StaticValueError("a format specification must be known at compile time")
    return str(value.obj)


# --- comprehensions


def _list_comprehension(sp: Specializer, node: gast.ListComp) -> AbstractValue:
    first = operand(sp, node.generators[0].iter)
    with comprehension_frame(sp, node):
        if len(node.generators) == 1 and not node.generators[0].ifs:
            table = _as_table(sp, node, first)
            if table is not None:
                return table
        items: list[AbstractValue] = []
        _generate(sp, node.generators, first, lambda: items.append(operand(sp, node.elt)))
    return sp.new_list(items)


def _dict_comprehension(sp: Specializer, node: gast.DictComp) -> AbstractValue:
    first = operand(sp, node.generators[0].iter)
    entries: dict[Any, AbstractValue] = {}

    def enter() -> None:
        key = sp.static(operand(sp, node.key), "the key of a dict")
        entries[key] = operand(sp, node.value)

    with comprehension_frame(sp, node):
        _generate(sp, node.generators, first, enter)
    return sp.new_dict(entries)


class comprehension_frame:
    """A comprehension has variables of its own."""

    def __init__(self, sp: Specializer, node: Any) -> None:
        self.sp = sp
        self.outer = sp.frame
        assert self.outer is not None
        closure = dict(self.outer.closure)
        closure.update({name: (self.outer.number, name) for name in self.outer.source.scope.locals})
        source = NestedSource(node, self.outer.source)
        self.frame = sp.new_frame(source, self.outer.globals, self.outer.function, closure)

    def __enter__(self) -> Frame:
        self.sp.frame = self.frame
        return self.frame

    def __exit__(self, *error: object) -> None:
        self.sp.frame = self.outer
        if not self.frame.source.scope.cellvars:
            for name in self.frame.source.scope.locals:
                self.sp.state.drop((self.frame.number, name))


def _generate(
    sp: Specializer, generators: list[Any], iterable: AbstractValue | None, produce: Callable[[], None]
) -> None:
    if not generators:
        produce()
        return
    generator, *rest = generators
    iteration = Iteration.over(sp, iterable if iterable is not None else operand(sp, generator.iter))
    for j in range(iteration.static_length(sp)):
        sp.assign(generator.target, iteration.item(sp, Const(j)))
        if all(_keeps(sp, test) for test in generator.ifs):
            _generate(sp, rest, None, produce)


def _keeps(sp: Specializer, test: gast.expr) -> bool:
    known = operators.truth(sp, operand(sp, test))
    if isinstance(known, Value):
        sp.demand(known, "the condition of a comprehension")
    assert isinstance(known, bool)
    return known


def _as_table(sp: Specializer, node: gast.ListComp, iterable: AbstractValue) -> AbstractValue | None:
    """Long comprehensions of alike numbers become one loop that fills a table; None where they are not that."""
    iteration = Iteration.over(sp, iterable)
    if not iteration.uniform or iteration.static_length(sp) <= 32 or node in sp.decisions.repeated:
        return None
    return tabulate(sp, node, iteration, lambda: operand(sp, node.elt))


def is_data(value: AbstractValue) -> bool:
    return isinstance(value, Tensor | ArrayRef | ChoiceRef)


_RULES: dict[type, Callable[[Any, Any], AbstractValue]] = {
    gast.Name: _name,
    gast.Constant: _constant,
    gast.Tuple: _tuple,
    gast.List: _list,
    gast.Dict: _dict,
    gast.BinOp: _binary,
    gast.UnaryOp: _unary,
    gast.Compare: _compare,
    gast.BoolOp: _bool_op,
    gast.IfExp: _if_expression,
    gast.NamedExpr: _named,
    gast.Call: _call,
    gast.Attribute: _attribute,
    gast.Subscript: _subscript,
    gast.Slice: _slice,
    gast.Lambda: _lambda,
    gast.JoinedStr: _format,
    gast.ListComp: _list_comprehension,
    gast.GeneratorExp: _list_comprehension,
    gast.DictComp: _dict_comprehension,
}
