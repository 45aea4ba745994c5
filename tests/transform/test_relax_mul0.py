"""Which `mul0` become products, and that zeros by choice still keep NaN and infinities out."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from hloc.transform.relax_mul0 import relax_mul0
from tests.transform.equivalence import after


def products(body: str, parameters: str = "%x: f64, %i: i64, %p: b1", factor: str = "f", partial: str = "q") -> str:
    """The name of the operation that `mul0 %factor, %partial` becomes in a program."""
    text = f"""
    func @main({parameters}) -> (f64) {{
      %zero: f64 = constant {{value = f64(0.0)}}
      %one: f64 = constant {{value = f64(1.0)}}
      %two: f64 = constant {{value = f64(2.0)}}
      {body}
      %r: f64 = mul0 %{factor}, %{partial}
      return %r
    }}
    """
    (line,) = [line for line in after(relax_mul0, text).splitlines() if "%r: " in line]
    return line.split("=")[1].split()[0]


@pytest.mark.parametrize(
    "body",
    [
        "%f: f64 = sine %x\n %q: f64 = add %two, %one",
        "%f: f64 = sine %x\n %q: f64 = convert %i {dtype = f64}",
        "%f: f64 = sine %x\n %q: f64 = select %p, %zero, %two",
        "%f: f64 = reshape %two {shape = ()}\n %q: f64 = divide %one, %x",
        "%f: f64 = mul0 %two, %x\n %q: f64 = sine %x",
        "%g: f64 = mul0 %two, %x\n %f: f64 = select %p, %g, %one\n %q: f64 = multiply %x, %x",
        "%g: f64 = select %p, %zero, %one\n %f: f64 = add %g, %two\n %q: f64 = tanh %x",
        "%f: f64 = mul0 %two, %x\n %q: f64 = divide %x, %two",
        "%f: f64 = mul0 %two, %x\n %q: f64 = power %x, %two",
    ],
)
def test_plain_products(body: str) -> None:
    assert products(body) == "multiply"


@pytest.mark.parametrize(
    "body",
    [
        "%f: f64 = sine %x\n %q: f64 = cosine %x",
        "%f: f64 = multiply %x, %two\n %q: f64 = multiply %x, %x",
        "%f: f64 = select %p, %zero, %one\n %q: f64 = sine %x",
        "%w: f64 = select %p, %zero, %one\n %f: f64 = mul0 %one, %w\n %q: f64 = sine %x",
        "%w: f64 = convert %p {dtype = f64}\n %f: f64 = mul0 %one, %w\n %q: f64 = sine %x",
        "%w: f64 = sign %x\n %f: f64 = mul0 %one, %w\n %q: f64 = sine %x",
        "%f: f64 = mul0 %two, %x\n %q: f64 = divide %one, %x",
        "%f: f64 = mul0 %two, %x\n %e: f64 = exponential %x\n %q: f64 = add %e, %one",
        "%f: f64 = mul0 %two, %x\n %q: f64 = log %x",
        "%f: f64 = mul0 %two, %x\n %m: f64 = constant {value = f64(-1.0)}\n %q: f64 = power %x, %m",
        "%f: f64 = mul0 %two, %x\n %q: f64 = constant {value = f64(inf)}",
    ],
)
def test_kept(body: str) -> None:
    assert products(body) == "mul0"


def test_padding_and_cleared_elements_are_zeros_by_choice() -> None:
    text = """
    func @main(%x: f64[3], %i: i64) -> (f64[3], f64[3]) {
      %zero: f64 = constant {value = f64(0.0)}
      %ones: f64[2] = constant {value = f64[2]([1.0, 2.0])}
      %three: f64[3] = constant {value = f64[3]([1.0, 2.0, 3.0])}
      %f: f64[3] = pad %ones, %zero {low = (1,), high = (0,), interior = (0,)}
      %r: f64[3] = mul0 %f, %x
      %g: f64[3] = upd %three, %zero, %i {drop = (0,), mode = "set"}
      %s: f64[3] = mul0 %g, %x
      return %r, %s
    }
    """
    assert after(relax_mul0, text).count("mul0") == 2


LOOP = """
func @main(%x: f64, %n: i64) -> (f64) {{
  %start: f64 = constant {{value = f64({start})}}
  %zero: f64 = constant {{value = f64(0.0)}}
  %r: f64 = for %n, %start {{direction = -1}} body(%k: i64, %g: f64) {{
    %c: f64 = cosine %x
    %g1: f64 = mul0 %g, %c
    yield {result}
  }}
  return %r
}}
"""


@pytest.mark.parametrize(("start", "result", "plain"), [("1.0", "%g1", True), ("0.0", "%g1", False)])
def test_carries_of_loops(start: str, result: str, plain: bool) -> None:
    found = after(relax_mul0, LOOP.format(start=start, result=result))
    assert ("multiply" in found, "mul0" in found) == (plain, not plain)


def test_a_carry_that_the_body_clears() -> None:
    assert "multiply" not in after(relax_mul0, LOOP.format(start="1.0", result="%zero"))


def test_branches() -> None:
    text = """
    func @main(%x: f64, %p: b1) -> (f64, f64) {
      %one: f64 = constant {value = f64(1.0)}
      %f: f64, %g: f64 = if %p then {
        %two: f64 = constant {value = f64(2.0)}
        yield %two, %two
      } else {
        %zero: f64 = constant {value = f64(0.0)}
        yield %one, %zero
      }
      %r: f64 = mul0 %f, %x
      %s: f64 = mul0 %g, %x
      return %r, %s
    }
    """
    lines = after(relax_mul0, text).splitlines()
    assert [line.split("=")[1].split()[0] for line in lines if "%r: " in line or "%s: " in line] == ["multiply", "mul0"]


def not_chosen(x):
    return np.where(x > 0.0, x * np.sqrt(x), 0.0).sum()


def of_overflow(x):
    return (1.0 / (1.0 + np.exp(x))).sum()


def of_missing_data(x):
    return np.where(np.isnan(x), 0.0, np.sin(x) * x).sum()


def one_element(x):
    return (np.log(x) * x)[1] * 2.0


def of_an_index(x):
    total = 0.0
    for i in range(x.shape[0]):
        if x[i] > 0.0:
            total += np.sqrt(x[i]) * x[i]
    return total


@pytest.mark.parametrize("function", [not_chosen, of_overflow, of_missing_data, one_element, of_an_index])
def test_gradients_are_finite(function) -> None:
    x = np.array([-2.0, 0.5, 3.0, 800.0])
    if function is of_missing_data:
        x[0] = np.nan
    if function is one_element:
        x[0] = 0.0
    found = np.asarray(hloc.grad(function)(x))
    assert np.isfinite(found).all(), found
