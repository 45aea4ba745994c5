"""`hloc.Array`: an array in a device's memory; it behaves like a NumPy array whose elements cannot be assigned.

NumPy does all else: operators, ufuncs, indexing and methods give NumPy arrays and scalars. On the CPU `np.asarray(x)`
is a read-only view of the same memory, without a copy; `np.array(x)` is a copy of one's own. A compiled function may
write to an Array that it is given, as it would to a NumPy array: the Array has the new content afterwards, and views
that were taken before keep the old one.

CPU programs run in the thread that calls them, so results are there when the call returns. On other devices a result
may be under way: reading waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from hloc.runtime import xla
from hloc.runtime.buffers import ELEMENT_TYPES, NumPyArray, Raw, buffers, to_numpy
from hloc.runtime.devices import Device, DeviceLike, backend_of, device_of
from hloc.runtime.errors import ExecutionError

_DLPACK_DEVICES = {"cpu": 1, "cuda": 2}

# fmt: off
_METHODS = frozenset(
    [
        "T", "mT", "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype",
        "choose", "clip", "compress", "conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal",
        "dot", "dump", "dumps", "flat", "flatten", "imag", "max", "mean", "min",
        "nonzero", "prod", "ravel", "real", "repeat", "reshape", "round", "searchsorted", "squeeze",
        "std", "strides", "sum", "swapaxes", "take", "tobytes", "tofile", "trace", "transpose",
        "var", "view",
    ]
)
# fmt: on
"""What an Array has from numpy.ndarray; computed there."""

_MUTATORS = frozenset(["byteswap", "fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort"])


class Donated:
    """Stands for the memory of an Array that was given up: whoever looks at it is told where it went."""

    __slots__ = ("where",)

    def __init__(self, where: str) -> None:
        self.where = where

    def __getattr__(self, name: str) -> NoReturn:
        raise ExecutionError(f"this array was donated to {self.where}; pass a copy, hloc.array(x), to keep it")

    def is_deleted(self) -> bool:
        """There is nothing left."""
        return True


class Array(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on a device, made by `hloc.array` and its kin or returned by a compiled function.

    An Array is the only one that has its memory, unless it came by `hloc.from_dlpack`.
    """

    __slots__ = ("__weakref__", "_host", "_raw")

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._host: NumPyArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each dimension."""
        return self._raw.aval.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's element type."""
        return self._raw.aval.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.nbytes // self.itemsize

    @property
    def itemsize(self) -> int:
        """Bytes in one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes in all elements."""
        return self._raw.aval.nbytes  # type: ignore[no-any-return]

    @property
    def device(self) -> Device:
        """Where the array lives, for example cpu:0."""
        return device_of(self._raw.aval.owner.backend)

    def devices(self) -> set[Device]:
        """The devices that hold it: one."""
        return {self.device}

    def to(self, device: DeviceLike) -> Array:
        """The array on a device, given as "cuda", "cuda:1" or hloc.Device; itself if it is there already.

        Raises: DeviceError where there is no such device.
        """
        target = buffers(backend_of(device))
        return self if self._raw.aval.owner is target else Array(target.bring(self._raw))

    def is_deleted(self) -> bool:
        """Whether it was donated, so that it cannot be read any more."""
        return bool(self._raw.is_deleted())

    def block_until_ready(self) -> Array:
        """Wait until the array is computed. Raises: ExecutionError where that failed."""
        self._raw.aval.owner.wait([self._raw])
        return self

    def is_ready(self) -> bool:
        """Whether the array is computed already."""
        return bool(self._raw.is_ready())

    def _numpy(self) -> NumPyArray:
        """A read-only NumPy view on the CPU; from another device one copy, which is kept."""
        if self._host is None:
            try:
                return np.asarray(memoryview(self._raw))
            except (BufferError, TypeError):
                self.block_until_ready()  # on another device; raises where the array was given up
                host = to_numpy(self._raw)
                host.flags.writeable = False
                self._host = host
        return self._host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NumPyArray:
        """NumPy's conversion protocol: a read-only view where no copy is asked for or needed."""
        host = self._numpy()
        return host if dtype is None and not copy else np.array(host, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a NumPy ufunc on the host."""
        if any(isinstance(out, Array) for out in kwargs.get("out", ())):
            self._refuse_change()
        return getattr(ufunc, method)(*map(_on_host, inputs), **{name: _on_host(x) for name, x in kwargs.items()})

    def __getitem__(self, index: Any) -> Any:
        return self._numpy()[_on_host(index)]

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        self._refuse_change()

    def __delitem__(self, index: Any) -> NoReturn:
        self._refuse_change()

    def _refuse_change(self) -> NoReturn:
        raise TypeError("an hloc.Array cannot be changed; y = np.array(x) makes a NumPy array that can")

    def __iter__(self) -> Iterator[Any]:
        return iter(self._numpy())

    def __len__(self) -> int:
        return len(self._numpy())

    def __contains__(self, value: Any) -> bool:
        return value in self._numpy()

    def __bool__(self) -> bool:
        return bool(self._numpy())

    def __int__(self) -> int:
        return int(self._numpy())

    def __float__(self) -> float:
        return float(self._numpy())

    def __complex__(self) -> complex:
        return complex(self._numpy())

    def __index__(self) -> int:
        return self._numpy().__index__()

    def item(self, *index: Any) -> Any:
        """One element as a Python number; without an index, the only one."""
        return self._numpy().item(*index)

    def tolist(self) -> Any:
        """Nested lists of Python numbers; for a scalar, the number."""
        return self._numpy().tolist()

    def __repr__(self) -> str:
        if self.is_deleted():
            return "<hloc.Array, donated>"
        text = np.array2string(self._numpy(), separator=", ", prefix="hloc.Array(")
        shape = f", shape={self.shape}" if self.size == 0 and self.shape != (0,) else ""
        return f"hloc.Array({text}{shape}, dtype={self.dtype.name})"

    def __str__(self) -> str:
        return repr(self) if self.is_deleted() else str(self._numpy())

    def __format__(self, spec: str) -> str:
        return format(self._numpy(), spec)

    def __copy__(self) -> Array:
        """One of its own memory: a function that writes to the one does not change the other."""
        aval = self._raw.aval
        return Array(aval.owner.put(self._numpy()))

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return array, (self._numpy(),)

    def __dlpack_device__(self) -> tuple[int, int]:
        """DLPack's device type and number. Raises: BufferError on a device that DLPack does not have."""
        backend = self._raw.aval.owner.backend
        kind = _DLPACK_DEVICES.get(backend.platform)
        if kind is None:
            raise BufferError(f"DLPack has no device type for {backend.platform}; use np.asarray(x)")
        return kind, 0 if kind == 1 else int(backend.device.local_hardware_id or 0)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Export the memory to another library, which must not write to it; with copy=True, a copy of its own.

        Where the other library knows DLPack 1, it is told that the memory is read-only. As long as it has the memory, a
        function that writes to the Array gives it new memory.
        """
        device = self.__dlpack_device__()
        if device[0] == 1 or copy or dl_device not in (None, device):
            host = np.array(self._numpy()) if copy else self._numpy()
            if copy or (max_version is not None and max_version[0] >= 1):
                return host.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device)
            if dl_device not in (None, device):
                raise BufferError(f"the array is on {self.device}; np.asarray(x) copies it")
        return xla.to_dlpack(self._raw, stream)


def _not_in_place(self: Array, other: Any) -> Any:
    """`x += y` on something that cannot change means `x = x + y`."""
    return NotImplemented


def _on_numpy(name: str) -> property:
    """What numpy.ndarray has of this name."""
    return property(lambda self: getattr(self._numpy(), name))


def _refused(name: str) -> property:
    def refuse(self: Array) -> NoReturn:
        raise AttributeError(f"an hloc.Array cannot be changed, so it has no {name!r}; use np.array(x).{name}")

    return property(refuse)


for _name in _METHODS:  # a __getattr__ instead would be asked for each protocol that NumPy looks for: 1 µs
    setattr(Array, _name, _on_numpy(_name))
for _name in _MUTATORS:
    setattr(Array, _name, _refused(_name))
_IN_PLACE = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor")
for _name in _IN_PLACE:
    setattr(Array, f"__i{_name}__", _not_in_place)


def array(x: Any, dtype: Any = None, *, copy: bool | None = True, device: DeviceLike | xla.Backend = None) -> Array:
    """An hloc.Array with the contents of `x`: anything that np.asarray takes, with NumPy's rules for the element type.

    copy: False shares the memory of a NumPy array, which must not be changed from then on; None does so where XLA can
      (on the CPU, contiguous, its address a multiple of 64).
    device: "cuda", "cuda:1" or hloc.Device; by default the device of `x` if it is an Array, else the default device.
    Raises: TypeError for elements that are not numbers or truth values; ValueError where copy=False cannot be had;
        DeviceError where there is no such device.
    """
    if device is None and isinstance(x, Array):
        device = x.device
    if isinstance(x, np.ndarray) and hasattr(x, "mask"):
        raise TypeError("hloc has no masked arrays; give x.filled(…), or x.data and x.mask as two arrays")
    host = np.asarray(x, dtype)
    if host.dtype.name not in ELEMENT_TYPES:
        raise TypeError(f"hloc has no arrays of {host.dtype}")
    if not host.dtype.isnative:
        host = host.astype(host.dtype.newbyteorder("="))
    target = buffers(backend_of(device))
    shared = None if copy else target.share(host)
    if shared is None and copy is False:
        raise ValueError("the memory of this array cannot be shared: it must be in host memory, contiguous and aligned")
    return Array(target.put(host) if shared is None else shared)


def replace_content(x: Array, new: Array) -> None:
    """Give `x` the content of `new`, of the same type: its memory, which nobody else has; `x` stays on its device."""
    home = x._raw.aval.owner
    x._raw, x._host = new._raw if new._raw.aval.owner is home else home.bring(new._raw), None


def give_up(x: Array, where: str) -> None:
    """Leave `x` without memory; `where` says which argument of which function took it."""
    x._raw, x._host = Donated(where), None


def _on_host(x: Any) -> Any:
    """Replace an Array, also inside a tuple or list, by its NumPy view."""
    if isinstance(x, Array):
        return x._numpy()
    return type(x)(map(_on_host, x)) if type(x) in (tuple, list) else x
