"""All that a caller sees of a call, as a text in which equal means the same to the last bit."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np

import hloc

KEYWORDS: dict[str, dict[str, Any]] = {"variadic": {"last": 1.0}}


def outcome(function: Any, make: Callable[[], tuple[Any, ...]], keywords: dict[str, Any] | None = None) -> str:
    """Result or error, the arguments afterwards, what was printed."""
    arguments = make()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            result = shown(function(*arguments, **(keywords or {})))
        except Exception as error:
            notes = [
                re.sub(r"--> .*/", "--> ", note) for note in getattr(error, "__notes__", ())
            ]  # no folders in files
            result = f"{type(error).__qualname__}{error.args} {notes}"
    return f"{result}\n{shown(arguments)}\n{printed.getvalue()}"


def shown(obj: Any) -> str:
    """An object with the classes and bits of all its parts."""
    if isinstance(obj, np.ndarray | hloc.Array):
        array = np.asarray(obj)
        return f"{type(obj).__name__}({array.dtype}{list(array.shape)} {array.tobytes().hex()})"
    if isinstance(obj, tuple | list):
        return f"{type(obj).__qualname__}({', '.join(map(shown, obj))})"
    if isinstance(obj, dict):
        return f"dict({', '.join(f'{key!r}: {shown(value)}' for key, value in obj.items())})"
    if hasattr(obj, "__dataclass_fields__"):
        return f"{type(obj).__qualname__}{shown(vars(obj))}"
    return f"{type(obj).__name__} {obj!r}"
