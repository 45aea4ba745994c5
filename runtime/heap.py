"""Memory that was freed is kept for the next call.

XLA allocates results with the C library's malloc, and glibc gives a large block back to the system as soon as it is
freed. A program whose results are some MB then has them mapped and cleared again, page by page, in each call, which
costs several times what computing them does. With higher thresholds the blocks stay in the process:

    v + 1, v * 2 of f64[524288]     1.36 ms, 383 page faults a call   →   0.36 ms, 26

The thresholds are those of the whole process: at most KEPT bytes at the end of its heap (and of that of each thread)
that nobody uses. HLOC_KEEP_MEMORY=off leaves them as they are, and so does a setting of the user's own
(MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_, GLIBC_TUNABLES).
"""

from __future__ import annotations

import ctypes
import os

KEPT = 1 << 28
"""Bytes at the end of the heap from which on they are given back."""
MAPPED = 1 << 25
"""Bytes from which on a block has a mapping of its own, which always goes when it is freed; glibc's largest."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # the numbers of M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in malloc.h
_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")


def keep_freed_memory() -> bool:
    """Raise the thresholds, where the C library is glibc and nobody has chosen others; says whether that was done."""
    chosen = any(name in os.environ for name in _SETTINGS) or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", "")
    if chosen or os.environ.get("HLOC_KEEP_MEMORY", "").strip().lower() in ("off", "0", "no", "false"):
        return False
    library = ctypes.CDLL(None)
    if not (hasattr(library, "gnu_get_libc_version") and hasattr(library, "mallopt")):
        return False
    return bool(library.mallopt(_MMAP_THRESHOLD, MAPPED) and library.mallopt(_TRIM_THRESHOLD, KEPT))
