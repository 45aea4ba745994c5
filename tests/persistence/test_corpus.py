"""The programs of the other suites, run twice: made now, and from the cache with the front end forbidden.

Whether they are right the first time is for those suites to say; here the second run must be the same as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.api import CompiledFunction
from tests.batching.corpus import CONTEXTS, LANGUAGE, LOSSES, RECURSIVE, RETURNS, language
from tests.language.agreement import Outcome, assert_same, outcome
from tests.persistence.sources import only_from_cache
from tests.recursion.agreement import deep_recursion

EVERY = 16
Case = tuple[Any, ...]


def outcomes(function: CompiledFunction, cases: Sequence[Case]) -> Iterator[Outcome | str]:
    """What the calls do; the message of a refusal."""
    for case in cases:
        try:
            yield outcome(function, case)
        except hloc.CompileError as error:
            yield str(error)


def on_host(obj: Any) -> Any:
    """A result with NumPy arrays for those of hloc."""
    if isinstance(obj, hloc.Array):
        return np.asarray(obj)[()]
    if isinstance(obj, tuple | list):
        parts = map(on_host, obj)
        return type(obj)(*parts) if hasattr(obj, "_fields") else type(obj)(parts)
    return {key: on_host(value) for key, value in obj.items()} if isinstance(obj, dict) else obj


def check(function: Callable[..., Any], cases: Sequence[Case]) -> None:
    """Assert that from the cache a function does what it did when it was made."""
    first = function if isinstance(function, CompiledFunction) else hloc.compile(function)
    second = CompiledFunction(first.__hloc_function__, first.options, None)
    with deep_recursion():
        made = list(outcomes(first, cases))
        kept = [(case, before) for case, before in zip(cases, made, strict=True) if isinstance(before, Outcome)]
        with only_from_cache():
            again = list(outcomes(second, [case for case, _ in kept]))
    for (_, before), after in zip(kept, again, strict=True):
        assert isinstance(after, Outcome)
        assert (type(after.error), str(after.error)) == (type(before.error), str(before.error))
        assert getattr(after.error, "__notes__", []) == getattr(before.error, "__notes__", [])
        assert after.printed == before.printed
        assert_same(after.result, on_host(before.result), "result")
        assert_same(after.arguments, before.arguments, "arguments")


def check_gradient(name: str) -> None:
    make, wrt = LOSSES[name]
    function, cases = make()
    floats = wrt or tuple(
        j for j, x in enumerate(cases[0]) if isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")
    )
    check(hloc.value_and_grad(function, floats), cases)


def check_language(number: int) -> None:
    check(*language(LANGUAGE[number], CONTEXTS[number // EVERY % len(CONTEXTS)]))


@pytest.mark.parametrize("number", range(0, len(LANGUAGE), EVERY), ids=LANGUAGE[::EVERY])
def test_language(number: int) -> None:
    check_language(number)


@pytest.mark.parametrize("name", list(RETURNS)[1::6])
def test_returns(name: str) -> None:
    check(*RETURNS[name])


@pytest.mark.parametrize("name", list(RECURSIVE)[5::EVERY])
def test_recursion(name: str) -> None:
    check(*RECURSIVE[name][:2])


@pytest.mark.parametrize("name", list(LOSSES)[7 :: 2 * EVERY])
def test_gradients(name: str) -> None:
    check_gradient(name)


SUITES: dict[str, dict[str, Callable[[], None]]] = {
    "language": {n: lambda j=j: check_language(j) for j, n in enumerate(LANGUAGE)},  # type: ignore[misc]
    "returns": {n: lambda p=p: check(*p) for n, p in RETURNS.items()},  # type: ignore[misc]
    "recursion": {n: lambda p=p: check(*p[:2]) for n, p in RECURSIVE.items()},  # type: ignore[misc]
    "gradients": {n: lambda n=n: check_gradient(n) for n in LOSSES},  # type: ignore[misc]
}


@pytest.mark.sweep
@pytest.mark.parametrize("suite", SUITES)
def test_whole_suite(suite: str) -> None:
    """All programs of a suite; each that differs is told."""
    wrong = []
    for name, run in SUITES[suite].items():
        try:
            run()
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
    assert not wrong, "\n".join(wrong)
