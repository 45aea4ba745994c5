"""Compiles and runs a small program on each device of a platform; `hloc doctor` runs it in a process of its own.

    python -m hloc.cli.selftest cpu      {"device": "cpu:0", "kind": "cpu", "compile": 0.03, "call": 1e-05, "error": ""}

One line of JSON a device, times in seconds. A library that ends the process or never comes back is noticed outside.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import numpy as np

from hloc.api import compile
from hloc.runtime.devices import Device, devices

_CALLS = 20


def decay(x: np.ndarray, steps: int) -> Any:
    """What is run: a loop, elementwise arithmetic, a check, a sum."""
    for k in range(steps):
        x[k] = np.sin(x[k - 1]) / (k + 1)
    return x.sum() + np.exp(-x * x)


def test(device: Device) -> dict[str, Any]:
    """Compile `decay` for the device and compare its results with CPython's."""
    x, steps = np.linspace(0.0, 1.0, 64, dtype=np.float32), 40
    expected = decay(x.copy(), steps)
    compiled = compile(decay, device=str(device))
    start = time.perf_counter()
    result = np.asarray(compiled(x.copy(), steps))
    seconds = time.perf_counter() - start
    if not np.allclose(result, expected, rtol=1e-3):
        worst = float(np.abs(result - expected).max())
        return _report(device, error=f"wrong result: it differs from CPython's by up to {worst:.3g}")
    return _report(device, seconds, statistics.median(_timed(compiled, x.copy(), steps) for _ in range(_CALLS)))


def _timed(compiled: Any, x: np.ndarray, steps: int) -> float:
    start = time.perf_counter()
    np.asarray(compiled(x, steps))
    return time.perf_counter() - start


def _report(device: Device, compiling: float = 0.0, call: float = 0.0, error: str = "") -> dict[str, Any]:
    return {"device": str(device), "kind": device.kind, "compile": compiling, "call": call, "error": error}


def main(platform: str) -> None:
    """Print a line for each device, or one with an error where the platform cannot be used."""
    try:
        found = devices(platform)
    except Exception as error:
        print(json.dumps({"device": platform, "error": f"{error}", "unusable": True}))
        return
    for device in found:
        try:
            report = test(device)
        except Exception as error:
            report = _report(device, error=f"{type(error).__name__}: {error}")
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
