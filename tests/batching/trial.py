"""Runs a program of the corpus under vmap, and says how it compares with the loop over lanes.

Arguments whose values the compiler needs (shapes, axes) are found by its refusal and then shared. A program is skipped where
plain compilation refuses it too, or differs from CPython alike (with NumPy's numbers in the place of Python's); one
whose lanes give results of unlike shapes has to be refused. `Verdict.kind` is "same" or
"skipped"; anything else fails.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import hloc
from tests.recursion.agreement import deep_recursion

from .batches import Batch, NoBatchError, batches
from .oracle import STRATEGIES, RaggedError, compare, lanes, outcome

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Verdict:
    """`kind`: same or skipped; `why` says why it was skipped."""

    kind: str
    why: str = ""


def judge(
    function: Callable[..., Any],
    cases: Sequence[Case],
    strategies: Iterable[str | None] = STRATEGIES,
    batched: Callable[..., Any] | None = None,
    plain: Callable[..., Any] | None = None,
    compiled: Any = None,
    size: int | None = None,
) -> Verdict:
    """Compare batches of a program with loops over lanes. Raises: AssertionError, or the refusal that should not be.

    batched: makes the batched function from in_axes and a strategy. plain: what CPython runs for a lane, if not
    the function. compiled: what plain compilation makes of it. size: how many lanes, where not as many as differ.
    """
    plain = plain or function
    batched = batched or (lambda in_axes, strategy: hloc.vmap(function, in_axes, strategy=strategy))
    compiled = compiled or hloc.compile(function)
    shared: frozenset[int] = frozenset()
    with deep_recursion():
        while True:
            try:
                made = batches(function, cases, shared)
            except NoBatchError as error:
                return Verdict("skipped", str(error))
            made = made if size is None else [batch.of_size(size) for batch in made]
            try:
                verdicts = [run(plain, compiled, batch, batched, strategies) for batch in made]
                return next((v for v in verdicts if v.kind == "same"), verdicts[0])
            except hloc.StaticValueError as error:
                asked = static_arguments(compiled, made[0])
                if not asked:
                    raise error
                shared |= asked


def run(
    plain: Callable[..., Any],
    compiled: Any,
    batch: Batch,
    batched: Callable[..., Any],
    strategies: Iterable[str | None],
) -> Verdict:
    """One batch under each strategy. Raises: AssertionError, StaticValueError."""
    try:
        expected = outcome(lambda *a: lanes(plain, a, batch.in_axes), batch.arguments)
    except RaggedError as error:
        return refused(compiled, batch, batched, f"lanes are unlike: {error}")
    for strategy in strategies:
        try:
            found = outcome(batched(batch.in_axes, strategy), batch.arguments)
        except hloc.StaticValueError:
            raise
        except hloc.CompileError as error:
            return excused(compiled, batch, error)
        try:
            compare(found, expected, f"strategy {strategy}")
        except AssertionError:
            try:
                compare(found, outcome(lambda *a: lanes(compiled, a, batch.in_axes), batch.arguments), "compiled")
            except AssertionError:
                pass
            else:
                return Verdict("skipped", "plain compilation differs too")
            raise
    return Verdict("same")


def refused(compiled: Any, batch: Batch, batched: Callable[..., Any], why: str) -> Verdict:
    """Skipped: what cannot be mapped is refused, not guessed."""
    try:
        batched(batch.in_axes, None)(*copy.deepcopy(batch.arguments))
    except hloc.StaticValueError:
        if static_arguments(compiled, batch):
            raise
    except hloc.CompileError:
        pass
    else:
        raise AssertionError(f"not refused: {why}")
    return Verdict("skipped", why)


def excused(compiled: Any, batch: Batch, error: hloc.CompileError) -> Verdict:
    """Skipped, if plain compilation refuses the program too; else the refusal is raised."""
    try:
        compiled.lower(*first_lane(batch))
    except hloc.CompileError as found:
        return Verdict("skipped", f"plain compilation refuses: {str(found).splitlines()[0]}")
    raise AssertionError("refused") from error


def first_lane(batch: Batch) -> Case:
    taken: list[Case] = []
    lanes(lambda *a: taken.append(copy.deepcopy(a)), batch.arguments, batch.in_axes, axis_size=1)
    return taken[0]


def static_arguments(compiled: Any, batch: Batch) -> frozenset[int]:
    """Places of mapped arguments whose values plain compilation makes static."""
    program = compiled.lower(*first_lane(batch)).program
    roots = [g.path.steps[0][1] for g in program.guards if g.kind == "equal" and g.path.root is None]
    return frozenset(j for j in map(program.parameters.index, roots) if batch.in_axes[j] is not None)
