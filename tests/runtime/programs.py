"""StableHLO texts for the tests of the runtime, and a way to run Python in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ADD_SINE = """
module @add_sine { func.func public @main(%a: tensor<16xf64>, %b: tensor<16xf64>) -> (tensor<16xf64>) {
  %0 = stablehlo.add %a, %b : tensor<16xf64>
  %1 = stablehlo.sine %0 : tensor<16xf64>
  return %1 : tensor<16xf64> } }
"""

CHOLESKY = """
module @cholesky { func.func public @main(%a: tensor<3x3xf64>) -> (tensor<3x3xf64>, tensor<i32>) {
  %0:2 = stablehlo.custom_call @lapack_dpotrf_ffi(%a) {api_version = 4 : i32, backend_config = {uplo = 76 : ui8},
    operand_layouts = [dense<[0, 1]> : tensor<2xindex>],
    result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<> : tensor<0xindex>]}
    : (tensor<3x3xf64>) -> (tensor<3x3xf64>, tensor<i32>)
  return %0#0, %0#1 : tensor<3x3xf64>, tensor<i32> } }
"""


REMEMBER_WARNINGS = """
import os, sys, warnings
from pathlib import Path
import numpy as np
from hloc.runtime import Cache, Entry, compile_or_load
from hloc.runtime.cache import default_cache
from tests.runtime.programs import ADD_SINE, double
said = []
warnings.showwarning = lambda message, *rest: said.append(str(message))
warnings.simplefilter("always")
def run(program, n=16):
    return float(np.asarray(compile_or_load(program).execute([np.ones(n)] * (2 if program is ADD_SINE else 1))[0])[0])
"""
"""Code that comes first: `said` holds the warnings, and `run(program)` the first number of its result on ones."""


def double(shape: str, attributes: str = "") -> str:
    """A program that gives `x + x` for a tensor of this shape, for example "16xf64"."""
    return f"""
    module @double {{ func.func public @main(%x: tensor<{shape}> {attributes}) -> (tensor<{shape}>) {{
      %0 = stablehlo.add %x, %x : tensor<{shape}>
      return %0 : tensor<{shape}> }} }}
    """


def identity(*shapes: str) -> str:
    """A program that gives its arguments back."""
    parameters = ", ".join(f"%x{i}: tensor<{shape}>" for i, shape in enumerate(shapes))
    types = ", ".join(f"tensor<{shape}>" for shape in shapes)
    values = ", ".join(f"%x{i}" for i in range(len(shapes)))
    result = f"return {values} : {types}" if shapes else "return"
    return f"module @identity {{ func.func public @main({parameters}) -> ({types}) {{ {result} }} }}"


def repeated_sine(n: int) -> str:
    """A program that applies sine over and over to n numbers: `count` times, an argument."""
    return f"""
    module @repeat {{ func.func public @main(%count: tensor<i64>, %x: tensor<{n}xf64>) -> tensor<{n}xf64> {{
      %zero = stablehlo.constant dense<0> : tensor<i64>
      %one = stablehlo.constant dense<1> : tensor<i64>
      %r:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i64>, tensor<{n}xf64>
        cond {{
          %c = stablehlo.compare LT, %i, %count : (tensor<i64>, tensor<i64>) -> tensor<i1>
          stablehlo.return %c : tensor<i1>
        }} do {{
          %s = stablehlo.sine %v : tensor<{n}xf64>
          %j = stablehlo.add %i, %one : tensor<i64>
          stablehlo.return %j, %s : tensor<i64>, tensor<{n}xf64>
        }}
      return %r#1 : tensor<{n}xf64> }} }}
    """


def start(code: str, **environment: str) -> subprocess.Popen[str]:
    """Start Python on this code; more environment variables by name."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for it and give what it printed; it must succeed and say nothing on stderr."""
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, ""), f"exit status {process.returncode}\n{err}"
    return out.strip()


def run_python(code: str, **environment: str) -> str:
    """Run Python on this code in a process of its own and give what it printed."""
    return finish(start(code, **environment))
