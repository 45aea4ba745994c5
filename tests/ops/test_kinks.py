"""The rows of docs/kinks.md: derivatives by hloc, forward, reverse and compiled, and by JAX where it is installed.

Functions are evaluated on terms of SSA values, or on JAX's arrays. Values are compared to seven digits, infinities and
NaN exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module
from hloc.ir.types import TensorType
from hloc.ops.algebra import Term, mul0, sqrt, where
from tests.emit import building
from tests.ops.derivatives import pullback, pushforward, run

PAGE = Path(__file__).parents[2] / "docs" / "kinks.md"
NUMBERS = {"inf": np.inf, "nan": np.nan, "complex": complex}
OPS = {
    "arcsin": "asin",
    "arccos": "acos",
    "arccosh": "acosh",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "expm1": "exponential_minus_one",
    "fmod": "remainder",
    "log1p": "log_plus_one",
    "nextafter": "next_after",
    "remainder": "floor_mod",
    "rint": "round_nearest_even",
    "sin": "sine",
}


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    function: str
    point: dict[str, np.ndarray]
    expected: list[np.ndarray]
    jax: list[np.ndarray]

    def __str__(self) -> str:
        return f"{self.function} at {', '.join(f'{name}={x}' for name, x in self.point.items())}"


def read_rows() -> list[Row]:
    cells = [re.split(r" +\| ?", line.strip("| ")) for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    rows = []
    for function, at, derivative, peer, *_ in cells:
        point = {name: np.asarray(x) for name, x in eval(f"dict({at.strip('`')})", NUMBERS).items()}
        expected = numbers(derivative)
        rows.append(Row(function.strip("`"), point, expected, expected if peer == "same" else numbers(peer)))
    return rows


def numbers(cell: str) -> list[np.ndarray]:
    return [np.asarray(x) for x in eval(f"[{cell.strip('`')}]", NUMBERS)]


class TermNames:
    """NumPy's names as functions of terms."""

    where = staticmethod(where)

    def __getattr__(self, name: str) -> Callable[..., Term]:
        return lambda x, *others: x.apply(OPS.get(name, name), *others)

    def max(self, x: Term) -> Term:
        return x.apply("reduce_max", axes=(0,))

    def min(self, x: Term) -> Term:
        return x.apply("reduce_min", axes=(0,))

    def sum(self, x: Term) -> Term:
        return x.apply("reduce_sum", axes=(0,))

    def prod(self, x: Term) -> Term:
        return x.apply("reduce_prod", axes=(0,))

    def cumprod(self, x: Term) -> Term:
        return x.apply("cumprod", axis=0)


class ComparedTerm(Term):
    """A term whose == makes an op: the table has it."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        return self.equals(other)


ROWS = read_rows()


def block_of(row: Row) -> Block:
    block = Block()
    builder, np_ = Builder(block), TermNames()
    names: dict[str, Any] = {"np": np_, "lgamma": np_.lgamma, "digamma": np_.digamma, "erf_inv": np_.erf_inv}
    for name, x in row.point.items():
        names[name] = ComparedTerm(builder, block.add_arg(TensorType(x.shape, x.dtype)))
    block.results = [eval(row.function, names).value]
    return block


def arguments(row: Row) -> list[np.ndarray]:
    """The point, and the cotangent 1."""
    (result,) = block_of(row).results
    return [*row.point.values(), np.ones((), result.type.dtype)]


def assert_same(found: list[Any], expected: list[np.ndarray]) -> None:
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-7)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_reverse(row: Row) -> None:
    assert_same(run(pullback(block_of(row)), arguments(row)), row.expected)


@pytest.mark.parametrize("row", [r for r in ROWS if all(x.dtype.kind == "f" for x in r.point.values())], ids=str)
def test_forward(row: Row) -> None:
    """In the direction of each variable, and of each element of an array."""
    program, point = pushforward(block_of(row)), list(row.point.values())
    for number, (x, expected) in enumerate(zip(point, row.expected, strict=True)):
        for place in np.ndindex(x.shape):
            tangents = [np.zeros_like(v) for v in point]
            tangents[number][place] = 1.0
            assert_same(run(program, [*point, *tangents]), [expected[place]])


@pytest.fixture(scope="module")
def compiled() -> dict[str, list[np.ndarray]]:
    """The derivatives of all rows, from one program."""
    whole, inputs = Block(), []
    for row in ROWS:
        block = pullback(block_of(row))
        whole.args += block.args
        whole.ops += block.ops
        whole.results += block.results
        inputs += arguments(row)
    module = Module()
    module.add(Function("main", whole))
    found = iter(building.run(module, *inputs))
    return {str(row): [next(found) for _ in row.point] for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_compiled(row: Row, compiled: dict[str, list[np.ndarray]]) -> None:
    assert_same(compiled[str(row)], row.expected)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_jax_gives(row: Row) -> None:
    jax = pytest.importorskip("jax", minversion="0.12")
    jnp = jax.numpy
    names = {"np": jnp, "lgamma": jax.lax.lgamma, "digamma": jax.lax.digamma, "erf_inv": jax.lax.erf_inv}

    def value(*point: Any) -> Any:
        return jnp.real(eval(row.function, {**names, **dict(zip(row.point, point, strict=True))}))

    with jax.enable_x64(True):
        gradient = jax.grad(value, argnums=tuple(range(len(row.point))))
        assert_same([np.conj(x) for x in gradient(*row.point.values())], row.jax)


def second_derivative(f: Callable[[Term], Term], at: float) -> tuple[float, float]:
    """Reverse over reverse and forward over reverse."""
    block = Block()
    block.results = [f(Term(Builder(block), block.add_arg(TensorType((), np.dtype(float))))).value]
    x, one, zero = (np.asarray(v) for v in (at, 1.0, 0.0))
    gradient = pullback(block)
    return float(run(pullback(gradient), [x, one, one])[0]), float(run(pushforward(gradient), [x, one, one, zero])[0])


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (lambda x: (sqrt(x) - 2.0) * (sqrt(x) - 2.0), 4.0, 0.125),  # the first derivative is 0 there
        (lambda x: x**2.0, 0.0, 2.0),
        (lambda x: x**1.0, 0.0, 0.0),
        (lambda x: x**0.0, 0.0, 0.0),
        (lambda x: x**3.0, 0.0, 0.0),
        (lambda x: where(x > 0, sqrt(x), 0.0), 0.0, 0.0),
        (lambda x: x * x.apply("abs"), 0.0, 0.0),
        (lambda x: x.apply("maximum", 0.0) * x.apply("maximum", 0.0), 0.0, 0.5),
        (lambda x: mul0(x, x), 0.0, 2.0),
    ],
)
def test_second_derivatives(f: Callable[[Term], Term], at: float, expected: float) -> None:
    for found in second_derivative(f, at):
        assert found == pytest.approx(expected)
