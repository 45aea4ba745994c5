"""A Python loop over lanes says what a batched function does: `agree` compares `hloc.vmap` with it.

    for k in range(size):                       # in CPython, with the plain function
        result = f(xs[k], ys[:, k], c)          # mapped arrays give views, vectors give numbers, c is shared
        results.append(copy.deepcopy(result))   # later lanes may write into what is shared
    np.stack(results)                           # leaf by leaf, at out_axes

Compared are the results (structure, types, values), what the arguments hold afterwards, what was printed, and the error
of the first lane that fails, with that lane's number in its message.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import hloc
from tests.language.agreement import RELATIVE, Outcome

STRATEGIES = (None, "simd", "lockstep", "serial", "pc")
Axes = Any
"""An int, None, or a container of such that matches the upper part of a value."""


class RaggedError(Exception):
    """Lanes return results that cannot be stacked."""


# --- the loop


def lanes(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    axis_size: int | None = None,
) -> Any:
    """What the loop over lanes returns; it writes to `arguments` as that loop does."""
    axes = axes_of(tuple(arguments), in_axes if isinstance(in_axes, int | None) else tuple(in_axes))
    sizes = {np.shape(x)[axis] for x, axis in leaf_pairs(tuple(arguments), axes) if axis is not None}
    size = axis_size if axis_size is not None else sizes.pop()
    results = []
    for k in range(size):
        try:
            results.append(copy.deepcopy(function(*lane(tuple(arguments), axes, k))))
        except Exception as error:
            raise with_lane(error, k) from error
    return stacked(results, out_axes)


def lane(value: Any, axes: Axes, k: int) -> Any:
    """What lane k gets: views of arrays, numbers of vectors."""
    return changed_pairs(value, axes, lambda x, axis: x if axis is None else np.moveaxis(x, axis, 0)[k])


def with_lane(error: Exception, k: int) -> Exception:
    """The error as it is raised after the loop: the lane in its message, where it has one; of maps in maps each lane."""
    if error.args and isinstance(error.args[-1], str):
        named = copy.copy(error)
        text, inner = re.fullmatch(r"(.*?)(?: \(lane ([\d, ]+)\))?", error.args[-1], re.DOTALL).groups()
        named.args = (*error.args[:-1], f"{text} (lane {k})" if inner is None else f"{text} (lane {k}, {inner})")
        return named
    return error


def stacked(results: Sequence[Any], axes: Axes) -> Any:
    """Results of lanes as one: a leaf has the lanes at its place in `axes`; None: the lanes have the same."""
    first = results[0]
    if children(first) is not None:
        keys = [part_names(r) for r in results]
        if any(type(r) is not type(first) for r in results) or any(k != keys[0] for k in keys):
            raise RaggedError(f"{first!r} and others")
        parts = [children(r) for r in results]
        inner = [axes] * len(keys[0]) if isinstance(axes, int | None) else children(axes)
        return with_children(first, [stacked(p, a) for p, a in zip(zip(*parts, strict=True), inner, strict=True)])
    if isinstance(first, str):
        raise RaggedError("a string")
    if first is None or axes is None:
        if any(not np.array_equal(r, first) for r in results):
            raise RaggedError(f"{first!r} and others")
        return first
    arrays = [np.asarray(r) for r in results]
    if any(a.shape != arrays[0].shape or a.dtype.kind not in "biufc" for a in arrays):
        raise RaggedError(f"shapes {sorted({a.shape for a in arrays})}")
    return np.stack(arrays, axis=axes)


# --- trees


def children(value: Any) -> list[Any] | None:
    """The parts of a container; None for a leaf."""
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return None


def part_names(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(children(value) or [])))


def with_children(value: Any, parts: Sequence[Any]) -> Any:
    """The container with other parts."""
    if isinstance(value, dict):
        return dict(zip(value, parts, strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value)(*parts)
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


def axes_of(value: Any, axes: Axes) -> Axes:
    """Axes for each leaf of a value, from those of an upper part."""
    parts = children(value)
    if parts is None:
        return axes
    inner = [axes] * len(parts) if isinstance(axes, int | None) else children(axes)
    return [axes_of(p, a) for p, a in zip(parts, inner or [], strict=True)]


def leaf_pairs(value: Any, axes: Axes) -> list[tuple[Any, Any]]:
    parts = children(value)
    if parts is None:
        return [(value, axes)]
    return [pair for p, a in zip(parts, axes, strict=True) for pair in leaf_pairs(p, a)]


def changed_pairs(value: Any, axes: Axes, change: Callable[[Any, Any], Any]) -> Any:
    """The value with each leaf changed. A container that is shared as a whole stays the object that it is."""
    parts = children(value)
    if parts is None:
        return change(value, axes)
    if all(axis is None for _, axis in leaf_pairs(value, axes)):
        return value
    return with_children(value, [changed_pairs(p, a, change) for p, a in zip(parts, axes, strict=True)])


# --- comparison


def outcome(function: Callable[..., Any], arguments: Sequence[Any]) -> Outcome:
    """What one call did; the caller's arguments stay as they are."""
    arguments = copy.deepcopy(tuple(arguments))
    result, error = None, None
    with contextlib.redirect_stdout(io.StringIO()) as printed, np.errstate(all="ignore"):
        try:
            result = function(*arguments)
        except (hloc.CompileError, RaggedError):
            raise
        except Exception as found:
            error = found
    return Outcome(result, error, printed.getvalue(), arguments)


def agree(
    function: Callable[..., Any],
    *arguments: Any,
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    axis_size: int | None = None,
    strategies: Iterable[str | None] = STRATEGIES,
    reference: Callable[..., Any] | None = None,
) -> Outcome:
    """Assert that the batched function does what the loop over lanes does, under each strategy; what the loop did.

    reference: what CPython runs in place of the function, where that asks for derivatives or batches itself.
    """
    plain = reference or function
    expected = outcome(lambda *a: lanes(plain, a, in_axes, out_axes, axis_size), arguments)
    for strategy in strategies:
        batched = hloc.vmap(function, in_axes, out_axes, axis_size, strategy)
        compare(outcome(batched, arguments), expected, f"strategy {strategy}")
    return expected


def compare(found: Outcome, expected: Outcome, where: str) -> None:
    """Assert that two calls did the same."""
    assert (type(found.error), str(found.error)) == (type(expected.error), str(expected.error)), (
        where,
        expected,
        found,
    )
    assert found.printed == expected.printed, (where, expected.printed, found.printed)
    if expected.error is None:
        assert_same(found.result, expected.result, f"{where}: result")
        assert_same(found.arguments, expected.arguments, f"{where}: arguments")


def assert_same(found: Any, expected: Any, where: str) -> None:
    """Equal structure, element types and values."""
    parts = children(expected)
    if parts is not None:
        assert type(found) is type(expected), (where, found, expected)
        assert part_names(found) == part_names(expected), (where, found, expected)
        for name, f, e in zip(part_names(expected), children(found) or [], parts, strict=True):
            assert_same(f, e, f"{where}[{name!r}]")
    elif isinstance(expected, np.ndarray | np.generic | bool | int | float | complex):
        assert_same_array(np.asarray(found), np.asarray(expected), where)
    elif hasattr(expected, "__dict__") and not callable(expected):
        assert type(found) is type(expected), (where, found, expected)
        assert_same(vars(found), vars(expected), where)
    else:
        assert found is expected or found == expected, (where, found, expected)


def assert_same_array(found: np.ndarray, expected: np.ndarray, where: str) -> None:
    """Floats agree to rounding, relative to the largest of their lane; everything else exactly."""
    assert found.dtype == expected.dtype, (where, found.dtype, expected.dtype)
    assert found.shape == expected.shape, (where, found.shape, expected.shape)
    tolerance = RELATIVE.get(expected.dtype.name)
    if tolerance is None or expected.size == 0:
        np.testing.assert_array_equal(found, expected, err_msg=where)
        return
    rows = expected.reshape(len(expected), -1) if expected.ndim else expected.reshape(1, 1)
    for f, e in zip(found.reshape(rows.shape), rows, strict=True):
        scale = float(np.max(np.abs(e), initial=0.0, where=np.isfinite(e)))
        np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance * scale, err_msg=where)
