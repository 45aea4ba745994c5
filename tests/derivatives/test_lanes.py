"""Derivatives of hloc.vmap, and hloc.vmap of derivatives: those of Python loops over the lanes, and all lanes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.options import CompileOptions
from hloc.pipeline import NO_ROWS, lowered, make_program

C = np.array([0.7, -0.4, 1.2])
XS = np.array([0.3, 0.7, -0.9, 1.2, 0.55, 1.1])


def counted(x: Any, c: Any) -> Any:
    s = x
    for j in range(3):
        for i in range(2):
            s = s + 0.3 * c[(i + j) % 3] * np.sin(s * j)
    return s * x


def dynamic(x: Any, c: Any) -> Any:
    s, t = x, 0.0
    while np.abs(s) < 4.0:
        r = 0.1 + np.abs(s)
        while r < 2.0:
            r = r * 1.5 + 0.01 * c[2] * s + 0.2
        s = s * 1.5 + 0.1 * np.sin(r)
        t = t + r * s
    return np.tanh(0.1 * t * s) * c[0]


def branches(x: Any, c: Any) -> Any:
    s = x
    if x > 0.6:
        while s < 6.0:
            s = s * 1.3 + c[0] * 0.1
            if s > 3.0:
                break
    else:
        for _ in range(3):
            s = s * np.cos(s) * c[1]
    return np.sin(s * s)


def state(x: Any, c: Any) -> Any:
    a = np.zeros(5)
    a[0] = x
    for j in range(1, 5):
        a[j] = np.sin(a[j - 1]) * c[j % 3] + a[j - 1] * x
    k = int(np.abs(x) * 3.0) % 5
    return np.sum(a * a) + a[k] * c[k % 3]


def part(a: Any, b: Any, n: Any, w: Any) -> Any:
    m = 0.5 * (a + b)
    whole = (b - a) * np.sin(m * m * w)
    halves = 0.5 * (b - a) * (np.sin((0.75 * a + 0.25 * b) ** 2 * w) + np.sin((0.25 * a + 0.75 * b) ** 2 * w))
    if n == 0 or np.abs(whole - halves) < 1e-3:
        return halves
    return part(a, m, n - 1, w) + part(m, b, n - 1, w)


def recursive(x: Any, c: Any) -> Any:
    return part(0.0, 2.0 * x, 8, c[0]) * c[1]


@hloc.checkpoint
def _again(x: Any, c: Any) -> Any:
    return dynamic(x, c)


def checkpointed(x: Any, c: Any) -> Any:
    return np.sin(_again(x, c)) + _again(x * 0.5, c)


@hloc.custom_vjp
def _reverse_rule(x: Any, c: Any) -> Any:
    return counted(x, c)


_reverse_rule.defvjp(lambda x, c: (counted(x, c), (x, c)), lambda residuals, ct: hloc.vjp(counted, *residuals)[1](ct))


@hloc.custom_jvp
def _forward_rule(x: Any, y: Any) -> Any:
    return np.sin(x) * y


@_forward_rule.defjvp
def _forward_rule_jvp(primals: Any, tangents: Any) -> Any:
    (x, y), (x_dot, y_dot) = primals, tangents
    return _forward_rule(x, y), np.cos(x) * y * x_dot + np.sin(x) * y_dot


def rules(x: Any, c: Any) -> Any:
    s = np.abs(x)
    while s < 4.0:
        s = np.abs(0.2 * _reverse_rule(s, c)) + s * 1.3 + 0.1
    return s + _forward_rule(s, c[0])


PROGRAMS = {f.__name__: f for f in (counted, dynamic, branches, state, recursive, checkpointed, rules)}


def looped(f: Callable[..., Any]) -> Callable[..., Any]:
    def one_by_one(xs: Any, c: Any) -> Any:
        out = np.empty(len(xs))
        for k in range(len(xs)):
            out[k] = f(xs[k], c)
        return out

    return one_by_one


def looped_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    gradient = hloc.grad(f, argnums=(0, 1))

    def one_by_one(xs: Any, c: Any) -> Any:
        out, shared = np.empty(len(xs)), np.empty((len(xs), len(c)))
        for k in range(len(xs)):
            out[k], shared[k] = gradient(xs[k], c)
        return out, shared

    return one_by_one


def of_sum(mapped: Callable[..., Any], gradients: Callable[..., Any]) -> Callable[..., Any]:
    return hloc.grad(lambda xs, c: np.sum(np.sin(mapped(xs, c))), argnums=(0, 1))


def of_gradients(mapped: Callable[..., Any], gradients: Callable[..., Any]) -> Callable[..., Any]:
    return lambda xs, c: gradients(xs, c)


def of_sum_of_gradients(mapped: Callable[..., Any], gradients: Callable[..., Any]) -> Callable[..., Any]:
    def total(xs: Any, c: Any) -> Any:
        by_x, by_c = gradients(xs, c)
        return np.sum(by_x * by_x) + np.sum(np.sin(by_c))

    return hloc.grad(total, argnums=(0, 1))


def of_gradient_of_sum(mapped: Callable[..., Any], gradients: Callable[..., Any]) -> Callable[..., Any]:
    gradient = of_sum(mapped, gradients)
    return lambda xs, c: hloc.jvp(gradient, (xs, c), (0.3 * xs, 0.2 * c))


def of_steps(mapped: Callable[..., Any], gradients: Callable[..., Any]) -> Callable[..., Any]:
    """Lanes in a loop whose trips are not known."""

    def total(xs: Any, c: Any) -> Any:
        s, n = xs, 0
        while np.sum(s * s) < 200.0 and n < 3:
            s = s + np.tanh(mapped(np.tanh(s), c))
            n += 1
        return np.sum(np.sin(s))

    return hloc.grad(total, argnums=(0, 1))


def in_halves(mapped: Callable[..., Any], gradients: Callable[..., Any]) -> Callable[..., Any]:
    def both(xs: Any, c: Any) -> Any:
        values, pullback = hloc.vjp(mapped, xs, c)
        _, pushforward = hloc.linearize(mapped, xs, c)
        return values, pullback(values), pullback(np.cos(values)), pushforward(0.5 * xs, c)

    return both


KINDS = [of_sum, of_gradients, of_sum_of_gradients, of_gradient_of_sum, of_steps, in_halves]
FURTHER = {"recursive": (of_sum, of_gradients), "checkpointed": (of_sum, of_gradients), "rules": (of_sum, in_halves)}


def flat(result: Any) -> np.ndarray:
    if isinstance(result, tuple):
        return np.concatenate([flat(part) for part in result])
    return np.asarray(result).ravel()


def ran_at_once(function: Callable[..., Any], *args: Any) -> list[bool]:
    """For each loop over lanes of a program whether its trips were found to be independent."""
    program = make_program(function, dict(zip(("xs", "c"), args, strict=True)), CompileOptions())
    return [batch.chosen != "serial" for batch in lowered(program, CompileOptions(), NO_ROWS).batches]


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in PROGRAMS for kind in FURTHER.get(name, KINDS)])
def test_lanes_give_what_loops_give(name: str, kind: Callable[..., Any]) -> None:
    f = PROGRAMS[name]
    expected = flat(hloc.compile(kind(looped(f), looped_gradient(f)))(XS, C))
    for strategy in ("serial", "lockstep"):
        mapped = hloc.vmap(f, in_axes=(0, None), strategy=strategy)
        gradients = hloc.vmap(hloc.grad(f, argnums=(0, 1)), in_axes=(0, None), strategy=strategy)
        found = flat(hloc.compile(kind(mapped, gradients))(XS, C))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def program_of(function: Callable[..., Any]) -> Any:
    return hloc.compile(function).__hloc_function__


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in PROGRAMS for kind in FURTHER.get(name, KINDS)])
def test_adjoints_of_lanes_are_lanes(name: str, kind: Callable[..., Any]) -> None:
    """Rows that recursive functions save stand one behind the other through all lanes: these alone wait for each other."""
    f = PROGRAMS[name]
    mapped = hloc.vmap(f, in_axes=(0, None), strategy="lockstep")
    gradients = hloc.vmap(hloc.grad(f, argnums=(0, 1)), in_axes=(0, None), strategy="lockstep")
    found = ran_at_once(program_of(kind(mapped, gradients)), XS, C)
    assert found
    assert all(found) == ((name, kind) != ("recursive", of_sum))


def around(n: Any, x: Any, c: Any) -> Any:
    """A recursive function with lanes in it."""
    if n == 0:
        return np.sum(x * x)
    y = hloc.vmap(dynamic, in_axes=(0, None))(np.tanh(x), c)
    return around(n - 1, y * 0.3, c * 1.1) + np.sum(np.sin(y))


def around_loops(n: Any, x: Any, c: Any) -> Any:
    if n == 0:
        return np.sum(x * x)
    y, z = np.empty(len(x)), np.tanh(x)
    for k in range(len(x)):
        y[k] = dynamic(z[k], c)
    return around_loops(n - 1, y * 0.3, c * 1.1) + np.sum(np.sin(y))


def within(n: Any, x: Any, c: Any) -> Any:
    """Lanes that call the function that they are in."""
    if n == 0:
        return np.sum(x * x) * c[0]
    y = hloc.vmap(lambda t: within(n - 1, x * t, c))(np.sin(x))
    return np.sum(y) + np.sum(x)


def within_loops(n: Any, x: Any, c: Any) -> Any:
    if n == 0:
        return np.sum(x * x) * c[0]
    y, z = np.empty(len(x)), np.sin(x)
    for k in range(len(x)):
        y[k] = within_loops(n - 1, x * z[k], c)
    return np.sum(y) + np.sum(x)


@pytest.mark.parametrize(("lanes", "loops"), [(around, around_loops), (within, within_loops)])
def test_recursion_around_lanes(lanes: Callable[..., Any], loops: Callable[..., Any]) -> None:
    x, n = np.array([0.3, -0.8, 1.2]), np.int64(2)
    found = hloc.value_and_grad(lanes, argnums=(1, 2))(n, x, C)
    expected = hloc.value_and_grad(loops, argnums=(1, 2))(n, x, C)
    np.testing.assert_allclose(float(found[0]), loops(2, x, C), rtol=1e-12)
    np.testing.assert_allclose(flat(found[1]), flat(expected[1]), rtol=1e-10)
