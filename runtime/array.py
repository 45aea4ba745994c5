"""`hloc.Array`: the result of a compiled function, an array in a device's memory that behaves like a NumPy array.

It cannot be changed, and NumPy does everything else: operators, ufuncs, indexing and methods give NumPy arrays and
scalars. On the CPU `np.asarray(x)` is a read-only view of the same memory, without a copy, so that nothing changes a
result behind a program's back; `np.array(x)` is a copy of one's own. On other devices a result may be under way:
reading waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from hloc.runtime import xla
from hloc.runtime.buffers import ELEMENT_TYPES, NumPyArray, Raw, buffers, to_numpy

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


class Array(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on a device, made by `hloc.array` or returned by a compiled function; it never changes."""

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
    def device(self) -> str:
        """Where the array lives, for example "cpu:0"."""
        backend = self._raw.aval.owner.backend
        return f"{backend.platform}:{backend.device.id}"

    def block_until_ready(self) -> Array:
        """Wait until the array is computed. Raises: ExecutionError where that failed."""
        self._raw.aval.owner.wait([self._raw])
        return self

    def is_ready(self) -> bool:
        """Whether the array is computed already."""
        return bool(self._raw.is_ready())

    def _numpy(self) -> NumPyArray:
        """A read-only NumPy view on the CPU; from another device one copy, which is kept."""
        if self._host is not None:
            return self._host
        host = to_numpy(self._raw)
        host.flags.writeable = False
        if self._raw.aval.owner.backend.platform != "cpu":
            self._host = host
        return host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NumPyArray:
        """NumPy's conversion protocol: a read-only view where no copy is asked for or needed."""
        host = self._numpy()
        return host if dtype is None and not copy else np.array(host, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a NumPy ufunc on the host."""
        if any(isinstance(out, Array) for out in kwargs.get("out", ())):
            self._refuse_change()
        return getattr(ufunc, method)(*map(_on_host, inputs), **{name: _on_host(x) for name, x in kwargs.items()})

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return getattr(self._numpy(), name)
        if name in _MUTATORS:
            raise AttributeError(f"an hloc.Array cannot be changed, so it has no {name!r}; use np.array(x).{name}")
        raise AttributeError(f"'hloc.Array' object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_METHODS})

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
        text = np.array2string(self._numpy(), separator=", ", prefix="hloc.Array(")
        shape = f", shape={self.shape}" if self.size == 0 and self.shape != (0,) else ""
        return f"hloc.Array({text}{shape}, dtype={self.dtype.name})"

    def __str__(self) -> str:
        return str(self._numpy())

    def __format__(self, spec: str) -> str:
        return format(self._numpy(), spec)

    def __copy__(self) -> Array:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return array, (np.array(self._numpy()),)

    def __dlpack_device__(self) -> tuple[int, int]:
        """DLPack's device type and number. Raises: BufferError on a device that DLPack does not have."""
        backend = self._raw.aval.owner.backend
        kind = _DLPACK_DEVICES.get(backend.platform)
        if kind is None:
            raise BufferError(f"DLPack has no device type for {backend.platform}; use np.asarray(x)")
        return kind, int(backend.device.local_hardware_id or 0)

    def __dlpack__(self, *, stream: Any = None, copy: bool | None = None, **versions: Any) -> Any:
        """Export the memory to another library, which must not write to it; with copy=True, a copy of its own."""
        if copy:
            return np.array(self._numpy()).__dlpack__(stream=stream, **versions)
        return xla.to_dlpack(self._raw, stream)


def _not_in_place(self: Array, other: Any) -> Any:
    """`x += y` on something that cannot change means `x = x + y`."""
    return NotImplemented


_IN_PLACE = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor")
for _name in _IN_PLACE:
    setattr(Array, f"__i{_name}__", _not_in_place)


def array(x: Any, dtype: Any = None, *, device: xla.Backend | None = None) -> Array:
    """An hloc.Array with a copy of `x`: anything that np.asarray takes, with NumPy's rules for the element type.

    Raises: TypeError for elements that are not numbers or truth values.
    """
    host = np.asarray(x, dtype)
    if host.dtype.name not in ELEMENT_TYPES:
        raise TypeError(f"hloc has no arrays of {host.dtype}")
    if not host.dtype.isnative:
        host = host.astype(host.dtype.newbyteorder("="))
    return Array(buffers(device or xla.backend()).put(host))


def from_dlpack(x: Any) -> Array:
    """An hloc.Array with a copy of the contents of an array of another library that is in host memory."""
    return array(np.from_dlpack(x))


def _on_host(x: Any) -> Any:
    """Replace an Array, also inside a tuple or list, by its NumPy view."""
    if isinstance(x, Array):
        return x._numpy()
    return type(x)(map(_on_host, x)) if type(x) in (tuple, list) else x
