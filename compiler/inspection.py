"""A program to look at: its stages as text, what XLA made of it, what was decided about it."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hloc.ir.printer import print_module
from hloc.ir.to_python import to_python
from hloc.options import CompileOptions
from hloc.pipeline import before_emission, compile_program, emit
from hloc.program import PASSES, Batch, Machine, Program, Saved, StaticUse
from hloc.report import remaining_error_sites
from hloc.runtime import backend, compile_or_load
from hloc.runtime.targets import compile_for, target
from hloc.saving import Described, save

if TYPE_CHECKING:
    from hloc.emit.module import Emitted
    from hloc.ir.core import Module
    from hloc.runtime.executable import Executable, Memory
    from hloc.runtime.targets import Target, TargetExecutable


class Stage:
    """A program as text."""

    def __init__(self, module: Module) -> None:
        self._module = module

    @property
    def ssa(self) -> str:
        """The SSA program."""
        return self.with_places("ssa", places=False)

    @property
    def python(self) -> str:
        """The program as Python over NumPy that computes the same."""
        return self.with_places("python", places=False)

    def with_places(self, stage: str, places: bool = True) -> str:
        """The text of a stage with the places in the source that lines come from."""
        if stage == "ssa":
            return print_module(self._module, spans=places)
        return to_python(self._module, comments=places)


class Lowered(Stage):
    """A program specialised to argument types and simplified, with the text of its stages."""

    def __init__(
        self,
        program: Program,
        options: CompileOptions,
        rows: Mapping[str, int],
        described: Described,
        target: Target | None = None,
    ) -> None:
        super().__init__(program.module)
        self._described = described
        self._target = target
        self.program = program
        self.options = options
        self._rows = dict(rows)

    @functools.cached_property
    def _emitted(self) -> Emitted:
        return emit(self.program, self.options, self._rows)

    @property
    def stablehlo(self) -> str:
        """The StableHLO module given to XLA."""
        return self._emitted.text()

    def after(self, name: str) -> Stage:
        """The program as it is after a later pass, by its name.

        "recursion": recursive functions have become loops with stacks. A program that had some gives one more result
        at the end, 0 when all stacks had room.
        "batching": and loops over lanes are written for all lanes at once, or have become plain loops.
        """
        if name not in PASSES:
            raise ValueError(f"{name!r} is none of the passes {', '.join(PASSES)}")
        return Stage(before_emission(self.program, self.options, self._rows, name).module)

    def with_places(self, stage: str, places: bool = True) -> str:
        return super().with_places(stage, places) if stage != "stablehlo" else self._emitted.text(with_locations=places)

    def for_target(self, name: str) -> Lowered:
        """The same program for a device that need not be here, such as "cuda:h200"; "cpu" is that of this machine.

        Raises: DeviceError for a name that is not known, with those that are.
        """
        found = target(name)
        options = dataclasses.replace(self.options, device=found.platform)
        return Lowered(self.program, options, self._rows, self._described, found)

    def compile(self, target: str | None = None) -> Compiled:
        """Compile with XLA, or take the program from the cache.

        target: the name of a device that need not be here, see `for_target`. The result cannot run; it tells what XLA
        makes of the program there. Raises: DeviceError where the plugin of its platform is missing.
        """
        if target is not None:
            return self.for_target(target).compile()
        if self._target is None:
            return Compiled(compile_program(self.program, self._emitted).executable)
        code, options = self._emitted.bytecode, self._emitted.build_options
        if self._target.platform == "cpu":
            return Compiled(compile_or_load(code, options, backend("cpu")), self._target)
        return Compiled(compile_for(self._target, code, options), self._target)

    def save(self, path: str | os.PathLike[str], targets: str | Sequence[str] = ()) -> None:
        """Write the program to one file, which `hloc.load` runs without the function's source.

        It holds portable StableHLO, how to call it, and executables. The values of globals and closures that the
        function reads become part of it, as they are now.

        targets: what to put executables in for: "cpu", "cuda" and "tpu" are devices of this machine, "cuda:h200" and
            the like (see `for_target`) need not be here; by default the function's own device. On other machines the
            StableHLO is compiled at `hloc.load`.
        Raises: ArtefactError for what cannot be written to a file; DeviceError for targets that cannot be had.
        """
        names = (targets,) if isinstance(targets, str) else tuple(targets)
        if not names and self._target is not None:
            names = (str(self._target),)
        save(self.program, self.options, self._rows, self._described, Path(path), names)


class Compiled:
    """A program compiled for this machine, or for a device that is not here."""

    def __init__(self, executable: Executable | TargetExecutable, target: Target | None = None) -> None:
        self._executable = executable
        self.target = target

    @property
    def optimized_hlo(self) -> str:
        """XLA's optimised program."""
        return self._executable.optimized_hlo()

    @property
    def cost(self) -> dict[str, float]:
        """XLA's estimates: flops, bytes accessed; for a target also its "optimal_seconds"."""
        return self._executable.cost()

    @property
    def memory(self) -> Memory:
        """Bytes of arguments, results and temporaries."""
        return self._executable.memory()


class Explanation:
    """What was decided about a program: `static`, `repeated`, `checks`, what derivatives have `saved`, `recursive`
    functions, and `batches`, the loops over lanes. cache: whether the persistent cache has it, and if not, why."""

    def __init__(
        self, program: Program, machines: Sequence[Machine], batches: Sequence[Batch] = (), cache: Sequence[str] = ()
    ) -> None:
        self.batches = tuple(batches)
        self.cache = tuple(cache)
        self.static: list[StaticUse] = program.static
        self.repeated: list[StaticUse] = program.repeated
        self.saved: list[Saved] = program.saved
        sites = [program.error_sites[number - 1] for number in remaining_error_sites(program)]
        reason = "may be raised: nothing proves that it cannot"
        uses = (StaticUse(site.exception.__name__, reason, site.span) for site in sites)
        self.recursive = [_recursive(machine) for machine in machines]
        self.checks = list(dict.fromkeys(uses))  # a place in several versions of a function is one


_LOOPS = {"tail": "a loop", "linear": "a loop down and a loop up", "machine": "a loop that calls and returns"}


def _recursive(machine: Machine) -> StaticUse:
    """What became of a recursive function."""
    stack = f" with a stack of {machine.rows:,} rows, which grow with need" if machine.rows else ""
    return StaticUse(machine.name, _LOOPS[machine.kind] + stack, machine.span)
