"""The options of hloc.compile that reach XLA: what is refused, what they change, what keeps programs apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime.options import BuildOptions


def total(a: Any) -> Any:
    s = 0.0
    for i in range(len(a)):
        s += a[i]
    return s


def scaled(a: Any, x: Any) -> Any:
    return np.sum(np.tanh(a @ x))


def largest(a: Any) -> Any:
    return np.max(a)


def emitted(function: Any, *arguments: Any) -> BuildOptions:
    """How XLA is asked to compile a program."""
    found: BuildOptions = function.lower(*arguments)._emitted.build_options
    return found


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"options": [("xla_a", 1)]}, "options are a dict such as {\"xla_cpu_enable_fast_math\": True}, found [('xla_a', 1)]"),
        ({"options": {"fast": True}}, "options: names of XLA's options begin with xla_, found 'fast'"),
        ({"options": {3: True}}, "options: names of XLA's options begin with xla_, found 3"),
        ({"options": {"xla_a": None}}, "options: xla_a takes a bool, a number or a text, found None"),
        ({"options": {"xla_a_count": -1}}, "options: xla_a_count is a count, found -1"),
        ({"options": {"xla_a": [1]}}, "options: xla_a takes a bool, a number or a text, found [1]"),
        ({"precision": "hi"}, "precision must be one of default, fastest, bfloat16, high, bfloat16_3x, tensorfloat32, highest, float32, or None; found 'hi'"),
        ({"precision": 3}, "precision must be one of default, fastest, bfloat16, high, bfloat16_3x, tensorfloat32, highest, float32, or None; found 3"),
        ({"fast_math": "yes"}, "fast_math is True or False, found 'yes'"),
        ({"deterministic": 1}, "deterministic is True or False, found 1"),
        ({"fast_math": True, "strict": True}, "strict=True keeps the rounding of NumPy, fast_math=True gives it up: choose one of them"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_choices_are_refused_at_once(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        hloc.compile(total, **chosen)


def test_an_option_that_xla_does_not_have_is_refused_with_near_names() -> None:
    misspelt = hloc.compile(total, options={"xla_backend_optimisation_level": 1})
    with pytest.raises(ValueError, match=r"has no option xla_backend_optimisation_level; near names: xla_backend_opt"):
        misspelt(np.ones(3))


@pytest.mark.parametrize("value", ["two", 2.5, True, 2**40])
def test_a_value_of_the_wrong_type_is_refused(value: Any) -> None:
    wrong = hloc.compile(total, options={"xla_backend_optimization_level": value})
    with pytest.raises(ValueError, match=r"XLA refuses xla_backend_optimization_level=.*is not a valid int32 value"):
        wrong(np.ones(3))


def test_options_reach_xla(tmp_path: Path) -> None:
    assert hloc.compile(total, options={"xla_dump_to": str(tmp_path)})(np.ones(3)) == 3.0
    assert list(tmp_path.glob("*after_optimizations.txt"))


def test_numbers_of_all_kinds_are_options() -> None:
    for level in (0, "0", np.int64(0)):
        made = hloc.compile(total, options={"xla_backend_optimization_level": level})
        assert made.options.options == (("xla_backend_optimization_level", "0"),)
        assert made(np.ones(3)) == 3.0


def test_the_user_wins_over_our_own_options() -> None:
    made = hloc.compile(total, fast_math=True, options={"xla_cpu_fast_math_honor_nans": True})
    overrides = emitted(made, np.ones(3)).overrides
    assert overrides["xla_cpu_fast_math_honor_nans"] is True
    assert overrides["xla_cpu_enable_fast_math"] is True


@pytest.mark.parametrize("chosen", [{"options": {"xla_cpu_ftz": True}}, {"fast_math": True}])
def test_programs_with_other_options_have_other_keys(chosen: dict[str, Any]) -> None:
    plain, other = (emitted(hloc.compile(total, **kwargs), np.ones(3)).key() for kwargs in ({}, chosen))
    assert plain != other


@pytest.mark.parametrize(
    ("precision", "written"),
    [(None, None), ("default", "DEFAULT"), ("bfloat16", "DEFAULT"), ("tensorfloat32", "HIGH"), ("FLOAT32", "HIGHEST")],
)
def test_precision_is_written_on_products(precision: str | None, written: str | None) -> None:
    made = hloc.compile(scaled, precision=precision)
    in_products(made.lower(np.ones((9, 9)), np.ones(9)), 1, written)
    in_products(hloc.grad(made, argnums=(0, 1)).lower(np.ones((9, 9)), np.ones(9)), 2, written)
    in_products(hloc.vmap(made, in_axes=(None, 0)).lower(np.ones((9, 9)), np.ones((5, 9))), 1, written)


def in_products(lowered: Any, least: int, written: str | None) -> None:
    """All products of floats are written with this precision, and there are some."""
    products = [line for line in lowered.stablehlo.splitlines() if "stablehlo.dot_general" in line]
    assert len(products) >= least
    for line in products:
        assert ("precision" not in line) if written is None else (f"precision = [{written}, {written}]" in line)


def test_products_of_integers_have_no_precision() -> None:
    made = hloc.compile(np_dot, precision="default")
    in_products(made.lower(np.ones((9, 9), np.int32), np.ones((9, 9), np.int32)), 1, None)


def np_dot(a: Any, b: Any) -> Any:
    return np.dot(a, b)


def test_a_cpu_multiplies_exactly_whatever_the_precision() -> None:
    a, b = np.random.default_rng(0).random((2, 70, 70), np.float32)
    results = [np.asarray(hloc.compile(np_dot, precision=p)(a, b)).tobytes() for p in ("default", "high", "highest")]
    assert results == [np.asarray(hloc.compile(np_dot)(a, b)).tobytes()] * 3


def test_fast_math_reorders_sums() -> None:
    fast = hloc.compile(total, fast_math=True)
    assert emitted(fast, np.ones(3)).extra["-force-vector-width"] == "8"
    assert "-force-vector-width" not in emitted(hloc.compile(total), np.ones(3)).extra
    a = np.random.default_rng(0).random(1000)
    np.testing.assert_allclose(fast(a), total(a), rtol=1e-12)


def test_fast_math_does_not_look_for_nan() -> None:
    careful, fast = (hloc.compile(largest, fast_math=fast).lower(np.ones(1000)) for fast in (False, True))
    assert "compare" in careful.stablehlo
    assert "compare" not in fast.stablehlo
    assert hloc.compile(largest, fast_math=True)(np.arange(1000.0)) == 999.0


def test_a_loop_keeps_its_rounding_after_a_fast_one() -> None:
    a = np.random.default_rng(0).random(1000)
    before = hloc.compile(total)(a)
    hloc.compile(total, fast_math=True)(a)
    assert before == hloc.compile(lambda a: total(a))(a) == total(a)


def test_options_of_the_function_that_is_called_count() -> None:
    inner = hloc.compile(scaled, precision="default")

    def outer(a: Any, x: Any) -> Any:
        return inner(a, x)

    in_products(hloc.compile(outer, precision="high").lower(np.ones((9, 9)), np.ones(9)), 1, "HIGH")


def test_transformations_keep_options() -> None:
    made = hloc.compile(scaled, precision="high", fast_math=True, options={"xla_cpu_ftz": True})
    for other in (hloc.grad(made), hloc.vmap(made), hloc.vmap(hloc.grad(made)), hloc.hessian(made)):
        assert other.options == made.options
