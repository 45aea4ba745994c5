"""A program for the tests of Ctrl-C: `python interrupted.py CASE` says READY, is interrupted, and goes on."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

import numpy as np

import hloc
from hloc.runtime.array import array


@hloc.compile
def collatz(n):  # type: ignore[no-untyped-def] # programs as users write them
    k = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        k += 1
    return k


@hloc.compile
def forever(x):  # type: ignore[no-untyped-def]
    while True:
        x[0] += 1.0
        print(x[0])
        if x[0] < 0:
            break


@hloc.compile
def wait_for_zero(x):  # type: ignore[no-untyped-def]
    k = 0
    while x[k % 100] != 0.0:
        k += 1
    return k


@hloc.compile
def below_zero(n):  # type: ignore[no-untyped-def]
    k = 0
    while n < 0:
        n += 1 if k % 3 != 4 else 2
        k += 1
    return k


@hloc.compile
def triangle(n):  # type: ignore[no-untyped-def]
    s = 0.0
    for i in range(n):
        for j in range(i):
            s = s * 0.5 + j
    return s


def while_after_a_small_call() -> None:
    assert collatz(27) == 111
    say_ready()
    collatz(0)


def for_after_a_small_call() -> None:
    triangle(10)
    say_ready()
    triangle(10**7)


def first_call() -> None:
    say_ready()
    collatz(0)


def compiling() -> None:
    """Much source: neither the front end nor XLA is done before the signal."""
    lines = "".join(f"    x = np.sin(x @ x + {k}) * np.cumsum(x, axis={k % 2})\n" for k in range(4000))
    path = os.path.join(sys.argv[2], "long.py")
    with open(path, "w") as file:
        file.write(f"import numpy as np\ndef f(x):\n{lines}    return x\n")
    sys.path.insert(0, sys.argv[2])
    import long  # type: ignore[import-not-found]

    say_ready()
    hloc.compile(long.f)(np.eye(3))


def writing_and_printing() -> None:
    x = np.zeros(1)
    say_ready()
    try:
        forever(x)
    finally:
        assert x[0] == 0.0


@hloc.compile
def overwrite(u):  # type: ignore[no-untyped-def]
    u += 1.0
    while u[0] > 0.0:
        u[1] += 1.0


def overwriting() -> None:
    """The run that goes on has a copy of what it overwrites."""
    overwrite(array(np.full(10, -5.0)))
    u = array(np.zeros(10))
    before = u._raw
    say_ready()
    try:
        overwrite(u)
    finally:
        assert busy() == 1
        assert u._raw is before
        np.testing.assert_array_equal(u, np.zeros(10))
        overwrite(negative := array(np.full(10, -5.0)))
        np.testing.assert_array_equal(negative, np.full(10, -4.0))


def staged_arguments() -> None:
    """What the run that goes on reads is not used for other calls: their arguments would end it, or be changed."""
    assert wait_for_zero(np.zeros(100)) == 0
    x = np.ones(100)
    say_ready()
    try:
        wait_for_zero(x)
    finally:
        for k in range(100):
            y = np.ones(100)
            y[k] = 0.0
            assert wait_for_zero(y) == k
        assert busy() == 1


def many_times() -> None:
    say_ready()
    for _ in range(3):
        try:
            collatz(0)
        except KeyboardInterrupt:
            assert collatz(27) == 111
            print("AGAIN", flush=True)
    collatz(0)


def ending_soon() -> None:
    """What was given up is done while Python is being torn down; the second argument says when."""
    collatz(27)
    start = time.perf_counter()
    assert below_zero(-(10**7)) == 10**7
    steps = 10**7 / (time.perf_counter() - start)
    say_ready()
    below_zero(-int(steps * float(sys.argv[2])))


def on_the_device() -> None:
    x = array(np.ones(100))
    say_ready()
    wait_for_zero(x)


def another_handler() -> None:
    """A handler that calls a compiled function and does not raise: the wait goes on, until one raises."""
    assert collatz(27) == 111
    import signal

    def handler(*_: object) -> None:
        assert collatz(27) == 111
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("AGAIN", flush=True)

    signal.signal(signal.SIGINT, handler)
    say_ready()
    collatz(0)


def busy() -> int:
    from hloc.runtime import interruption

    return interruption.busy()


def say_ready() -> None:
    print("READY", flush=True)


CASES: list[Callable[[], None]] = [
    *(while_after_a_small_call, for_after_a_small_call, first_call, compiling, writing_and_printing),
    *(overwriting, staged_arguments, many_times, on_the_device, another_handler),
]

if __name__ == "__main__":
    case = {case.__name__: case for case in CASES}[sys.argv[1]]
    try:
        case()
    except KeyboardInterrupt:
        print("INTERRUPTED", time.time(), flush=True)
    assert collatz(27) == 111
    threading.Thread(target=collatz, args=(27,)).start()
    print("goes on")
    sys.exit(7)
