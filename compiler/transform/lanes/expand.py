"""One loop over lanes written out, by the strategy that is chosen for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, clone_block, walk
from hloc.ops.algebra import emit, iota
from hloc.transform.lanes.carries import Carry, Classifier, Dependence, Last, Row, Sum
from hloc.transform.lanes.meter import Meter
from hloc.transform.lanes.rows import keep_own_part, put_rows, take_rows
from hloc.transform.lanes.uniformity import Uniformity
from hloc.transform.lanes.vectorize import Vectorizer
from hloc.transform.lanes.versions import Uses, uses_of


@dataclass
class Lanes:
    """A loop over lanes whose trips are independent, ready to be written for all lanes at once.

    Fields:
        op: the loop.
        size: the number of lanes.
        body: a copy of its body, in which each lane carries its own parts of arrays only.
        carries: what the loop carries, None for what it hands on unchanged.
        uniformity: what varies.
        counters: values that are the lane's number.
        uses: of values in the body.
        sums: versions of what all lanes add to → how.
        zeros: values from outside that are 0.
    """

    op: Op
    size: int
    body: Block
    carries: list[Carry | None]
    uniformity: Uniformity
    counters: set[Value]
    uses: Uses
    sums: dict[Value, Sum]
    zeros: Collection[Value] = ()


def prepare(
    op: Op, size: int | None, constants: Mapping[Value, int], zeros: Collection[Value] = ()
) -> Lanes | Dependence:
    """Look at a loop over lanes, without changing it; gives what makes its trips depend on each other, if they do.

    size: the number of lanes, None where it is not known.   constants: integers that values are known to be.
    zeros: values that are 0.
    """
    if size is None:
        return Dependence("", "the number of lanes is not known", op)
    call = next((inner for inner in walk(op.regions[0]) if inner.name == "call"), None)
    if call is not None:
        return Dependence("", f"it calls {call.attrs['function']}, which cannot be written out", call)
    renamed: dict[Value, Value] = {}
    body = clone_block(op.regions[0], renamed)
    known = dict(constants) | {renamed[v]: value for v, value in constants.items() if v in renamed}
    classifier = Classifier(body, size, uses_of(body), known)
    carries: list[Carry | None] = []
    for index, (arg, last) in enumerate(zip(body.args[1:], body.results, strict=True)):
        carry = None if arg is last else classifier.carry(index)
        if isinstance(carry, Dependence):
            return carry
        carries.append(carry)
    for carry in carries:
        if isinstance(carry, Row):
            keep_own_part(body, carry)
    sums = {v: carry for carry in carries if isinstance(carry, Sum) for v in carry.versions.values}
    varying = [body.args[0], *(a for a, c in zip(body.args[1:], carries, strict=True) if isinstance(c, Row))]
    uniformity = Uniformity(body, varying, sums)
    return Lanes(op, size, body, carries, uniformity, classifier.counters, uses_of(body), sums, zeros)


def at_once(b: Builder, lanes: Lanes, meter: Meter | None = None) -> list[Value]:
    """Write the loop for all lanes at once; gives what stands for its results."""
    op, body, size = lanes.op, lanes.body, lanes.size
    inits = list(op.operands[1:])
    if not size:
        return inits
    b.span = op.span
    producers = {v: inner for inner in walk(body) for v in inner.results}
    v = Vectorizer(b, size, lanes.uniformity, lanes.sums, lanes.counters, producers, lanes.uses, meter)
    v.zeros = lanes.zeros
    v.bind(body.args[:1], [iota(b, (size,), 0)])
    for arg, init, carry in zip(body.args[1:], inits, lanes.carries, strict=True):
        v.bind([arg], [take_rows(b, init, carry, size) if isinstance(carry, Row) else init])
    v.block(body)
    b.span = op.span
    ends = []
    for init, value, carry in zip(inits, body.results, lanes.carries, strict=True):
        if isinstance(carry, Row):
            ends.append(put_rows(b, init, v.lanes(value), carry))
        elif isinstance(carry, Last) and v.varies(value):
            ends.append(of_last(v, v.get(value), op.attrs["direction"]))
        else:
            ends.append(v.get(value))
    return ends


def of_last(v: Vectorizer, value: Value, direction: int) -> Value:
    """What the last lane of a loop has."""
    starts = [v.number(v.size - 1 if direction > 0 else 0), *(v.number(0) for _ in value.type.shape[1:])]
    return emit(v.b, "read", value, *starts, sizes=(1, *value.type.shape[1:]), drop=(0,))
