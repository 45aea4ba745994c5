"""All loops over lanes of a program, those inside of others first."""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value, substitute, walk
from hloc.ir.types import I64
from hloc.program import Batch
from hloc.transform.call_graph import callees, callees_first
from hloc.transform.convert_if_to_select import convert_if_to_select
from hloc.transform.differentiate.inline import inline_all
from hloc.transform.eliminate_common_subexpressions import eliminate_common_subexpressions
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.fold_constants import fold_constants
from hloc.transform.lanes.blocks import in_blocks, width_of
from hloc.transform.lanes.choose import choose
from hloc.transform.lanes.expand import Lanes, at_once, prepare
from hloc.transform.lanes.meter import Meter

_QUICK = (fold_constants, eliminate_common_subexpressions, eliminate_dead_code)


def expand_lanes(module: Module, platform: str, meter: Meter | None = None) -> list[Batch]:
    """Leave no loop over lanes in `module`, in place; gives what was decided about each, in order of the program.

    platform: "cpu", "cuda" or "tpu". Functions on cycles of calls must be gone.
    meter: counts how many lanes are active, in loops that all go in lockstep for that.
    """
    if meter is not None:
        inline_all(module, module.entry.block)
    loops = [op for f in module.functions.values() for op in walk(f.block) if "lanes" in op.attrs]
    if not loops:
        return []
    for op in loops:
        inline_all(module, op.regions[0])
    _tidy(module)
    graph = {name: callees(module, function) for name, function in module.functions.items()}
    batches: list[Batch] = []
    for name in callees_first(graph, module.main):
        batches += _Expansion(module.functions[name], platform, meter).run()
    return batches


def _tidy(module: Module) -> None:
    """Clean up what has been written out, by quick passes: all of them run once more before emission.

    Cheap branches become choices, which need neither masks nor a second store.
    """
    for run in (*_QUICK, convert_if_to_select, *_QUICK):
        run(module)


class _Expansion:
    """Goes through one function. `constants`: integers that values are known to be; `zeros`: values that are 0."""

    def __init__(self, function: Function, platform: str, meter: Meter | None) -> None:
        self.function, self.platform, self.meter = function, platform, meter
        self.batches: list[Batch] = []
        self.constants: dict[Value, int] = {}
        self.zeros: set[Value] = set()

    def run(self) -> list[Batch]:
        if any("lanes" in op.attrs for op in walk(self.function.block)):
            self.note_constants(self.function.block)
            self.block(self.function.block)
        return self.batches

    def note_constants(self, block: Block) -> None:
        for op in walk(block):
            if op.name == "constant" and op.result.type == I64:
                self.constants[op.result] = int(op.attrs["value"])
            repeats = op.name in ("broadcast_in_dim", "reshape") and op.operands[0] in self.zeros
            if repeats or (op.name == "constant" and not op.attrs["value"].any()):
                self.zeros.add(op.result)

    def block(self, block: Block) -> None:
        ops, block.ops = block.ops, []
        b = Builder(block)
        renamed: dict[Value, Value] = {}
        for op in ops:
            op.operands = tuple(renamed.get(v, v) for v in op.operands)
            for region in op.regions:
                substitute(region, renamed)
                self.block(region)
            if "lanes" in op.attrs:
                renamed.update((v, new) for v, new in zip(op.results, self.loop(b, op), strict=False) if new is not v)
            else:
                block.ops.append(op)
        block.results = [renamed.get(v, v) for v in block.results]

    def loop(self, b: Builder, op: Op) -> Sequence[Value]:
        """What stands for the results of a loop over lanes."""
        self.note_constants(op.regions[0])
        asked, size = op.attrs.pop("lanes"), self.constants.get(op.operands[0])
        if self.meter is not None:
            return self.metered(b, op, size, self.meter)
        prepared = prepare(op, size, self.constants, self.zeros)
        batch = choose(asked, op, size, prepared, self.platform)
        self.batches.append(batch)
        if isinstance(prepared, Lanes) and batch.chosen != "serial":
            width = width_of(prepared) if batch.chosen in ("simd", "lockstep") and self.platform == "cpu" else None
            return at_once(b, prepared) if width is None else in_blocks(b, prepared, width)
        b.block.ops.append(op)
        return op.results

    def metered(self, b: Builder, op: Op, size: int | None, meter: Meter) -> Sequence[Value]:
        """The same in lockstep where the lanes are independent, with what is counted inside handed on."""
        count = len(op.results)
        items = meter.carry(b, op)
        prepared = prepare(op, size, self.constants, self.zeros)
        if isinstance(prepared, Lanes):
            results = at_once(b, prepared, meter)
        else:
            b.block.ops.append(op)
            results = list(op.results)
        meter.outside(b, items, results[count:])
        return results[:count]
