"""A compiled program, ready to run: `Executable`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, NoReturn
from weakref import WeakSet

from hloc.classes import dataclass
from hloc.runtime import xla
from hloc.runtime.buffers import Hold, Raw, buffers, failure
from hloc.runtime.devices import backend_of
from hloc.runtime.errors import ArgumentError
from hloc.runtime.interruption import interruptibly, is_interruptible

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
    """Bytes on the device while the program runs.

    alias: results that reuse an argument's memory.   peak: the most that is in use at one time.
    """

    arguments: int
    outputs: int
    temporaries: int
    alias: int
    peak: int

    @staticmethod
    def of(stats: Any) -> Memory:
        """From jaxlib's CompiledMemoryStats."""
        return Memory(
            arguments=stats.argument_size_in_bytes,
            outputs=stats.output_size_in_bytes,
            temporaries=stats.temp_size_in_bytes,
            alias=stats.alias_size_in_bytes,
            peak=stats.peak_memory_in_bytes,
        )


class Executable:
    """A program compiled for one device. Several threads may run it at the same time.

    `execute` takes device arrays as they are and moves NumPy arrays to the device (see hloc.runtime.buffers); they may
    be changed as soon as it returns. Results are jaxlib's device arrays; on the CPU they are computed, on other devices
    perhaps still under way.
    """

    __slots__ = (
        "_array_type",
        "_buffers",
        "_consume",
        "_runs_here",
        "avals",
        "backend",
        "error",
        "handlers",
        "loaded",
        "run",
        "signature",
    )

    direct = True
    """Whether `run(raws).consume_with_handlers(handlers)` is all that `execute` does with device arrays."""

    def __init__(self, loaded: Any, backend: xla.Backend, signature: Signature | None = None) -> None:
        self.loaded = loaded
        self.backend = backend
        self.signature = signature or Signature.of(loaded)
        self._buffers = buffers(backend)
        self.avals = tuple(self._buffers.aval(*spec) for spec in self.signature.inputs)
        outputs = [self._buffers.aval(*spec) for spec in self.signature.outputs]
        self.handlers = [self._buffers.handler(aval) for aval in outputs]
        self._array_type: Any = self._buffers.array_type
        self.run: Any = loaded.execute_sharded
        self._consume: Any = methodcaller("consume_with_handlers", self.handlers)
        self._runs_here = backend.platform == "cpu"  # in the thread that calls it; on others a run is only begun
        self.error = xla.client_module().XlaRuntimeError

    def steps(self) -> dict[str, Any]:
        """What `execute` consists of, by name, for a caller that has checked the types of the arguments.

        enter(x, aval, holds): a NumPy array or number to a device array; appends what is to be held until it was used.
        put(x): a NumPy array to a device array whose memory the program may take.
        run(raws).consume_with_handlers(handlers), or execute(raws) where `direct` does not hold.   wait(raws): until
        they are computed.   release(holds).   XlaRuntimeError: what run, consume_with_handlers and wait raise.
        """
        own = {"run": self.run, "handlers": self.handlers, "execute": self.execute, "XlaRuntimeError": self.error}
        return own | self._buffers.steps()

    def execute(
        self,
        arguments: Sequence[Any],
        *,
        apart: bool = False,
        found: list[list[Raw]] | None = None,
        kept: Sequence[int] = (),
    ) -> list[Raw]:
        """Run the program on device arrays, NumPy arrays or scalars, Python numbers or hloc Arrays.

        apart: it may take long, so Ctrl-C has to be able to end the wait for it (see hloc.runtime.interruption).
        found: a list that gets the list of results, before a signal handler can raise: the program may have used up
        arguments, so that nothing else has their content then.
        kept: arguments that are left as they are if the wait is ended: a program that overwrites them gets copies.
        Raises: ArgumentError where number or types of the arguments differ from the signature; ExecutionError where
        XLA fails, on asynchronous devices perhaps only when a result is read; ForkError where XLA did not survive.
        """
        if len(arguments) != len(self.avals):
            raise ArgumentError(f"the program takes {len(self.avals)} arguments, got {len(arguments)}")
        array_type = self._array_type
        for argument, aval in zip(arguments, self.avals, strict=True):
            if type(argument) is not array_type or argument.aval is not aval:
                raws, holds = self._placed(arguments)
                return self.run_placed(raws, holds, apart=apart, found=found, kept=kept)
        return self.run_placed(arguments, (), apart=apart, found=found, kept=kept)

    def _placed(self, arguments: Sequence[Any]) -> tuple[list[Raw], list[Hold]]:
        """As device arrays, and what to hold until they were used."""
        place = self._buffers.place
        raws: list[Raw] = []
        holds: list[Hold] = []
        for argument, aval in zip(arguments, self.avals, strict=True):
            raw, hold = place(argument, aval, len(raws))
            raws.append(raw)
            if hold is not None:
                holds.append(hold)
        return raws, holds

    def run_placed(
        self,
        raws: Sequence[Raw],
        holds: Sequence[Hold],
        *,
        apart: bool = False,
        found: list[list[Raw]] | None = None,
        kept: Sequence[int] = (),
    ) -> list[Raw]:
        """`execute` for device arrays. It waits where there is something to hold, and then gives that back."""
        found = [] if found is None else found
        try:
            if apart and self._runs_here:
                views = [memoryview(raws[j]) for j in kept] if kept and is_interruptible() else []
                interruptibly(self._run_here, raws, found, views)
            else:  # in one call, without any of Python's, and so no signal handler, before `found` has the results
                found.extend(map(self._consume, map(self.run, (raws,))))
        except (self.error, BufferError) as error:  # a BufferError where there is nothing left to view
            raise failure(error) from error
        results = found[0]
        if holds:  # after a failure they are not used again
            self._buffers.wait(results)
            self._buffers.release(holds)
        return results

    def own(self, results: list[Raw]) -> list[Raw]:
        """Of what `execute` has put into `found`, the results that it returns."""
        return results

    def _run_here(self, raws: Sequence[Raw], found: list[list[Raw]], views: Sequence[memoryview]) -> None:
        """Run. While there are `views` of arguments, here until that is done, XLA copies what it would overwrite."""
        found.extend(map(self._consume, map(self.run, (raws,))))

    def optimized_hlo(self) -> str:
        """The program after XLA's optimisations, as HLO text."""
        return "\n\n".join(module.to_string() for module in self.loaded.hlo_modules())

    def cost(self) -> dict[str, float]:
        """XLA's estimate: "flops", "transcendentals" and "bytes accessed" of one run, loop bodies counted once."""
        found = self.loaded.cost_analysis()
        return {name: float(found.get(name, 0.0)) for name in ("flops", "transcendentals", "bytes accessed")}

    def memory(self) -> Memory:
        """The bytes that one run needs on the device."""
        return Memory.of(self.loaded.get_compiled_memory_stats())

    def serialize(self) -> bytes:
        """The compiled program as bytes, for this jaxlib and this kind of machine; `load` reads them."""
        return bytes(self.loaded.serialize())

    @staticmethod
    def load(serialized: bytes, signature: Signature, backend: xla.Backend | None = None) -> Executable:
        """The program that `serialize` wrote. Load only bytes that this user wrote: they hold machine code."""
        device = backend_of(backend)
        return Executable(xla.load_program(serialized, device), device, signature)


class Caller:
    """Something that runs programs by `Executable.steps`: in `attempt`."""

    __slots__ = ("__weakref__", "attempt")

    attempt: Callable[..., Any]


_callers: WeakSet[Caller] = WeakSet()


def note_caller(caller: Caller) -> None:
    """From now on, `attempt` is a function that raises where XLA did not survive."""
    _callers.add(caller)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise xla.fork_error()


def _refuse_after_fork() -> None:
    """Where XLA's threads are missing, running must raise and not wait for them; until then it costs nothing."""
    if xla.is_forked():
        Executable.execute = _refuse  # type: ignore[method-assign]
        for caller in _callers:
            caller.attempt = _refuse


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_refuse_after_fork)
