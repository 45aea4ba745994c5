"""From source to the first result, in a fresh process with an empty cache: a double loop that jax.jit must unroll."""

from __future__ import annotations

import statistics

from tools.benchmarks.processes import printed
from tools.benchmarks.report import Table, seconds

_HLOC = """
import time
import numpy as np
start = time.process_time()
import hloc
from tools.benchmarks.loop_programs import gauss_seidel
u = np.random.default_rng(0).random(({n}, {n}))
hloc.compile(gauss_seidel)(u, 1)
print(time.process_time() - start)
"""

_JAX = """
import time
import numpy as np
start = time.process_time()
import jax
jax.config.update("jax_enable_x64", True)
def update(u):
    n, m = u.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            u = u.at[i, j].set(0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]))
    return u
jax.jit(update)(np.random.default_rng(0).random(({n}, {n}))).block_until_ready()
print(time.process_time() - start)
"""


def tables(rounds: int) -> list[Table]:
    rows = []
    for n in (8, 12, 32):
        ours = statistics.median(float(printed(_HLOC.format(n=n))) for _ in range(min(rounds, 5)))
        theirs = seconds(float(printed(_JAX.format(n=n)))) if n < 32 else "not run (about 170 s)"
        rows.append([f"{n}×{n}", theirs, seconds(ours)])
    text = (
        "A 5-point update in place by a double Python loop: CPU time from before `import hloc` (or jax) to the first "
        "result, in a fresh process without cached programs."
    )
    return [Table("Source to first result", text, ["grid", "jax.jit, unrolled", "hloc"], rows)]
