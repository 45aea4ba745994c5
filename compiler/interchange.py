"""Arrays of other libraries, seen as NumPy arrays: jax's, torch's, and whatever knows `__dlpack__` or `__array__`.

Where NumPy can share their memory, nothing is copied.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

# fmt: off
_PLAIN = frozenset(
    [
        "__module__", "__doc__", "__dict__", "__weakref__", "__slots__", "__annotations__", "__orig_bases__",
        "__class_getitem__", "__new__", "__init__", "__del__", "__array_finalize__", "__array_priority__", "__reduce__",
        "__reduce_ex__", "__setstate__", "__repr__", "__str__", "__format__", "__firstlineno__",
        "__static_attributes__", "__len__",
    ]
)
# fmt: on
"""What a class may define without computing in another way than an array."""


def is_shared(obj: Any) -> bool:
    """Whether it stands for an array, and is not NumPy's own: by DLPack, or as all that its class does."""
    if isinstance(obj, np.ndarray | np.generic):
        return False
    return hasattr(type(obj), "__dlpack__") or (hasattr(type(obj), "__array__") and _does_nothing_else(type(obj)))


def _does_nothing_else(cls: type) -> bool:
    """Whether instances only convert to arrays: what has methods or operators is an object that has them."""
    return all(
        name in _PLAIN or name == "__array__" or isinstance(member, types.MemberDescriptorType)
        for base in cls.__mro__[:-1]
        for name, member in base.__dict__.items()
    )


def described(obj: Any) -> Any:
    """Something with NumPy's `shape` and `dtype` for an array of any library: itself if it has them."""
    return obj if isinstance(getattr(obj, "dtype", None), np.dtype) else to_numpy(obj)


def to_numpy(obj: Any) -> np.ndarray[Any, Any]:
    """The array as NumPy's, without a copy where it is in host memory.

    Raises: what its library raises where it cannot be shared, which says what to do: detach it, move it to the CPU.
    """
    if hasattr(type(obj), "__array__"):
        return np.asarray(obj)
    return np.from_dlpack(obj)


def computes_otherwise(obj: np.ndarray[Any, Any]) -> str | None:
    """What a subclass of ndarray has redefined, such as the `*` of a matrix; None if it computes as ndarray does."""
    if type(obj) is np.ndarray or type(obj) is np.memmap:
        return None
    for cls in type(obj).__mro__:
        if cls is np.ndarray:
            return None
        for name in cls.__dict__:
            if name not in _PLAIN and hasattr(np.ndarray, name):
                return f"{cls.__name__}.{name}"
    return None
