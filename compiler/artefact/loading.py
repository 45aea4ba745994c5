"""`hloc.load`: a file → the function in it, ready to run. Needs no source, no front end and no MLIR.

An executable that fits this process is run as it is; else the StableHLO in the file is compiled, by way of the
persistent cache.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hloc.artefact.file import Contents, open_file
from hloc.artefact.function import Artefact
from hloc.artefact.header import Code, FrozenValue, Header, Portable, read_header
from hloc.artefact.names import Importable
from hloc.artefact.needs import misfit
from hloc.calling import BoundProgram
from hloc.persistence.codecs import RecordError
from hloc.program import HostStatus, Recipe
from hloc.runtime import xla
from hloc.runtime.array import array
from hloc.runtime.compile import compile_or_load, program_key
from hloc.runtime.devices import backend_of
from hloc.runtime.errors import ArtefactError, ArtefactWarning, XlaCompileError
from hloc.runtime.executable import Executable
from hloc.runtime.workspace import lending

MALFORMED = (LookupError, TypeError, ValueError, AttributeError, SyntaxError, AssertionError, OverflowError)


def load(path: str | os.PathLike[str], trust: bool = False) -> Artefact:
    """The function that `Lowered.save` wrote to a file, for the default device.

    It takes what the function took when it was saved: the same types and structure, the same static values. What the
    function read of globals and closures is as it was then.

    trust: load also a file that this user has not written on this machine. It holds machine code, and names modules to
        import: trust it as you would trust a program.
    Raises: ArtefactError where the file is damaged, not trusted, from a newer hloc, or not for this machine.
    """
    place = Path(path)
    contents = open_file(place, trust)
    try:
        header = read_header(contents.header, Importable())
        return _function(place, header, contents, backend_of(None))
    except RecordError as error:
        raise ArtefactError(f"{place} cannot be loaded: {error}") from error
    except MALFORMED as error:
        raise ArtefactError(f"{place} is malformed: {type(error).__name__}: {error}") from error


def _function(path: Path, header: Header, contents: Contents, backend: xla.Backend) -> Artefact:
    module = _module(path, header, backend)
    executable, origin = _executable(path, header, module, contents, backend)
    inputs = [(entry.type.shape, entry.type.dtype.name) for entry in header.recipe.inputs]
    if list(executable.signature.inputs[: len(inputs)]) != inputs:
        raise ArtefactError(f"{path} is malformed: its executable takes other arguments than it says")
    if max(_results(header.recipe, module.status)) >= len(executable.signature.outputs):
        raise ArtefactError(f"{path} is malformed: its executable has fewer results than it says")
    bound = BoundProgram(header.recipe, lending(executable, len(inputs)), module.status, module.machines)
    frozen = tuple(_frozen(value, contents, backend) for value in header.frozen)
    return Artefact(path, header, bound, frozen, bytes(contents.blobs[_general(header)[0].blob]), origin)


def _results(recipe: Recipe, status: HostStatus | None) -> Iterator[int]:
    """Numbers of results of the executable that a call reads."""
    yield -1
    fewer = 0 if status is None else max(status.words - status.scalars, 0)
    for output in (recipe.output, *(write_back.output for write_back in recipe.write_backs)):
        yield from (index - fewer for index in output.indices())
    if recipe.error_words:
        yield recipe.error_index + (recipe.error_words if status is None else max(status.scalars, status.read)) - 1
    if recipe.print_capacity:
        yield recipe.print_index + 1 - fewer


def _module(path: Path, header: Header, backend: xla.Backend) -> Portable:
    """The module for a platform: its own, else one that is written for no CPU, which runs anywhere."""
    modules = [*_own(header, backend.platform), *_general(header)]
    if not modules:
        raise ArtefactError(f"{path} has no program for the platform {backend.platform}")
    return modules[0]


def _own(header: Header, platform: str) -> list[Portable]:
    return [module for module in header.modules if module.platform == platform]


def _general(header: Header) -> list[Portable]:
    """Those that run anywhere."""
    return [module for module in header.modules if module.platform != "cpu"]


def _executable(
    path: Path, header: Header, module: Portable, contents: Contents, backend: xla.Backend
) -> tuple[Executable, str]:
    """What runs, and where it comes from, for people."""
    reasons = []
    for code in header.codes:
        if code.platform == module.platform:
            reason = misfit(dict(code.needs), backend)
            if reason is None:
                try:
                    return _load(code, contents, backend), f"executable for {code.target}"
                except XlaCompileError as error:
                    warnings.warn(f"{path}: {error}; it is compiled anew", ArtefactWarning, stacklevel=4)
                    reason = "XLA refuses it"
            reasons.append(f"the executable for {code.target} is not used: {reason}")
    origin = "; ".join(["compiled here", *reasons])
    return _compile(path, header, module, contents, backend), origin


def _load(code: Code, contents: Contents, backend: xla.Backend) -> Executable:
    return Executable.load(bytes(contents.blobs[code.blob]), code.signature, backend)


def _compile(path: Path, header: Header, module: Portable, contents: Contents, backend: xla.Backend) -> Executable:
    stablehlo = bytes(contents.blobs[module.blob])
    key = program_key(stablehlo, module.options.key(), "artefact", backend=backend)
    try:
        return compile_or_load(stablehlo, module.options, backend, key=key, metadata={"function": header.name})
    except XlaCompileError as error:
        raise ArtefactError(
            f"{path} holds StableHLO {module.version} ({header.writer}), which this jaxlib {xla.jaxlib_version()} "
            f"cannot compile; if that is too new for it, a newer jaxlib can: {error}"
        ) from error


def _frozen(value: FrozenValue, contents: Contents, backend: xla.Backend) -> Any:
    if value.dtype is None:
        return value.value
    dtype = np.dtype(value.dtype)
    data = contents.blobs[value.blob]
    if dtype.kind not in "biufc" or len(data) != math.prod(value.shape) * dtype.itemsize:
        raise ArtefactError(f"the array {value.label} has other bytes than {dtype} of {list(value.shape)} needs")
    return array(np.frombuffer(data, dtype).reshape(value.shape), device=backend)
