"""grad and its relatives as users call them: shapes, containers, options, errors."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import hloc

X = np.array([0.3, 0.5, 0.7])
A = np.arange(6.0).reshape(2, 3)


def close(found: Any, expected: Any) -> None:
    """The same structure, with numbers that agree."""
    if isinstance(expected, tuple | list):
        assert type(found) is type(expected)
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            close(a, b)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        close(list(found.values()), list(expected.values()))
    else:
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12, atol=1e-14)


def energy(x: Any) -> Any:
    return (np.sin(x) * x[0]).sum()


def energy_grad(x: Any) -> Any:
    first = np.array([np.sin(x).sum(), 0.0, 0.0])
    return np.cos(x) * x[0] + first


def energy_hessian(x: Any) -> Any:
    h = np.diag(-np.sin(x) * x[0])
    h[0] += np.cos(x)
    h[:, 0] += np.cos(x)
    return h


class Scale:
    """A callable object with data and a method."""

    def __init__(self, w: Any) -> None:
        self.w = w

    def __call__(self, x: Any) -> Any:
        return (self.w * x**3).sum()

    def loss(self, x: Any) -> Any:
        return (self.w * x**2).sum()


def test_what_can_be_differentiated() -> None:
    compiled = hloc.compile(energy)
    for f in (energy, compiled, lambda x: energy(x), functools.partial(lambda s, x: s * energy(x), 1.0)):
        close(hloc.grad(f)(X), energy_grad(X))
    model = Scale(np.array([1.0, 2.0, 3.0]))
    close(hloc.grad(model)(X), 3 * model.w * X**2)
    close(hloc.grad(model.loss)(X), 2 * model.w * X)
    model.w = model.w * 2
    close(hloc.grad(model)(X), 3 * model.w * X**2)


@dataclass(frozen=True, slots=True)
class SlottedLayer:
    w: Any
    power: int = 2

    def __call__(self, x: Any) -> Any:
        return np.sum(self.w * x**self.power)


def test_objects_with_slots() -> None:
    layer, x = SlottedLayer(np.array([1.0, 2.0])), np.array([3.0, 4.0])
    found = hloc.grad(lambda layer, x: layer(x))(layer, x)
    assert type(found) is SlottedLayer
    close((found.w, found.power), (x**2, 0))
    close(hloc.grad(layer)(x), np.array([6.0, 16.0]))
    close(hloc.vjp(lambda m: SlottedLayer(m.w * 2), layer)[1](SlottedLayer(np.ones(2), 0))[0].w, np.full(2, 2.0))


def test_functions_of_libraries() -> None:
    close(hloc.grad(np.tanh)(0.5), 1 - np.tanh(0.5) ** 2)
    close(hloc.grad(math.pow, argnums=(0, 1))(2.0, 3.0), (12.0, 8 * math.log(2.0)))
    close(hloc.grad(np.linalg.norm)(np.array([3.0, 4.0])), np.array([0.6, 0.8]))
    close(hloc.jacfwd(functools.partial(np.multiply, 3.0))(X), np.eye(3) * 3)
    close(hloc.vjp(np.sin, X)[1](np.ones(3)), (np.cos(X),))


def test_value_and_aux() -> None:
    close(hloc.value_and_grad(energy)(X), (energy(X), energy_grad(X)))
    with_aux = lambda x: (energy(x), {"n": 3, "x": x})  # noqa: E731
    close(hloc.grad(with_aux, has_aux=True)(X), (energy_grad(X), {"n": 3, "x": X}))
    close(hloc.value_and_grad(with_aux, has_aux=True)(X), ((energy(X), {"n": 3, "x": X}), energy_grad(X)))


def test_arguments_by_number_and_name() -> None:
    def f(a: Any, b: Any, *, k: Any = 2.0) -> Any:
        return a * b**2 * k

    close(hloc.grad(f, argnums=1)(2.0, 3.0), 24.0)
    close(hloc.grad(f, argnums=(1, 0))(2.0, b=3.0), (24.0, 18.0))
    close(hloc.grad(f, argnums=-1)(2.0, 3.0), 24.0)
    close(hloc.grad(f, argnames="k")(2.0, 3.0, k=5.0), 18.0)
    close(hloc.grad(f, argnames=("b", "k"))(2.0, 3.0, k=5.0), (60.0, 18.0))
    assert type(hloc.grad(f)(2.0, 3.0)) is float
    close(hloc.grad(lambda *xs: xs[0] * xs[2], argnums=2)(2.0, 3.0, 4.0), 2.0)


class Layer(NamedTuple):
    w: Any
    b: Any


@dataclass
class State:
    x: Any
    steps: int = 2
    name: str = "s"


def test_containers_keep_their_structure() -> None:
    def f(p: Any) -> Any:
        return (p["layer"].w @ X).sum() * p["many"][0] + p["many"][1] * p["layer"].b

    p = {"layer": Layer(A, 2.0), "many": [1.5, 2.5, 7], "no": None}
    g = hloc.grad(f)(p)
    assert type(g["layer"]) is Layer
    assert g["no"] is None
    assert g["many"][2] == 0
    assert type(g["many"][2]) is int
    close(g["layer"], Layer(np.tile(X * 1.5, (2, 1)), 2.5))
    close(g["many"][:2], [(A @ X).sum(), 2.0])
    state = hloc.grad(lambda s: (s.x**s.steps).sum())(State(X, 3))
    close(state.x, 3 * X**2)
    assert (type(state), state.steps, state.name) == (State, 0, "s")


def test_f32_and_types_of_results() -> None:
    g = hloc.grad(lambda x, s: (x * s).sum(), argnums=(0, 1))(X.astype(np.float32), np.float32(2))
    assert [np.asarray(v).dtype for v in g] == [np.float32, np.float32]


def test_jvp_vjp_linearize() -> None:
    def f(x: Any, s: Any) -> Any:
        return {"a": np.sin(x) * s, "b": x.sum(), "n": 3}

    dots = {"a": np.cos(X) * X * 2 + np.sin(X) * 0.5, "b": X.sum(), "n": 3}
    value, tangent = hloc.jvp(f, (X, 2.0), (X, 0.5))
    close(value, f(X, 2.0))
    close({**tangent, "n": 3}, dots)
    value, push = hloc.linearize(f, X, 2.0)
    close(value, f(X, 2.0))
    close({**push(X, 0.5), "n": 3}, dots)
    value, pull = hloc.vjp(f, X, 2.0)
    close(value, f(X, 2.0))
    for scale in (1.0, 3.0):
        x_bar, s_bar = pull({"a": X * scale, "b": 2.0, "n": 0})
        close(x_bar, np.cos(X) * 2 * X * scale + 2.0)
        close(s_bar, (np.sin(X) * X).sum() * scale)
    value, tangent, aux = hloc.jvp(lambda x: (x * x, "aux"), (3.0,), (1.0,), has_aux=True)
    close((value, tangent), (9.0, 6.0))
    assert aux == "aux"


def test_second_order_by_all_routes() -> None:
    expected = energy_hessian(X)
    close(hloc.hessian(energy)(X), expected)
    for outer in (hloc.jacfwd, hloc.jacrev):
        for inner in (hloc.jacfwd, hloc.jacrev, hloc.grad):
            close(outer(inner(energy))(X), expected)
    close(hloc.hvp(energy, (X,), (X,)), expected @ X)
    close(hloc.grad(hloc.grad(hloc.grad(lambda x: x**4)))(2.0), 48.0)
    close(hloc.hessian(lambda x, y: x**3 * y, argnums=(0, 1))(2.0, 3.0), ((36.0, 12.0), (12.0, 0.0)))


def test_jacobians_have_the_shapes_of_results_and_arguments() -> None:
    def f(p: Any, s: Any) -> Any:
        return {"u": A @ p["w"] * s, "v": p["b"] * 2}

    p = {"w": X, "b": 2.0}
    for jacobian in (hloc.jacfwd, hloc.jacrev):
        j = jacobian(f, argnums=(0, 1))(p, 3.0)
        close(j["u"], ({"w": 3 * A, "b": np.zeros(2)}, A @ X))
        close(j["v"], ({"w": np.zeros(3), "b": 2.0}, 0.0))
        close(jacobian(lambda x: (x * x, 3), has_aux=True)(X), (np.diag(2 * X), 3))
    assert "for " in hloc.jacrev(lambda x: np.sin(A @ x)).lower(X).ssa


def test_inside_compiled_functions() -> None:
    @hloc.compile
    def newton(c: Any) -> Any:
        def h(y: Any) -> Any:
            return y**3 - 3 * c * y

        y = 2.0
        for _ in range(30):
            y = y - hloc.grad(h)(y) / hloc.grad(hloc.grad(h))(y)
        return y

    close(newton(1.7), np.sqrt(1.7))

    @hloc.compile
    def products(x: Any, n: Any) -> Any:
        y, pull = hloc.vjp(lambda q: np.sin(q) * q.sum(), x)
        _, push = hloc.linearize(lambda q: np.sin(q) * q.sum(), x)
        total = np.zeros(x.size)
        for i in range(n):
            total += pull(y * i)[0]
        return total, push(x), hloc.jvp(energy, (x,), (x,))[1], hloc.hessian(energy)(x)

    j = np.diag(np.cos(X) * X.sum()) + np.sin(X)[:, None]
    close(products(X, 3), (3 * j.T @ (np.sin(X) * X.sum()), j @ X, energy_grad(X) @ X, energy_hessian(X)))


def test_closed_over_values_are_constant() -> None:
    @hloc.compile
    def f(x: Any) -> Any:
        return hloc.grad(lambda y: (x * y).sum())(x), hloc.grad(
            lambda x: hloc.grad(lambda y: (x * y**2).sum())(x).sum()
        )(x)

    close(f(X), (X, 4 * X))


def test_stop_gradient_and_checkpoint() -> None:
    close(hloc.grad(lambda x: (x * hloc.stop_gradient(x)).sum())(X), X)
    close(hloc.stop_gradient([X, 2]), [X, 2])
    close(hloc.grad(hloc.checkpoint(energy))(X), energy_grad(X))
    close(hloc.grad(lambda x: hloc.checkpoint(lambda y: np.exp(y * x))(x).sum())(X), 2 * X * np.exp(X**2))
    close(hloc.checkpoint(energy)(X), energy(X))


def saved_bytes(derivative: Any, *args: Any) -> int:
    return sum(v.nbytes for v in derivative.explain(*args).saved)


def test_checkpoint_saves_arguments_only() -> None:
    def step(x: Any) -> Any:
        return np.sin(np.exp(np.cos(x)))

    again = hloc.checkpoint(step)

    def plain(x: Any) -> Any:
        for _ in range(40):
            x = step(x)
        return x.sum()

    def checkpointed(x: Any) -> Any:
        for _ in range(40):
            x = again(x)
        return x.sum()

    close(hloc.grad(checkpointed)(X), hloc.grad(plain)(X))
    assert saved_bytes(hloc.grad(checkpointed), X) == 40 * X.nbytes < saved_bytes(hloc.grad(plain), X)


@pytest.mark.parametrize("known", [True, False])
def test_memory_budget_bounds_what_is_saved(known: bool) -> None:
    def counted(x: Any, limit: Any) -> Any:
        for _ in range(9000):
            x = x + 0.001 * np.sin(x)
        return x.sum() * limit

    def dynamic(x: Any, limit: Any) -> Any:
        t = 0.0
        while t < limit:
            x = x + 0.001 * np.sin(x)
            t = t + 1.0
        return x.sum() * limit

    f = counted if known else dynamic
    plain, bounded = hloc.grad(f), hloc.grad(hloc.compile(f, memory_budget=20_000))
    close(bounded(X, 9000.0), plain(X, 9000.0))
    assert saved_bytes(bounded, X, 9000.0) <= 20_000 < 9000 * X.nbytes <= saved_bytes(plain, X, 9000.0)


def test_what_the_function_does_besides(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any) -> Any:
        print("x0", x[0])
        if x[1] > 100:
            raise ValueError("big")
        x[0] = x[0] * 3
        return x[0] ** 2

    x = X.copy()
    close(hloc.grad(f)(x), np.array([2 * 9 * 0.3, 0, 0]))
    close(x, np.array([0.3 * 3, 0.5, 0.7]))
    y, pull = hloc.vjp(f, x)
    close((y, *pull(1.0)), (7.29, np.array([2 * 9 * 0.9, 0, 0])))
    assert capsys.readouterr().out.split() == ["x0", "0.3", "x0", str(0.3 * 3)]
    with pytest.raises(ValueError, match="big"):
        hloc.grad(f)(X * 1000)


def test_views_and_state_around_the_function() -> None:
    @hloc.compile
    def f(x: Any, n: Any) -> Any:
        history = np.zeros(4)
        names = []
        calls = 0

        def double(v: Any) -> Any:
            nonlocal calls
            calls += 1
            v[0] = v[0] * 2
            history[calls] = v[0]
            names.append(v[1])
            return (v * v).sum()

        first = hloc.grad(double)(x[1:3])
        second = np.zeros(2)
        if n > 1:
            second = hloc.grad(lambda v: (v * v * n).sum())(x[:2])
        return first, second, history, names, calls

    x = np.array([0.3, 0.5, 0.7])
    found = f(x, 2)
    close(found, (np.array([4.0, 1.4]), np.array([1.2, 4.0]), np.array([0, 1.0, 0, 0]), [0.7], 1))
    close(x, np.array([0.3, 1.0, 0.7]))


def test_functions_of_vjp_inside_of_differentiated_functions() -> None:
    slope = np.cos(X) * X + np.sin(X)

    @hloc.compile
    def squares(x: Any) -> Any:
        _, pull = hloc.vjp(lambda v: np.sin(v) * v, x)
        return hloc.grad(lambda ct: (pull(ct)[0] ** 2).sum())(x)

    close(squares(X), 2 * X * slope**2)
    nested = hloc.grad(lambda z: hloc.vjp(lambda v: np.sin(v) * v, z)[1](np.ones(3))[0].sum())
    close(nested(X), 2 * np.cos(X) - X * np.sin(X))


def test_methods_that_are_compiled_and_objects_as_arguments() -> None:
    model = Compiled(np.array([1.0, 2.0, 3.0]))
    close(hloc.grad(model.loss)(X), 2 * model.w * X)
    close(hloc.grad(Compiled.loss)(model, X).w, X**2)


class Compiled:
    """Has a method that is compiled."""

    def __init__(self, w: Any) -> None:
        self.w = w

    @hloc.compile
    def loss(self, x: Any) -> Any:
        return (self.w * x**2).sum()


def test_complex_numbers() -> None:
    z = 3.0 + 4.0j
    close(hloc.grad(lambda z: abs(z) ** 2)(z), 2 * z)
    _, pull = hloc.vjp(lambda z: z * z * 1j, z)
    close(pull(1.0 + 0j), (np.conj(2j * z),))
    close(hloc.jvp(lambda z: z * z * 1j, (z,), (1j,))[1], 2j * z * 1j)
    for jacobian in (hloc.jacfwd, hloc.jacrev):
        with pytest.raises(TypeError, match="is complex"):
            jacobian(lambda z: z * z)(z)


def test_room_is_found_by_running_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")  # which remembers it, too

    def f(x: Any, n: Any) -> Any:
        s = x
        while n > 0:
            s = np.sin(s) + x
            n = n - 1
        return s

    def expected(x: float, n: int) -> float:
        s, dot = x, 1.0
        for _ in range(n):
            s, dot = np.sin(s) + x, np.cos(s) * dot + 1
        return dot

    g = hloc.grad(f)
    close(g(0.1, 10), expected(0.1, 10))
    rows = [v.rows for v in g.explain(0.1, 10).saved]
    close(g(0.1, 20000), expected(0.1, 20000))
    assert max(rows) < 20000 < max(v.rows for v in g.explain(0.1, 10).saved)
    assert not g.explain(0.1, 10).checks


def test_signature_name_and_options() -> None:
    f = hloc.compile(lambda x, n=2: x**n, checks=False, strict=True)
    g = hloc.grad(f)
    assert list(inspect.signature(g).parameters) == ["x", "n"]
    assert g.options.strict
    assert not g.options.checks
    assert g.__name__ == "grad_lambda"
    fixed = hloc.compile(lambda x, n=2: x.reshape(n, -1).sum(axis=0)[0] * n, static_argnames="n")
    close(hloc.grad(fixed)(np.ones(4)), np.array([2.0, 0, 2, 0]))
    close(hloc.jvp(fixed, (np.ones(4),), (np.ones(4),)), (4.0, 4.0))
    assert hloc.grad(f) is g
    assert hloc.grad(f, argnames="x") is not g


def test_source_is_readable_python() -> None:
    text = hloc.grad(energy).source(X)
    space: dict[str, Any] = {}
    exec(text, space)
    close(np.asarray(space["grad_energy"](X)), energy_grad(X))
    assert "x_bar" in text
    assert "test_api.py:" in text


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: hloc.grad(lambda x: x)(X), r"must return one real number, found an array \(f64\[3\]\)"),
    (lambda: hloc.grad(lambda x: (x, x))(2.0), "must return one real number, found a tuple of 2"),
    (lambda: hloc.grad(lambda x: x * 1j)(2.0), "found a complex one"),
    (lambda: hloc.grad(lambda x: 3)(2.0), "must return a float, found int 3"),
    (lambda: hloc.grad(energy)(np.arange(3)), r"argument 0 is an array \(i64\[3\]\)"),
    (lambda: hloc.grad(energy, argnums=1)(X), "there is no argument 1"),
    (lambda: hloc.grad(energy, argnames="y")(X), "argument 'y' is not given"),
    (lambda: hloc.grad(energy, has_aux=True)(X), "returns a pair"),
    (lambda: hloc.jvp(energy, (X,), (X, X)), "tangent"),
    (lambda: hloc.jvp(energy, X, X), "primals must be a tuple or list"),
    (lambda: hloc.jvp(energy, (X,), (X.astype(np.float32),)), r"is f32\[3\] where f64\[3\] is needed"),
    (lambda: hloc.vjp(energy, X)[1]("a"), "the cotangent must be f64"),
    (lambda: hloc.vjp(lambda x: (x, x), X)[1](X), "must be a tuple of 2"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_refusals_say_what_was_found(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_refusals_of_shapes_functions_aliases_and_scopes() -> None:
    with pytest.raises(ValueError, match=r"shape \[2\] where \[3\]"):
        hloc.jvp(energy, (X,), (np.ones(2),))
    with pytest.raises(hloc.SourceError, match="takes a function, found float"):
        hloc.grad(energy(X))
    for wrong in ("x", 1.5, (0, None)):
        with pytest.raises(hloc.DTypeError, match="argnums takes int"):
            hloc.grad(energy, argnums=wrong)
    with pytest.raises(hloc.DTypeError, match="argnames takes str"):
        hloc.grad(energy, argnames=(0,))

    def twice(x: Any, y: Any) -> Any:
        x[0] = 2.0
        return (x * y).sum()

    with pytest.raises(hloc.AliasError, match="under two names"):
        hloc.compile(lambda x: hloc.grad(lambda y: twice(y, x))(x))(X)

    @hloc.compile
    def leaves(x: Any, n: Any) -> Any:
        if n > 2:
            _, pull = hloc.vjp(energy, x)
        else:
            _, pull = hloc.vjp(energy, 2 * x)
        return pull(1.0)

    with pytest.raises(TypeError, match=r"hloc\.vjp or hloc\.linearize that leaves"):
        leaves(X, 3)

    @hloc.compile
    def one_of_two(x: Any, n: Any) -> Any:
        g = hloc.grad(energy) if n > 2 else hloc.grad(np.sum)
        return g(x)

    with pytest.raises(TypeError, match="this function may be"):
        one_of_two(X, 3)
