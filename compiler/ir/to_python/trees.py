"""Short ways to build gast trees."""

from __future__ import annotations

import ast
from typing import Any

import gast
import numpy as np

NATURAL_TYPES = (np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_), np.dtype(np.complex128))
"""Types that Python's own numbers have in NumPy."""
_LONGEST_LIST = 200


def name(identifier: str) -> Any:
    return gast.Name(identifier, gast.Load(), None, None)


def target(identifiers: list[str]) -> Any:
    """What an assignment assigns to: one name or several."""
    names = [gast.Name(i, gast.Store(), None, None) for i in identifiers]
    return names[0] if len(names) == 1 else gast.Tuple(names, gast.Store())


def attribute(path: str) -> Any:
    """`np.float64`."""
    first, *rest = path.split(".")
    tree = name(first)
    for part in rest:
        tree = gast.Attribute(tree, part, gast.Load())
    return tree


def call(function: str, *arguments: Any) -> Any:
    return gast.Call(attribute(function), list(arguments), [])


def literal(value: Any) -> Any:
    """A Python constant, or a tuple of constants."""
    if isinstance(value, tuple):
        return gast.Tuple([literal(v) for v in value], gast.Load())
    return gast.Constant(value, None)


def parameter(identifier: str) -> Any:
    return gast.Name(identifier, gast.Param(), None, None)


def function(identifier: str, arguments: Any, body: list[Any]) -> Any:
    return gast.FunctionDef(identifier, arguments, body, [], None, None, [])


def assign(left: Any, right: Any) -> Any:
    return gast.Assign([left], right, None)


def expression(text: str) -> Any:
    """The tree of an expression given as text."""
    return gast.ast_to_gast(ast.parse(text, mode="eval")).body


def shape(dims: tuple[int, ...]) -> Any:
    """A shape argument: `3` or `(3, 4)`."""
    return literal(dims[0] if len(dims) == 1 else dims)


def dtype(type_: np.dtype) -> Any:
    """`np.float32`; bool is `np.bool_`."""
    return attribute("np.bool_" if type_.kind == "b" else f"np.{type_.name}")


def number(value: Any) -> Any:
    """A NumPy scalar as a Python number: the shortest text that gives the same value in its type."""
    if value.dtype.kind == "b":
        return literal(bool(value))
    if value.dtype.kind in "iu":
        return _signed(int(value))
    if value.dtype.kind == "f":
        return _float(value)
    if value.dtype == np.complex128 and not (np.signbit(value.real) or np.signbit(value.imag)) and np.isfinite(value):
        return literal(complex(value))
    return call("complex", _float(value.real), _float(value.imag))


def _float(value: Any) -> Any:
    if np.isnan(value):
        return attribute("np.nan")
    magnitude = attribute("np.inf") if np.isinf(value) else literal(float(str(np.abs(value))))
    return gast.UnaryOp(gast.USub(), magnitude) if np.signbit(value) else magnitude


def _signed(value: int) -> Any:
    return literal(value) if value >= 0 else gast.UnaryOp(gast.USub(), literal(-value))


def scalar(value: Any) -> Any:
    """A NumPy scalar as a call of its type: `np.float32(0.5)`."""
    return gast.Call(dtype(value.dtype), [number(value)], [])


def array(value: np.ndarray) -> Any:
    """An array of rank one or more: `np.zeros(3)`, `np.array([1.0, 2.0])`, its bytes when it is long."""
    if value.size and (value.tobytes() == value.tobytes()[: value.itemsize] * value.size):
        return full(value.shape, number(value.flat[0]), value.dtype)
    if not value.size:
        return _typed("np.empty", [shape(value.shape)], value.dtype, np.dtype(np.float64))
    if value.size <= _LONGEST_LIST:
        natural = value.dtype if value.dtype in NATURAL_TYPES else None
        return _typed("np.array", [_listing(value)], value.dtype, natural)
    data = call("bytes.fromhex", literal(value.astype(value.dtype.newbyteorder("<")).tobytes().hex()))
    flat = gast.Call(attribute("np.frombuffer"), [data, literal(value.dtype.newbyteorder("<").str)], [])
    reshaped = gast.Call(gast.Attribute(flat, "reshape", gast.Load()), [shape(value.shape)], [])
    return gast.Call(gast.Attribute(reshaped, "astype", gast.Load()), [dtype(value.dtype)], [])


def full(dims: tuple[int, ...], fill: Any, type_: np.dtype) -> Any:
    """An array with one Python number everywhere."""
    if isinstance(fill, gast.Constant) and fill.value in (0, 1) and type_.kind != "b":
        return _typed("np.ones" if fill.value else "np.zeros", [shape(dims)], type_, np.dtype(np.float64))
    natural = type_ if type_ in NATURAL_TYPES else None
    return _typed("np.full", [shape(dims), fill], type_, natural)


def _typed(function: str, arguments: list[Any], type_: np.dtype, natural: np.dtype | None) -> Any:
    """A call with the element type as last argument unless it is the function's natural one."""
    return call(function, *arguments, *([] if type_ == natural else [dtype(type_)]))


def _listing(value: np.ndarray) -> Any:
    items = list(value) if value.ndim == 1 else [row[...] for row in value]
    return gast.List([number(v) if value.ndim == 1 else _listing(v) for v in items], gast.Load())
