"""SHA-256, from Python's own extension module where the data are small.

hashlib's comes from OpenSSL, is three times as fast, and takes 3 ms to load: as long as a megabyte takes with Python's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    try:
        from _sha2 import sha256
    except ImportError:  # Python 3.11, or a Python that has OpenSSL's only
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

LARGE = 1 << 20
"""Bytes from which on OpenSSL is worth its loading."""


def hashed(*parts: bytes | memoryview) -> bytes:
    """The SHA-256 of the parts, one after the other."""
    make = sha256
    if sum(map(len, parts)) > LARGE:
        from hashlib import sha256 as make
    state = make()
    for part in parts:
        state.update(part)
    return state.digest()
