"""custom_jvp and custom_vjp: rules that differ from the true derivative show that they are used."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc

X = np.array([0.3, 0.5, 0.7])
TABLE = np.array([1.0, 2.0, 3.0])


@hloc.custom_jvp
def tenfold(x: Any, y: Any) -> Any:
    """sin(x) * y, whose derivative by x is said to be ten times as large."""
    return np.sin(x) * y


@tenfold.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (x, y), (x_dot, y_dot) = primals, tangents
    return tenfold(x, y), 10 * np.cos(x) * x_dot * y + np.sin(x) * y_dot


def test_custom_jvp_in_both_modes() -> None:
    np.testing.assert_allclose(tenfold(X, 2.0), np.sin(X) * 2)
    np.testing.assert_allclose(hloc.grad(lambda x: tenfold(x, 2.0).sum())(X), 20 * np.cos(X))
    value, tangent = hloc.jvp(tenfold, (X, 2.0), (X, 0.5))
    np.testing.assert_allclose(value, np.sin(X) * 2)
    np.testing.assert_allclose(tangent, 20 * np.cos(X) * X + np.sin(X) * 0.5)
    np.testing.assert_allclose(hloc.compile(tenfold.function)(X, 2.0), np.sin(X) * 2)


class Power:
    """A method with a rule of its own."""

    def __init__(self, n: Any) -> None:
        self.n = n

    @functools.partial(hloc.custom_jvp, nondiff_argnums=(0,))
    def power(self, x: Any) -> Any:
        return x**self.n

    def total(self, x: Any) -> Any:
        return self.power(x).sum()


Power.power.defjvp(lambda self, primals, tangents: (self.power(primals[0]), tangents[0] * self.n * 100))


def test_methods_and_arguments_that_are_not_differentiated() -> None:
    p = Power(3)
    np.testing.assert_allclose(hloc.grad(p.total)(X), np.full(3, 300.0))
    np.testing.assert_allclose(p.total(X), (X**3).sum())
    np.testing.assert_allclose(hloc.grad(lambda x: p.power(x).sum() * 2)(X), np.full(3, 600.0))


def test_functions_with_rules_are_compiled() -> None:
    f = hloc.compile(tenfold, checks=False)
    assert f.__name__ == "tenfold"
    np.testing.assert_allclose(f(X, y=2.0), np.sin(X) * 2)
    np.testing.assert_allclose(hloc.grad(lambda x: f(x, 2.0).sum())(X), 20 * np.cos(X))
    np.testing.assert_allclose(hloc.jvp(f, (X, 2.0), (X, 0.0))[1], 20 * np.cos(X) * X)
    np.testing.assert_allclose(hloc.compile(hloc.checkpoint(lambda x: x * 2))(X), X * 2)


def test_the_rule_holds_inside_of_itself() -> None:
    f = hloc.custom_jvp(lambda x: np.exp(x))
    f.defjvp(lambda primals, tangents: (f(primals[0]), 2 * f(primals[0]) * tangents[0]))
    for n, g in enumerate((f, hloc.grad(f), hloc.grad(hloc.grad(f)), hloc.jacfwd(hloc.grad(hloc.grad(f))))):
        np.testing.assert_allclose(g(0.3), 2**n * np.exp(0.3))


def test_custom_jvp_that_uses_data_from_outside() -> None:
    f = hloc.custom_jvp(lambda x: x @ TABLE)
    f.defjvp(lambda primals, tangents: (f(primals[0]), -(tangents[0] @ TABLE)))
    np.testing.assert_allclose(hloc.grad(f)(X), -TABLE)
    np.testing.assert_allclose(hloc.grad(lambda x: f(x) ** 2)(X), 2 * (X @ TABLE) * -TABLE)


@functools.partial(hloc.custom_vjp, nondiff_argnums=(0,))
def clipped(limit: Any, x: Any, p: Any) -> Any:
    """The function is x * p; its gradient is clipped."""
    return {"y": x * p["a"], "count": x.size}


def _forward(limit: Any, x: Any, p: Any) -> Any:
    return clipped(limit, x, p), (x, p["a"], "unused")


def _backward(limit: Any, residuals: Any, y_bar: Any) -> Any:
    x, a, _ = residuals
    return np.minimum(y_bar["y"] * a, limit), {"a": (x * y_bar["y"]).sum()}


clipped.defvjp(_forward, _backward)


def test_custom_vjp() -> None:
    def loss(x: Any, p: Any, limit: Any) -> Any:
        return (clipped(limit, x, p)["y"] * TABLE).sum()

    x_bar, p_bar = hloc.grad(loss, argnums=(0, 1))(X, {"a": 3.0}, 5.0)
    np.testing.assert_allclose(x_bar, [3.0, 5.0, 5.0])
    np.testing.assert_allclose(p_bar["a"], (X * TABLE).sum())
    assert clipped(1.0, X, {"a": 2.0})["count"] == 3


def test_cotangents_may_be_none_and_errors_are_raised() -> None:
    @hloc.custom_vjp
    def f(x: Any, y: Any) -> Any:
        if x[0] < 0:
            raise ValueError("negative")
        return (x * y).sum()

    f.defvjp(lambda x, y: (f(x, y), y), lambda y, s_bar: (s_bar * y * 7, None))
    x_bar, y_bar = hloc.grad(f, argnums=(0, 1))(X, TABLE)
    np.testing.assert_allclose(x_bar, 7 * TABLE)
    np.testing.assert_allclose(y_bar, np.zeros(3))
    with pytest.raises(ValueError, match="negative"):
        hloc.grad(f)(-X, TABLE)


def _jvp_rule(rule: Any) -> Callable[[], Any]:
    f = hloc.custom_jvp(lambda x: x * 2)
    if rule is not None:
        f.defjvp(rule)
    return lambda: hloc.grad(f)(2.0)


def _vjp_rule(backward: Any) -> Callable[[], Any]:
    f = hloc.custom_vjp(lambda x: x * 2)
    f.defvjp(lambda x: (x * 2, None), backward)
    return lambda: hloc.grad(f)(2.0)


BAD: list[tuple[Callable[[], Any], str]] = [
    (_jvp_rule(None), "has no rule"),
    (_jvp_rule(lambda p, t: p[0]), r"returns a pair \(result, tangent\)"),
    (_jvp_rule(lambda p, t: (p[0], (t[0], t[0]))), "the tangent of the result must be f64"),
    (_vjp_rule(lambda r, ct: ct), "returns a tuple of 1"),
    (_vjp_rule(lambda r, ct: ("a",)), "a cotangent of the backward rule must be f64"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_rules(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_effects_that_rules_cannot_have() -> None:
    with pytest.raises(NotImplementedError, match="the backward rule prints, raises"):
        _vjp_rule(lambda r, ct: (print(ct), (ct,))[1])()

    def writes(x: Any) -> Any:
        x[0] = 1.0
        return x.sum()

    f = hloc.custom_jvp(writes)
    f.defjvp(lambda p, t: (p[0].sum(), t[0].sum()))
    with pytest.raises(NotImplementedError, match="changes arrays or objects"):
        hloc.grad(f)(X)
    with pytest.raises(NotImplementedError, match="defined outside of compiled code"):
        hloc.compile(lambda x: hloc.custom_jvp(lambda y: y)(x))(X)


def _contraction(x: Any, a: Any) -> Any:
    return np.cos(x) * a + 0.1 * x


def _iterate(x: Any, a: Any) -> Any:
    for _ in range(150):
        x = _contraction(x, a)
    return x


@hloc.custom_vjp
def fixed_point(a: Any) -> Any:
    return _iterate(np.ones(3), a)


def _fixed_point_back(kept: Any, x_bar: Any) -> Any:
    a, x = kept
    _, pull = hloc.vjp(_contraction, x, a)
    u = x_bar
    for _ in range(150):
        u = x_bar + pull(u)[0]
    return (pull(u)[1],)


fixed_point.defvjp(lambda a: (x := _iterate(np.ones(3), a), (a, x)), _fixed_point_back)


def test_implicit_differentiation() -> None:
    """The backward rule differentiates: by the implicit function theorem, what differentiating all trips gives."""
    found = hloc.grad(lambda a: np.sum(fixed_point(a) ** 2))(X)
    np.testing.assert_allclose(found, hloc.grad(lambda a: np.sum(_iterate(np.ones(3), a) ** 2))(X), rtol=1e-10)


def _grow(y: Any) -> Any:
    while y < 5000.0:
        y = y * 1.001 + 0.001 * np.sin(y)
    return y


@hloc.custom_vjp
def slow(x: Any) -> Any:
    return x * x


slow.defvjp(lambda x: (x * x, x), lambda x, ct: (ct * hloc.grad(_grow)(x),))


def test_derivatives_in_a_backward_rule_ask_for_room() -> None:
    """More trips than logs have room for at first, in a rule that is called in a loop."""

    def total(x: Any) -> Any:
        t = 0.0
        for i in range(3):
            t = t + slow(x + i)
        return t

    expected = sum(hloc.grad(_grow)(1.0 + i) for i in range(3))
    assert hloc.grad(total)(1.0) == pytest.approx(float(expected), rel=1e-12)


def test_rules_say_nothing_of_what_is_captured() -> None:
    def total(a: Any) -> Any:
        @hloc.custom_vjp
        def scaled(x: Any) -> Any:
            return x * a

        scaled.defvjp(lambda x: (x * a, a), lambda a, ct: (ct * a,))
        return scaled(3.0)

    with pytest.raises(hloc.CompileError):
        hloc.grad(total)(2.0)


@hloc.custom_jvp
def twice(x: Any) -> Any:
    return x * 2.0


@twice.defjvp
def _twice_jvp(primals: Any, tangents: Any) -> Any:
    return twice(primals[0]), twice(tangents[0])


def test_a_rule_that_is_linear_by_means_of_itself_is_for_forward_mode() -> None:
    value, tangent = hloc.jvp(lambda x: np.sin(twice(x)), (0.7,), (1.0,))
    assert (value, tangent) == (pytest.approx(np.sin(1.4)), pytest.approx(2.0 * np.cos(1.4)))
    with pytest.raises(hloc.UnsupportedError, match="calls it with tangents"):
        hloc.grad(lambda x: np.sin(twice(x)))(0.7)
