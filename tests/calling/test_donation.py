"""Arrays that a function writes to have the new content; arrays that are donated are gone; nobody else sees a change."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime import ArgumentError
from tests.runtime.test_buffers import placed

X = np.arange(10.0) ** 2
WHOLE = "f64[100000]{0} copy("


def address(x: hloc.Array) -> int:
    return int(x._raw.unsafe_buffer_pointer())


def diffuse(u):
    u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])


def add_one(u):
    u += 1
    return u


def put(u, i):
    u[0] = 99.0
    return u[i]


def scaled(x, y):
    return x * y


# --- arrays that the function writes to


def test_an_array_has_the_content_that_a_numpy_array_would_have() -> None:
    compiled = hloc.compile(diffuse)
    u, expected = hloc.array(X), X.copy()
    for _ in range(3):
        assert compiled(u) is None
        diffuse(expected)
        np.testing.assert_allclose(u, expected, rtol=1e-14)


def test_it_is_written_in_place() -> None:
    compiled = hloc.compile(diffuse)
    u = hloc.array(np.ones(100_000))
    compiled(u)
    before = address(u)
    compiled(u)
    assert address(u) == before
    assert WHOLE not in compiled._programs[0].executable.optimized_hlo()


@pytest.mark.parametrize("export", [np.asarray, np.from_dlpack, lambda u: u[2:5], lambda u: memoryview(np.asarray(u))])
def test_views_keep_the_content_that_they_were_taken_of(export: Any) -> None:
    u = hloc.array(X)
    view = export(u)
    old = np.array(view)
    hloc.compile(add_one)(u)
    np.testing.assert_array_equal(view, old)
    np.testing.assert_array_equal(u, X + 1)
    del view
    before = address(u)
    hloc.compile(add_one)(u)
    assert address(u) == before


def test_an_argument_that_is_returned_is_that_object() -> None:
    u = hloc.array(X)
    assert hloc.compile(add_one)(u) is u
    assert hloc.compile(lambda u: (u, {"u": u}))(u)[1]["u"] is u
    np.testing.assert_array_equal(u, X + 1)


def test_results_that_are_one_array_in_python_are_one_and_others_are_not() -> None:
    def results(u):
        y = u * 2
        return y, y, {"y": y}, y.copy(), y[:]

    first, second, named, copied, view = hloc.compile(results)(hloc.array(X))
    assert second is first
    assert named["y"] is first
    assert len({address(first), address(copied), address(view)}) == 3
    hloc.compile(add_one)(first)
    np.testing.assert_array_equal(second, 2 * X + 1)
    np.testing.assert_array_equal(copied, 2 * X)


def test_a_copy_is_not_changed() -> None:
    u = hloc.array(X)
    copies = [copy.copy(u), copy.deepcopy(u), hloc.array(u), u.to("cpu:0")]
    hloc.compile(add_one)(u)
    for made in copies[:-1]:
        np.testing.assert_array_equal(made, X)
    assert copies[-1] is u


@dataclass
class State:
    u: Any
    parts: list[Any]


def advance(state):
    state.u[0] = -1.0
    state.parts[0] += 1
    state.parts[1] = state.u * 2


def test_arrays_in_containers() -> None:
    state = State(hloc.array(X), [hloc.array(X), hloc.array(X)])
    u, first, second = state.u, *state.parts
    expected = State(X.copy(), [X.copy(), X.copy()])
    hloc.compile(advance)(state)
    advance(expected)
    assert state.u is u
    assert state.parts[0] is first
    np.testing.assert_array_equal(u, expected.u)
    np.testing.assert_array_equal(first, expected.parts[0])
    np.testing.assert_array_equal(state.parts[1], expected.parts[1])
    np.testing.assert_array_equal(second, X)


def both(a, b):
    a[0] = 5.0
    b[1] = a[0] + 1
    return a[1]


def test_an_array_given_twice_is_one_array() -> None:
    u, expected = hloc.array(X), X.copy()
    assert hloc.compile(both)(u, u) == both(expected, expected)
    np.testing.assert_array_equal(u, expected)
    compiled = hloc.compile(both)
    a, b = hloc.array(X), hloc.array(X)
    assert compiled(a, b) == 1.0
    assert compiled(a, a) == 6.0
    np.testing.assert_array_equal(a[:2], [5.0, 6.0])


def test_an_array_that_shares_memory_with_a_numpy_array() -> None:
    source = placed(10, 0)
    source[:] = X
    shared = hloc.from_dlpack(source)
    with pytest.raises(ValueError, match="share memory"):
        hloc.compile(both)(shared, source)
    hloc.compile(add_one)(shared)
    np.testing.assert_array_equal(source, X)
    np.testing.assert_array_equal(shared, X + 1)
    assert not np.shares_memory(shared, source)


def test_after_an_error_there_is_the_old_content() -> None:
    compiled = hloc.compile(put)
    for u in (hloc.array(X), X.copy()):
        with pytest.raises(IndexError):
            compiled(u, 50)
        np.testing.assert_array_equal(u, X)
        assert compiled(u, 2) == 4.0
        assert u[0] == 99.0


def grow(u, n):
    u += 1
    for j in range(n):
        print(j)


def deep(u, n):
    u[0] += 1
    return 0 if n == 0 else 1 + deep(u, n - 1)


def test_a_program_that_is_run_again_starts_from_the_old_content(capsys: pytest.CaptureFixture[str]) -> None:
    u = hloc.array(X)
    hloc.compile(grow)(u, 6000)
    assert len(capsys.readouterr().out.split()) == 6000
    np.testing.assert_array_equal(u, X + 1)
    compiled = hloc.compile(deep, donate="u")
    u = hloc.array(X)
    assert compiled(u, 3000) == 3000
    assert u.is_deleted()


CASES = [np.zeros((0, 3)), np.float32(2.0), np.array([1 + 2j]), np.array([3], np.int8), np.ones((2, 2), np.float16)]


def twice(u):
    u[...] = u + u
    return u.sum()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.dtype}{list(case.shape)}")
def test_element_types_and_shapes(case: np.ndarray) -> None:
    u, expected = hloc.array(case), np.array(case)
    found = hloc.compile(twice)(u)
    assert found == twice(expected)
    assert u.dtype == case.dtype
    np.testing.assert_array_equal(u, expected)


def test_booleans() -> None:
    u = hloc.array([True, False])
    hloc.compile(lambda u: np.logical_not(u, out=u))(u)
    assert u.tolist() == [False, True]


HELD = hloc.array(X)


def touch_global(k):
    HELD[k] = 7.0


def test_an_array_in_a_global(monkeypatch: pytest.MonkeyPatch) -> None:
    held = hloc.array(X)
    monkeypatch.setitem(globals(), "HELD", held)
    hloc.compile(touch_global)(1)
    assert held[1] == 7.0


# --- donate=


def test_results_take_the_memory_of_what_is_donated() -> None:
    compiled = hloc.compile(scaled, donate="x")
    x, y = hloc.array(X), hloc.array(X)
    before = address(x)
    result = compiled(x, y)
    assert address(result) == before
    np.testing.assert_array_equal(result, X * X)
    np.testing.assert_array_equal(y, X)
    with pytest.raises(hloc.ExecutionError, match=r"this array was donated to scaled\(\) as x; pass a copy"):
        x + 1
    with pytest.raises(hloc.ExecutionError, match=r"donated to scaled\(\) as x"):
        compiled(x, y)


def test_a_view_of_what_is_donated_stays() -> None:
    x = hloc.array(X)
    view = np.asarray(x)
    result = hloc.compile(scaled, donate="x")(x, 2.0)
    np.testing.assert_array_equal(view, X)
    np.testing.assert_array_equal(result, 2 * X)
    assert x.is_deleted()


def test_numpy_arrays_are_not_touched() -> None:
    for x in (X.copy(), placed(100_000, 0), placed(100_000, 8)):
        old = x.copy()
        compiled = hloc.compile(scaled, donate=("x",))
        np.testing.assert_array_equal(compiled(x, 2.0), 2 * old)
        np.testing.assert_array_equal(compiled(x, x), old * old)
        np.testing.assert_array_equal(x, old)


def step(state, rate):
    return {name: x - rate * x for name, x in state.items()}


def test_containers_are_donated_with_what_is_in_them() -> None:
    state = {"w": hloc.array(X), "b": hloc.array(X[:3])}
    addresses = {name: address(x) for name, x in state.items()}
    new = hloc.compile(step, donate="state")(state, 0.5)
    assert {name: address(x) for name, x in new.items()} == addresses
    assert all(x.is_deleted() for x in state.values())
    with pytest.raises(hloc.ExecutionError, match=r"donated to step\(\) as state\['w'\]"):
        np.asarray(state["w"])


@pytest.mark.parametrize("first", [False, True])
def test_what_is_donated_must_not_be_reached_otherwise(first: bool) -> None:
    compiled = hloc.compile(scaled, donate="x" if first else "y")
    x = hloc.array(X)
    compiled(hloc.array(X), hloc.array(X))
    with pytest.raises(ArgumentError, match=r"scaled\(\): y and x are the same, and only one of them is donated; pass"):
        compiled(x, x)
    np.testing.assert_array_equal(x, X)
    rate = hloc.array(2.0)
    with pytest.raises(ArgumentError, match=r"step\(\): rate and state\['a'\] are the same"):
        hloc.compile(step, donate="state")({"a": rate}, rate)


def test_it_may_be_in_the_donated_container_twice() -> None:
    x = hloc.array(X)
    new = hloc.compile(step, donate="state")({"a": x, "b": x}, 0.5)
    np.testing.assert_array_equal(new["a"], X / 2)
    np.testing.assert_array_equal(new["b"], X / 2)
    assert x.is_deleted()
    x = hloc.array(X)
    np.testing.assert_array_equal(hloc.compile(scaled, donate=("x", "y"))(x, x), X * X)
    assert x.is_deleted()


def test_a_donated_array_that_is_returned_is_a_new_one() -> None:
    for function in (add_one, lambda u: u, lambda u: (u, u)[0]):
        u = hloc.array(X)
        result = hloc.compile(function, donate="u")(u)
        assert u.is_deleted()
        np.testing.assert_array_equal(result, X + (function is add_one))
    first, second = hloc.compile(lambda u: (u, u), donate="u")(hloc.array(X))
    assert second is first


def test_an_error_uses_it_up_and_a_refusal_does_not() -> None:
    compiled = hloc.compile(put, donate="u")
    u = hloc.array(X)
    with pytest.raises(hloc.CompileError):
        compiled(u, "text")
    assert not u.is_deleted()
    with pytest.raises(IndexError):
        compiled(u, 50)
    assert u.is_deleted()


def test_a_parameter_that_is_not_there() -> None:
    with pytest.raises(hloc.DTypeError, match=r"scaled\(\) has no parameter 'z' to be donated"):
        hloc.compile(scaled, donate=("x", "z"))


def test_programs_from_the_cache_donate(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("HLOC_CACHE", raising=False)
    for _ in range(2):
        x, u = hloc.array(X), hloc.array(X)
        assert hloc.compile(scaled, donate="x")(x, 2.0)[1] == 2.0
        assert x.is_deleted()
        assert hloc.compile(add_one)(u) is u
        np.testing.assert_array_equal(u, X + 1)


def test_derivatives_take_donated_arguments() -> None:
    slope = hloc.compile(hloc.grad(lambda w: (w * w).sum()), donate="w")
    w = hloc.array(X)
    np.testing.assert_array_equal(slope(w), 2 * X)
    assert w.is_deleted()


def lanes(u, n):
    def lane(x, n):
        while n > 0:
            x, n = x + 1, n - 1
        return x

    u[...] = hloc.vmap(lane)(u, n)


def test_measuring_lanes_changes_nothing() -> None:
    u, n = hloc.array(X), hloc.array(np.arange(10))
    for compiled in (hloc.compile(lanes), hloc.compile(lanes, donate=("u", "n"))):
        assert compiled.utilisation(u, n)[0].size == 10
        np.testing.assert_array_equal(u, X)
        np.testing.assert_array_equal(n, np.arange(10))


def test_shared_memory_is_not_used_up() -> None:
    source = placed(10, 0)
    source[:] = X
    shared = hloc.from_dlpack(source)
    np.testing.assert_array_equal(hloc.compile(scaled, donate="x")(shared, 2.0), 2 * X)
    np.testing.assert_array_equal(source, X)
    assert shared.is_deleted()


def test_threads_that_write_to_one_array() -> None:
    u, compiled = hloc.array(np.zeros(1000)), hloc.compile(add_one)
    compiled(u)
    done, said = [], set()

    def work() -> None:
        for _ in range(200):
            try:
                compiled(u)
                done.append(1)
            except hloc.ExecutionError as error:
                said.add(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(u, 1 + len(done))
    assert all("a program that writes to it, in another thread" in text for text in said)


def test_what_a_pullback_keeps_is_not_changed() -> None:
    x = hloc.array(X)
    _, pullback = hloc.vjp(lambda x: x * x, x)
    hloc.compile(add_one)(x)
    np.testing.assert_array_equal(pullback(np.ones(10))[0], 2 * X)
