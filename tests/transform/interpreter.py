"""The meaning of an SSA program: runs a module on NumPy arrays through the reference of each record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc.ir.core import Block, Module, Op, Value

Scope = dict[Value, np.ndarray]


def run(
    module: Module, arguments: Sequence[Any], observe: Callable[[Value, np.ndarray], None] | None = None
) -> list[np.ndarray]:
    """The results of the main function of `module`; `observe` is told of each value when it is defined."""
    params = module.entry.params
    arrays = [np.asarray(a, p.type.dtype) for a, p in zip(arguments, params, strict=True)]
    with np.errstate(all="ignore"):
        return _Interpreter(module, observe or (lambda value, array: None)).block(module.entry.block, arrays, {})


class _Interpreter:
    def __init__(self, module: Module, observe: Callable[[Value, np.ndarray], None]) -> None:
        self.module = module
        self.observe = observe

    def block(self, block: Block, arguments: Sequence[np.ndarray], scope: Scope) -> list[np.ndarray]:
        for arg, array in zip(block.args, arguments, strict=True):
            scope[arg] = array
            self.observe(arg, array)
        for op in block.ops:
            operands = [scope[v] for v in op.operands]
            control = getattr(self, op.name + "_", None)
            results = control(op, operands, scope) if control else _compute(op, operands)
            for value, array in zip(op.results, results, strict=True):
                scope[value] = np.asarray(array)
                assert scope[value].shape == value.type.shape, (op, scope[value])
                assert scope[value].dtype == value.type.dtype, (op, scope[value])
                self.observe(value, scope[value])
        return [scope[v] for v in block.results]

    def if_(self, op: Op, operands: list[np.ndarray], scope: Scope) -> list[np.ndarray]:
        return self.block(op.regions[0 if operands[0] else 1], (), scope)

    def switch_(self, op: Op, operands: list[np.ndarray], scope: Scope) -> list[np.ndarray]:
        return self.block(op.regions[np.clip(operands[0], 0, len(op.regions) - 1)], (), scope)

    def for_(self, op: Op, operands: list[np.ndarray], scope: Scope) -> list[np.ndarray]:
        count, *carries = operands
        for k in range(int(count))[:: op.attrs.get("direction", 1)]:
            carries = self.block(op.regions[0], [np.asarray(k, np.int64), *carries], scope)
        return carries

    def while_(self, op: Op, operands: list[np.ndarray], scope: Scope) -> list[np.ndarray]:
        count, carries = 0, operands
        while self.block(op.regions[0], carries, scope)[0]:
            carries = self.block(op.regions[1], [np.asarray(count, np.int64), *carries], scope)
            count += 1
            assert count < 1000, "the program does not end"
        return [np.asarray(count, np.int64), *carries]

    def call_(self, op: Op, operands: list[np.ndarray], scope: Scope) -> list[np.ndarray]:
        return self.block(self.module.functions[op.attrs["function"]].block, operands, {})


def _compute(op: Op, operands: list[np.ndarray]) -> Sequence[Any]:
    if op.name == "constant":
        return [op.attrs["value"]]
    result = op.kind.reference(*operands, **op.attrs)
    return [result] if len(op.results) == 1 else result
