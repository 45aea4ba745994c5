"""Constants and unchanged values pass through calls, recursive ones too.

func @f(%n, %s, %e) {                                func @f(%n, %s, %e) {
  %y, %t, %d = if %p then {                            %y, %t, %d = if %p then {
    %a, %t1, %d1 = call @f %m, %s, %e                    %a, %t1, %d1 = call @f %m, %s, %e
    … %t1 …; yield %b, %t1, %d1 }                 →      … %s …; yield %b, %s, 0 }
    else { yield %x, %s, %e }                            else { yield %x, %s, 0 }
  return %y, %t, %d }                                  return %y, %t, %d }
func @main(%n, %v) {                                 func @main(%n, %v) {
  %r, %w, %e = call @f %n, %v, 0; return %r, %w, %e }  %r, %w, %e = call @f %n, %v, 0; return %r, %v, 0 }

For each value that is only handed on, by calls, branches and loops, it is found what it always is: a constant, or
another value of its function. At first nothing is known, so that a recursive call says nothing about itself, and a
value is what is known of those that it may be. What turns out to be several things stands for itself from then on, and
the others are found anew, until all agrees (optimistic propagation: Wegman and Zadeck, Constant propagation with
conditional branches, 1991). Values are replaced by what they are; what is dead then goes with `eliminate_dead_code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value, substitute, used_values, walk
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import TensorType
from hloc.transform.call_graph import fixed_signatures
from hloc.transform.regions import carries_of

_LARGEST = 64
"""Constants with more elements are left alone."""


@dataclass(frozen=True)
class _Constant:
    type: TensorType
    bits: bytes


Known = Value | _Constant
"""What a value always is: a constant, another value of its function, or itself where neither is so."""


def fold_calls(module: Module) -> bool:
    """Replace what calls hand on, in place, in programs that have calls; says whether anything changed."""
    if not any(op.name == "call" for function in module.functions.values() for op in walk(function.block)):
        return False
    flow = _Flow(module)
    found = [_replace(function, flow) for function in module.functions.values()]
    return any(found)


class _Flow:
    """What values are.

    Fields:
        rules: values that may be one of several things → what finds out what they are, None while nothing is known.
        known: what those and the constants are, as far as is known.
        depth: how many blocks a value is defined inside of.
        arguments: parameters that are known by all calls → what these pass.
    """

    def __init__(self, module: Module) -> None:
        self.functions = module.functions
        self.rules: dict[Value, Callable[[], Known | None]] = {}
        self.known: dict[Value, Known] = {}
        self.depth: dict[Value, int] = {}
        fixed = fixed_signatures(module)
        inner = [function for name, function in module.functions.items() if name not in fixed]
        self.arguments: dict[Value, list[Value]] = {param: [] for function in inner for param in function.params}
        for param in self.arguments:
            self.rules[param] = partial(self.passed, param)
        for function in module.functions.values():
            self.enter(function.block, 0)
        self.solve()

    def solve(self) -> None:
        """Apply the rules until all values are what they say."""
        constants = {v: known for v, known in self.known.items() if v not in self.rules}
        settled: set[Value] = set()
        while True:
            new, several = False, set[Value]()
            for value, rule in self.rules.items():
                before, found = self.known.get(value), rule()
                if value not in settled and found is not None and found != before:
                    new = True
                    self.known[value] = found if before is None else value
                    if self.known[value] is value:
                        several.add(value)
            if several:
                settled |= several
                self.known = {**constants, **{value: value for value in settled}}
            elif not new:
                return

    def of(self, value: Value) -> Known | None:
        return self.known.get(value) if value in self.rules else self.known.get(value, value)

    def enter(self, block: Block, depth: int) -> None:
        """Make the rules of a block, in the order of the program."""
        self.depth.update((arg, depth) for arg in block.args)
        for op in block.ops:
            self.depth.update((result, depth) for result in op.results)
            if op.name == "constant" and op.result.type.size <= _LARGEST:
                self.known[op.result] = _Constant(op.result.type, op.attrs["value"].tobytes())
            elif op.name == "select":
                self.choose(op.result, op.operands[1:])
            elif op.name == "call":
                self.enter_call(op)
            elif op.name in ("for", "while"):
                self.enter_carries(op)
            for region in op.regions:
                self.enter(region, depth + 1)
            if op.name in ("if", "switch"):
                for result, *yielded in zip(op.results, *(region.results for region in op.regions), strict=True):
                    self.choose(result, yielded)

    def enter_call(self, op: Op) -> None:
        callee = self.functions[op.attrs["function"]]
        if len(op.attrs) == 1:  # else it says how it is differentiated
            for result, returned in zip(op.results, callee.results, strict=True):
                self.rules[result] = partial(self.returned, op, result, callee, returned)
        for param, argument in zip(callee.params, op.operands, strict=True):
            if param in self.arguments:
                self.arguments[param].append(argument)

    def enter_carries(self, op: Op) -> None:
        body = op.regions[-1]
        for number, init in enumerate(op.operands[carries_of(op)]):
            args = [body.args[number + 1], *(region.args[number] for region in op.regions[:-1])]
            for arg in args:
                self.rules[arg] = partial(self.carried, arg, init, body.results[number])
            self.choose(op.results[number + (op.name == "while")], args[:1])

    def choose(self, value: Value, candidates: Iterable[Value]) -> None:
        self.rules[value] = partial(self.chosen, value, tuple(candidates))

    # --- the rules

    def passed(self, param: Value) -> Known | None:
        """A constant that all calls pass, but for those that pass the parameter on."""
        found = {self.of(argument) for argument in self.arguments[param]} - {None, param}
        if not found:
            return None
        (first, *others) = found
        return first if isinstance(first, _Constant) and not others else param

    def chosen(self, value: Value, candidates: Iterable[Value]) -> Known | None:
        """What all candidates are, where `value` is defined."""
        found = {self.of(candidate) for candidate in candidates} - {None}
        if not found:
            return None
        (first, *others) = found
        inside = isinstance(first, Value) and self.depth[first] > self.depth[value]
        return value if others or inside else first

    def carried(self, arg: Value, init: Value, yielded: Value) -> Known | None:
        """What the carry of a loop begins with, if each trip yields that or the carry itself."""
        return None if self.of(init) is None else self.chosen(arg, [init, yielded])

    def returned(self, op: Op, result: Value, callee: Function, value: Value) -> Known | None:
        """A constant that a function returns, or the argument for the parameter that it returns."""
        known = self.of(value)
        if known is None or isinstance(known, _Constant):
            return known
        return self.of(op.operands[callee.params.index(known)]) if known in callee.params else result


def _replace(function: Function, flow: _Flow) -> bool:
    """Put in place of values what they are."""
    used = used_values(function.block)
    mapping: dict[Value, Value] = {}
    constants: dict[_Constant, Op] = {}
    for value in _defined(function.block):
        known = flow.of(value) if value in flow.rules and value in used else None
        if isinstance(known, _Constant):
            mapping[value] = constants.setdefault(known, _constant_op(known, function)).result
        elif known is not None and known is not value:
            mapping[value] = known
    substitute(function.block, mapping)
    function.block.ops[:0] = constants.values()
    return bool(mapping)


def _defined(block: Block) -> Iterator[Value]:
    yield from block.args
    for op in block.ops:
        yield from op.results
        for region in op.regions:
            yield from _defined(region)


def _constant_op(constant: _Constant, function: Function) -> Op:
    array = np.frombuffer(constant.bits, constant.type.dtype).reshape(constant.type.shape)
    return Op(REGISTRY["constant"], (), {"value": array}, (), (Value(constant.type),), function.span)
