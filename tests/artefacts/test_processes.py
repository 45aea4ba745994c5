"""Fresh processes: what is imported to run a file, and files of other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hloc
from tests.artefacts import programs

ROOT = Path(__file__).parents[2]
LOADS = """
import json, sys
import numpy as np
import hloc
loaded = hloc.load(sys.argv[1])
result = loaded(*eval(sys.argv[2]))
print(json.dumps({"result": repr(result), "origin": loaded.origin, "modules": sorted(sys.modules)}))
"""
FRONT_END = (
    "gast",
    "hloc.pipeline",
    "hloc.frontend",
    "hloc.transform",
    "hloc.emit",
    "hloc.ops",
    "hloc.mlir",
    "hloc.saving",
)
NEVER = ("jax", "astunparse", "pickle", "jaxlib.mlir", *FRONT_END)


def run(source: str, *arguments: str, folder: Path = ROOT, **environment: str) -> Any:
    """What a fresh process prints last, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def used(modules: list[str]) -> set[str]:
    """Those of the modules that a file must not need."""
    return {name for name in modules if name in NEVER or name.startswith(tuple(f"{never}." for never in NEVER))}


def test_an_executable_needs_no_front_end(tmp_path: Path) -> None:
    path = tmp_path / "plain.hloc"
    hloc.compile(programs.plain).lower("f64[4]", "i64").save(path)
    found = run(LOADS, str(path), "(np.zeros(4),)")
    assert found["origin"] == "executable for cpu"
    assert found["result"] == "(hloc.Array([0., 1., 2., 3.], dtype=float64), 3)"
    assert used(found["modules"]) <= {"pickle"}  # NumPy's
    assert "tests.artefacts.programs" not in found["modules"]


def test_stablehlo_needs_no_front_end(tmp_path: Path) -> None:
    """In a process with other settings of XLA; the second one finds the program in the cache."""
    path = tmp_path / "plain.hloc"
    hloc.compile(programs.plain).lower("f64[4]", "i64").save(path)
    settings = {
        "NPROC": "3",  # into so many parts XLA cuts loops
        "HLOC_CACHE": "on",
        "HLOC_CACHE_DIR": str(tmp_path / "cache"),
    }
    for _ in range(2):
        found = run(LOADS, str(path), "(np.zeros(4),)", **settings)
        assert found["origin"].startswith("compiled here; the executable for cpu is not used: it was made with another")
        assert found["result"] == "(hloc.Array([0., 1., 2., 3.], dtype=float64), 3)"
        assert used(found["modules"]) <= {"pickle"}
        assert len([p for p in (tmp_path / "cache").iterdir() if p.suffix == ".program"]) == 1


def test_without_the_source(tmp_path: Path) -> None:
    """Only modules with classes of results are needed, not the function's."""
    (tmp_path / "model.py").write_text(
        "K = 3.0\n\n\ndef f(x):\n    if x > 9.0:\n        raise ValueError(x)\n    return x * K\n"
    )
    saves = "import hloc, model, json; hloc.compile(model.f).lower(2.0).save('model.hloc'); print(json.dumps(1))"
    run(saves, folder=tmp_path, PYTHONDONTWRITEBYTECODE="1")
    (tmp_path / "model.py").unlink()
    os.rename(tmp_path / "model.hloc", tmp_path / "moved.hloc")
    found = run(LOADS, "moved.hloc", "(2.0,)", folder=tmp_path)
    assert found["result"] == "6.0"
    assert "model" not in found["modules"]
    with pytest.raises(ValueError, match="10") as caught:
        hloc.load(tmp_path / "moved.hloc")(10.0)
    assert caught.value.__notes__ == ["  --> model.py:6, in f"]


def test_dataclasses_of_another_module(tmp_path: Path) -> None:
    function, make = programs.CALLS["structures"]
    path = tmp_path / "structures.hloc"
    hloc.compile(function).lower(*make()).save(path)
    call = "__import__('tests.artefacts.programs', fromlist=['CALLS']).CALLS['structures'][1]()"
    found = run(LOADS, str(path), call)
    assert found["result"] == repr(hloc.compile(function)(*make()))


def test_many_processes_make_one_key(tmp_path: Path) -> None:
    signs = "import sys; from hloc.runtime import signing; print(signing.sign(b'x').hex())"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", signs],
            env=os.environ | {"HLOC_DATA_DIR": str(tmp_path / "new" / "data")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    seals = {process.communicate(timeout=120)[0] for process in running}
    assert len(seals) == 1
    assert os.listdir(tmp_path / "new" / "data") == ["signing.key"]
