"""From the start of a process to its first result, with the compiled program on disk: hloc, jax, and by hand.

By hand is what nobody can do without: import NumPy and jaxlib's client, load the machine code, hand the arguments over,
run. It runs the executable that hloc made.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.benchmarks.processes import cpu_seconds
from tools.benchmarks.report import Table, ratio, seconds

_HERE = Path(__file__).parent

PREPARE = """
import inspect, json, hloc
import warm_programs as programs
from warm_programs import leaves
function, arguments = {function}, programs.{arguments}()
named = dict(zip(inspect.signature(function).parameters, arguments))
function(*arguments)
(bound,) = function._programs

def at(path):
    value = named
    for _, key in path.steps:
        value = value[key]
    return id(value)

places = list(map(id, leaves(arguments)))
order = [places.index(at(entry.path)) for entry in bound.program.inputs]
executable = bound.executable
open("{name}.bin", "wb").write(executable.loaded.serialize())
json.dump([order, executable.signature.inputs, executable.signature.outputs], open("{name}.json", "w"))
"""

HLOC = """
import numpy as np
import hloc
import warm_programs as programs
arguments = programs.{arguments}()
result = {function}(*arguments)
print(np.asarray({leaf}).ravel()[0])
"""

BY_HAND = """
import json
import numpy as np
from jaxlib import _hlo, _jax
import warm_programs as programs

class Aval:
    def __init__(self, shape, dtype):
        self.shape, self.dtype, self.weak_type = tuple(shape), np.dtype(dtype), False

class Sharding(_jax.SingleDeviceSharding):
    memory_kind = None
    _to_xla_hlo_sharding = dict.fromkeys(range(65), _hlo.HloSharding.replicate()).__getitem__

client = _jax.get_tfrt_cpu_client(asynchronous=False)
device = client.local_devices()[0]
devices, sharding = _jax.DeviceList((device,)), Sharding(device)
options = _jax.CompileOptions()
options.num_replicas = options.num_partitions = 1
options.device_assignment = _jax.DeviceAssignment.create(np.array([[device.id]]))
executable = client.deserialize_executable(open("{name}.bin", "rb").read(), devices, options)
order, inputs, outputs = json.load(open("{name}.json"))
flat = programs.leaves(programs.{arguments}())
given = [flat[place] for place in order]
given += [np.empty(shape, dtype) for shape, dtype in inputs[len(given):]]
put = [
    _jax.batched_device_put(Aval(*spec), sharding, [np.asarray(x, spec[1])], [device], enable_x64=True)
    for x, spec in zip(given, inputs, strict=True)
]
more = [True] if {old} else []
handlers = [_jax.array_result_handler(Aval(*spec), sharding, True, *more) for spec in outputs]
results = executable.execute_sharded(put).consume_with_handlers(handlers)
print(*(np.asarray(result).ravel()[0] for result in results))
"""

JAX = """
import numpy as np
import jax
import warm_programs as programs
arguments = programs.{arguments}()
programs.np = jax.numpy
{more}
result = jax.jit({jax})(*arguments)
print(np.asarray({leaf}).ravel()[0])
"""

COLLATZ = """
def collatz(n):
    step = lambda state: (jax.numpy.where(state[0] % 2 == 0, state[0] // 2, 3 * state[0] + 1), state[1] + 1)
    return jax.lax.while_loop(lambda state: state[0] != 1, step, (n, 0))[1]
"""


@dataclass(frozen=True)
class Case:
    """A program: its name for people, that of its files, and how hloc and jax make the function that is called."""

    title: str
    name: str
    function: str
    jax: str
    leaf: str = "result"
    more: str = ""

    def source(self, template: str) -> str:
        return template.format(**vars(self), arguments=f"{self.name}_arguments", old=_is_old())


CASES = [
    Case("scalar loop", "collatz", "hloc.compile(programs.collatz)", "collatz", more=COLLATZ),
    Case(
        "gradient of an MLP",
        "mlp",
        "hloc.grad(hloc.compile(programs.mlp_loss))",
        "jax.grad(programs.mlp_loss)",
        "result[0]['w']",
    ),
    Case(
        "gradient of a transformer, 12 layers",
        "transformer",
        "hloc.grad(hloc.compile(programs.transformer_loss))",
        "jax.grad(programs.transformer_loss)",
        "result['words']",
    ),
]


def _is_old() -> bool:
    """Whether array_result_handler wants a fourth argument, as in jaxlib 0.10."""
    from jaxlib import version

    return tuple(map(int, version.__version__.split(".")[:2])) < (0, 11)


@contextmanager
def laid_out() -> Iterator[Path]:
    """A folder with hloc as pip installs it and the programs, both compiled to bytecode; the working directory."""
    root, before = _HERE.parents[1], Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(root / "compiler", folder / "hloc")
        shutil.copytree(root / "runtime", folder / "hloc" / "runtime")
        shutil.copy(_HERE / "warm_programs.py", folder)
        _list_files(folder)
        compileall.compile_dir(name, quiet=2)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def _list_files(folder: Path) -> None:
    """The list of files that pip leaves beside a package."""
    record = folder / "hloc-0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(
        "".join(f"{p.relative_to(folder)},sha256={hash(p):x},{p.stat().st_size}\n" for p in folder.rglob("*.py"))
    )


def environment(folder: Path) -> dict[str, str]:
    """Where programs and caches are. jax keeps programs of every size and compile time."""
    return {
        "PYTHONPATH": str(folder),
        "HLOC_CACHE_DIR": str(folder / "programs"),
        "TF_CPP_MIN_LOG_LEVEL": "1",
        "JAX_ENABLE_X64": "1",
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _printed(source: str, env: dict[str, str]) -> str:
    command = [sys.executable, "-c", source]
    return subprocess.run(command, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True, check=True).stdout


def _agree(case: Case, contenders: dict[str, str], env: dict[str, str]) -> None:
    """Fill the caches, and see that all give the same number, by hand among those of all results."""
    _printed(case.source(PREPARE), {**env, "HLOC_CACHE": "off"})  # XLA cannot save once more what it has loaded
    found = {name: list(map(float, _printed(source, env).split())) for name, source in contenders.items()}
    wanted = found["hloc"][0]
    if not all(any(abs(value - wanted) <= 1e-4 * abs(wanted) for value in values) for values in found.values()):
        raise RuntimeError(f"{case.title}: {json.dumps(found)}")


def _row(case: Case, env: dict[str, str], rounds: int) -> list[str]:
    contenders = {"by hand": case.source(BY_HAND), "hloc": case.source(HLOC), "jax": case.source(JAX)}
    _agree(case, contenders, env)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, source in contenders.items():
            times[name].append(cpu_seconds(source, env, quiet=True))
    cpu = {name: [c for c, _ in found] for name, found in times.items()}
    wall = {name: [w for _, w in found] for name, found in times.items()}
    row = [case.title, *(seconds(statistics.median(cpu[name])) for name in contenders)]
    for peer in ("by hand", "jax"):
        row += [_ratio(cpu["hloc"], cpu[peer]), ratio(min(cpu["hloc"]), min(cpu[peer]))]
        row.append(_ratio(wall["hloc"], wall[peer]))
    return row


def _ratio(ours: list[float], theirs: list[float]) -> str:
    """The median of the ratios of neighbours in time."""
    return f"{statistics.median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}"


def tables(rounds: int) -> list[Table]:
    with laid_out() as folder:
        rows = [_row(case, environment(folder), rounds) for case in CASES]
    head = ["program", "by hand", "hloc", "jax", "hloc / by hand", "minima", "wall", "hloc / jax", "minima", "wall"]
    text = (
        "Whole processes with a warm cache, CPU time from their start to the first number of the first result. By "
        "hand: NumPy and jaxlib's client load and run the executable that hloc made. Ratios are medians over rounds, "
        "each process beside its neighbour; “wall” has those of wall time."
    )
    return [Table("Warm starts", text, head, rows)]
