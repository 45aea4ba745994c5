"""Eight processes that compile, write, read and run programs in one small folder, while some are killed at any moment.

A killed process may leave an unfinished file; the next processes remove it when it is old.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hloc.runtime import Cache, Entry
from hloc.runtime.cache import SUFFIX
from tests.runtime.programs import finish, start

SURVIVORS, VICTIMS = 5, 3
LIMIT = 100_000

WORK = """
import os
import numpy as np
import hloc
from hloc.runtime import Cache, Entry, compile_or_load
from hloc.runtime.cache import default_cache
from tests.runtime.programs import double

def powers(x, n):
    total = 0.0
    for k in range(n):
        if x[k] > 1.0:
            total += x[k] ** n
        x[k] = total
    return total

rounds, seed = int(os.environ["ROUNDS"]), int(os.environ["SEED"])
x = {n: np.arange(float(n)) for n in range(1, 9)}
reads = 0
cache = default_cache()
for i in range(rounds):
    n = (i * 5 + seed) % 8 + 1
    result = np.asarray(compile_or_load(double(f"{n}xf64")).execute([x[n]])[0])
    assert (result == 2 * x[n]).all(), (n, result)
    expected, found = x[n].copy(), x[n].copy()
    assert float(hloc.compile(powers, static_argnames="n")(found, n)) == powers(expected, n)
    assert (found == expected).all()
    for fill in range(i % 4):
        fill = (fill * 3 + i + seed) % 9
        cache.store(f"{fill:x}", Entry({"fill": fill}, {"code": bytes([fill]) * 5_000}))
        entry = cache.load(f"{(fill + seed) % 9:x}")
        if entry is not None:
            reads += 1
            assert entry.blobs["code"] == bytes([entry.metadata["fill"]]) * 5_000
print(reads)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    """Code that runs WORK from a file, which its function has to have."""
    path = tmp_path / "work.py"
    path.write_text(WORK, encoding="utf-8")
    return f"import runpy; runpy.run_path({str(path)!r})"


def begin(program: str, rounds: int, seed: int) -> subprocess.Popen[str]:
    return start(program, ROUNDS=str(rounds), SEED=str(seed), HLOC_CACHE_BYTES=str(LIMIT))


def kill(process: subprocess.Popen[str]) -> None:
    """End a process now; it must not have said anything so far."""
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert (process.returncode, errors) in ((-signal.SIGKILL, ""), (0, ""))


@pytest.mark.parametrize("rounds", [10, pytest.param(300, marks=pytest.mark.sweep)])
@pytest.mark.slow
def test_processes_that_are_killed_while_they_use_one_folder(private_cache: Path, program: str, rounds: int) -> None:
    chance = random.Random(rounds)
    survivors = [begin(program, rounds, seed) for seed in range(SURVIVORS)]
    victims = [begin(program, 10**9, seed) for seed in range(VICTIMS)]
    while any(process.poll() is None for process in survivors):
        time.sleep(chance.uniform(0.2, 2.0))
        number = chance.randrange(VICTIMS)
        kill(victims[number])
        victims[number] = begin(program, 10**9, number)
    for process in victims:
        kill(process)
    assert all(int(finish(process)) > 0 for process in survivors)
    for path in private_cache.iterdir():
        if path.suffix != SUFFIX:
            os.utime(path, (0, 0))  # an hour later
    assert Cache(private_cache, LIMIT).store("fff", Entry({}, {"code": bytes(LIMIT // 50)}))
    left = list(private_cache.iterdir())
    assert {path.suffix for path in left} == {SUFFIX}
    # Each process may add an eighth of what is free before it looks again.
    assert sum(path.stat().st_size for path in left) <= 2 * LIMIT
    for path in left:
        if path.stem != "fff":
            assert Cache(private_cache, LIMIT).load(path.stem) is not None, "no warning, and whole"
