"""Random programs with a loop over lanes: each lane runs a random body on its own slices and on what all share.

In the body, also inside of its loops and branches, lanes write to their own part of an array, and add to a number and
to elements of an array that all lanes add to.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import B1, F64, I64, TensorType
from hloc.transform.thread import Thread
from tests.transform.programs import ROW, TABLE, Generator, random_arguments

LANE = (I64, I64, F64, B1, ROW, TABLE)
ITEMS = ("own", "number", "elements")


def random_lanes(seed: int, lanes: int, strategy: str, size: int = 6) -> Module:
    """`main` takes what a random program takes, for each lane (stacked) and once more for all lanes."""
    rng = Random(seed)
    module = Module()
    helper, main = Block(), Block()
    for number, type in enumerate((I64, F64, ROW)):
        helper.add_arg(type, f"p{number}")
    for number, type in enumerate(LANE):
        main.add_arg(type.with_shape((lanes, *type.shape)), f"xs{number}")
    for number, type in enumerate(LANE):
        main.add_arg(type, f"c{number}")
    function = module.add(Function("main", main))
    module.add(Function("helper", helper))
    Generator(rng, module, module.functions["helper"]).fill(2, size // 2, (F64, ROW))
    _Lanes(rng, module, function, lanes).loop_over_lanes(size, strategy)
    return module


def random_lane_arguments(seed: int, lanes: int) -> list[Any]:
    """Arguments for `main`; some lanes are given the same."""
    rng = Random(seed)
    given = [random_arguments(seed * 50 + (0 if rng.random() < 0.3 else lane)) for lane in range(lanes)]
    columns = zip(*given, strict=True)
    stacked = [np.stack([np.asarray(x, t.dtype) for x in column]) for column, t in zip(columns, LANE, strict=True)]
    return stacked + random_arguments(seed + 7)


class _Lanes(Generator):
    def __init__(self, rng: Random, module: Module, function: Function, lanes: int) -> None:
        super().__init__(rng, module, function)
        self.lanes = lanes
        self.stacked, self.scope = self.scope[: len(LANE)], self.scope[len(LANE) :]

    def loop_over_lanes(self, size: int, strategy: str) -> None:
        types = [self.rng.choice(LANE) for _ in range(2)]
        inits = [self.bare("empty", shape=(self.lanes, *t.shape), dtype=t.dtype) for t in types]
        state = self.states()
        count = self.bare("constant", value=np.array(self.lanes, np.int64))
        body, outside = Block(), len(self.scope)
        with self.b.at(body):
            k = body.add_arg(I64, "k")
            outs = [body.add_arg(init.type, "out") for init in inits]
            given = {item: body.add_arg(value.type, item) for item, value in state.items()}
            for array, type in zip(self.stacked, LANE, strict=True):
                self.scope.append(self.at_lane(array, k, type))
            self.steps(3, size)
            stacked = [self.stack(out, k, t, outside) for out, t in zip(outs, types, strict=True)]
            self.thread(body, given, k)
            body.results = [*stacked, *given.values()]
        carried = [*inits, *state.values()]
        direction = self.rng.choice((1, 1, -1))
        attrs = {"direction": direction, "lanes": strategy}
        results = self.b.emit_op(REGISTRY["for"], [count, *carried], [v.type for v in carried], attrs, [body])
        self.function.block.results = list(results)

    def bare(self, name: str, *operands: Value, **attrs: Any) -> Value:
        """An operation whose result the program does not use by chance."""
        return self.b.emit(REGISTRY[name], *operands, **attrs)

    def states(self) -> dict[str, Value]:
        zeros = self.bare("constant", value=np.zeros(5))
        own = TensorType((self.lanes, 3), F64.dtype)
        return {
            "own": self.bare("broadcast_in_dim", self.bare("constant", value=np.array(1.0)), shape=own.shape, dims=()),
            "number": self.bare("constant", value=np.array(0, np.int64)),
            "elements": zeros,
        }

    def at_lane(self, array: Value, k: Value, type: TensorType) -> Value:
        zero = self.bare("constant", value=np.array(0, np.int64))
        sizes = (1, *type.shape)
        return self.bare("read", array, k, *(zero for _ in type.shape), sizes=sizes, drop=(0,))

    def stack(self, out: Value, k: Value, type: TensorType, outside: int) -> Value:
        zero = self.bare("constant", value=np.array(0, np.int64))
        value = self.summary(type, outside)
        return self.bare("upd", out, value, k, *(zero for _ in type.shape), drop=(0,), mode="set")

    # ---- state that goes through the body, also through its loops and branches

    def steps(self, depth: int, size: int) -> None:
        for _ in range(2):
            super().steps(depth, max(size // 2, 1))
            if self.rng.random() < 0.35:
                item = self.rng.choice(ITEMS)
                value = self.pick(I64 if item == "number" else F64)
                operands = (value, self.pick(I64))
                self.b.block.ops.append(Op(REGISTRY["copy"], operands, {"item": item}, (), ()))

    def thread(self, body: Block, state: dict[str, Value], k: Value) -> None:
        def step(op: Op, now: dict[str, Value]) -> Sequence[Op]:
            item = op.attrs.get("item")
            if item is None:
                return [op]
            block = Block()
            now[item] = self.change(Builder(block), item, now[item], *op.operands, k)
            return block.ops

        def changes(op: Op) -> list[str]:
            return [op.attrs["item"]] if "item" in op.attrs else []

        Thread(changes, step).block(body, state)

    def change(self, b: Builder, item: str, now: Value, value: Value, place: Value, k: Value) -> Value:
        if item == "number":
            return b.emit(REGISTRY["add"], now, value)
        if item == "elements":
            bounded = b.emit(REGISTRY["sine"], value)
            return b.emit(REGISTRY["upd"], now, bounded, place, drop=(0,), mode="add")
        mode = self.rng.choice(("set", "add"))
        return b.emit(REGISTRY["upd"], now, value, k, place, drop=(0, 1), mode=mode)
