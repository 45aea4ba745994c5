"""CPython running the undecorated function is the definition of right: `agree` compares a compiled function with it.

Compared are the result (structure, values, element types), what the arguments hold afterwards, what was printed, and the
type and text of an exception. Floats agree to 1e-12 relative (XLA contracts multiply-adds), everything else exactly.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

import hloc
from hloc.program import attributes_of

RELATIVE = {"float64": 1e-12, "complex128": 1e-12, "float32": 2e-6, "complex64": 2e-6, "float16": 2e-3}


@dataclasses.dataclass
class Outcome:
    """What one call did."""

    result: Any
    error: BaseException | None
    printed: str
    arguments: tuple[Any, ...]


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    arguments = copy.deepcopy(arguments)
    result, error = None, None
    with contextlib.redirect_stdout(io.StringIO()) as printed, np.errstate(all="ignore"):
        try:
            result = function(*arguments)
        except hloc.CompileError:
            raise
        except Exception as found:
            error = found
    return Outcome(result, error, printed.getvalue(), arguments)


def agree(function: Callable[..., Any], *arguments: Any, compiled: Any = None) -> None:
    """Assert that the compiled function does what CPython does with these arguments."""
    expected = outcome(function, arguments)
    found = outcome(compiled or hloc.compile(function), arguments)
    if expected.error is not None or found.error is not None:
        assert type(found.error) is type(expected.error), (expected, found)
        assert str(found.error) == str(expected.error)
        return
    assert_same(found.result, expected.result, "result")
    assert_same(found.arguments, expected.arguments, "arguments")
    assert found.printed == expected.printed


def assert_same(found: Any, expected: Any, where: str) -> None:
    """Equal structure, types and values."""
    if isinstance(expected, np.ndarray | np.generic):
        assert_same_array(found, expected, where)
    elif isinstance(expected, tuple | list):
        assert type(found) is type(expected), (where, found, expected)
        assert len(found) == len(expected), (where, found, expected)
        for j, (f, e) in enumerate(zip(found, expected, strict=True)):
            assert_same(f, e, f"{where}[{j}]")
    elif isinstance(expected, dict):
        assert list(found) == list(expected), (where, found, expected)
        for key, value in expected.items():
            assert_same(found[key], value, f"{where}[{key!r}]")
    elif dataclasses.is_dataclass(expected) or (hasattr(expected, "__dict__") and not callable(expected)):
        assert type(found) is type(expected), (where, found, expected)
        assert_same(attributes_of(found), attributes_of(expected), where)
    elif isinstance(expected, float | complex):
        assert type(found) is type(expected), (where, found, expected)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300, err_msg=where)
    else:
        assert type(found) is type(expected), (where, found, expected)
        assert found == expected, (where, found, expected)


def assert_same_array(found: Any, expected: Any, where: str) -> None:
    found = np.asarray(found)
    assert found.dtype == expected.dtype, (where, found.dtype, expected.dtype)
    assert found.shape == expected.shape, (where, found.shape, expected.shape)
    tolerance = RELATIVE.get(expected.dtype.name)
    if tolerance is None:
        np.testing.assert_array_equal(found, expected, err_msg=where)
    else:
        scale = float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected)))
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=where)


_count = 0


def define(source: str, **names: Any) -> Callable[..., Any]:
    """The function `program` of a source text; Python can show its lines."""
    global _count
    _count += 1
    filename = f"<program {_count}>"
    text = textwrap.dedent(source)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    import math
    import operator

    space: dict[str, Any] = {"np": np, "math": math, "operator": operator, "__name__": "programs", **names}
    exec(compile(text, filename, "exec"), space)
    program: Callable[..., Any] = space["program"]
    return program


CONTEXTS = ("straight", "branch", "loop", "callee")


def in_context(context: str, parameters: str, body: str, **names: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A program with `body` (which sets `result`) in straight code, in a branch on data, in a loop of data length, or
    in a called function; and the further arguments that it takes first."""
    body = textwrap.dedent(body).strip("\n")
    indented = textwrap.indent(body, "    ")
    twice = textwrap.indent(body, "        ")
    if context == "straight":
        return define(f"def program({parameters}):\n{indented}\n    return result\n", **names), ()
    if context == "branch":
        text = f"def program(flag, {parameters}):\n    result = None\n    if flag > 0:\n{twice}\n    else:\n{twice}\n    return result\n"
        return define(text.replace("    result = None\n", ""), **names), (1,)
    if context == "loop":
        text = f"def program(times, {parameters}):\n    for _ in range(times):\n{twice}\n    return result\n"
        return define(text, **names), (2,)
    text = f"def helper({parameters}):\n{indented}\n    return result\n\ndef program({parameters}):\n    return helper({parameters})\n"
    return define(text, **names), ()
