"""Running a function under NumPy and compiled, and comparing results, types and what was written to the arguments."""

from __future__ import annotations

import copy
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import hloc

TOLERANCE = {np.dtype(np.float16): 4e-3, np.dtype(np.float32): 2e-4, np.dtype(np.complex64): 2e-4}


def attempt(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
    """The result or the exception."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*args), None
        except Exception as error:
            return None, error


def parts(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested tuples and lists with their places; the structure itself is a leaf, too."""
    if isinstance(value, tuple | list):
        yield place, (type(value).__name__, len(value))
        for j, item in enumerate(value):
            yield from parts(item, f"{place}[{j}]")
    else:
        yield place, value


def difference(expected: Any, found: Any) -> str:
    """What differs between two leaves; empty where they agree."""
    if isinstance(expected, tuple | str) or expected is None:
        return "" if expected == found else f"expected {expected!r}, found {found!r}"
    x, y = np.asarray(expected), np.asarray(found)
    if (x.dtype, x.shape) != (y.dtype, y.shape):
        return f"expected {x.dtype}{list(x.shape)}, found {y.dtype}{list(y.shape)}"
    tolerance = TOLERANCE.get(x.dtype, 1e-9)
    if not np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True):
        return f"expected {x!r}, found {y!r}"
    return ""


def agree(function: Callable[..., Any], *args: Any, labels: list[str] | None = None) -> None:
    """Assert that the compiled function does what NumPy does."""
    for_numpy, for_hloc = copy.deepcopy(args), copy.deepcopy(args)
    expected, error = attempt(function, for_numpy)
    found, failure = attempt(hloc.compile(function), for_hloc)
    if error is not None:
        assert type(failure) is type(error), f"{error!r} expected, {failure!r} found"
        assert str(failure) == str(error)
        return
    if failure is not None:
        raise failure
    left, right = list(parts([expected, *for_numpy])), list(parts([found, *for_hloc]))
    assert [place for place, _ in left] == [place for place, _ in right]
    problems = []
    for (place, x), (_, y) in zip(left, right, strict=True):
        problem = difference(x, y)
        if problem:
            top = place.split("]")[1].removeprefix("[") if place.startswith("[0][") else ""
            label = labels[int(top)] if labels and top.isdigit() else place
            problems.append(f"{label}: {problem}")
    assert not problems, "\n".join(problems)


def program(folder: Path, name: str, expressions: list[str]) -> Callable[..., Any]:
    """A function of `a` that gives the values of the expressions as a tuple, from a file as users write them."""
    lines = "".join(f"        {e},\n" for e in expressions)
    path = folder / f"{name}.py"
    path.write_text(f"import numpy as np\n\n\ndef program(a):\n    return (\n{lines}    )\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"numpy_api_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    function: Callable[..., Any] = module.program
    return function


def accepted(expressions: list[str], a: np.ndarray) -> list[str]:
    """The expressions that NumPy computes for this array."""
    return [e for e in expressions if attempt(lambda x, e=e: eval(e, {"np": np, "a": x}), (a.copy(),))[1] is None]
