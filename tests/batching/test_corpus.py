"""The programs of the other suites under vmap: the language, recursion, and losses, with lanes made of their arguments.

The quick tests run one program in twelve; the sweep runs all, and asks that few are skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from .corpus import CONTEXTS, LANGUAGE, LOSSES, RECURSIVE, RETURNS, language
from .oracle import STRATEGIES
from .trial import Verdict, judge

EVERY = 12
QUICK = (None, "lockstep")
MANY = 150
"""Lanes of every other program: so many run in blocks."""
SHARE = 0.15
"""Of the programs of a suite, at most so many may be skipped."""


SKIPPED = {"containers: static strings"}
"""Programs of the quick tests that are skipped; no other may be."""


def of_language(number: int, strategies: tuple[str | None, ...], contexts: int) -> list[Verdict]:
    """A snippet in one context, which differs from snippet to snippet, or in several."""
    first = number // EVERY
    chosen = [CONTEXTS[(first + j) % len(CONTEXTS)] for j in range(contexts)]
    return [judge(*language(LANGUAGE[number], c), strategies, size=(None, MANY)[first % 2]) for c in chosen]


@pytest.mark.parametrize("number", range(0, len(LANGUAGE), EVERY), ids=LANGUAGE[::EVERY])
def test_language(number: int) -> None:
    (verdict,) = of_language(number, QUICK, 1)
    assert (verdict.kind == "skipped") == (LANGUAGE[number] in SKIPPED), verdict


@pytest.mark.parametrize("name", list(RETURNS)[::3])
def test_returns(name: str) -> None:
    assert judge(*RETURNS[name], QUICK) == Verdict("same")


@pytest.mark.parametrize("name", list(RECURSIVE)[3::EVERY])
def test_recursion(name: str) -> None:
    verdict = judge(*RECURSIVE[name], QUICK)
    assert (verdict.kind == "skipped") == (name in SKIPPED), verdict


@pytest.mark.parametrize("number", range(5, len(LOSSES), 2 * EVERY), ids=list(LOSSES)[5 :: 2 * EVERY])
def test_losses(number: int) -> None:
    name = list(LOSSES)[number]
    verdict = judge(*LOSSES[name][0](), QUICK, size=(None, MANY)[number // EVERY // 2 % 2])
    assert (verdict.kind == "skipped") == (name in SKIPPED), verdict


Runs = dict[str, Callable[[], list[Verdict]]]
SUITES: dict[str, Runs] = {
    "language": {n: lambda j=j: of_language(j, STRATEGIES, 4) for j, n in enumerate(LANGUAGE)},
    "returns": {n: lambda p=p: [judge(*p)] for n, p in RETURNS.items()},
    "recursion": {n: lambda p=p: [judge(*p)] for n, p in RECURSIVE.items()},
    "losses": {
        n: lambda p=p, j=j: [judge(*p[0](), size=(None, MANY)[j % 2])] for j, (n, p) in enumerate(LOSSES.items())
    },
}


@pytest.mark.sweep
@pytest.mark.parametrize("suite", SUITES)
def test_whole_suite(suite: str) -> None:
    """All programs of a suite; each that differs is told."""
    verdicts: Counter[str] = Counter()
    failures = []
    for name, run in SUITES[suite].items():
        try:
            verdicts.update(f"{v.kind} {v.why}".strip() for v in run())
        except Exception as error:
            failures.append(f"{name}: {error!r}")
    print(dict(verdicts))
    assert not failures, "\n".join(failures)
    assert sum(verdicts.values()) - verdicts["same"] <= SHARE * sum(verdicts.values()), verdicts
