"""Text → IR: reads what hloc.ir.printer writes.

    module  = ["entry" FUNC] {"func" FUNC args "->" types "{" {op} "return" values "}"}
    op      = [VALUE ":" type {"," …} "="] NAME [FUNC] values ["{" attrs "}"] [loc] {region}
    region  = LABEL [args] "{" {op} "yield" values "}"
    args    = "(" [VALUE ":" type {"," …}] ")"

Errors name file and line. Op records must be registered (import hloc.ops) before text with their ops is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from hloc.diagnostics.errors import CompileError
from hloc.diagnostics.span import NOWHERE, Span
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import TensorType, dtype_of_name, parse_type

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
    |(?P<line>\n)
    |(?P<value>%\w+) |(?P<func>@\w+)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<type>(?:b1|[iu](?:8|16|32|64)|f(?:16|32|64)|c(?:64|128))\b(?:\[[\d, ]*\])?)
    |(?P<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|inf\b|nan\b))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>->|[{}()\[\]=,:])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int
    column: int


class _Splat:
    """An element that stands for all elements of an array."""

    def __init__(self, element: Any) -> None:
        self.element = element


def parse_module(text: str, file: str = "<ir>") -> Module:
    """The module that `text` describes. Raises CompileError with the place in `file` where it cannot be read."""
    return _Parser(text, file).module()


class _Parser:
    """Recursive descent over the tokens; `values` maps the names of the current function."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.tokens = self._split(text)
        self.at = 0
        self.values: dict[str, Value] = {}

    # ---- functions and blocks

    def module(self) -> Module:
        module = Module()
        if self.accept("entry"):
            module.main = self.take("func").text[1:]
        while self.peek().kind != "end":
            function = self.function()
            if function.name in module.functions:
                self.fail(f"function @{function.name} is defined twice")
            module.functions[function.name] = function
        return module

    def function(self) -> Function:
        self.expect("func")
        name = self.take("func").text[1:]
        self.values = {}
        block = Block(self.args())
        self.expect("->")
        types = self.types()
        self.expect("{")
        span = self.place()
        self.block(block, "return")
        found = [v.type for v in block.results]
        if found != types:
            self.fail(f"@{name} returns {_listed(found)}, its header says {_listed(types)}", self.tokens[self.at - 1])
        return Function(name, block, span)

    def types(self) -> list[TensorType]:
        if not self.accept("("):
            return [self.type()]
        types: list[TensorType] = []
        while not self.accept(")"):
            types.append(self.type())
            self.accept(",")
        return types

    def args(self) -> list[Value]:
        args: list[Value] = []
        self.expect("(")
        while not self.accept(")"):
            args.append(self.typed_value())
            self.accept(",")
        for arg, name in ((v, v.name) for v in args):
            self.define(name, arg)
        return args

    def typed_value(self) -> Value:
        """`%x: f64`: a new value whose name is still the one in the text."""
        name = self.take("value").text[1:]
        self.expect(":")
        return Value(self.type(), name)

    def define(self, name: str, value: Value, token: _Token | None = None) -> None:
        if name in self.values:
            self.fail(f"%{name} is defined twice", token)
        self.values[name] = value
        value.name = "" if name.isdigit() else name

    def block(self, block: Block, end: str) -> None:
        """Ops up to `end`, the results and the closing brace; names defined here are visible here only."""
        while not self.accept(end):
            block.ops.append(self.op())
        block.results = self.uses()
        self.expect("}")

    # ---- operations

    def op(self) -> Op:
        start, results = self.peek(), self.results()
        token = self.take("name")
        kind = REGISTRY.get(token.text)
        if kind is None:
            self.fail(f"unknown operation {token.text!r}", token)
        attrs: dict[str, Any] = {}
        if self.peek().kind == "func":
            attrs["function"] = self.take("func").text[1:]
        operands = self.uses()
        if self.peek().text == "{":
            attrs |= self.attributes()
        span = self.place()
        regions: list[Block] = []
        while self.peek().text in ("then", "else", "cond", "body", "case", "region"):
            regions.append(self.region())
        for value in results:
            self.define(value.name, value, start)
        return Op(kind, tuple(operands), attrs, tuple(regions), tuple(results), span)

    def results(self) -> list[Value]:
        results: list[Value] = []
        while self.peek().kind == "value":
            results.append(self.typed_value())
            if not self.accept(","):
                self.expect("=")
                break
        return results

    def region(self) -> Block:
        if self.take("name").text == "case":
            self.take("number")
        before = dict(self.values)
        block = Block(self.args() if self.peek().text == "(" else [])
        self.expect("{")
        self.block(block, "yield")
        self.values = before
        return block

    def uses(self) -> list[Value]:
        """Names separated by commas; none is allowed."""
        values: list[Value] = []
        while self.peek().kind == "value":
            token = self.take("value")
            if token.text[1:] not in self.values:
                self.fail(f"{token.text} is not defined here", token)
            values.append(self.values[token.text[1:]])
            if not self.accept(","):
                break
        return values

    def place(self) -> Span:
        if not self.accept("loc"):
            return NOWHERE
        self.expect("(")
        file = json.loads(self.take("string").text)
        line, column, end_line, end_column = self.position(), self.column(), self.position(), self.column()
        function = json.loads(self.take("string").text) if self.accept("in") else ""
        self.expect(")")
        return Span(file, line, column, end_line, end_column, function)

    def position(self) -> int:
        return int(self.take("number").text)

    def column(self) -> int:
        self.expect(":")
        return self.position()

    # ---- attributes

    def attributes(self) -> dict[str, Any]:
        attrs: dict[str, Any] = {}
        self.expect("{")
        while not self.accept("}"):
            key = self.take("name").text
            self.expect("=")
            attrs[key] = self.attribute()
            self.accept(",")
        return attrs

    def attribute(self) -> Any:
        token = self.next()
        if token.kind == "type":
            return self.typed_attribute(token)
        if token.text == "(":
            return self.items(")", self.attribute)
        if token.kind == "string":
            return json.loads(token.text)
        if token.text in ("True", "False", "None"):
            return {"True": True, "False": False, "None": None}[token.text]
        if token.kind != "number":
            self.fail(f"expected an attribute, found {token.text!r}", token)
        return int(token.text) if re.fullmatch(r"[-+]?\d+", token.text) else float(token.text)

    def items(self, end: str, read: Any) -> tuple[Any, ...]:
        items = []
        while not self.accept(end):
            items.append(read())
            self.accept(",")
        return tuple(items)

    def typed_attribute(self, token: _Token) -> Any:
        """`f64` is a dtype, `f64[2](…)` an array."""
        if not self.accept("("):
            return dtype_of_name(token.text)
        type_ = parse_type(token.text)
        value = self.element_bytes(type_) if self.accept("hex") else self.elements(type_)
        self.expect(")")
        return value

    def element_bytes(self, type_: TensorType) -> np.ndarray:
        data = bytes.fromhex(json.loads(self.take("string").text))
        little = np.frombuffer(data, type_.dtype.newbyteorder("<"))
        return little.reshape(type_.shape).astype(type_.dtype)

    def elements(self, type_: TensorType) -> np.ndarray:
        if self.accept("splat"):
            return np.full(type_.shape, self.element(type_.dtype), type_.dtype)
        return np.array(self.nested(type_.dtype), type_.dtype).reshape(type_.shape)

    def nested(self, dtype: np.dtype) -> Any:
        if self.accept("["):
            return list(self.items("]", lambda: self.nested(dtype)))
        return self.element(dtype)

    def element(self, dtype: np.dtype) -> Any:
        if dtype.kind == "c":
            self.expect("(")
            re_, im = self.items(")", lambda: float(self.take("number").text))
            return complex(re_, im)
        token = self.next()
        if dtype.kind == "b" and token.text in ("True", "False"):
            return token.text == "True"
        if token.kind != "number":
            self.fail(f"expected an element of type {dtype}, found {token.text!r}", token)
        return int(token.text) if dtype.kind in "iu" else dtype.type(token.text)

    def type(self) -> TensorType:
        return parse_type(self.take("type").text)

    # ---- tokens

    def _split(self, text: str) -> list[_Token]:
        tokens, line, start, at = [], 1, 0, 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self.fail(f"unexpected {text[at]!r}", _Token("", text[at], line, at - start))
            kind = str(match.lastgroup)
            if kind == "line":
                line, start = line + 1, match.end()
            elif kind != "skip":
                tokens.append(_Token(kind, match[0], line, at - start))
            at = match.end()
        return [*tokens, _Token("end", "", line, at - start)]

    def peek(self) -> _Token:
        return self.tokens[self.at]

    def next(self) -> _Token:
        token = self.peek()
        self.at += token.kind != "end"
        return token

    def accept(self, text: str) -> bool:
        found = self.peek().text == text and self.peek().kind in ("mark", "name")
        self.at += found
        return found

    def expect(self, text: str) -> None:
        if not self.accept(text):
            self.fail(f"expected {text!r}, found {self._found()}")

    def take(self, kind: str) -> _Token:
        if self.peek().kind != kind:
            self.fail(f"expected a {kind}, found {self._found()}")
        return self.next()

    def _found(self) -> str:
        return repr(self.peek().text) if self.peek().text else "the end of the text"

    def fail(self, message: str, token: _Token | None = None) -> NoReturn:
        token = token or self.peek()
        end = token.column + max(len(token.text), 1)
        raise CompileError(message, span=Span(self.file, token.line, token.column, token.line, end))


def _listed(types: list[TensorType]) -> str:
    return f"({', '.join(map(str, types))})"
