"""Tangents and cotangents that a caller gives, as the flat list of arrays that a program takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hloc.program import Structure, attributes_of


def flatten(structure: Structure, obj: Any, what: str) -> list[Any]:
    """The leaves of `obj` that have derivatives. Raises TypeError, ValueError where it has another structure."""
    return list(_leaves(structure, obj, what))


def _leaves(structure: Structure, obj: Any, what: str) -> Iterator[Any]:
    if structure.kind == "leaf":
        yield _leaf(structure, obj, what)
    elif structure.kind != "other":
        for part, item in zip(structure.parts, _items(structure, obj, what), strict=True):
            yield from _leaves(part, item, what)


def _items(structure: Structure, obj: Any, what: str) -> list[Any]:
    count, keys = len(structure.parts), structure.keys
    if structure.kind in ("tuple", "list"):
        if isinstance(obj, tuple | list) and len(obj) == count:
            return list(obj)
        raise TypeError(f"{what} must be a {structure.kind} of {count} here, found {_found(obj)}")
    found = obj if isinstance(obj, dict) else attributes_of(obj)
    if found is None or set(found) != set(keys):
        raise TypeError(f"{what} must have {', '.join(map(str, keys))} here, found {_found(obj)}")
    return [found[key] for key in keys]


def _leaf(structure: Structure, obj: Any, what: str) -> Any:
    type_ = structure.type
    assert type_ is not None
    number = isinstance(obj, bool | int | float | complex) and not isinstance(obj, np.generic)
    dtype, shape = getattr(obj, "dtype", None), getattr(obj, "shape", ())
    if not number and dtype is None:
        raise TypeError(f"{what} must be {type_} here, found {_found(obj)}")
    if shape != type_.shape:
        raise ValueError(f"{what} has the shape {list(shape)} where {list(type_.shape)} is needed")
    if (not number and dtype != type_.dtype) or (isinstance(obj, complex) and type_.dtype.kind == "f"):
        raise TypeError(f"{what} is {dtype or 'complex'} where {type_.dtype} is needed")
    return np.asarray(obj, type_.dtype) if number or isinstance(obj, np.generic) else obj


def _found(obj: Any) -> str:
    return f"{type(obj).__name__} of {len(obj)}" if isinstance(obj, tuple | list) else type(obj).__name__
