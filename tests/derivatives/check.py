"""Runs the derivatives of a random program, and makes failing ones smaller.

python -m tests.derivatives.check 1234     # the program of a seed, smallest form that fails alike
"""

from __future__ import annotations

import contextlib
import random
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np

import hloc
from hloc.transform.differentiate import Sites
from tests.language.agreement import define, outcome
from tests.random_programs.check import Verdict
from tests.random_programs.generator import Program
from tests.random_programs.reduce import reduce

from . import agreement
from .agreement import (
    Run,
    by_numpy,
    by_xla,
    check_gradient,
    check_second_order,
    differences,
    float_arguments,
    random_like,
)
from .generator import generate

SECONDS = 30


def compare(program: Program, second: bool = False, capacity: int | None = None, run: Run = by_numpy) -> Verdict:
    """What hloc's derivatives are, beside differences. capacity: rows of logs to begin with.

    run: by NumPy programs start sooner; by XLA the emission is tested too.
    """
    try:
        function = define(program.source)
    except (SyntaxError, LookupError) as error:
        return Verdict("discarded", "no program", str(error))
    arguments = program.arguments[0]
    with np.errstate(all="ignore"):
        if (reason := unfit(function, arguments)) is not None:
            return Verdict("discarded", reason)
        try:
            with rows(capacity):
                check_gradient(function, *arguments, relative=1e-6, printed=False, run=run)
                if second:
                    check_second_order(function, arguments, relative=1e-5, run=run)
        except hloc.CompileError as error:
            headline = re.sub(r"\d+", "#", str(error).splitlines()[0])
            return Verdict("refused", f"{type(error).__name__}: {headline}", str(error))
        except AssertionError as error:
            what = error.args[0][0] if error.args and isinstance(error.args[0], tuple) else str(error).strip()
            return Verdict(
                "different",
                re.sub(r"[^a-z ]", "", str(what).splitlines()[-1 if "\n" in what else 0])[:40] or "value",
                str(error),
            )
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            return Verdict(
                "crashed", f"{type(error).__name__} at {place.filename}, {place.name}", f"{error!r} line {place.lineno}"
            )
    return Verdict("same")


@contextlib.contextmanager
def rows(capacity: int | None) -> Iterator[None]:
    """Logs of loops begin with so many rows."""
    if capacity is None:
        yield
        return
    with mock.patch.object(Sites, "rows", lambda sites, site, _: sites.capacities.get(site, capacity)):
        yield


def unfit(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """Why differences say nothing: errors, large values, kinks near by."""
    found = outcome(function, arguments)
    if found.error is not None:
        return repr(found.error)
    if np.ndim(found.result) or not abs(found.result) < 1e6:
        return "no small number"
    wrt = float_arguments(arguments)
    rng = np.random.default_rng(len(arguments))
    for _ in range(2):
        direction = tuple(random_like(arguments[place], rng) for place in wrt)
        slopes = []
        for step in (1.0, 0.4):
            with mock.patch.object(agreement, "STEP", agreement.STEP * step):
                slopes.append(float(differences(function, arguments, wrt, direction)[0]))
        if not abs(slopes[0] - slopes[1]) <= 1e-7 * max(abs(slopes[0]), 0.1):
            return "kink"
    return None


def reduce_like(program: Program, **how: Any) -> Program:
    """The smallest program found with the same sort of fault."""
    wanted = compare(program, **how).sort

    def stop(*_: object) -> None:
        raise TimeoutError

    def fails(candidate: Program) -> bool:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            return compare(candidate, **how).sort == wanted
        except TimeoutError:  # it may no longer end
            return False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, stop)
    return reduce(program, fails)


def choices(seed: int) -> dict[str, Any]:
    """Who runs it, whether the second order is checked, how much room logs have at first: a part of the programs each."""
    return {"run": by_xla if seed % 4 == 0 else by_numpy, "second": seed % 5 == 0, "capacity": (None, 1, 3)[seed % 3]}


if __name__ == "__main__":
    number = int(sys.argv[1])
    smallest = reduce_like(generate(random.Random(number)), **choices(number))
    print(smallest.source, smallest.arguments, compare(smallest, **choices(number)), sep="\n")
