"""Garbage collection waits while a program is fetched from the cache."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection in the block, if there were any before it.

    Python looks through all objects of the process when enough new ones have come up. What is made of a record are some
    thousand, none of them garbage: at the start of a process that was a fifteenth of the time to the first result.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
