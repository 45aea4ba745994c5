"""A function from a file does what the function did: results, errors, prints, changed arguments."""

from __future__ import annotations

import inspect
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from tests.artefacts import programs
from tests.artefacts.outcome import KEYWORDS, outcome
from tests.artefacts.programs import CALLS, TRANSFORMED


def saved(folder: Path, function: Any, *arguments: Any, **keywords: Any) -> hloc.Artefact:
    """The function after a way through a file."""
    path = folder / "saved.hloc"
    hloc.compile(function).lower(*arguments, **keywords).save(path)
    return hloc.load(path)


@pytest.mark.parametrize("name", [*CALLS, *TRANSFORMED])
def test_an_artefact_does_what_the_function_does(tmp_path: Path, name: str) -> None:
    function, make = {**CALLS, **TRANSFORMED}[name]
    keywords = KEYWORDS.get(name, {})
    compiled = hloc.compile(function)
    loaded = saved(tmp_path, function, *make(), **keywords)
    assert loaded.origin == "executable for cpu"
    assert outcome(loaded, make, keywords) == outcome(compiled, make, keywords)
    assert outcome(loaded, make, keywords) == outcome(compiled, make, keywords)  # nothing is used up


CROSSING = [name for name in (*CALLS, *TRANSFORMED) if name not in ("everything", "vmap of grad", "hessian", "grad")]


@pytest.mark.parametrize("name", CROSSING)
def test_the_stablehlo_of_an_artefact_does_it_too(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with another jaxlib or processor; results may differ where XLA sums in another order."""
    function, make = {**CALLS, **TRANSFORMED}[name]
    keywords = KEYWORDS.get(name, {})
    path = tmp_path / "saved.hloc"
    hloc.compile(function).lower(*make(), **keywords).save(path)
    monkeypatch.setattr("hloc.artefact.needs.environment", lambda backend: "another machine's")
    loaded = hloc.load(path)
    assert loaded.origin == (
        "compiled here; the executable for cpu is not used: it was made with another build of jaxlib, on another "
        "processor, or with other settings of XLA"
    )
    assert outcome(loaded, make, keywords) == outcome(hloc.compile(function), make, keywords)


def test_a_file_without_a_program_for_the_cpu_runs_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is emitted for no platform in particular computes the same."""
    monkeypatch.setattr("hloc.artefact.loading._own", lambda header, platform: [])
    for name in ("plain", "failing with an error", "printing", "writing", "fibonacci", "scattered", "grad of a loop"):
        function, make = {**CALLS, **TRANSFORMED}[name]
        loaded = saved(tmp_path, function, *make())
        assert outcome(loaded, make) == outcome(hloc.compile(function), make)


def test_what_it_says_about_itself(tmp_path: Path) -> None:
    loaded = saved(tmp_path, programs.plain, "f64[4]", "i64")
    assert repr(loaded) == "<hloc artefact plain(x: f64[4], n: int = 3) of saved.hloc: executable for cpu>"
    assert loaded.__doc__ == "Sine and table."
    assert loaded.__name__ == "plain"
    assert str(inspect.signature(loaded)) == "(x, n=3)"
    assert loaded.signature == "(x: f64[4], n: int = 3)"
    assert loaded.targets == ("cpu",)
    assert loaded.frozen == ("SCALE", "TABLE")
    assert loaded.stablehlo.startswith("module @main {\n  func.func public @main(%arg0: tensor<4xf64>")
    assert programs.__file__ not in loaded.stablehlo


def test_arguments_by_keyword_and_default(tmp_path: Path) -> None:
    x = np.linspace(0, 1, 4)
    loaded = saved(tmp_path, programs.plain, x)
    assert loaded(x)[1] == 3
    assert loaded(n=5, x=x)[1] == 5


def test_defaults(tmp_path: Path) -> None:
    def scaled(
        x: float, table: Any = np.arange(3), options: dict[str, Any] = {"k": [2.0, 0.5]}, *, last: float = 1.0
    ) -> Any:
        return x * table * options["k"][0] + last

    loaded = saved(tmp_path, scaled, 1.0)
    np.testing.assert_array_equal(loaded(2.0), scaled(2.0))
    np.testing.assert_array_equal(loaded(2.0, options={"k": [1.0, 0.5]}, last=3.0), [3.0, 5.0, 7.0])
    assert str(inspect.signature(loaded)) == "(x, table=array([0, 1, 2]), options={'k': [2.0, 0.5]}, *, last=1.0)"


def test_globals_are_what_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros(4)
    loaded = saved(tmp_path, programs.plain, x)
    monkeypatch.setattr(programs, "TABLE", np.ones(4))
    programs.NAMES["first"] = 7.0
    try:
        np.testing.assert_array_equal(loaded(x)[0], np.arange(4.0))
        later = saved(tmp_path, programs.captured, 1.0)
    finally:
        programs.NAMES["first"] = 1.0
    assert later(1.0)[0] == 39.0 + 7.0 + 3.0


def test_a_returned_global_is_a_new_object(tmp_path: Path) -> None:
    loaded = saved(tmp_path, programs.captured, 1.0)
    loaded(1.0)[1]["second"].append("changed")
    assert loaded(1.0)[1] == {"first": 1.0, "second": [2.0, 3.0]}


def test_a_change_between_lower_and_save_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered = hloc.compile(programs.plain).lower("f64[4]", "i64")
    monkeypatch.setattr(programs, "TABLE", np.ones(5))
    with pytest.raises(
        hloc.ArtefactError, match="plain cannot be saved: TABLE has changed since the function was lowered"
    ):
        lowered.save(tmp_path / "plain.hloc")


def test_hloc_arrays_are_written_and_donated_as_by_the_function(tmp_path: Path) -> None:
    def step(state: Any, rate: Any) -> Any:
        state[0] = rate[1]
        return state * 2

    results = []
    for function in (hloc.compile(step, donate="rate"), None):
        if function is None:
            hloc.compile(step, donate="rate").lower("f64[3]", "f64[2]").save(tmp_path / "step.hloc")
            function = hloc.load(tmp_path / "step.hloc")
        state, rate = hloc.array(np.zeros(3)), hloc.array(np.ones(2))
        result = function(state, rate)
        with pytest.raises(RuntimeError, match="donated"):
            np.asarray(rate)
        results.append((np.asarray(state).tolist(), np.asarray(result).tolist()))
    assert results[0] == results[1] == ([1.0, 0.0, 0.0], [2.0, 0.0, 0.0])


def test_logs_of_derivatives_and_their_memory(tmp_path: Path) -> None:
    """The executable takes memory for logs as further parameters, the StableHLO does not."""

    def total(x: Any, n: int) -> float:
        y = x * 1.0
        for _ in range(n):
            y = np.sin(y) + x
        return float(y.sum())

    gradient = hloc.compile(hloc.grad(total))
    x = np.linspace(0, 1, 3000)
    want = np.asarray(gradient(x, 50))
    gradient.lower(x, 50).save(tmp_path / "total.hloc")
    loaded = hloc.load(tmp_path / "total.hloc")
    assert len(loaded.inputs(x, 50)) == 2
    np.testing.assert_array_equal(np.asarray(loaded(x, 50)), want)
    np.testing.assert_array_equal(np.asarray(loaded(x, 50)), want)


def test_saving_again_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.hloc"
    for factor in (2.0, 3.0):
        hloc.compile(lambda x, factor=factor: x * factor).lower(1.0, factor).save(path)
    assert hloc.load(path)(1.0) == 3.0
    assert os.listdir(tmp_path) == ["f.hloc"] or sorted(os.listdir(tmp_path)) == ["data", "f.hloc"]


def test_a_moved_file(tmp_path: Path) -> None:
    saved(tmp_path, programs.newton, 2.0, 1e-9)
    shutil.move(tmp_path / "saved.hloc", tmp_path / "elsewhere.bin")
    assert hloc.load(str(tmp_path / "elsewhere.bin"))(2.0, 1e-9) == pytest.approx(2**0.5)


def test_many_threads(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    loaded = saved(tmp_path, programs.plain, "f64[4]", "i64")
    inputs = [np.full(4, j / 7) for j in range(64)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(loaded, inputs))
    for x, (result, _) in zip(inputs, results, strict=True):
        np.testing.assert_allclose(result, np.sin(x) * 2.5 + np.arange(4.0))
