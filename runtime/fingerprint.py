"""What, besides program and options, decides whether machine code can be used again: a text for cache keys."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from pathlib import Path

from hloc.runtime import xla

_CPU_FIELDS = ("model name", "flags", "Features", "CPU implementer", "CPU part")


@functools.cache
def environment(backend: xla.Backend) -> str:
    """jaxlib's build, the device and the host's processor, hashed. Equal texts mean: compiled code is exchangeable."""
    parts = [
        xla.jaxlib_version(),
        str(_library_size()),
        backend.platform,
        backend.kind,
        backend.version,
        os.environ.get("XLA_FLAGS", ""),
        *_host(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _library_size() -> int:
    """Bytes in jaxlib's shared libraries: tells builds of one version apart."""
    folder = Path(xla.client_module().__file__ or "").parent
    return sum(path.stat().st_size for path in sorted(folder.glob("*.so")))


def _host() -> list[str]:
    """Processor, its features, and the number of cores that XLA splits work for."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [sys.platform, _machine(), _processor(), str(usable)]


def _machine() -> str:
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            first = []
            for line in file:
                if not line.strip():
                    break
                first.append(line)
    except OSError:
        return os.environ.get("PROCESSOR_IDENTIFIER", "")
    return "".join(line for line in first if line.startswith(_CPU_FIELDS))
