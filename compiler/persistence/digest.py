"""Python values and code as bytes that are the same in every process.

    def area(r):                    area.__code__  →  the same digest for this text in any file, on any line, with
        return PI * r * r                             any comments; another one where a name or constant differs

What is told apart: 1, True and 1.0; 0.0 and -0.0; names of variables. Not counted: files, lines, docstrings.
"""

from __future__ import annotations

import types
from opcode import hasconst
from typing import Any

import numpy as np

from hloc.runtime.hashing import sha256


class Unportable(Exception):
    """Something has no meaning in another process; the text says what and why."""


def canonical(obj: Any) -> bytes:
    """A value as bytes; equal bytes mean: the same type and the same value. Raises Unportable for other objects."""
    data = _data(obj)
    return b"%s %d:%s" % (type(obj).__name__.encode(), len(data), data)


def _data(obj: Any) -> bytes:
    kind = type(obj)
    if kind is str:
        return bytes(obj.encode("utf-8", "surrogatepass"))
    if kind in (bool, float, types.NoneType, types.EllipsisType, types.NotImplementedType):
        return repr(obj).encode()
    if kind is int:
        return hex(obj).encode()  # `repr` refuses integers of many digits
    if kind is bytes:
        return bytes(obj)
    if kind is complex:
        return f"{obj.real!r} {obj.imag!r}".encode()
    if kind is tuple:
        return b"".join(map(canonical, obj))
    if kind is frozenset:
        return b"".join(sorted(map(canonical, obj)))
    if kind in (slice, range):
        return b"".join(map(canonical, (obj.start, obj.stop, obj.step)))
    if kind is types.CodeType:
        return code_digest(obj)
    if isinstance(obj, np.dtype) and obj.names is None and not obj.hasobject and obj.subdtype is None:
        return str(obj.str).encode()
    if isinstance(obj, np.number | np.bool_) and kind.__module__ == "numpy":
        return obj.dtype.str.encode() + obj.tobytes()
    raise Unportable(f"a {kind.__name__} is not known by its value alone")


def is_constant(obj: Any) -> bool:
    """Whether `canonical` takes it."""
    try:
        canonical(obj)
    except Unportable:
        return False
    return True


def code_digest(code: types.CodeType) -> bytes:
    """What code does, and how it names things."""
    consts = code.co_consts
    if has_docstring(code):
        consts = (None, *consts[1:])
    state = sha256(code.co_code)
    state.update(code.co_exceptiontable)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars)
    state.update(canonical((code.co_name, code.co_qualname, counts, names, consts)))
    return state.digest()


_HAS_CONST = frozenset(hasconst)
_OF_FUNCTION = 3  # CO_OPTIMIZED and CO_NEWLOCALS


def has_docstring(code: types.CodeType) -> bool:
    """Whether the first constant is a text that no instruction uses. Classes keep theirs under a name: it is used."""
    if not code.co_consts or type(code.co_consts[0]) is not str or code.co_flags & _OF_FUNCTION != _OF_FUNCTION:
        return False
    instructions = code.co_code
    return not any(op in _HAS_CONST and arg == 0 for op, arg in zip(instructions[::2], instructions[1::2], strict=True))


def reached_names(code: types.CodeType) -> dict[str, None]:
    """The names of globals and attributes that code and the functions in it mention, in order."""
    names = dict.fromkeys(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            names.update(reached_names(const))
    return names
