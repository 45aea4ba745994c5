"""StableHLO to an Executable."""

from __future__ import annotations

from hloc.runtime import xla
from hloc.runtime.executable import Executable
from hloc.runtime.options import BuildOptions


def compile_stablehlo(
    stablehlo: bytes | str, options: BuildOptions | None = None, backend: xla.Backend | None = None
) -> Executable:
    """Compile a StableHLO module (text, MLIR bytecode or portable artifact); its function `main` is what runs.

    Raises: XlaCompileError, DeviceError.
    """
    device = backend or xla.backend()
    return Executable(xla.compile_program(stablehlo, options or BuildOptions(), device), device)
