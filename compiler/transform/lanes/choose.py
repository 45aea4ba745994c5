"""Which strategy a loop over lanes gets.

simd       for all lanes at once; control is the same for all
lockstep   for all lanes at once, with masks
pc         the same, asked for by the name that it has where the loop was recursion
serial     a loop, one lane after another

Lanes that part ways wait for each other in lockstep: on a CPU they are run one after another, unless a step costs much
less for many at once. Then it pays even if most of them wait.
"""

from __future__ import annotations

from hloc.ir.core import Op, Value, walk
from hloc.program import Batch, Varying
from hloc.transform.lanes.carries import Dependence
from hloc.transform.lanes.cost import cost_of
from hloc.transform.lanes.expand import Lanes

ENOUGH = 32
"""Lanes from which it pays to run them in lockstep on a CPU."""
WORTH = 1.3
"""How many times less a step must cost for many lanes, where each of them writes to a place of its own."""
WAITING = 2.5
"""How many times less a step in lockstep must cost: as if so many lanes were there for each one that is active."""


def choose(asked: str, op: Op, size: int | None, found: Lanes | Dependence, platform: str) -> Batch:
    """The decision about a loop over lanes, for which the user asked for a strategy or "auto"."""
    if isinstance(found, Dependence):
        span = found.culprit.span if found.culprit is not None else op.span
        name = f"{found.name}: " if found.name else ""
        return Batch(op.span, size or 0, asked, "serial", f"{name}{found.reason}", culprit=span)
    together = "lockstep" if parting(found) else "simd"
    if asked != "auto":
        chosen, reason = together if asked == "simd" else asked, "asked for"
    elif platform == "cpu" and parting(found):
        chosen, reason = _by_cost(found)
    elif platform == "cpu" and _scattering(found) and cost_of(found).alone < WORTH * cost_of(found).together:
        chosen, reason = "serial", "each lane writes to places of its own, one after another"
    else:
        chosen, reason = together, "control is the same for all lanes" if together == "simd" else "lanes part ways"
    return Batch(op.span, found.size, asked, chosen, reason, _varying(found))


def _by_cost(lanes: Lanes) -> tuple[str, str]:
    """Lockstep or one after another, where lanes leave loops at different times."""
    cost = cost_of(lanes)
    if lanes.size >= ENOUGH and cost.alone >= WAITING * cost.together:
        gain = f"{cost.alone / cost.together:.1f} times"
        return "lockstep", f"lanes leave loops at different times, but a step of many at once costs {gain} less"
    return "serial", "lanes leave loops at different times"


def _scattering(lanes: Lanes) -> bool:
    """Whether lanes write, in loops, to places that differ."""
    varies = lanes.uniformity.varies
    loops = [op for op in walk(lanes.body) if op.name in ("for", "while")]
    stores = (op for loop in loops for op in walk(loop.regions[-1]) if op.name in ("upd", "scatter"))
    return any(varies(op.operands[0]) and any(map(varies, op.operands[2:])) for op in stores)


def parting(lanes: Lanes) -> bool:
    """Whether lanes leave loops at different times, or take branches with loops differently."""
    return any(
        op.name in ("for", "while") or any(inner.name in ("for", "while") for r in op.regions for inner in walk(r))
        for op in lanes.uniformity.divergent
    )


def _varying(lanes: Lanes) -> tuple[Varying, ...]:
    """The named values that vary, each with those because of which it does."""
    cause = lanes.uniformity.cause
    found: dict[Varying, None] = {}
    for op in walk(lanes.body):
        for value in op.results:
            if value in cause and value.name:
                found[Varying(value.name, value.type, tuple(_because(value, cause)), op.span)] = None
    return tuple(found)


def _because(value: Value, cause: dict[Value, Value | None]) -> list[str]:
    """The names of what makes a value vary, back to what the lane is given."""
    names: list[str] = []
    at: Value | None = cause[value]
    while at is not None:
        if at.name and at.name != value.name and at.name not in names:
            names.append(at.name)
        at = cause[at]
    return names
