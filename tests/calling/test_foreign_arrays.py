"""Arrays of other libraries as arguments: seen as NumPy arrays where that means the same, else refused."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import hloc
from tests.runtime.programs import run_python

X = np.arange(6.0, dtype=np.float32).reshape(2, 3)


def scaled(x, y):
    return x * 2 + y


def put(u):
    u[0, 0] = 9.0
    return u


class OnlyDlpack:
    def __init__(self, x: np.ndarray) -> None:
        self.x = x

    def __dlpack__(self, **options: Any) -> Any:
        return self.x.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class OnlyArray:
    __slots__ = ("x",)

    def __init__(self, x: np.ndarray) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.x


@dataclass
class Length:
    """A user's object that also converts to an array."""

    metres: np.ndarray

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.metres

    def __mul__(self, factor: float) -> np.ndarray:
        return self.metres * factor * 1000


class Plain(np.ndarray):
    """Computes as ndarray does."""


class Reversed(np.ndarray):
    def __add__(self, other: Any) -> Any:
        return np.subtract(self, other)


def of_jax(x: Any) -> Any:
    """A jax array; skips the test where jax is not installed."""
    return pytest.importorskip("jax.numpy").asarray(x)


KINDS = [np.asarray, hloc.array, OnlyDlpack, OnlyArray, lambda x: x.view(Plain), np.asfortranarray]
if importlib.util.find_spec("jax") is not None:
    KINDS.append(of_jax)


def test_they_share_a_program() -> None:
    compiled = hloc.compile(scaled)
    for kind in (*KINDS, *reversed(KINDS)):
        result = compiled(kind(X), 1.0)
        assert type(result) is hloc.Array
        np.testing.assert_array_equal(result, scaled(X, 1.0))
    assert len(compiled._programs) == 1


@pytest.mark.parametrize("kind", KINDS, ids=range(len(KINDS)))
def test_each_may_be_the_first_also_in_containers(kind: Any) -> None:
    compiled = hloc.compile(lambda state: state["x"][0].sum())
    assert compiled({"x": [kind(X)]}) == X.sum()
    assert compiled({"x": [X]}) == X.sum()


def test_an_object_with_operators_of_its_own_is_that_object() -> None:
    compiled = hloc.compile(scaled)
    for _ in range(2):
        compiled(X, 1.0)
        np.testing.assert_array_equal(compiled(Length(X), 1.0), scaled(Length(X), 1.0))
    np.testing.assert_array_equal(hloc.compile(lambda x: x.metres)(Length(X)), X)


@pytest.mark.parametrize(
    "bad", [np.ma.masked_array(X, X > 2), X.view(np.matrix), X.view(Reversed)], ids=["ma", "mat", "own"]
)
def test_subclasses_that_compute_otherwise_are_refused(bad: Any) -> None:
    compiled = hloc.compile(scaled)
    for _ in range(2):
        with pytest.raises(hloc.DTypeError, match=r"which computes otherwise than an array: it defines \w+\.__\w+__"):
            compiled(bad, 1.0)
        compiled(X, 1.0)


def test_what_is_returned_is_the_object() -> None:
    x = of_jax(X)
    assert hloc.compile(lambda x: x)(x) is x


@pytest.mark.parametrize("make", [of_jax, lambda x: np.broadcast_to(x, (2, 3))], ids=["jax", "numpy"])
def test_what_cannot_be_written_to_says_so(make: Any) -> None:
    x = make(X)
    with pytest.raises(ValueError, match="read-only"):
        hloc.compile(put)(x)
    np.testing.assert_array_equal(x, X)


def test_torch_tensors() -> None:
    torch = pytest.importorskip("torch")
    t = torch.from_numpy(X.copy())
    compiled = hloc.compile(scaled)
    np.testing.assert_array_equal(compiled(t, 1.0), scaled(X, 1.0))
    np.testing.assert_array_equal(compiled(t.T, 1.0), scaled(X.T, 1.0))
    assert hloc.compile(put)(t) is t
    assert t[0, 0] == 9.0
    with pytest.raises(RuntimeError, match="requires grad"):
        compiled(t.clone().requires_grad_(), 1.0)
    with pytest.raises((TypeError, RuntimeError)):
        compiled(t.to(torch.bfloat16), 1.0)


def test_functions_of_the_runtime_are_refused_in_compiled_code() -> None:
    for function in (lambda x: hloc.array(x), lambda x: hloc.device_put(x)):
        with pytest.raises(hloc.UnsupportedError, match=r"hloc\.\w+ works around compiled functions, not in them"):
            hloc.compile(function)(X)


def test_jax_is_not_imported_for_any_of_this() -> None:
    code = """
import sys
import numpy as np
import hloc
x = hloc.array(np.arange(1000.0))
def put(u):
    u[0] = 9.0
hloc.compile(put)(x)
hloc.compile(lambda x: x + 1, donate="x")(x)
y = hloc.from_dlpack(np.arange(4.0))
hloc.device_put([y, 1], "cpu:0")
np.from_dlpack(y), y.to("cpu"), hloc.devices()
try: np.asarray(x)
except hloc.ExecutionError: print("jax" in sys.modules)
"""
    assert run_python(f"import linecache, runpy, sys; {_from_file(code)}") == "False"


def _from_file(code: str) -> str:
    """Python that runs a text as a program whose lines can be found."""
    register = "linecache.cache['<text>'] = (len(text), None, text.splitlines(keepends=True), '<text>')"
    return f"text = {code!r}; {register}; exec(compile(text, '<text>', 'exec'), {{'__name__': 'program'}})"


def test_views_of_an_array_are_arrays_of_numpy() -> None:
    x = hloc.array(X)
    np.testing.assert_array_equal(hloc.compile(scaled)(x[0], x[1]), scaled(X[0], X[1]))
