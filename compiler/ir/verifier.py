"""Checks that a module is well formed; run between passes in tests.

Every value is defined once and used only where its definition reaches (blocks see the values of the blocks around
them); result types are what the op's record infers; control operations have the signatures of `hloc.ops.control`;
calls fit the functions they name. A failure is a fault of hloc: InternalError with the IR and a mark at the op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from hloc.diagnostics.errors import CompileError, InternalError
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.printer import print_module
from hloc.ir.types import B1, I64, TensorType

_STRATEGIES = ("auto", "simd", "lockstep", "pc", "serial")
"""What the `lanes` of a loop may be."""


def verify(module: Module) -> None:
    """Give back nothing, or raise InternalError that says which op is wrong and how."""
    if module.main not in module.functions:
        raise InternalError(f"the module has no function {module.main!r}, its entry")
    defined: set[Value] = set()
    for name, function in module.functions.items():
        if name != function.name:
            raise InternalError(f"function {function.name!r} is entered in the module as {name!r}")
        _FunctionVerifier(module, function, defined).run()


class _FunctionVerifier:
    """Walks one function with the set of values in scope; `defined` holds all values of the module so far."""

    def __init__(self, module: Module, function: Function, defined: set[Value]) -> None:
        self.module, self.function, self.defined = module, function, defined
        self.scope: set[Value] = set()
        self.op: Op | None = None

    def run(self) -> None:
        self.block(self.function.block)

    def block(self, block: Block) -> None:
        """Check a block inside the current scope; what it defines goes out of scope at its end."""
        local = list(block.args)
        self.define(block.args)
        for op in block.ops:
            self.op = op
            self.use(op.operands)
            for region in op.regions:
                self.block(region)
                self.op = op
            local += op.results
            self.define(op.results)
            _SIGNATURES.get(op.name, check_plain)(self, op)
        self.use(block.results)
        self.scope.difference_update(local)

    def define(self, values: Iterable[Value]) -> None:
        for value in values:
            self.require(value not in self.defined, f"{value!r} is defined twice")
            self.defined.add(value)
            self.scope.add(value)

    def use(self, values: Iterable[Value]) -> None:
        for value in values:
            where = "out of its scope" if value in self.defined else "but not defined before"
            self.require(value in self.scope, f"{value!r} is used {where}")

    def require(self, holds: bool, message: str) -> None:
        if not holds:
            self.fail(message)

    def fail(self, message: str) -> NoReturn:
        place = f"{self.function.name}, {self.op.name}" if self.op else self.function.name
        text = print_module(self.module, mark=self.op, note=message)
        span = self.op.span if self.op and self.op.span.line else None
        raise InternalError(f"invalid IR in {place}: {message}", span=span, notes=[f"the IR is\n{text}"])

    def same(self, what: str, found: Sequence[TensorType], expected: Sequence[TensorType]) -> None:
        """Require equal lists of types."""
        shown = f"{what}: found {_listed(found)}, expected {_listed(expected)}"
        self.require(list(found) == list(expected), shown)

    def regions(self, op: Op, count: int) -> Sequence[Block]:
        self.require(len(op.regions) == count, f"{op.name} has {len(op.regions)} regions, expected {count}")
        return op.regions


def check_plain(v: _FunctionVerifier, op: Op) -> None:
    """An op without regions: its record infers its result types."""
    v.regions(op, 0)
    try:
        inferred = op.kind.infer(_types(op.operands), op.attrs)
    except CompileError as error:
        v.fail(f"infer refuses the operands {_listed(_types(op.operands))}: {error.report.message}")
    v.same("result types", _types(op.results), inferred)


def check_if(v: _FunctionVerifier, op: Op) -> None:
    v.same("condition", _types(op.operands), [B1])
    for region in v.regions(op, 2):
        _check_case(v, op, region)


def check_switch(v: _FunctionVerifier, op: Op) -> None:
    v.same("index", _types(op.operands), [I64])
    v.require(len(op.regions) > 0, "switch has no case")
    for region in op.regions:
        _check_case(v, op, region)


def _check_case(v: _FunctionVerifier, op: Op, region: Block) -> None:
    v.same("arguments of the branch", _types(region.args), [])
    v.same("results of the branch", _types(region.results), _types(op.results))


def check_while(v: _FunctionVerifier, op: Op) -> None:
    carried = _types(op.operands)
    cond, body = v.regions(op, 2)
    v.same("arguments of cond", _types(cond.args), carried)
    v.same("results of cond", _types(cond.results), [B1])
    _check_body(v, body, carried)
    v.same("results of while", _types(op.results), [I64, *carried])


def check_for(v: _FunctionVerifier, op: Op) -> None:
    v.same("count", _types(op.operands[:1]), [I64])
    carried = _types(op.operands[1:])
    (body,) = v.regions(op, 1)
    _check_body(v, body, carried)
    v.same("results of for", _types(op.results), carried)
    direction = op.attrs.get("direction")
    v.require(direction in (1, -1), f"direction is {direction!r}, expected 1 or -1")
    lanes = op.attrs.get("lanes", "auto")
    v.require(lanes in _STRATEGIES, f"lanes is {lanes!r}, expected one of {', '.join(_STRATEGIES)}")


def _check_body(v: _FunctionVerifier, body: Block, carried: list[TensorType]) -> None:
    v.same("arguments of the loop body", _types(body.args), [I64, *carried])
    v.same("results of the loop body", _types(body.results), carried)


def check_call(v: _FunctionVerifier, op: Op) -> None:
    v.regions(op, 0)
    callee = v.module.functions.get(op.attrs.get("function", ""))
    if callee is None:
        v.fail(f"there is no function {op.attrs.get('function')!r}")
    v.same(f"arguments of {callee.name}", _types(op.operands), _types(callee.params))
    v.same(f"results of {callee.name}", _types(op.results), _types(callee.results))


def check_linearize(v: _FunctionVerifier, op: Op) -> None:
    callee = _target(v, op)
    v.same(f"arguments of {callee.name}", _types(op.operands), _types(callee.params))
    v.same("results of linearize", _types(op.results), [*_types(callee.results), I64, I64])


def check_jvp(v: _FunctionVerifier, op: Op) -> None:
    callee = _target(v, op)
    wrt, outputs = op.attrs["wrt"], op.attrs["outputs"]
    v.same("operands of jvp", _types(op.operands), _types([*callee.params, *callee.params[:wrt]]))
    v.same("results of jvp", _types(op.results), _types([*callee.results, *callee.results[:outputs]]))


def check_tape(v: _FunctionVerifier, op: Op) -> None:
    v.regions(op, 0)
    v.same("tape", _types(op.operands[:1]), [I64])
    v.same("needed", _types(op.results[-1:]), [I64])


def _target(v: _FunctionVerifier, op: Op) -> Function:
    v.regions(op, 0)
    callee = v.module.functions.get(op.attrs.get("function", ""))
    if callee is None:
        v.fail(f"there is no function {op.attrs.get('function')!r}")
    return callee


_SIGNATURES: dict[str, Callable[[_FunctionVerifier, Op], None]] = {
    "if": check_if,
    "switch": check_switch,
    "while": check_while,
    "for": check_for,
    "call": check_call,
    "linearize": check_linearize,
    "jvp": check_jvp,
    "pullback": check_tape,
    "pushforward": check_tape,
}


def _types(values: Iterable[Value]) -> list[TensorType]:
    return [v.type for v in values]


def _listed(types: Iterable[TensorType]) -> str:
    return f"({', '.join(map(str, types))})"
