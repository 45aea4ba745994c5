"""StableHLO to an Executable, by way of the persistent cache.

compile_or_load(stablehlo, options)          the key is a hash of the program, the options and the environment
load_program(key), store_program(key, …)     the caller has its own key, and needs no StableHLO for a hit
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hloc.classes import dataclass
from hloc.runtime import xla
from hloc.runtime.cache import Cache, default_cache
from hloc.runtime.devices import backend_of
from hloc.runtime.entries import Entry
from hloc.runtime.errors import XlaCompileError
from hloc.runtime.executable import Executable, Signature
from hloc.runtime.fingerprint import environment
from hloc.runtime.hashing import sha256
from hloc.runtime.options import BuildOptions
from hloc.runtime.profiling import span

_CODE = "executable"
_SIGNATURE = "signature"
_ORIGIN = "origin"


def compile_stablehlo(
    stablehlo: bytes | str, options: BuildOptions | None = None, backend: xla.Backend | None = None
) -> Executable:
    """Compile a StableHLO module (text, MLIR bytecode or portable artifact); its function `main` is what runs.

    Raises: XlaCompileError, DeviceError.
    """
    device = backend_of(backend)
    with span("hloc: XLA"):
        return Executable(xla.compile_program(stablehlo, options or BuildOptions(), device), device)


def compile_or_load(
    stablehlo: bytes | str,
    options: BuildOptions | None = None,
    backend: xla.Backend | None = None,
    *,
    key_extra: str = "",
    key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Executable:
    """As compile_stablehlo, but take the program from the persistent cache where it is there, else keep it there.

    key_extra: anything else that tells two programs apart.   key: of the caller's, instead of a hash of all that.
    metadata: what to keep beside it, for people who look at the cache.
    """
    options = options or BuildOptions()
    device = backend_of(backend)
    key = key or program_key(stablehlo, options.key(), key_extra, backend=device)
    found = load_program(key, device)
    if found is not None:
        return found.executable
    executable = compile_stablehlo(stablehlo, options, device)
    store_program(key, executable, metadata)
    return executable


def program_key(*parts: bytes | str, backend: xla.Backend | None = None) -> str:
    """A cache key (hexadecimal) for the parts, in order, on this jaxlib, device and host."""
    state = sha256(environment(backend_of(backend)).encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


@dataclass(frozen=True)
class Program:
    """A program from the cache: ready to run, with what was stored beside it."""

    executable: Executable
    metadata: Mapping[str, Any]
    blobs: Mapping[str, bytes]


def load_program(key: str, backend: xla.Backend | None = None, cache: Cache | None = None) -> Program | None:
    """The program stored under `key`; None where there is none, or it cannot be used (the cache then warns once)."""
    store = cache or default_cache()
    entry = store.load(key) if store else None
    if store is None or entry is None:
        return None
    try:
        signature = _signature(entry.metadata[_SIGNATURE])
        executable = Executable.load(entry.blobs[_CODE], signature, backend)
    except XlaCompileError as error:
        store.discard(key, str(error), "is refused by XLA")
        return None
    except (LookupError, TypeError, ValueError) as error:
        store.discard(key, f"{type(error).__name__}: {error}")
        return None
    metadata = {name: value for name, value in entry.metadata.items() if name not in (_SIGNATURE, _ORIGIN)}
    blobs = {name: blob for name, blob in entry.blobs.items() if name != _CODE}
    return Program(executable, metadata, blobs)


def store_program(
    key: str,
    executable: Executable,
    metadata: Mapping[str, Any] | None = None,
    blobs: Mapping[str, bytes] | None = None,
    cache: Cache | None = None,
) -> bool:
    """Keep a program under `key`, with JSON values and bytes of the caller's; says whether that worked.

    The names "signature" and "origin" (metadata) and "executable" (blobs) are taken.
    """
    store = cache or default_cache()
    if store is None:
        return False
    try:
        code = executable.serialize()
    except RuntimeError:  # not every platform can
        return False
    own = {
        _SIGNATURE: [executable.signature.inputs, executable.signature.outputs],
        _ORIGIN: {  # for people who look at the cache
            "platform": executable.backend.platform,
            "device": executable.backend.kind,
            "jaxlib": xla.jaxlib_version(),
        },
    }
    return store.store(key, Entry({**(metadata or {}), **own}, {**(blobs or {}), _CODE: code}))


def _signature(stored: Any) -> Signature:
    inputs, outputs = (tuple((tuple(shape), name) for shape, name in specs) for specs in stored)
    return Signature(inputs, outputs)
