"""What a call gives back: Python objects made of the executable's results, and the caller's objects changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

import numpy as np

from hloc.direct import read_number
from hloc.interchange import is_shared, to_numpy
from hloc.matching import Accessors
from hloc.program import Output, Path, Recipe
from hloc.runtime.array import Array, array, replace_content
from hloc.runtime.buffers import Shared


def refuse_overlap(inputs: Sequence[Any]) -> None:
    """Arrays that share memory, one of them written: neither order of writes would be NumPy's."""
    arrays = [x if isinstance(x, np.ndarray) else np.asarray(Array(x)) for x in inputs if _is_anothers(x)]
    for j, x in enumerate(arrays):
        for y in arrays[:j]:
            if np.may_share_memory(x, y) and np.shares_memory(x, y):
                raise ValueError("two array arguments share memory and the function writes to one; pass copies")


def _is_anothers(x: Any) -> bool:
    """Whether somebody else has the memory."""
    return isinstance(x, np.ndarray) or type(getattr(x, "aval", None)) is Shared


Maker = Callable[[Sequence[Any], tuple[Any, ...]], Any]
"""Makes a Python object of the results of the executable and the arguments of the call."""


def _host(raw: Any) -> Any:
    return np.asarray(Array(raw))


def _masked(values: Array, mask: Any) -> Array:
    return array(np.asarray(values)[_host(mask)], device=values.device)


def repeated_arrays(recipe: Recipe) -> tuple[int, ...]:
    """Results of the executable that are arrays in several places: one object, as in Python."""
    donated = {entry.path for entry in recipe.inputs if entry.donated}
    outputs = [recipe.output, *(write_back.output for write_back in recipe.write_backs)]
    counts = Counter(j for output in outputs for j in _arrays(output, donated))
    return tuple(j for j, count in counts.items() if count > 1)


def _arrays(output: Output, donated: Container[Path | None]) -> Iterator[int]:
    is_given = output.kind == "input" and output.path in donated
    if output.kind in ("array", "scalar") or is_given:
        yield output.index
    for part in output.parts if output.kind != "masked" else ():
        yield from _arrays(part, donated)


class Makers:
    """Writes the functions that make objects of results.

    repeated: results for which there is an Array behind the results, in order.
    donated: the paths of arguments of which Arrays are used up.
    """

    def __init__(self, access: Accessors, repeated: Sequence[int], donated: Sequence[Path]) -> None:
        self._access = access
        self._places = {j: place - len(repeated) for place, j in enumerate(repeated)}
        self._donated = donated

    def maker(self, output: Output) -> Maker:
        """The function that makes one object of a result."""
        index = output.index
        match output.kind:
            case "array" | "scalar":
                return self._array(index)
            case "number":
                return lambda raws, _: read_number(raws[index])
            case "const":
                return lambda raws, _: output.value
            case "list_array":
                return lambda raws, _: _host(raws[index]).tolist()
            case "input":
                return self._input(output)
            case "masked":
                values_at, mask_at = (part.index for part in output.parts)
                return lambda raws, _: _masked(Array(raws[values_at]), raws[mask_at])
        makers = [self.maker(part) for part in output.parts]
        assemble = _assembler(output)
        return lambda raws, values: assemble([make(raws, values) for make in makers])

    def _array(self, index: int) -> Maker:
        if index in self._places:
            place = self._places[index]
            return lambda raws, _: raws[place]
        return lambda raws, _: Array(raws[index])

    def _input(self, output: Output) -> Maker:
        """A caller's object; for an Array that was used up, a new one."""
        assert output.path is not None
        fetch = self._access.object(output.path)
        if output.path not in self._donated:
            return lambda _, values: fetch(*values)
        made = self._array(output.index)

        def make(raws: Sequence[Any], values: tuple[Any, ...]) -> Any:
            obj = fetch(*values)
            return made(raws, values) if type(obj) is Array else obj

        return make


def _assembler(output: Output) -> Callable[[list[Any]], Any]:
    """What makes a container of its parts; the attributes of an existing instance stay a list."""
    cls, keys = output.cls, output.keys
    match output.kind:
        case "list":
            return lambda parts: parts
        case "dict":
            return lambda parts: dict(zip(keys, parts, strict=True))
        case "object":
            return lambda parts: parts if cls is None else _instance(cls, keys, parts)
    return tuple if cls is None else cls._make  # type: ignore[attr-defined]


def _instance(cls: Any, keys: Sequence[str], parts: Sequence[Any]) -> Any:
    obj = object.__new__(cls)
    _set_attributes(obj, keys, parts)
    return obj


def _set_attributes(obj: Any, keys: Sequence[str], parts: Sequence[Any]) -> None:
    for name, value in zip(keys, parts, strict=True):
        object.__setattr__(obj, name, value)


def refuse_read_only(written: Sequence[Any]) -> None:
    """NumPy's error for an array that cannot be written to, before anything was done."""
    for obj in written:
        if type(obj) is np.ndarray and not obj.flags.writeable:
            raise ValueError("assignment destination is read-only")


Change = tuple[Any, Any, Sequence[str]]
"""An object of the caller's, the content that it has after the call, and the names of an instance's attributes."""


def change(obj: Any, new: Any, keys: Sequence[str]) -> Change:
    """The change of an object, with all that it takes at hand."""
    if type(obj) is Array:
        return obj, new, keys
    if not isinstance(obj, (np.ndarray, list, dict)) and is_shared(obj):
        obj = to_numpy(obj)
    return obj, np.asarray(new) if isinstance(obj, np.ndarray) else new, keys


def make_all(changes: Sequence[Change]) -> None:
    """Make all changes. After an interrupt it can be done again, from the start."""
    for obj, new, keys in changes:
        if type(obj) is Array:
            replace_content(obj, new)
        elif isinstance(obj, np.ndarray):
            obj[...] = new
        elif isinstance(obj, list):
            obj[:] = new
        elif isinstance(obj, dict):
            _replace_items(obj, new)
        else:
            _set_attributes(obj, keys, new)


def _replace_items(obj: dict[Any, Any], new: dict[Any, Any]) -> None:
    """Without a time at which an item that stays is not there, except where the order of the keys changes."""
    for key, value in new.items():  # not `update`, which adds the numbers of a Counter
        obj[key] = value  # noqa: PERF403
    for key in [key for key in obj if key not in new]:
        del obj[key]
    if list(obj) != list(new) or list(map(type, obj)) != list(map(type, new)):
        for key, value in new.items():
            del obj[key]
            obj[key] = value
