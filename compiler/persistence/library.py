"""Objects of libraries by name: `numpy:sin`, `builtins:len`. Their versions are part of every key.

A library is Python's own, NumPy and hloc. Objects of other installed packages are named in the same way, with the
version that the package says it has.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import types
from typing import Any

import numpy as np

VERSIONED = frozenset({"numpy", "hloc"})
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def library_name(obj: Any) -> str | None:
    """The name of a function, class, module or other object of a library; None for objects of the user."""
    if isinstance(obj, types.ModuleType):
        origin = origin_of(obj.__name__)
        return None if origin is None else f"{origin} {obj.__name__}"
    if not isinstance(obj, type | types.FunctionType) and origin_of(type(obj).__module__) is None:
        return None  # an instance of the user's: it may have any attributes
    module, qualified = _claimed(obj)
    if module is None or qualified is None:
        return None
    origin = origin_of(module)
    known = origin is not None and (find(module, qualified) is obj or _is_static(obj))
    return f"{origin} {module}:{qualified}" if known else None


def find_by_name(name: str) -> Any:
    """The object that `library_name` names. Raises LookupError."""
    place = name.rpartition(" ")[2]
    module, _, qualified = place.partition(":")
    obj = find(module, qualified) if qualified else sys.modules.get(module)
    if obj is None:
        raise LookupError(f"{place} is not there")
    return obj


def find(module: str, qualified: str) -> Any:
    """The object of this name; None where there is none."""
    own = module.partition(".")[0] == "hloc"
    obj: Any = importlib.import_module(module) if own else sys.modules.get(module)
    for part in qualified.split("."):
        obj = getattr(obj, part, None)
    return obj


def _claimed(obj: Any) -> tuple[str | None, str | None]:
    """Where an object says that it is at home, to be checked."""
    if isinstance(obj, np.ufunc):
        return "numpy", obj.__name__
    owner = getattr(obj, "__objclass__", None)
    if isinstance(owner, type) and not isinstance(obj, type):
        return owner.__module__, f"{owner.__qualname__}.{getattr(obj, '__name__', '')}"
    module = getattr(obj, "__module__", None)
    qualified = getattr(obj, "__qualname__", None)
    if isinstance(module, str) and isinstance(qualified, str):
        return module, qualified
    if type(obj).__module__.partition(".")[0] == "numpy":  # np.r_, np.mgrid, …
        return "numpy", next((name for name, value in vars(np).items() if value is obj), None)
    return None, None


@functools.cache
def origin_of(module: str) -> str | None:
    """What a module belongs to: "python", or a package with its version; None for modules of the user."""
    root = module.partition(".")[0]
    if root in VERSIONED:
        return root
    found = sys.modules.get(root)
    if found is None or root == "__main__":
        return None
    file = getattr(found, "__file__", None)
    if not isinstance(file, str):  # built in, frozen, or made by the user's program
        return "python" if root in sys.builtin_module_names or _is_frozen(found) else None
    if not _INSTALLED.isdisjoint(file.split(os.sep)):
        return f"{root}-{getattr(found, '__version__', '')}".replace(" ", "_")
    return "python" if root in sys.stdlib_module_names and _is_standard(file) else None


def is_installed(obj: Any) -> bool:
    """Whether a function or class, written in Python, belongs to an installed package other than NumPy and hloc."""
    return isinstance(obj, types.FunctionType | type) and "-" in (origin_of(_home(obj)) or "")


def is_versioned(obj: Any) -> bool:
    """Whether a function is hloc's, NumPy's or Python's own: it does not change without the version."""
    return isinstance(obj, types.FunctionType) and origin_of(_home(obj)) in ("python", *VERSIONED)


def _home(obj: types.FunctionType | type) -> str:
    """The module that defines a function or class. What `__module__` says may be another's: functools.wraps sets it."""
    if isinstance(obj, types.FunctionType):
        return str(obj.__globals__.get("__name__", ""))
    return obj.__module__ if find(obj.__module__, obj.__qualname__) is obj else ""


def _is_static(obj: Any) -> bool:
    """A type of the interpreter itself, such as that of built-in functions, which has no name in any module."""
    return type(obj) is type and not obj.__flags__ & 1 << 9  # Py_TPFLAGS_HEAPTYPE


def _is_frozen(module: types.ModuleType) -> bool:
    return getattr(getattr(module, "__spec__", None), "origin", None) == "frozen"


def _is_standard(file: str) -> bool:
    return os.path.abspath(file).startswith(os.path.dirname(os.path.abspath(os.__file__)) + os.sep)
