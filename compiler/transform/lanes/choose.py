"""Which strategy a loop over lanes gets.

simd       for all lanes at once; control is the same for all
lockstep   for all lanes at once, with masks
pc         the same, where the loop that lanes leave was recursion
serial     a loop, one lane after another

On a CPU, lanes that part ways are best run one after another: together they take as long as the longest of them, and
wait at every step.
"""

from __future__ import annotations

from hloc.ir.core import Op, Value, walk
from hloc.program import Batch, Varying
from hloc.transform.lanes.carries import Dependence
from hloc.transform.lanes.expand import Lanes


def choose(asked: str, op: Op, size: int | None, found: Lanes | Dependence, platform: str) -> Batch:
    """The decision about a loop over lanes, for which the user asked for a strategy or "auto"."""
    if isinstance(found, Dependence):
        span = found.culprit.span if found.culprit is not None else op.span
        name = f"{found.name}: " if found.name else ""
        return Batch(op.span, size or 0, asked, "serial", f"{name}{found.reason}", culprit=span)
    together = "lockstep" if _parting(found) else "simd"
    if asked != "auto":
        chosen, reason = asked if asked == "serial" else together if asked == "simd" else asked, "asked for"
    elif platform == "cpu" and _parting(found):
        chosen, reason = "serial", "lanes leave loops at different times"
    else:
        chosen, reason = together, "control is the same for all lanes" if together == "simd" else "lanes part ways"
    return Batch(op.span, found.size, asked, chosen, reason, _varying(found))


def _parting(lanes: Lanes) -> bool:
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
