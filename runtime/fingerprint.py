"""What, besides program and options, decides whether machine code can be used again: a text for cache keys.

Where the user's files are, and when they were written, is no part of it.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from hloc.runtime import plugins, xla
from hloc.runtime.hashing import sha256

CPUINFO = "/proc/cpuinfo"
_CPU_LINES = frozenset(
    {
        *("vendor_id", "cpu family", "model", "model name", "flags", "Features", "features", "machine"),
        *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "isa", "mvendorid", "marchid", "mimpid"),
    }
)
"""The lines of /proc/cpuinfo that say what a processor can do; the others are clock rates, numbers and its place."""

_POOL = ("HLOC_CPU_DEVICES", "NPROC", "PJRT_NPROC")
"""They set the number of threads of XLA on the CPU, into which it cuts loops at compile time."""

_COMPILERS = {
    "cuda": ("CUBLAS_", "CUDNN_", "NVIDIA_TF32_", "TF_CUDNN_", "TF_ENABLE_", "TF_FP16_", "TF_USE_", "TRITON_"),
    "tpu": ("LIBTPU_INIT_ARGS", "TF_XLA_", "TPU_MEGACORE"),
}
"""Beginnings of the variables that plugins look at while they compile or choose kernels."""

VARIABLES = ("XLA_FLAGS", *_POOL, *_COMPILERS["cuda"], *_COMPILERS["tpu"])
"""Beginnings of the names of all variables that some key depends on."""


@functools.cache
def environment(backend: xla.Backend) -> str:
    """jaxlib's build, the device and the host's processor, hashed. Equal texts mean: compiled code is exchangeable."""
    parts = [
        xla.jaxlib_build(),
        *_libraries(backend.platform),
        backend.platform,
        backend.kind,
        backend.version,
        sha256(xla.flags_in_force()).hexdigest(),
        *settings(backend.platform),
        *_host(backend.platform),
    ]
    return sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def settings(platform: str) -> Iterator[str]:
    """NAME=VALUE of the environment variables that change what XLA generates for this platform."""
    variables = xla.environment_of(platform)
    if platform != "cpu":  # a plugin is a second XLA, which reads them for itself
        yield f"XLA_FLAGS={_flags_in(variables.get('XLA_FLAGS', '').strip())}"
    names = _POOL if platform == "cpu" else _COMPILERS.get(platform, ())
    for name, value in sorted(variables.items()):
        if name.startswith(names):
            yield f"{name}={value}"


def _flags_in(text: str) -> str:
    """XLA_FLAGS holds flags, or the name of a file of them."""
    if text and not text.startswith("-"):
        try:
            return Path(text).read_text(encoding="utf-8", errors="surrogateescape")
        except (OSError, ValueError):
            return text
    return text


def _libraries(platform: str) -> Iterator[str]:
    """Bytes in the shared libraries of jaxlib and of the platform's plugins: tells builds of one version apart."""
    with os.scandir(xla.jaxlib_folder()) as listing:
        found = [(item.name, item.stat().st_size) for item in listing if item.name.endswith(".so")]
    for name, size in sorted(found):
        yield f"{name} {size}"
    for plugin in plugins.installed(platform):
        yield f"{plugin} {plugin.path.stat().st_size}"


def _host(platform: str) -> Iterator[str]:
    """The operating system and the processor; for the CPU also the number of cores that XLA splits work for."""
    yield sys.platform
    yield os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
    yield _processor()
    if platform == "cpu":
        yield str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())


def _processor() -> str:
    """What /proc/cpuinfo says about the first processor. Where it does not say, only this host is sure to be alike."""
    try:
        with open(CPUINFO, encoding="utf-8", errors="replace") as file:
            fields = [line for line in _first_paragraph(file) if line.partition(":")[0].rstrip() in _CPU_LINES]
    except OSError:
        fields = []
    return "".join(fields) or (os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", ""))


def _first_paragraph(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            return
        yield line
