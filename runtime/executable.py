"""A compiled program, ready to run: `Executable`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hloc.runtime import xla
from hloc.runtime.buffers import Raw, buffers
from hloc.runtime.errors import ArgumentError, ExecutionError

TypeSpec = tuple[tuple[int, ...], str]
"""Shape and the name of the NumPy element type."""


@dataclass(frozen=True)
class Signature:
    """The types of a program's parameters and results, in order."""

    inputs: tuple[TypeSpec, ...]
    outputs: tuple[TypeSpec, ...]

    @staticmethod
    def of(loaded: Any) -> Signature:
        """Read the signature from the compiled program itself (0.2 ms)."""
        module = loaded.hlo_modules()[0].as_serialized_hlo_module_proto()
        shape = xla.client_module().XlaComputation(module).program_shape()
        result = shape.result_shape()
        results = result.tuple_shapes() if result.is_tuple() else [result]
        return Signature(_specs(shape.parameter_shapes()), _specs(results))


def _specs(shapes: Sequence[Any]) -> tuple[TypeSpec, ...]:
    return tuple((tuple(map(int, shape.dimensions())), shape.numpy_dtype().name) for shape in shapes)


@dataclass(frozen=True)
class Memory:
    """Bytes on the device while the program runs; `alias` counts results that reuse an argument's memory."""

    arguments: int
    outputs: int
    temporaries: int
    alias: int
    code: int


class Executable:
    """A program compiled for one device. Several threads may run it at the same time.

    `execute` takes device arrays as they are and copies NumPy arrays (large aligned ones are used in place, see
    hloc.runtime.buffers). Results are jaxlib's device arrays, possibly still being computed.
    """

    __slots__ = ("_array_type", "_avals", "_buffers", "_error", "_handlers", "_run", "backend", "loaded", "signature")

    def __init__(self, loaded: Any, backend: xla.Backend, signature: Signature | None = None) -> None:
        self.loaded = loaded
        self.backend = backend
        self.signature = signature or Signature.of(loaded)
        self._buffers = buffers(backend)
        self._avals = tuple(self._buffers.aval(*spec) for spec in self.signature.inputs)
        outputs = [self._buffers.aval(*spec) for spec in self.signature.outputs]
        self._handlers = [self._buffers.handler(aval) for aval in outputs]
        self._array_type = self._buffers.array_type
        self._run = loaded.execute_sharded
        self._error = xla.client_module().XlaRuntimeError

    def execute(self, arguments: Sequence[Any]) -> list[Raw]:
        """Run the program on device arrays, NumPy arrays or scalars, Python numbers or hloc Arrays.

        Raises: ArgumentError where number or types of the arguments differ from the signature; ExecutionError where
        XLA fails. On asynchronous devices a failure may come out later, when a result is read.
        """
        avals, array_type = self._avals, self._array_type
        if len(arguments) != len(avals):
            raise ArgumentError(f"the program takes {len(avals)} arguments, got {len(arguments)}")
        raws, borrows = [], False
        for argument, aval in zip(arguments, avals):
            if type(argument) is not array_type or argument.aval is not aval:
                argument, borrowed = self._buffers.place(argument, aval, len(raws))
                borrows |= borrowed
            raws.append(argument)
        try:
            results: list[Raw] = self._run(raws).consume_with_handlers(self._handlers)
            if borrows:
                self._buffers.wait(results)
        except self._error as error:
            raise ExecutionError(f"XLA failed while running the program: {error}") from error
        return results

    def optimized_hlo(self) -> str:
        """The program after XLA's optimisations, as HLO text."""
        return "\n\n".join(module.to_string() for module in self.loaded.hlo_modules())

    def cost(self) -> dict[str, float]:
        """XLA's estimate: "flops", "transcendentals" and "bytes accessed" of one run, loop bodies counted once."""
        found = self.loaded.cost_analysis()
        return {name: float(found.get(name, 0.0)) for name in ("flops", "transcendentals", "bytes accessed")}

    def memory(self) -> Memory:
        """The bytes that one run needs on the device."""
        stats = self.loaded.get_compiled_memory_stats()
        return Memory(
            arguments=stats.argument_size_in_bytes,
            outputs=stats.output_size_in_bytes,
            temporaries=stats.temp_size_in_bytes,
            alias=stats.alias_size_in_bytes,
            code=stats.generated_code_size_in_bytes,
        )

    def serialize(self) -> bytes:
        """The compiled program as bytes, for this jaxlib and this kind of machine; `load` reads them."""
        return bytes(self.loaded.serialize())

    @staticmethod
    def load(serialized: bytes, signature: Signature, backend: xla.Backend | None = None) -> Executable:
        """The program that `serialize` wrote. Load only bytes that this user wrote: they hold machine code."""
        device = backend or xla.backend()
        return Executable(xla.load_program(serialized, device), device, signature)
