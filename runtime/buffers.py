"""NumPy arrays to device arrays and back, for one device.

What is promised: changing a NumPy array after it was passed in never changes a result. Small arrays are copied during
the call. A large array that is contiguous and aligned as XLA wants it is used in place ("borrowed"); whoever runs a
program on a borrowed array waits for the results before giving control back.

A device array is jaxlib's bare ArrayImpl. jax adds methods to that class when it is imported, so nothing but jaxlib's
own members is used here, and nothing is added.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.runtime import xla
from hloc.runtime.errors import ArgumentError

Raw = Any
"""A device array: jaxlib's ArrayImpl."""

ALIGNMENT = 64
"""XLA's CPU client uses a NumPy array in place only at a multiple of this address (bytes)."""
BORROW_FROM = 1 << 15
"""Arrays of fewer bytes are always copied: cheaper than looking at the address."""

_KINDS = {bool: 0, int: 1, float: 2, complex: 3}
_DTYPE_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}


class Aval:
    """Shape and element type of a device array, in the form in which jaxlib reads them (an "abstract value").

    There is one object for each type and device (`Buffers.aval`), so types are compared by identity.
    """

    __slots__ = ("dtype", "owner", "shape", "weak_type")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], owner: Buffers) -> None:
        self.shape = shape
        self.dtype = dtype
        self.weak_type = False
        self.owner = owner

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


class Buffers:
    """Transfers to and from one device. Get it with `buffers(backend)`: there is one for each device."""

    def __init__(self, backend: xla.Backend) -> None:
        client = xla.client_module()
        self.backend = backend
        self.array_type: type = client.ArrayImpl
        self._avals: dict[tuple[tuple[int, ...], np.dtype[Any]], Aval] = {}
        self._lock = threading.Lock()
        self._put = client.batched_device_put
        self._wait = client.batched_block_until_ready
        self._copy = client.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL
        self._borrow = client.HostBufferSemantics.ZERO_COPY
        self._on_host = backend.platform == "cpu"

    def aval(self, shape: Sequence[int], dtype: Any) -> Aval:
        """The one Aval for this type on this device."""
        key = (tuple(map(int, shape)), np.dtype(dtype))
        found = self._avals.get(key)
        if found is None:
            with self._lock:
                found = self._avals.setdefault(key, Aval(*key, self))
        return found

    def handler(self, aval: Aval) -> Any:
        """jaxlib's maker of result arrays of this type."""
        make = xla.client_module().array_result_handler
        arguments: tuple[Any, ...] = (aval, self.backend.sharding, True)
        if "_skip_checks" in (make.__doc__ or ""):  # jaxlib 0.10; without it, it calls a method that jax would add
            arguments = (*arguments, True)
        return make(*arguments)

    def put(self, x: np.ndarray[Any, Any], aval: Aval) -> Raw:
        """A device array with the present contents of `x`, whose type must be aval's."""
        return self._transfer(x, aval, self._copy)

    def put_or_borrow(self, x: np.ndarray[Any, Any], aval: Aval) -> tuple[Raw, bool]:
        """As `put`; the second result says that the device array is `x`'s own memory, for a large aligned `x`."""
        if x.nbytes < BORROW_FROM or not self._on_host or not _is_aligned(x):
            return self._transfer(x, aval, self._copy), False
        return self._transfer(x, aval, self._borrow), True

    def _transfer(self, x: np.ndarray[Any, Any], aval: Aval, semantics: Any) -> Raw:
        backend = self.backend
        return self._put(aval, backend.sharding, [x], [backend.device], True, False, semantics, True)

    def owns(self, raw: Raw) -> bool:
        """Whether this device array was made here (not by jax, not on another device)."""
        aval = raw.aval
        return type(aval) is Aval and aval.owner is self

    def place(self, x: Any, aval: Aval, position: int = 0) -> tuple[Raw, bool]:
        """Turn an argument of type aval into a device array; the second result is put_or_borrow's.

        Takes NumPy arrays and scalars, Python numbers, hloc.Array and device arrays. `position` is for the message.
        Raises: ArgumentError where shape or element type differ from aval's.
        """
        raw = getattr(x, "_raw", x) if type(x) is not np.ndarray else x
        if type(raw) is self.array_type:
            return self._place_raw(raw, aval, position)
        host = _as_numpy(x, aval, position)
        if host.dtype != aval.dtype or host.shape != aval.shape:
            raise _mismatch(position, Aval(host.shape, host.dtype, self), aval)
        return self.put_or_borrow(host, aval)

    def _place_raw(self, raw: Raw, aval: Aval, position: int) -> tuple[Raw, bool]:
        if raw.aval is aval:
            return raw, False
        if self.owns(raw):
            raise _mismatch(position, raw.aval, aval)
        return self.place(to_numpy(raw), aval, position)  # another device's or jax's: by way of the host

    def wait(self, raws: Sequence[Raw]) -> None:
        """Wait until these device arrays are computed. An error of XLA comes out as jaxlib's JaxRuntimeError."""
        self._wait(raws)


@functools.cache
def buffers(backend: xla.Backend) -> Buffers:
    """The transfers of this device."""
    return Buffers(backend)


def to_numpy(raw: Raw) -> np.ndarray[Any, Any]:
    """The contents as a NumPy array, waiting for them if need be. On the CPU a read-only view without a copy."""
    try:
        return np.asarray(memoryview(raw))
    except BufferError:  # not on the host; this path of jaxlib's imports jax where it is installed
        copy = getattr(raw, "_to_np_array_did_copy", None) or raw._single_device_array_to_np_array_did_copy
        return np.asarray(copy()[0])


def _is_aligned(x: np.ndarray[Any, Any]) -> bool:
    address: int = x.__array_interface__["data"][0]
    return address % ALIGNMENT == 0 and x.flags.c_contiguous


def _as_numpy(x: Any, aval: Aval, position: int) -> np.ndarray[Any, Any]:
    """A NumPy array of native byte order; a Python number takes aval's element type if that can hold its kind."""
    if isinstance(x, (np.ndarray, np.generic)):
        host = np.asarray(x)
        return host if host.dtype.isnative else host.astype(host.dtype.newbyteorder("="))
    kind = _KINDS.get(type(x))
    if kind is None:
        raise ArgumentError(f"argument {position}: expected {aval!r}, got an object of type {type(x).__name__}")
    if kind > _DTYPE_KINDS[aval.dtype.kind]:
        raise ArgumentError(f"argument {position}: expected {aval!r}, got the {type(x).__name__} {x!r}")
    return np.array(x, aval.dtype)


def _mismatch(position: int, found: Aval, expected: Aval) -> ArgumentError:
    return ArgumentError(f"argument {position}: expected {expected!r}, got {found!r}")
