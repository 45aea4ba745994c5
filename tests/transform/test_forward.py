"""Forward mode: what it writes, and that derivatives of first and second order are right."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from hloc.diagnostics.errors import UnsupportedError
from hloc.ir.core import walk
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python
from hloc.ir.verifier import verify
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from tests.transform.tangents import check_python, check_text, derivative, expand


def expanded(text: str) -> str:
    """The program without `jvp`, valid, without what no result needs."""
    module = parse_module(dedent(text))
    verify(module)
    expand(module)
    verify(module)
    eliminate_dead_code(module)
    return print_module(module)


def main_of(text: str) -> str:
    return text[text.index("func @main") :].split("\n\n")[0].strip()


def test_tangents_stand_beside_the_values() -> None:
    found = expanded(
        """
        func @f(%x: f64, %n: i64) -> (f64, i64) {
          %y: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
            %t: f64 = sine %s
            yield %t
          }
          return %y, %n
        }

        func @main(%a: f64, %n: i64, %a_dot: f64) -> (f64, i64, f64) {
          %y: f64, %m: i64, %y_dot: f64 = jvp @f %a, %n, %a_dot {wrt = 1, outputs = 1}
          return %y, %m, %y_dot
        }
        """
    )
    expected = """
    func @main(%a: f64, %n: i64, %a_dot: f64) -> (f64, i64, f64) {
      %y: f64, %y_dot: f64 = for %n, %a, %a_dot {direction = 1} body(%k: i64, %s: f64, %s_dot: f64) {
        %t: f64 = sine %s
        %0: f64 = cosine %s
        %t_dot: f64 = mul0 %s_dot, %0
        yield %t, %t_dot
      }
      return %y, %n, %y_dot
    }
    """
    assert main_of(found) == dedent(expected).strip()


def test_constants_have_no_tangent() -> None:
    """The trip count, a stopped value, a carry that is inactive, and a result that does not depend on x: zeros."""
    found = expanded(
        """
        func @f(%x: f64, %n: i64) -> (f64, f64) {
          %one: f64 = constant {value = f64(1.0)}
          %stopped: f64 = stop_gradient %x
          %y: f64, %c: f64 = for %n, %x, %stopped {direction = 1} body(%k: i64, %s: f64, %c1: f64) {
            %t: f64 = add %s, %c1
            %c2: f64 = multiply %c1, %c1
            yield %t, %c2
          }
          return %y, %c
        }

        func @main(%a: f64, %n: i64, %a_dot: f64) -> (f64, f64) {
          %y: f64, %z: f64, %y_dot: f64, %z_dot: f64 = jvp @f %a, %n, %a_dot {wrt = 1, outputs = 2}
          return %y_dot, %z_dot
        }
        """
    )
    assert "for %n, %a_dot " in main_of(found)
    assert "f64(0.0)" in main_of(found)


BRANCHES = """
func @main(%x: f64, %y: f64, %n: i64) -> (f64, f64) {
  %p: b1 = compare %x, %y {direction = "LT"}
  %a: f64, %b: f64 = if %p then {
    %t: f64 = multiply %x, %y
    yield %t, %x
  } else {
    %one: f64 = constant {value = f64(1.5)}
    yield %one, %y
  }
  %c: f64 = switch %n case 0 {
    %s: f64 = sine %a
    yield %s
  } case 1 {
    %z: f64 = multiply %b, %b
    yield %z
  } case 2 {
    %half: f64 = constant {value = f64(0.5)}
    yield %half
  }
  %r: f64 = multiply %c, %a
  return %r, %b
}
"""


@pytest.mark.parametrize(("x", "y"), [(0.3, 0.7), (0.7, 0.3)])
@pytest.mark.parametrize("n", [-1, 0, 1, 2, 5])
def test_branches(x: float, y: float, n: int) -> None:
    check_text(BRANCHES, x, y, n)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("n", [0, 1, 4])
def test_for_in_both_directions(direction: int, n: int) -> None:
    """The accumulator starts without a tangent; the array is written in place while it is read."""
    text = f"""
    func @main(%x: f64[5], %w: f64, %n: i64) -> (f64, f64[5]) {{
      %zero: f64 = constant {{value = f64(0.25)}}
      %s: f64, %a: f64[5] = for %n, %zero, %x {{direction = {direction}}} body(%k: i64, %s1: f64, %a1: f64[5]) {{
        %f: f64 = convert %k {{dtype = f64}}
        %e: f64 = read %a1, %k {{sizes = (1,), drop = (0,)}}
        %t: f64 = sine %e
        %u: f64 = multiply %t, %w
        %s2: f64 = add %s1, %u
        %v: f64 = multiply %s2, %f
        %one: i64 = constant {{value = i64(1)}}
        %k1: i64 = add %k, %one
        %a2: f64[5] = upd %a1, %v, %k1 {{drop = (0,), mode = "set"}}
        %a3: f64[5] = upd %a2, %s1, %k {{drop = (0,), mode = "add"}}
        yield %s2, %a3
      }}
      return %s, %a
    }}
    """
    check_text(text, np.linspace(0.1, 0.9, 5), 1.3, n)


WHILE = """
func @main(%x: f64, %bound: f64) -> (f64, f64) {
  %zero: f64 = constant {value = f64(0.0)}
  %n: i64, %y: f64, %acc: f64 = while %x, %zero cond(%c: f64, %d: f64) {
    %square: f64 = multiply %c, %c
    %go: b1 = compare %square, %bound {direction = "LT"}
    yield %go
  } body(%k: i64, %s: f64, %t: f64) {
    %m: i64 = constant {value = i64(3)}
    %inner: f64 = for %m, %s {direction = 1} body(%j: i64, %u: f64) {
      %p: b1 = compare %u, %x {direction = "GT"}
      %v: f64 = if %p then {
        %e: f64 = logistic %u
        %g: f64 = add %e, %x
        yield %g
      } else {
        %h: f64 = add %u, %u
        yield %h
      }
      yield %v
    }
    %next: f64 = add %s, %inner
    %t1: f64 = add %t, %inner
    yield %next, %t1
  }
  %f: f64 = convert %n {dtype = f64}
  %r: f64 = multiply %y, %f
  return %r, %acc
}
"""


def test_while_with_a_condition_on_active_values_and_nested_control() -> None:
    check_text(WHILE, 0.4, 20.0)
    check_text(WHILE, 0.4, 0.01)


def test_the_condition_of_a_while_uses_values_only() -> None:
    module = derivative(lambda: parse_module(WHILE), 1)
    (loop,) = [op for op in walk(module.entry.block) if op.name == "while"]
    values = loop.regions[0].args[:2]
    tangents = loop.regions[0].args[2:]
    assert len(tangents) == 2
    used = {v for op in loop.regions[0].ops for v in op.operands}
    assert values[0] in used
    assert not used & set(tangents)


RECURSION = """
func @power(%x: f64, %c: f64, %n: i64) -> (f64, f64) {
  %zero: i64 = constant {value = i64(0)}
  %one: i64 = constant {value = i64(1)}
  %stop: b1 = compare %n, %zero {direction = "LE"}
  %y: f64, %z: f64 = if %stop then {
    %e: f64 = sine %x
    yield %e, %c
  } else {
    %m: i64 = subtract %n, %one
    %p: f64, %q: f64 = call @power %x, %c, %m
    %r: f64 = multiply %p, %x
    %s: f64 = multiply %q, %c
    yield %r, %s
  }
  return %y, %z
}

func @main(%x: f64, %z: f64, %n: i64) -> (f64, f64, f64) {
  %c: f64 = constant {value = f64(0.7)}
  %a: f64, %b: f64 = call @power %x, %c, %n
  %d: f64, %e: f64 = call @power %z, %c, %n
  %f: f64, %g: f64 = call @power %z, %x, %n
  %h: f64 = multiply %a, %d
  return %h, %g, %b
}
"""


def test_recursion_and_shared_functions() -> None:
    """One derived function for each pattern of active parameters, and the second order of each."""
    check_text(RECURSION, 0.6, 0.8, 3)
    first = derivative(lambda: parse_module(RECURSION), 1)
    assert [name for name in first.functions if name.startswith("power")] == ["power", "power_jvp", "power_jvp_1"]
    both = first.functions["power_jvp_1"]
    assert [v.name for v in both.params] == ["x", "c", "n", "x_dot", "c_dot"]
    assert {op.attrs["function"] for op in walk(both.block) if op.name == "call"} == {"power_jvp_1"}


def test_complex_values() -> None:
    check_text(
        """
        func @main(%x: c128[3], %y: f64[3], %n: i64) -> (c128[3], f64[3]) {
          %z: c128[3] = for %n, %x {direction = 1} body(%k: i64, %s: c128[3]) {
            %i: c128[3] = complex %y, %y
            %t: c128[3] = sine %s
            %u: c128[3] = multiply %t, %i
            %v: c128[3] = conj %u
            yield %v
          }
          %a: f64[3] = abs %z
          return %z, %a
        }
        """,
        np.array([0.3 + 0.2j, -0.4 + 1j, 0.1 - 0.5j]),
        np.array([0.4, 0.9, -1.2]),
        3,
    )


RULE = """
func @f(%x: f64, %c: f64, %n: i64) -> (f64, f64) {
  %y: f64 = multiply %x, %x
  return %y, %c
}

func @rule(%x: f64, %c: f64, %n: i64, %x_dot: f64, %c_dot: f64) -> (f64, f64, f64, f64) {
  %y: f64 = multiply %x, %x
  %ten: f64 = constant {value = f64(10.0)}
  %t: f64 = multiply %x, %x_dot
  %y_dot: f64 = multiply %t, %ten
  %c_dot1: f64 = multiply %c_dot, %ten
  return %y, %c, %y_dot, %c_dot1
}

func @main(%x: f64, %n: i64, %x_dot: f64) -> (f64, f64) {
  %y: f64, %y_dot: f64 = jvp @outer %x, %n, %x_dot {wrt = 1, outputs = 1}
  return %y, %y_dot
}

func @outer(%x: f64, %n: i64) -> f64 {
  %c: f64 = constant {value = f64(3.0)}
  %a: f64, %b: f64 = call @f %x, %c, %n {HOW}
  %s: f64 = add %a, %b
  return %s
}
"""


def test_a_rule_of_the_user_is_called_with_all_tangents() -> None:
    """The rule gives ten times x x_dot and ten times c_dot, which is zero here."""
    module = parse_module(RULE.replace("HOW", 'jvp = "rule"'))
    expand(module)
    verify(module)
    assert [float(v) for v in run_python(module, [2.0, 1, 0.5])] == [7.0, 10.0]
    calls = [op.attrs for op in walk(module.entry.block) if op.name == "call"]
    assert calls == [{"function": "rule"}]


def test_a_rule_for_reverse_mode_only_is_refused() -> None:
    module = parse_module(RULE.replace("HOW", 'forward = "rule", backward = "rule"'))
    with pytest.raises(UnsupportedError, match="f has a rule for reverse mode only"):
        expand(module)


def test_checkpoints_stay() -> None:
    module = parse_module(RULE.replace("HOW", "checkpoint = True"))
    expand(module)
    calls = [op.attrs for op in walk(module.entry.block) if op.name == "call"]
    assert calls == [{"function": "f_jvp", "checkpoint": True}]
    assert [float(v) for v in run_python(module, [2.0, 1, 0.5])] == [7.0, 2.0]


def test_places_in_the_source_are_kept() -> None:
    text = RULE.replace("multiply %x, %x\n  return", 'multiply %x, %x loc("a.py" 7:1 7:6)\n  return')
    module = parse_module(text.replace("HOW", "checkpoint = True"))
    expand(module)
    block = module.functions["f_jvp"].block
    lines = {op.span.line for op in block.ops if op.name in ("multiply", "mul0", "add")}
    assert lines == {7}
    assert {op.span.line for op in block.ops if op.results[0] in block.results} == {7}
    assert len(block.ops) > 2
    assert module.functions["f_jvp"].results[1] is module.functions["f_jvp"].params[1]


def _integrate(x: Any, w: Any, n: int) -> Any:
    """Runge-Kutta steps of an oscillator with a data-dependent step size."""
    h, t = 0.3, 0.0
    while t < n:
        k1 = np.array([x[1], -w * np.sin(x[0])])
        k2 = np.array([x[1] + h * k1[1] / 2, -w * np.sin(x[0] + h * k1[0] / 2)])
        x = x + h * k2
        t = t + h
        if np.sum(k2 * k2) > 1.2:
            h = h * 0.8
    return x


def _bubble(x: Any, w: Any, n: int) -> Any:
    """Swaps, breaks, a nested function, an early continue."""

    def mix(a: Any, b: Any) -> Any:
        return a * w + b if a > b else a - b * b

    total = 0.0
    for i in range(n):
        if x[i] > 0.9:
            continue
        for j in range(i, n - 1):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
            x[j] = mix(x[j], total)
            if total > 3.0:
                break
        total += x[i] * x[-1]
    return total, x


def _descend(x: Any, w: Any, n: int) -> Any:
    """Recursion that unfolds, over halves of an array."""

    def area(low: int, high: int) -> Any:
        if high - low < 2:
            return np.exp(x[low] * w)
        middle = (low + high) // 2
        left = area(low, middle)
        return left * area(middle, high) + np.tanh(left)

    return area(0, 4) * n


def _matrices(x: Any, w: Any, n: int) -> Any:
    """Whole arrays: products, reductions, selections, slices."""
    m = np.outer(x, x) + w * np.eye(5)
    for _ in range(n):
        m = np.where(m > 0.2, m @ m.T / 3, m * m)
        m[1:3, :2] += m[3:, 1:3] * w
    return np.sum(m, axis=0), np.max(m), np.linalg.norm(m)


@pytest.mark.parametrize("function", [_integrate, _bubble, _descend, _matrices])
def test_python_functions(function: Any) -> None:
    x = np.array([0.5, 0.91, 0.3, 0.77, -0.4])
    check_python(function, x[:2] if function is _integrate else x, 1.1, 4)
