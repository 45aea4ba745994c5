"""What tells one build of hloc from another, found without reading its files."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hloc import runtime
from hloc.persistence import digest
from hloc.runtime.hashing import sha256


@functools.cache
def own_build() -> str:
    """A digest of hloc as it is installed, and of the Python and NumPy under it."""
    parts = [sys.version, str(sys.flags.optimize), np.__version__, *_installed()]
    return sha256("\0".join(parts).encode()).hexdigest()


def _installed() -> Iterator[str]:
    """The list of files with their digests that an installer leaves; of a checkout names, sizes and times of files."""
    folder = str(Path(digest.__file__).parents[1])
    record = _record(os.path.dirname(folder))
    if record is not None:
        yield record
        return
    for root in dict.fromkeys((folder, runtime.__path__[0])):
        for path, status in sorted(_files(root)):
            yield f"{path[len(root) :]} {status.st_size} {status.st_mtime_ns}"


def _record(beside: str) -> str | None:
    for name in os.listdir(beside):
        if name.startswith("hloc-") and name.endswith(".dist-info"):
            path = Path(beside, name, "RECORD")
            return path.read_text(encoding="utf-8") if path.exists() else None
    return None


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as listing:
        for item in listing:
            if item.name.endswith(".py"):
                yield item.path, item.stat()
            elif item.is_dir() and item.name != "__pycache__":
                yield from _files(item.path)
