"""Constants of a program as JSON.

None, True, 7 and "text" stand for themselves; ["float", "3ff0000000000000"] is 1.0, ["tuple", 1, "a"] is (1, "a"),
["object", …] is an object by its name. Bits of floats, classes of NumPy scalars and the
order of frozensets are kept, so equal values give equal texts.
"""

from __future__ import annotations

import json
import struct
import types
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from hloc.persistence.codecs import LARGEST, Json, RecordError, References, expect

MOST_BYTES = 1 << 16
"""Arrays of more bytes than this are no constants of a record."""


class Constant:
    """Any constant, else an object by its name."""

    def write(self, obj: Any, references: References) -> Json:
        kind = type(obj)
        if obj is None or kind in (bool, str) or (kind is int and abs(obj) < LARGEST):
            return obj
        if kind in _WRITERS:
            name, writer = _WRITERS[kind]
            return [name, *writer(obj, references)]
        if issubclass(kind, np.dtype) and portable(obj):
            return ["dtype", obj.str]
        if issubclass(kind, np.generic) and portable(obj.dtype) and obj.dtype.type is kind:
            return ["scalar", obj.dtype.str, obj.tobytes().hex()]
        if kind is np.ndarray and portable(obj.dtype) and obj.nbytes <= MOST_BYTES:
            return ["array", obj.dtype.str, list(obj.shape), obj.tobytes().hex()]
        return ["object", references.name(obj)]

    def read(self, data: Json, references: References) -> Any:
        if data is None or type(data) in (bool, str, int):
            return data
        expect(type(data) is list and len(data) > 0, "a constant", data)
        name: Any = data[0]
        parts: list[Any] = data[1:]
        if name == "object":
            expect(len(parts) == 1, "the name of an object", data)
            return references.find(parts[0])
        reader = _READERS.get(name) if type(name) is str else None
        if reader is None:
            raise RecordError(f"{name!r} is no kind of constant")
        try:
            return reader(parts, references)
        except (TypeError, ValueError, OverflowError, struct.error) as error:
            raise RecordError(f"a {name} is needed, found {json.dumps(data)[:80]}: {error}") from None


CONSTANT = Constant()


def portable(dtype: np.dtype) -> bool:
    """Whether an element type is that of numbers, and its text says all about it on every machine."""
    simple = dtype.kind in "biufc" and dtype.itemsize <= (16 if dtype.kind == "c" else 8) and dtype.metadata is None
    return simple and np.dtype(dtype.str).char == dtype.char


def _bits(x: float) -> str:
    return struct.pack(">d", x).hex()


def _float(bits: Json) -> float:
    expect(type(bits) is str and len(bits) == 16, "the bits of a float", bits)
    found: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return found


def _items(obj: Any, references: References) -> list[Json]:
    return [CONSTANT.write(item, references) for item in obj]


def _members(obj: frozenset[Any], references: References) -> list[Json]:
    return sorted(_items(obj, references), key=json.dumps)


def _bounds(obj: Any, references: References) -> list[Json]:
    return _items((obj.start, obj.stop, obj.step), references)


_WRITERS: dict[type, tuple[str, Callable[[Any, References], list[Json]]]] = {
    int: ("int", lambda obj, _: [hex(obj)]),
    float: ("float", lambda obj, _: [_bits(obj)]),
    complex: ("complex", lambda obj, _: [_bits(obj.real), _bits(obj.imag)]),
    bytes: ("bytes", lambda obj, _: [obj.hex()]),
    tuple: ("tuple", _items),
    frozenset: ("frozenset", _members),
    range: ("range", _bounds),
    slice: ("slice", _bounds),
    types.EllipsisType: ("Ellipsis", lambda obj, _: []),
    types.NotImplementedType: ("NotImplemented", lambda obj, _: []),
}


def _read_items(parts: list[Json], references: References) -> list[Any]:
    return [CONSTANT.read(part, references) for part in parts]


def _read_range(parts: list[Json], references: References) -> range:
    start, stop, step = _read_items(parts, references)
    return range(start, stop, step)


def _read_slice(parts: list[Json], references: References) -> slice:
    start, stop, step = _read_items(parts, references)
    return slice(start, stop, step)


def _read_int(parts: list[Json], _: References) -> int:
    (text,) = parts
    return int(text, 16)


def _read_complex(parts: list[Json], _: References) -> complex:
    real, imaginary = parts
    return complex(_float(real), _float(imaginary))


def _read_float(parts: list[Json], _: References) -> float:
    (bits,) = parts
    return _float(bits)


def _read_bytes(parts: list[Json], _: References) -> bytes:
    (text,) = parts
    return bytes.fromhex(text)


def _read_dtype(parts: list[Json], _: References) -> np.dtype:
    (text,) = parts
    expect(type(text) is str and len(text) <= 4, "an element type", text)
    dtype = np.dtype(text)
    expect(portable(dtype), "an element type", text)
    return dtype


def _read_array(parts: list[Json], references: References) -> Any:
    text, shape, data = parts
    dtype = _read_dtype([text], references)
    expect(type(shape) is list and all(type(n) is int and n >= 0 for n in shape), "a shape", shape)
    content = bytes.fromhex(data)
    expect(len(content) == prod(shape) * dtype.itemsize <= MOST_BYTES, f"the bytes of {shape} of {text}", len(content))
    return np.frombuffer(content, dtype).reshape(shape).copy()


def _read_scalar(parts: list[Json], references: References) -> Any:
    text, data = parts
    return _read_array([text, [], data], references)[()]


_READERS: dict[str, Callable[[list[Json], References], Any]] = {
    "int": _read_int,
    "float": _read_float,
    "complex": _read_complex,
    "bytes": _read_bytes,
    "tuple": lambda parts, references: tuple(_read_items(parts, references)),
    "frozenset": lambda parts, references: frozenset(_read_items(parts, references)),
    "range": _read_range,
    "slice": _read_slice,
    "Ellipsis": lambda parts, _: ...,
    "NotImplemented": lambda parts, _: NotImplemented,
    "dtype": _read_dtype,
    "scalar": _read_scalar,
    "array": _read_array,
}
