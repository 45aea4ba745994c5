"""`Lowered.save`: a program → a file that `hloc.load` runs anywhere (see hloc.artefact).

The program is emitted once for each platform of the targets, and once in a form for any platform; the executables for
the targets are compiled of these.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import platform as system
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hloc.artefact.file import Contents, encode, write
from hloc.artefact.frozen import freeze
from hloc.artefact.header import DEFAULT, Code, FrozenValue, Header, Parameter, Portable, write_header
from hloc.artefact.names import Importable
from hloc.artefact.needs import needs_here, needs_there
from hloc.emit.portable import parameter_count, portable_artifact
from hloc.options import CompileOptions
from hloc.persistence.digest import Unportable
from hloc.pipeline import Rows, emit, platform_of
from hloc.program import Program
from hloc.runtime import xla
from hloc.runtime.compile import compile_stablehlo
from hloc.runtime.devices import backend_of
from hloc.runtime.errors import ArtefactError, ArtefactWarning, XlaCompileError
from hloc.runtime.options import BuildOptions
from hloc.runtime.targets import compile_for, target
from hloc.transform.longest_run import longest_run

GENERAL = "cuda"
"""What is emitted for it has nothing of one platform's own, so it runs on all."""


@dataclass(frozen=True)
class Described:
    """The function that a program was made of, for people."""

    name: str
    signature: inspect.Signature
    doc: str | None


@dataclass
class _Blobs:
    """The blobs of the file, each with its number."""

    found: list[bytes] = field(default_factory=list)

    def add(self, data: bytes) -> int:
        self.found.append(data)
        return len(self.found) - 1


def save(
    program: Program, options: CompileOptions, rows: Rows, described: Described, path: Path, targets: Sequence[str]
) -> None:
    """Write the file. Raises: ArtefactError; DeviceError and XlaCompileError for targets that cannot be had."""
    try:
        contents = _contents(program, options, rows, described, tuple(dict.fromkeys(targets)))
    except XlaCompileError:
        if not options.tune:
            raise
        plain = dataclasses.replace(options, tune=False)
        contents = _contents(program, plain, rows, described, tuple(dict.fromkeys(targets)))
    except Unportable as error:
        raise ArtefactError(f"{described.name} cannot be saved: {error}") from None
    parts, problem = encode(contents)
    try:
        write(path, parts)
    except OSError as error:
        raise ArtefactError(f"cannot write {path}: {error.strerror}") from error
    if problem is not None:
        message = f"{path} has no signature, so that hloc.load wants trust=True: {problem}"
        warnings.warn(message, ArtefactWarning, stacklevel=3)


def _contents(
    program: Program, options: CompileOptions, rows: Rows, described: Described, targets: tuple[str, ...]
) -> Contents:
    references = Importable()
    program.work = longest_run(program.module)
    frozen = freeze(program)
    blobs = _Blobs()
    values = tuple(_frozen_value(label, v, blobs) for label, v in zip(frozen.labels, frozen.values, strict=True))
    emission = _Emission(program, options, rows, blobs)
    here = platform_of(options)
    codes = tuple(emission.code(name) for name in targets or (here,))
    if all(module.platform == "cpu" for module in emission.modules.values()):
        emission.module(GENERAL)
    header = Header(
        name=described.name,
        doc=described.doc,
        writer=_writer(),
        parameters=tuple(_parameter(p, references) for p in described.signature.parameters.values()),
        recipe=frozen.recipe,
        frozen=values,
        modules=tuple(emission.modules.values()),
        codes=codes,
    )
    return Contents(write_header(header, references), blobs.found)


class _Emission:
    """The modules of a program by platform, and the executables that are made of them."""

    def __init__(self, program: Program, options: CompileOptions, rows: Rows, blobs: _Blobs) -> None:
        self.program, self.options, self.rows, self.blobs = program, options, rows, blobs
        self.modules: dict[str, Portable] = {}
        self.sources: dict[str, tuple[bytes, BuildOptions]] = {}

    def module(self, platform: str) -> Portable:
        """The module of a platform, entered once."""
        if platform not in self.modules:
            options = dataclasses.replace(self.options, device=platform)
            emitted = emit(self.program, options, self.rows)
            self.sources[platform] = portable_artifact(emitted.module)[0], emitted.build_options
            if parameter_count(emitted.module) > len(self.program.inputs):
                emitted = emit(self.program, options, self.rows, lend=False)
            data, version = portable_artifact(emitted.module)
            self.modules[platform] = Portable(
                platform, version, emitted.build_options, self.blobs.add(data), emitted.status, emitted.machines
            )
        return self.modules[platform]

    def code(self, name: str) -> Code:
        """The executable for a target: a device of this process by its platform, or one that is not here."""
        if name in xla.PLATFORMS:
            return self._code_here(name)
        there = target(name)
        self.module(there.platform)
        compiled = compile_for(there, *self.sources[there.platform])
        needs = needs_there(there.platform, compiled.kind)
        return self._code(str(there), there.platform, needs, compiled)

    def _code_here(self, platform: str) -> Code:
        self.module(platform)
        given = self.options.device
        backend = backend_of(given if platform_of(self.options) == platform else platform)
        executable = compile_stablehlo(*self.sources[platform], backend)  # one from the cache cannot be written again
        return self._code(platform, platform, needs_here(backend), executable)

    def _code(self, name: str, platform: str, needs: dict[str, str], executable: Any) -> Code:
        blob = self.blobs.add(executable.serialize())
        return Code(name, platform, tuple(needs.items()), executable.signature, blob)


def _frozen_value(label: str, value: Any, blobs: _Blobs) -> FrozenValue:
    if isinstance(value, np.ndarray):
        return FrozenValue(label, None, value.dtype.str, value.shape, blobs.add(value.tobytes()))
    return FrozenValue(label, value)


def _parameter(parameter: inspect.Parameter, references: Importable) -> Parameter:
    """A parameter; a default that cannot be written has to be given."""
    if parameter.default is not inspect.Parameter.empty:
        try:
            DEFAULT.write(parameter.default, references)
        except Unportable:
            pass
        else:
            return Parameter(parameter.name, parameter.kind.name, False, parameter.default)
    return Parameter(parameter.name, parameter.kind.name, True)


def _writer() -> str:
    return f"hloc {importlib.metadata.version('hloc')}, jaxlib {xla.jaxlib_version()}, Python {system.python_version()}"
