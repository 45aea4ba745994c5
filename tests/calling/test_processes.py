"""Processes: fork, spawn, forkserver, pools; functions and arrays that travel between them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import hloc
from tests.calling import forking

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    """What a process of its own prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_pools_of_new_processes(method: str) -> None:
    forking.square(np.ones(2))  # XLA runs in this one
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for n, (count, squares) in zip((6, 27), pool.map(forking.work, (6, 27)), strict=True):
            assert count == forking.steps(n)
            assert isinstance(squares, hloc.Array)
            assert np.array_equal(squares, np.arange(float(n)) ** 2)
        x = forking.square(np.arange(3.0))
        assert np.array_equal(pool.submit(forking.apply, forking.square, x).result(), [0.0, 1.0, 16.0])


def test_compiled_functions_travel_by_name() -> None:
    assert pickle.loads(pickle.dumps(forking.square)) is forking.square


def test_what_is_made_of_functions_travels_with_its_options() -> None:
    again = pickle.loads(pickle.dumps(forking.compiled_cubes))
    assert again.options == forking.compiled_cubes.options
    assert again(np.arange(3.0)) == 9.0
    x = np.arange(3.0)
    assert np.array_equal(pickle.loads(pickle.dumps(forking.slope_of_cubes))(x), 3 * x**2)
    assert pickle.loads(pickle.dumps(forking.slope_of_square))(3.0) == 6.0


def test_a_local_function_does_not_travel() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="local"):
        pickle.dumps(hloc.compile(lambda x: x))


def test_forked_before_the_first_use() -> None:
    code = """
        import os, numpy as np
        from tests.calling.forking import square
        child = os.fork()
        assert square(np.full(2, 3.0))[1] == 9.0
        if child: assert os.waitpid(child, 0)[1] == 0; print("both")
    """
    assert run(code) == "both\n"


@pytest.mark.parametrize("argument", ["np.ones(2)", "known", "np.ones(3)"])
def test_forked_after_it_says_so(argument: str) -> None:
    """On every way of a call: NumPy arrays, device arrays, and what would have to be compiled."""
    code = f"""
        import os, numpy as np
        from hloc.runtime import ForkError
        from tests.calling.forking import square
        known = square(np.ones(2)); square(known)
        child = os.fork()
        if not child:
            assert known[1] == 1.0 and np.sum(known) == 2.0  # results can be read
            try: square({argument})
            except ForkError as error: print(error, flush=True); os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert square(known)[0] == 1.0
    """
    assert "spawn" in run(code)


def test_forked_from_another_thread_while_programs_run() -> None:
    """The parent goes on, and the child ends as it should."""
    code = """
        import os, threading, numpy as np
        from tests.calling.forking import square, steps
        x = square(np.ones(2)); steps(27)
        codes = []
        def fork():
            child = os.fork()
            if not child: os._exit(int(x[0]))
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        threads = [threading.Thread(target=fork) for _ in range(4)]
        for thread in threads: thread.start()
        for n in range(1, 300): steps(n); x = square(x)
        for thread in threads: thread.join()
        print(codes)
    """
    assert run(code) == "[1, 1, 1, 1]\n"


def test_a_forked_child_ends_in_an_orderly_way() -> None:
    """Also when work was under way in the parent that was given up."""
    code = """
        import os, sys, numpy as np
        from tests.calling.forking import square
        square(np.ones(2))
        child = os.fork()
        if not child: sys.exit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run(code) == "5\n"
