"""The SSA program: modules of functions, blocks of operations, values defined once.

Control flow is structured: a control operation owns blocks (its regions), and a block ends by yielding `results`
to its owner. Blocks may use values of the blocks around them.

    func @f(%x: f64, %n: i64) -> f64 {
      %y = for %n (%s = %x) { ^(%k): %t = sine %s; yield %t }
      return %y
    }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hloc.diagnostics.span import NOWHERE, Span
from hloc.ir.types import TensorType

if TYPE_CHECKING:
    from hloc.ir.opdef import OpDef


class Value:
    """An SSA value: the result of one operation or an argument of one block. Compared by identity.

    `name` is a hint (the user's name where there is one); printers make it unique.
    """

    __slots__ = ("name", "type")

    def __init__(self, type: TensorType, name: str = "") -> None:
        self.type = type
        self.name = name

    def __repr__(self) -> str:
        return f"%{self.name or '_'}: {self.type}"


class Op:
    """One operation: what it is (`kind`), what it reads, its compile-time attributes, its regions, what it defines."""

    __slots__ = ("attrs", "kind", "operands", "regions", "results", "span")

    def __init__(
        self,
        kind: type[OpDef],
        operands: tuple[Value, ...],
        attrs: dict[str, Any],
        regions: tuple[Block, ...],
        results: tuple[Value, ...],
        span: Span = NOWHERE,
    ) -> None:
        self.kind = kind
        self.operands = operands
        self.attrs = attrs
        self.regions = regions
        self.results = results
        self.span = span

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def result(self) -> Value:
        """The only result."""
        (result,) = self.results
        return result

    def __repr__(self) -> str:
        return f"<{', '.join(map(repr, self.results))} = {self.name}{self.operands!r} {self.attrs!r}>"


@dataclass(eq=False)
class Block:
    """A straight list of operations with arguments at the top and yielded `results` at the bottom."""

    args: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)

    def add_arg(self, type: TensorType, name: str = "") -> Value:
        arg = Value(type, name)
        self.args.append(arg)
        return arg


@dataclass(eq=False)
class Function:
    """A function: its parameters are `block.args`, its results `block.results`."""

    name: str
    block: Block
    span: Span = NOWHERE

    @property
    def params(self) -> list[Value]:
        return self.block.args

    @property
    def results(self) -> list[Value]:
        return self.block.results


@dataclass(eq=False)
class Module:
    """Functions by name, in order of definition; `main` is the entry."""

    functions: dict[str, Function] = field(default_factory=dict)
    main: str = "main"

    @property
    def entry(self) -> Function:
        return self.functions[self.main]

    def add(self, function: Function) -> Function:
        """Add a function, renaming it when its name is taken."""
        base, count = function.name, 1
        while function.name in self.functions:
            function.name = f"{base}_{count}"
            count += 1
        self.functions[function.name] = function
        return function


def walk(block: Block) -> Iterator[Op]:
    """All operations of a block in order, each before the ones in its regions."""
    for op in block.ops:
        yield op
        for region in op.regions:
            yield from walk(region)


def free_values(block: Block) -> list[Value]:
    """Values that a block and its nested blocks use but do not define, in order of first use."""
    defined: set[Value] = set()
    free: dict[Value, None] = {}

    def visit(b: Block) -> None:
        defined.update(b.args)
        for op in b.ops:
            free.update((v, None) for v in op.operands if v not in defined)
            for region in op.regions:
                visit(region)
            defined.update(op.results)
        free.update((v, None) for v in b.results if v not in defined)

    visit(block)
    return list(free)


def used_values(block: Block) -> set[Value]:
    """Values that operations of a block, or it and the blocks inside at their ends, use."""
    used = set(block.results)
    for op in walk(block):
        used.update(op.operands)
        for region in op.regions:
            used.update(region.results)
    return used


def substitute(block: Block, mapping: dict[Value, Value]) -> None:
    """Replace uses of values inside a block (in place); chains in `mapping` are followed."""
    if not mapping:
        return

    def resolve(value: Value) -> Value:
        while value in mapping:
            value = mapping[value]
        return value

    def visit(b: Block) -> None:
        for op in b.ops:
            op.operands = tuple(map(resolve, op.operands))
            for region in op.regions:
                visit(region)
        b.results = [resolve(v) for v in b.results]

    visit(block)


def clone_block(block: Block, mapping: dict[Value, Value]) -> Block:
    """A copy with fresh values; `mapping` (old → new) is used for free values and extended by all copied ones."""
    args = []
    for arg in block.args:
        mapping[arg] = Value(arg.type, arg.name)
        args.append(mapping[arg])
    copy = Block(args)
    for op in block.ops:
        copy.ops.append(clone_op(op, mapping))
    copy.results = [mapping.get(v, v) for v in block.results]
    return copy


def clone_op(op: Op, mapping: dict[Value, Value]) -> Op:
    """A copy of one operation, regions included, with fresh results that are entered into `mapping`."""
    operands = tuple(mapping.get(v, v) for v in op.operands)
    regions = tuple(clone_block(region, mapping) for region in op.regions)
    results = tuple(Value(v.type, v.name) for v in op.results)
    mapping.update(zip(op.results, results, strict=True))
    return Op(op.kind, operands, dict(op.attrs), regions, results, op.span)
