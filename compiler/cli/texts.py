"""The texts that `compile` and `explain` print: stages, a summary, what was decided."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from hloc.api import CompiledFunction
from hloc.diagnostics.render import display_path

if TYPE_CHECKING:
    from hloc.cli.arguments import Arguments
    from hloc.diagnostics.span import Span
    from hloc.inspection import Compiled, Explanation, Lowered
    from hloc.program import Batch, StaticUse, Utilisation, Varying

SECTIONS = {
    "static": ("Static", "{what}: used as {reason}", "Nothing became static: all arguments are data."),
    "repeated": (
        "Repeated",
        "{what}: because of {reason}",
        "No loop is repeated: each loop of the source is one loop of the program.",
    ),
    "checks": ("Checks", "{what}: {reason}", "No check remains."),
}
"""For each kind of decision its title, how one is told, and what is said where there is none."""


def emitted_texts(
    function: CompiledFunction,
    types: Arguments,
    stages: Sequence[str],
    after: str | None = None,
    target: str | None = None,
) -> dict[str, str]:
    """The texts of the stages asked for, by stage; XLA runs only where one needs it.

    after: the pass after which to show the program, in the stages "ssa" and "python".
    target: the device to compile for, which need not be here.
    """
    if tuple(stages) == ("source",):
        return {"source": source_of(function)[0]}
    if target is not None:
        function = _for_platform(function, target.partition(":")[0])
    lowered = function.lower(*types.positional, **types.keywords)
    lowered = lowered if target is None else lowered.for_target(target)
    if after is not None:
        later = lowered.after(after)
        return {stage: getattr(later, stage) for stage in stages}
    compiled = lowered.compile() if {"hlo", "report"} & set(stages) else None
    return {stage: _stage_text(stage, function, types, lowered, compiled) for stage in stages}


def _stage_text(
    stage: str, function: CompiledFunction, types: Arguments, lowered: Lowered, compiled: Compiled | None
) -> str:
    if stage == "source":
        return source_of(function)[0]
    if compiled is not None and stage == "hlo":
        return compiled.optimized_hlo
    if compiled is not None and stage == "report":
        explanation = function.explain(*types.positional, **types.keywords)
        return "\n".join(report_lines(function.__name__, lowered, compiled, explanation))
    text: str = getattr(lowered, stage)
    return text


def _for_platform(function: CompiledFunction, platform: str) -> CompiledFunction:
    """The same function, compiled for another platform."""
    options = dataclasses.replace(function.options, device=platform)
    return CompiledFunction(function.__hloc_function__, options, function.signature)


def report_lines(name: str, lowered: Lowered, compiled: Compiled, explanation: Explanation) -> Iterator[str]:
    """A summary: sizes of the stages, XLA's cost and memory estimates, what was decided."""
    yield name if compiled.target is None else f"{name} on {compiled.target}"
    for stage in ("ssa", "stablehlo"):
        yield f"  {stage}: {len(getattr(lowered, stage).splitlines())} lines"
    yield f"  optimised HLO: {len(compiled.optimized_hlo.splitlines())} lines"
    yield f"  cost: {_numbers(compiled.cost)}"
    yield f"  memory in bytes: {_numbers(asdict(compiled.memory))}"
    if compiled.target is not None and compiled.target.platform == "tpu" and "f64>" in lowered.stablehlo:
        yield "  float64: computed by pairs of float32, with 48 significant bits and the range of float32"
    yield from (f"  {line}" for line in explanation_lines(explanation))


def _numbers(numbers: Mapping[str, float]) -> str:
    """Those that are not zero: `flops 1,200, bytes accessed 64, optimal_seconds 4.02e-06`."""
    texts = {name: f"{value:,.0f}" if value >= 1 else f"{value:.3g}" for name, value in numbers.items() if value}
    return ", ".join(f"{name} {text}" for name, text in texts.items()) or "none"


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """An explanation as text, a section for each kind of decision."""
    for section, (title, form, nothing) in SECTIONS.items():
        entries: list[StaticUse] = getattr(explanation, section)
        if not entries:
            yield nothing
            continue
        yield f"{title}:"
        for entry in entries:
            yield f"  {form.format(what=entry.what, reason=entry.reason)}{_place(entry.span)}"
    if explanation.recursive:
        yield "Recursive:"
    for entry in explanation.recursive:
        yield f"  {entry.what}: becomes {entry.reason}{_place(entry.span)}"
    yield from _batches(explanation.batches)
    if explanation.saved:
        yield f"Saved for the reverse sweep, {sum(v.nbytes for v in explanation.saved):,} bytes:"
    for value in explanation.saved:
        rows = f"{value.rows:,} × {value.type}" if value.rows > 1 else f"{value.type}"
        learned = ", which grow with need" if value.learned else ""
        yield f"  {value.name}: {rows}, {value.nbytes:,} bytes{learned}: {value.reason}{_place(value.span)}"


def cache_lines(explanation: Explanation) -> Iterator[str]:
    """Whether the persistent cache has the program."""
    if len(explanation.cache) == 1:
        yield f"Cache: {explanation.cache[0]}"
        return
    yield "Cache:"
    yield from (f"  {line}" for line in explanation.cache)


def _batches(batches: Sequence[Batch]) -> Iterator[str]:
    """What became of loops over lanes, and what differs from lane to lane."""
    if batches:
        yield "Lanes:"
    for batch in batches:
        yield f"  {batch.size:,} lanes: {batch.chosen}: {batch.reason}{_place(batch.span)}"
        if batch.culprit.line and batch.culprit != batch.span:
            yield f"    because of this{_place(batch.culprit)}"
        yield from dict.fromkeys(map(_varying, batch.varying))


def _varying(value: Varying) -> str:
    """One value that differs from lane to lane; the last cause of all is the lane's number."""
    causes = value.because[:-1]
    because = f", because of {', '.join(causes)}" if causes else ""
    return f"    {value.name}: {value.type} for each lane{because}{_place(value.span)}"


def utilisation_lines(measured: Sequence[Utilisation]) -> Iterator[str]:
    """How well lanes in lockstep would be used, loop by loop."""
    yield "Active lanes in lockstep:" if measured else "No loop is left by lanes at different times."
    for loop in measured:
        yield f"  {loop.ratio:.1%} of {loop.size:,} lanes, {loop.active:,} trips of {loop.all:,}{_place(loop.span)}"


def _place(span: Span) -> str:
    return f"  ({display_path(span.file)}:{span.line})" if span.line else ""


def source_of(function: CompiledFunction) -> tuple[str, int, str]:
    """Source text of the function, its first line, its file."""
    plain = inspect.unwrap(function)
    lines, first = inspect.getsourcelines(plain)
    return "".join(lines), first, inspect.getsourcefile(plain) or ""
