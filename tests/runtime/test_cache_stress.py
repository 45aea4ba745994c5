"""Eight processes that write, read and run programs in one small folder, while some are killed at any moment.

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

PROCESSES = 8
LIMIT = 60_000

WORK = """
import itertools, os, sys, time
import numpy as np
from hloc.runtime import Cache, Entry, compile_or_load
from hloc.runtime.cache import default_cache
from tests.runtime.programs import double

end, seed = float(os.environ["END"]), int(os.environ["SEED"])
x = {n: np.arange(float(n)) for n in range(1, 9)}
runs = reads = 0
cache = default_cache()
for i in itertools.count():
    if time.time() > end:
        break
    n = (i * 5 + seed) % 8 + 1
    result = np.asarray(compile_or_load(double(f"{n}xf64")).execute([x[n]])[0])
    assert (result == 2 * x[n]).all(), (n, result)
    runs += 1
    for fill in range(i % 4):
        fill = (fill * 3 + i + seed) % 9
        cache.store(f"{fill:x}", Entry({"fill": fill}, {"code": bytes([fill]) * 5_000}))
        entry = cache.load(f"{(fill + seed) % 9:x}")
        if entry is not None:
            reads += 1
            assert entry.blobs["code"] == bytes([entry.metadata["fill"]]) * 5_000
print(runs, reads)
"""


def begin(end: float, seed: int) -> subprocess.Popen[str]:
    return start(WORK, END=str(end), SEED=str(seed), HLOC_CACHE_BYTES=str(LIMIT))


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.sweep)])
@pytest.mark.slow
def test_processes_that_are_killed_while_they_use_one_folder(private_cache: Path, seconds: int) -> None:
    chance, end = random.Random(seconds), time.time() + seconds
    processes = [begin(end, seed) for seed in range(PROCESSES)]
    killed = []
    while time.time() < end - 2:
        time.sleep(chance.uniform(0.1, 0.5))
        number = chance.randrange(PROCESSES // 2)
        processes[number].send_signal(signal.SIGKILL)
        killed.append(processes[number])
        processes[number] = begin(end, number)
    counts = [tuple(map(int, finish(process).split())) for process in processes]
    for process in killed:
        _, errors = process.communicate()
        assert (process.returncode, errors) in ((-signal.SIGKILL, ""), (0, ""))
    # Those that were never killed have run programs and read what others wrote.
    assert all(runs > 0 and reads > 0 for runs, reads in counts[PROCESSES // 2 :])
    unfinished = [path for path in private_cache.iterdir() if path.suffix != SUFFIX]
    for path in unfinished:
        os.utime(path, (0, 0))
    assert Cache(private_cache, LIMIT).store("fff", Entry())
    left = list(private_cache.iterdir())
    assert {path.suffix for path in left} == {SUFFIX}
    # Each process may add an eighth of what is free before it looks again.
    assert sum(path.stat().st_size for path in left) <= 2 * LIMIT
    for path in left:
        if path.stem != "fff":
            assert Cache(private_cache, LIMIT).load(path.stem) is not None, "no warning, and whole"
