"""Text of attributes in printed IR.

    2   2.5   True   None   "LT"   (0, 2)   f64   f64(2.0)   f64[3]([1.0, 2.0, 3.0])   f64[100](splat 0.0)
    f64[2,50](hex "0000…")

A bare element type is a dtype; one with parentheses is an array. Long arrays are written as the bytes of their
elements, little-endian. Reading the text gives back an equal attribute (hloc.ir.parser).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from hloc.ir.types import TensorType, dtype_name

LONGEST_LIST = 64


def format_attribute(value: Any) -> str:
    """The text of one attribute; a value of an unknown kind comes as `<repr>`, which cannot be read back."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, np.ndarray | np.generic):
        return format_array(np.asarray(value))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple | list):
        items = ", ".join(map(format_attribute, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    return dtype_name(value) if isinstance(value, np.dtype) else f"<{value!r}>"


def format_array(array: np.ndarray) -> str:
    """An array as its type and its elements."""
    type_ = TensorType(array.shape, array.dtype)
    if array.size > 1 and _is_splat(array):
        return f"{type_}(splat {format_element(array.flat[0])})"
    if array.size <= LONGEST_LIST:
        return f"{type_}({_nested(array)})"
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return f'{type_}(hex "{little.tobytes().hex()}")'


def format_element(element: Any) -> str:
    """One element, with just enough digits to be read back exactly; a complex one as `(re, im)`."""
    if isinstance(element, np.complexfloating):
        return f"({element.real!s}, {element.imag!s})"
    return str(element)


def _nested(array: np.ndarray) -> str:
    if array.ndim == 0:
        return format_element(array[()])
    return f"[{', '.join(_nested(row[...]) for row in array)}]" if array.ndim > 1 else _row(array)


def _row(array: np.ndarray) -> str:
    return f"[{', '.join(map(format_element, array))}]"


def _is_splat(array: np.ndarray) -> bool:
    """Whether all elements have the same bits (so that 0.0 and -0.0 differ and NaN equals itself)."""
    data = array.tobytes()
    return data == data[: array.itemsize] * array.size
