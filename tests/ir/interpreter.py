"""Runs IR directly: each op by the reference in its record, control operations as their docstring says. An oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value

Values = dict[Value, Any]


def run(module: Module, args: Sequence[Any]) -> list[np.ndarray]:
    """The results of the entry function."""
    arrays = [np.array(a, v.type.dtype) for a, v in zip(args, module.entry.params, strict=True)]
    with np.errstate(all="ignore"):
        return call(module, module.entry, arrays)


def call(module: Module, function: Function, args: Sequence[Any]) -> list[np.ndarray]:
    return run_block(module, function.block, args, {})


def run_block(module: Module, block: Block, args: Sequence[Any], outer: Values) -> list[np.ndarray]:
    values = {**outer, **dict(zip(block.args, args, strict=True))}
    for op in block.ops:
        results = run_op(module, op, [values[v] for v in op.operands], values)
        for value, result in zip(op.results, results, strict=True):
            assert np.shape(result) == value.type.shape, f"{op}: {np.shape(result)}"
            assert np.asarray(result).dtype == value.type.dtype, f"{op}: {np.asarray(result).dtype}"
            values[value] = np.array(result)
    return [values[v] for v in block.results]


def run_op(module: Module, op: Op, operands: list[Any], values: Values) -> Sequence[Any]:
    if op.name == "if":
        return run_block(module, op.regions[0 if operands[0] else 1], [], values)
    if op.name == "switch":
        return run_block(module, op.regions[int(np.clip(operands[0], 0, len(op.regions) - 1))], [], values)
    if op.name == "for":
        return run_for(module, op, operands, values)
    if op.name == "while":
        return run_while(module, op, operands, values)
    if op.name == "call":
        return call(module, module.functions[op.attrs["function"]], operands)
    results = op.kind.reference(*operands, **op.attrs)
    return results if isinstance(results, tuple) else (results,)


def run_for(module: Module, op: Op, operands: list[Any], values: Values) -> list[Any]:
    count, *carried = operands
    trips = range(int(count))
    for k in trips if op.attrs["direction"] > 0 else reversed(trips):
        carried = run_block(module, op.regions[0], [np.int64(k), *carried], values)
    return carried


def run_while(module: Module, op: Op, carried: list[Any], values: Values) -> list[Any]:
    cond, body = op.regions
    trips = 0
    while run_block(module, cond, carried, values)[0]:
        carried = run_block(module, body, [np.int64(trips), *carried], values)
        trips += 1
    return [np.int64(trips), *carried]
