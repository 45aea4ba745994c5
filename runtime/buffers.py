"""NumPy arrays to device arrays and back, for one device.

What is promised: changing a NumPy array after it was passed in never changes a result. On the CPU an argument goes
one of three ways, and in the first two whoever runs the program waits for its results before giving control back:

    staged     its contents are copied into memory that XLA reads in place and that later calls use again
    borrowed   a large array is read while the program runs: in place if it is contiguous and its address suits XLA,
               else by jaxlib, which brings the elements in order on a thread of its own
    copied     jaxlib makes a device array of its own during the call: always so on other devices

Staging is what makes calls cheap: filling memory that is there takes 0.1 µs for a small array, a new device array 3 µs,
and for 64 MB 3 ms against 28 ms, because fresh memory must first be mapped.

A device array is jaxlib's bare ArrayImpl. jax adds methods to that class when it is imported, so nothing but jaxlib's
own members is used here, and nothing is added.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from hloc.runtime import xla
from hloc.runtime.errors import ArgumentError, ExecutionError
from hloc.runtime.interruption import interruptibly

Raw = Any
"""A device array: jaxlib's ArrayImpl."""

NumPyArray = np.ndarray[Any, Any]

ALIGNMENT = 64
"""XLA's CPU client reads a NumPy array in place only if its address is a multiple of this (bytes)."""
LARGE = 1 << 15
"""From this size on (bytes), an array may be borrowed, and its staging memory counts in the budget."""
TAKEN = (
    "its memory is with a program that writes to it, in another thread, or that it was donated to and that was "
    "interrupted; let threads take turns, or give each a copy"
)
"""What is said about a device array that is gone although nobody has donated it."""
STAGING_BUDGET = 1 << 28
"""At most this many bytes of idle staging memory for large arrays are kept."""

_FLOATS, _INTS = ("float16", "float32", "float64"), ("int8", "int16", "int32", "int64")
ELEMENT_TYPES = frozenset(["bool", *_INTS, *(f"u{name}" for name in _INTS), *_FLOATS, "complex64", "complex128"])
"""The names of the element types that device arrays have."""

_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
_NUMBERS = {bool: 0, int: 1, float: 2, complex: 3}


class Aval:
    """Shape and element type of a device array, in the form in which jaxlib reads them (an "abstract value").

    There is one object for each type and device (`Buffers.aval`), so types are compared by identity.
    numbers: the Python number types that this element type can hold, if it is a scalar.
    idle: staging memory of this type that is free to use.
    """

    __slots__ = ("__weakref__", "dtype", "idle", "nbytes", "numbers", "owner", "shape", "weak_type")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], owner: Buffers) -> None:
        self.shape = shape
        self.dtype = dtype
        self.weak_type = False
        self.owner = owner
        self.nbytes = math.prod(shape) * dtype.itemsize
        self.numbers = frozenset() if shape else frozenset(t for t, r in _NUMBERS.items() if r <= _RANKS[dtype.kind])
        self.idle: list[Stage] = []

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


class Shared(Aval):
    """The type of a device array whose memory is another library's: no program may write to it.

    XLA knows that itself: a program that such an array is donated to works on a copy.
    """

    __slots__ = ()


Stage = tuple[NumPyArray, Raw, Aval]
"""Staging memory: the same memory as a NumPy array and as a device array, and its type."""

Hold = Stage | NumPyArray | None
"""What must stay as it is until the program has run: staging memory, a borrowed array, or nothing."""


class Buffers:
    """Transfers to and from one device. Get it with `buffers(backend)`: there is one for each device."""

    def __init__(self, backend: xla.Backend) -> None:
        client = xla.client_module()
        self.backend = backend
        self.array_type: type = client.ArrayImpl
        # Weak: types that no executable or array has any more go, and their staging memory with them.
        self._avals: WeakValueDictionary[tuple[tuple[int, ...], np.dtype[Any]], Aval] = WeakValueDictionary()
        self._lock = threading.RLock()  # a signal handler may call programs, too
        self._put = client.batched_device_put
        self._wait = client.batched_block_until_ready
        self._copy = client.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL
        self._borrow = client.HostBufferSemantics.ZERO_COPY
        self._shares_memory = backend.platform == "cpu"
        self._error: type[Exception] = client.XlaRuntimeError
        self._idle_bytes = 0

    def aval(self, shape: Sequence[int], dtype: Any) -> Aval:
        """The one Aval for this type on this device."""
        key = (tuple(map(int, shape)), np.dtype(dtype))
        with self._lock:
            return self._avals.setdefault(key, Aval(*key, self))

    def handler(self, aval: Aval) -> Any:
        """jaxlib's maker of result arrays of this type."""
        make = xla.client_module().array_result_handler
        arguments: tuple[Any, ...] = (aval, self.backend.sharding, True)
        if "_skip_checks" in (make.__doc__ or ""):  # jaxlib 0.10; without it, it calls a method that jax would add
            arguments = (*arguments, True)
        return make(*arguments)

    def put(self, x: NumPyArray) -> Raw:
        """A device array with the present contents of `x`."""
        return self._transfer(x, self.aval(x.shape, x.dtype), self._copy)

    def share(self, x: NumPyArray) -> Raw | None:
        """A device array in the memory of `x`, which it keeps alive; None where XLA cannot read it there."""
        if not (self._shares_memory and x.flags.c_contiguous and x.dtype.isnative and is_aligned(x)):
            return None
        return self._transfer(x, Shared(x.shape, x.dtype, self), self._borrow)

    def bring(self, raw: Raw) -> Raw:
        """A device array with the contents of one of any device."""
        aval = raw.aval
        if not isinstance(aval, Aval) or aval.owner.backend.client is not self.backend.client:
            return self.put(to_numpy(raw))
        return self.adopt(raw, aval.shape, aval.dtype)

    def adopt(self, raw: Raw, shape: Sequence[int], dtype: Any) -> Raw:
        """A device array of ours with the contents of one on this device that jaxlib made for somebody else."""
        return self._transfer(raw, self.aval(shape, dtype), self._copy)

    def _transfer(self, x: NumPyArray | Raw, aval: Aval, semantics: Any) -> Raw:
        backend = self.backend
        try:
            return self._put(aval, backend.sharding, [x], [backend.device], True, False, semantics, True)
        except self._error as error:
            raise failure(error) from error

    def owns(self, raw: Raw) -> bool:
        """Whether this device array was made here (not by jax, not on another device)."""
        aval = raw.aval
        return isinstance(aval, Aval) and aval.owner is self

    def place(self, x: Any, aval: Aval, position: int) -> tuple[Raw, Hold]:
        """Turn argument number `position` into a device array of type aval, and what to hold until it was used.

        Takes NumPy arrays and scalars, Python numbers, hloc.Array and device arrays.
        Raises: ArgumentError where shape or element type differ from aval's; OverflowError for too large an int.
        """
        if type(x) is not np.ndarray:
            if type(x) in aval.numbers:
                return self._stage(x, aval) if self._shares_memory else self._place_host(np.array(x, aval.dtype), aval)
            raw = getattr(x, "_raw", x)  # of an hloc.Array
            if type(raw) is self.array_type:
                return self._place_raw(raw, aval, position)
            x = _as_numpy(x, aval, position)
        if x.shape != aval.shape or x.dtype != aval.dtype:
            x = _native(x)
            if x.shape != aval.shape or x.dtype != aval.dtype:
                raise _mismatch(position, Aval(x.shape, x.dtype, self), aval)
        return self._place_host(x, aval)

    def steps(self) -> dict[str, Any]:
        """Parts of `Executable.steps`."""
        return {"enter": self._enter, "put": self.put, "wait": self._wait, "release": self.release}

    def _enter(self, x: Any, aval: Aval, holds: list[Hold]) -> Raw:
        """`place` for a NumPy array of exactly this type, or a number that it can hold."""
        if self._shares_memory and aval.nbytes < LARGE:
            try:
                stage = aval.idle.pop()
            except IndexError:
                stage = self._new_stage(aval)
            stage[0][...] = x
            holds.append(stage)
            return stage[1]
        raw, hold = self._place_host(x if type(x) is np.ndarray else np.array(x, aval.dtype), aval)
        if hold is not None:
            holds.append(hold)
        return raw

    def _place_host(self, x: NumPyArray, aval: Aval) -> tuple[Raw, Hold]:
        if not self._shares_memory:
            return self._transfer(x, aval, self._copy), None
        if aval.nbytes < LARGE:
            return self._stage(x, aval)
        if is_aligned(x) or not x.flags.c_contiguous:
            return self._transfer(x, aval, self._borrow), x
        return self._stage(x, aval)

    def _stage(self, x: Any, aval: Aval) -> tuple[Raw, Hold]:
        try:
            stage = aval.idle.pop()
        except IndexError:
            stage = self._new_stage(aval)
        else:
            if aval.nbytes >= LARGE:
                with self._lock:
                    self._idle_bytes -= aval.nbytes
        stage[0][...] = x
        return stage[1], stage

    def _new_stage(self, aval: Aval) -> Stage:
        array = _aligned_empty(aval)
        twin = Aval(
            aval.shape, aval.dtype, self
        )  # jaxlib's objects hide from the garbage collector: no cycle over them
        return array, self._transfer(array, twin, self._borrow), aval

    def release(self, holds: Sequence[Hold]) -> None:
        """Give staging memory back; the programs that read it must have finished."""
        for hold in holds:
            if type(hold) is tuple:
                aval = hold[2]
                if hold[1].is_deleted():  # the program took it over
                    continue
                if aval.nbytes >= LARGE:
                    self._make_room(aval.nbytes)
                aval.idle.append(hold)

    def _make_room(self, nbytes: int) -> None:
        """Account for `nbytes` more of idle staging memory; past the budget, let all that is idle go first."""
        with self._lock:
            if self._idle_bytes + nbytes > STAGING_BUDGET:
                for aval in list(self._avals.values()):
                    if aval.nbytes >= LARGE:
                        aval.idle.clear()
                self._idle_bytes = 0
            self._idle_bytes += nbytes

    def _place_raw(self, raw: Raw, aval: Aval, position: int) -> tuple[Raw, Hold]:
        if raw.aval is aval:
            return raw, None
        if self.owns(raw):
            if raw.aval.shape == aval.shape and raw.aval.dtype == aval.dtype:
                return raw, None
            raise _mismatch(position, raw.aval, aval)
        return self.place(to_numpy(raw), aval, position)  # another device's or jax's: by way of the host

    def wait(self, raws: Sequence[Raw]) -> None:
        """Wait until these device arrays are computed. Raises: ExecutionError where that failed."""
        try:
            if self._shares_memory:  # where they are computed already
                self._wait(raws)
            else:
                interruptibly(self._wait, raws)
        except self._error as error:
            raise failure(error) from error


@functools.cache
def buffers(backend: xla.Backend) -> Buffers:
    """The transfers of this device."""
    return Buffers(backend)


def to_numpy(raw: Raw) -> NumPyArray:
    """The contents as a NumPy array, waiting for them if need be. On the CPU a read-only view without a copy.

    Raises: ExecutionError where computing them failed, or where the array was donated to a program.
    """
    try:
        return np.asarray(memoryview(raw))
    except (BufferError, TypeError):  # not on the host; this path of jaxlib's imports jax where it is installed
        if raw.is_deleted():
            _ = raw.aval  # where it was given up, this says to whom
            raise ExecutionError(TAKEN) from None
        copy = getattr(raw, "_to_np_array_did_copy", None) or raw._single_device_array_to_np_array_did_copy
        try:
            return np.asarray(copy()[0])
        except xla.client_module().XlaRuntimeError as error:
            raise failure(error) from error


def failure(error: Exception) -> ExecutionError:
    """The error to raise for one that jaxlib raised while a program ran."""
    if "deleted" in str(error):
        return ExecutionError(f"a program was given an array without content: {TAKEN}")
    return ExecutionError(f"XLA failed while running the program: {error}")


def is_aligned(x: NumPyArray) -> bool:
    """Whether XLA's CPU client can read it in place, as far as the address goes."""
    address: int = x.__array_interface__["data"][0]
    return address % ALIGNMENT == 0


def _aligned_empty(aval: Aval) -> NumPyArray:
    memory = np.empty(max(aval.nbytes, 1) + ALIGNMENT, np.uint8)
    start = -memory.__array_interface__["data"][0] % ALIGNMENT
    return memory[start : start + aval.nbytes].view(aval.dtype).reshape(aval.shape)


def _as_numpy(x: Any, aval: Aval, position: int) -> NumPyArray:
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x)
    raise ArgumentError(f"argument {position}: expected {aval!r}, got the {type(x).__name__} {x!r}")


def _native(x: NumPyArray) -> NumPyArray:
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


def _mismatch(position: int, found: Aval, expected: Aval) -> ArgumentError:
    return ArgumentError(f"argument {position}: expected {expected!r}, got {found!r}")
