"""StableHLO as portable artifacts: bytes that other versions, and other tools, read.

CHLO's operations (acosh, erf_inv, …), which have no versions, stay in them as they are: XLA and jax know them.
"""

from __future__ import annotations

import io
from typing import Any

from hloc import mlir
from hloc.diagnostics.errors import InternalError

OLDEST = "1.17.0"
"""The StableHLO of the oldest jaxlib that hloc runs on, which every other one reads."""


def portable_artifact(module: Any) -> tuple[bytes, str]:
    """A module without places in the source, and the version of StableHLO that a reader must know."""
    buffer = io.BytesIO()
    module.operation.write_bytecode(buffer)
    with module.context:
        copy = mlir.ir.Module.parse(buffer.getvalue())
        mlir.passes.PassManager.parse("builtin.module(strip-debuginfo)").run(copy.operation)
        for version in (OLDEST, mlir.hlo.get_current_version()):
            try:
                return mlir.hlo.serialize_portable_artifact(copy, version, True), version
            except ValueError:
                continue
    raise InternalError("StableHLO cannot write the emitted module as a portable artifact")


def parameter_count(module: Any) -> int:
    """How many parameters the function `main` has."""
    functions = [op for op in module.body.operations if op.name.value == "main"]
    return len(functions[0].arguments)


def portable_text(data: bytes) -> str:
    """The text of a portable artifact."""
    with mlir.create_context() as context:
        return str(mlir.hlo.deserialize_portable_artifact(context, data))
