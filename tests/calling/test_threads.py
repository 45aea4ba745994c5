"""Compiling and calling from many threads at once: the same function, others, other types, errors, recursion."""

from __future__ import annotations

import random
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime.array import array
from tests.calling import threaded

THREADS = 8


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """The results of all, which start at the same time in threads of their own."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait(60)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(120) for future in [pool.submit(run, work) for work in works]]


@pytest.fixture(autouse=True)
def switch_often() -> Any:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_one_function_is_compiled_once_for_all() -> None:
    f = hloc.compile(threaded.smooth)
    x = np.linspace(0.0, 1.0, 50)
    found = at_once([lambda: np.asarray(f(x)) for _ in range(THREADS)])
    for y in found:
        np.testing.assert_allclose(y, threaded.smooth(x), rtol=1e-12)
    assert len(f._programs) == 1


def test_one_function_on_many_types() -> None:
    f = hloc.compile(threaded.smooth)
    xs = [np.linspace(0.0, 1.0, 3 + j, dtype=(np.float32, np.float64)[j % 2]) for j in range(THREADS)]
    found = at_once([lambda x=x: [np.asarray(f(x)) for _ in range(5)] for x in xs])
    for x, ys in zip(xs, found, strict=True):
        for y in ys:
            assert y.dtype == x.dtype
            np.testing.assert_allclose(y, threaded.smooth(x), rtol=1e-5)


def test_many_functions_with_recursion_and_derivatives() -> None:
    makers = [hloc.compile(f) for f in threaded.FUNCTIONS] + [hloc.grad(threaded.loss)]
    plain = [*threaded.FUNCTIONS, lambda x: np.cos(x) * 2]
    x = np.linspace(0.1, 1.0, 6)
    limit = sys.getrecursionlimit()
    found = at_once([lambda f=f: np.asarray(f(x)) for f in makers])
    for f, y in zip(plain, found, strict=True):
        np.testing.assert_allclose(y, f(x), rtol=1e-9)
    assert sys.getrecursionlimit() == limit


def test_a_gradient_that_all_ask_for_is_the_same() -> None:
    gradients = at_once([lambda: hloc.grad(threaded.loss) for _ in range(THREADS)])
    assert len(set(map(id, gradients))) == 1


def test_calls_do_not_mix_up_what_they_are_given() -> None:
    """Staged NumPy arrays, numbers, device arrays, errors and changed arguments, in turn and at random."""
    f, g, h = map(hloc.compile, (threaded.scaled, threaded.element, threaded.count_up))
    f(np.ones(20), 2.0), g(np.ones(20), 1), h(np.ones(20))

    def work(seed: int) -> int:
        rng = random.Random(seed)
        for _ in range(150):
            k, j = rng.randrange(1000), rng.randrange(30)
            x = np.full(20, float(k))
            assert np.array_equal(np.asarray(f(x, 2.0)), x * 2.0)
            assert np.array_equal(np.asarray(f(array(x), float(j))), x * j)
            h(x)
            assert x[0] == k + 1
            if j < 20:
                assert g(x, j) == (k + 1 if j == 0 else k)
            else:
                with pytest.raises(IndexError):
                    g(x, j)
        return seed

    assert at_once([lambda seed=seed: work(seed) for seed in range(THREADS)]) == list(range(THREADS))


def test_more_room_found_in_several_threads_at_once() -> None:
    """Recursion and prints that need more room than the first program has."""
    f = hloc.compile(threaded.depth)
    assert at_once([lambda n=n: f(n) for n in range(100, 100 + 200 * THREADS, 200)]) == [
        threaded.depth(n) if n < 900 else n for n in range(100, 100 + 200 * THREADS, 200)
    ]


def test_a_refusal_in_one_thread_leaves_others_alone() -> None:
    bad, good = hloc.compile(threaded.refused), hloc.compile(threaded.scaled)

    def refuse() -> str:
        with pytest.raises(hloc.CompileError) as error:
            bad(np.ones(3))
        return str(error.value)

    x = np.ones(7)
    found = at_once([refuse, lambda: np.asarray(good(x, 3.0)), refuse, lambda: np.asarray(good(x, 3.0))])
    assert found[0] == found[2]
    assert np.array_equal(found[1], found[3])
    assert found[1][0] == 3.0


def test_a_signal_handler_may_call_what_is_being_compiled() -> None:
    """The handler runs between any two instructions of the compiler, in the same thread."""
    hloc.compile(threaded.smooth)(np.ones(2))  # everything is imported
    f = hloc.compile(threaded.smooth)
    found = []

    def handler(*_: object) -> None:
        found.append(np.asarray(f(np.ones(4))))

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        y = np.asarray(f(np.ones(4)))
        while not found:
            signal.pause()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert np.array_equal(found[0], y)
