"""Makes of any program one that runs it in many lanes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import I64


def over_lanes(module: Module, lanes: int, strategy: str, shared: Collection[int] = ()) -> None:
    """Give a module a new entry, in place, that calls its entry for each lane with slices of stacked arguments.

    shared: the numbers of parameters that are the same for all lanes.
    """
    inner = module.entry
    stacked_types = [p.type.with_shape((lanes, *p.type.shape)) for p in inner.params]
    types = [p.type if n in shared else t for n, (p, t) in enumerate(zip(inner.params, stacked_types, strict=True))]
    block = Block([Value(t, p.name) for t, p in zip(types, inner.params, strict=True)])
    b = Builder(block)
    count = b.emit(REGISTRY["constant"], value=np.array(lanes, np.int64))
    types = [r.type.with_shape((lanes, *r.type.shape)) for r in inner.results]
    outs = [b.emit(REGISTRY["empty"], shape=t.shape, dtype=t.dtype) for t in types]
    with b.at(Block()) as body:
        k = body.add_arg(I64, "lane")
        args = [body.add_arg(t) for t in types]
        zero = b.emit(REGISTRY["constant"], value=np.array(0, np.int64))
        slices = [
            b.emit(REGISTRY["read"], p, k, *[zero] * (p.type.rank - 1), sizes=(1, *p.type.shape[1:]), drop=(0,))
            if number not in shared
            else p
            for number, p in enumerate(block.args)
        ]
        inner_types = [r.type for r in inner.results]
        results = b.emit_op(REGISTRY["call"], slices, inner_types, {"function": inner.name}, ())
        body.results = [
            b.emit(REGISTRY["upd"], out, r, k, *[zero] * r.type.rank, drop=(0,), mode="set")
            for out, r in zip(args, results, strict=True)
        ]
    attrs = {"direction": 1, "lanes": strategy}
    block.results = list(b.emit_op(REGISTRY["for"], [count, *outs], types, attrs, [body]))
    module.main = module.add(Function("lanes", block)).name


def stacked(arguments: Sequence[Sequence[Any]], shared: Collection[int] = ()) -> list[np.ndarray]:
    """The arguments of several calls, stacked; of those that are shared, what the first call is given."""
    columns = enumerate(zip(*arguments, strict=True))
    return [np.asarray(c[0]) if n in shared else np.stack([np.asarray(x) for x in c]) for n, c in columns]
