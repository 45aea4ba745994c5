"""IR → text.

    func @main(%x: f64, %n: i64) -> f64 {
      %y: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
        %t: f64 = sine %s
        yield %t
      }
      return %y
    }

Names come from `Value.name` and are made unique within the function in order of definition; values without a hint are
numbered. The text reads back (hloc.ir.parser), and printing what was read gives the same text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hloc.diagnostics.span import NOWHERE, Span
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.literals import format_attribute
from hloc.ir.names import Namer, identifier

REGION_LABELS = {"if": ("then", "else"), "while": ("cond", "body"), "for": ("body",)}
INDENT = "  "


def print_module(module: Module, *, spans: bool = False, mark: Op | None = None, note: str = "") -> str:
    """The text of a module, with source places if `spans`; `note` is written under the op `mark`."""
    entry = [] if module.main == "main" else [f"entry @{module.main}"]
    functions = [print_function(f, spans=spans, mark=mark, note=note) for f in module.functions.values()]
    return "\n\n".join(entry + functions) + "\n"


def print_function(function: Function, *, spans: bool = False, mark: Op | None = None, note: str = "") -> str:
    """The text of one function; see print_module."""
    return _FunctionPrinter(spans, mark, note).function(function)


def value_names(function: Function) -> dict[Value, str]:
    """The printed name (without %) of every value that the function defines."""
    names: dict[Value, str] = {}
    namer, count = Namer(), 0

    def name(values: Iterable[Value]) -> None:
        nonlocal count
        for value in values:
            hint = identifier(value.name)
            names[value] = namer.unique(hint or str(count))
            count += not hint

    def visit(block: Block) -> None:
        name(block.args)
        for op in block.ops:
            name(op.results)
            for region in op.regions:
                visit(region)

    visit(function.block)
    return names


def region_label(op: Op, index: int) -> str:
    """What stands before region `index` of an op: `then`, `cond`, `case 2`."""
    if op.name == "switch":
        return f"case {index} "
    labels = REGION_LABELS.get(op.name, ())
    return f"{labels[index] if index < len(labels) else 'region'} "


class _FunctionPrinter:
    """Writes one function line by line."""

    def __init__(self, spans: bool, mark: Op | None, note: str) -> None:
        self.spans, self.mark, self.note = spans, mark, note
        self.lines: list[str] = []
        self.names: dict[Value, str] = {}

    def function(self, function: Function) -> str:
        self.names = value_names(function)
        results = ", ".join(str(v.type) for v in function.results)
        arrow = results if len(function.results) == 1 else f"({results})"
        self.line(0, f"func @{function.name}{self.args(function.params)} -> {arrow} {{{self.place(function.span)}")
        self.block(function.block, 1, "return")
        self.line(0, "}")
        return "\n".join(self.lines)

    def block(self, block: Block, depth: int, end: str) -> None:
        for op in block.ops:
            self.op(op, depth)
        self.line(depth, f"{end} {self.uses(block.results)}".rstrip())

    def op(self, op: Op, depth: int) -> None:
        text = self.head(op) + self.place(op.span)
        for index, region in enumerate(op.regions):
            args = self.args(region.args) + " " if region.args else ""
            label = region_label(op, index)
            text += f" {label.rstrip() + args if args else label}{{"
            self.line(depth, text)
            self.block(region, depth + 1, "yield")
            text = "}"
        self.line(depth, text)
        if op is self.mark:
            self.line(depth, f"^^^ {self.note}".rstrip())

    def head(self, op: Op) -> str:
        """Results, name, operands and attributes: `%y: f64 = call @f %x`."""
        results = ", ".join(f"%{self.names[v]}: {v.type}" for v in op.results)
        attrs = dict(op.attrs)
        callee = f"@{attrs.pop('function')}" if isinstance(attrs.get("function"), str) else ""
        listed = ", ".join(f"{key} = {format_attribute(value)}" for key, value in attrs.items())
        parts = [f"{results} =" if results else "", op.name, callee, self.uses(op.operands)]
        return " ".join(filter(None, [*parts, f"{{{listed}}}" if listed else ""]))

    def args(self, args: Sequence[Value]) -> str:
        return f"({', '.join(f'%{self.names[v]}: {v.type}' for v in args)})"

    def uses(self, values: Iterable[Value]) -> str:
        return ", ".join(f"%{self.names[v]}" if v in self.names else f"%<undefined {v.name}>" for v in values)

    def place(self, span: Span) -> str:
        if not self.spans or span == NOWHERE:
            return ""
        function = f" in {json.dumps(span.function)}" if span.function else ""
        return f" loc({json.dumps(span.file)} {span.line}:{span.column} {span.end_line}:{span.end_column}{function})"

    def line(self, depth: int, text: str) -> None:
        self.lines.append(INDENT * depth + text)
