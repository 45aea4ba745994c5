"""What cannot be saved or loaded, and what a file is too small for: the exact messages."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime.errors import DeviceError, ExecutionError
from tests.artefacts import programs

STATE = np.zeros(2)
SEEN: list[float] = [1.0]


def refused(tmp_path: Path, function: Any, *arguments: Any) -> str:
    with pytest.raises(hloc.ArtefactError) as caught:
        hloc.compile(function).lower(*arguments).save(tmp_path / "f.hloc")
    assert not (tmp_path / "f.hloc").exists()
    return str(caught.value)


def changes_a_global(x: float) -> float:
    STATE[0] = x
    return x


def appends(x: float) -> int:
    SEEN.append(x)
    return len(SEEN)


def sees(x: Any) -> Any:
    x[0] = STATE[0] + 1.0
    return x


def solve(f: Any, x: float) -> float:
    return f(x) + 1.0


def test_changes_of_globals(tmp_path: Path) -> None:
    text = "{} cannot be saved: it changes {}, which is no argument: pass it as one"
    assert refused(tmp_path, changes_a_global, 1.0) == text.format("changes_a_global", "STATE")
    assert refused(tmp_path, appends, 1.0) == text.format("appends", "SEEN")


def test_an_argument_that_is_a_global(tmp_path: Path) -> None:
    assert refused(tmp_path, sees, STATE) == (
        "sees cannot be saved: the argument x is the same object as STATE: lower it with a copy, or with a type"
    )
    hloc.compile(sees).lower(STATE.copy()).save(tmp_path / "sees.hloc")
    assert np.asarray(hloc.load(tmp_path / "sees.hloc")(np.ones(2))).tolist() == [1.0, 1.0]


def test_functions_as_arguments(tmp_path: Path) -> None:
    assert refused(tmp_path, solve, lambda x: x * 2, 1.0) == (
        "solve cannot be saved: the argument f is a function, whose code would be frozen: save a function that has it "
        "as a global, such as lambda x: solve(f, x)"
    )
    hloc.compile(solve).lower(np.sin, 1.0).save(tmp_path / "solve.hloc")
    loaded = hloc.load(tmp_path / "solve.hloc")
    assert loaded(np.sin, 0.0) == 1.0
    with pytest.raises(TypeError, match=r"f must be sin \(its value is part of the program\), found cos"):
        loaded(np.cos, 0.0)


def test_pullbacks(tmp_path: Path) -> None:
    from hloc.transformed import Derivative

    reason = (
        "the function that it returns continues what the call has computed, and lives as long as that; save one that "
        "calls it, such as lambda x, y_bar: hloc.vjp(f, x)[1](y_bar)"
    )
    for kind in ("vjp", "linearize"):
        text = refused(tmp_path, Derivative(kind, programs.squares), (2.0,))
        assert text == f"{kind}_squares cannot be saved: {reason}"
    pullback = hloc.compile(lambda x, y_bar: hloc.vjp(programs.squares, x)[1](y_bar))
    pullback.lower(2.0, 1.0).save(tmp_path / "pullback.hloc")
    assert hloc.load(tmp_path / "pullback.hloc")(2.0, 1.0)[0] == pytest.approx(0.5 / 2**0.5)


def test_classes_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Local:
        def __init__(self, x: float) -> None:
            self.x = x

    def make(x: float) -> Any:
        return Local(x)

    assert refused(tmp_path, make, 1.0) == (
        "make cannot be saved: the class test_classes_without_a_home.<locals>.Local cannot be imported by a name"
    )
    monkeypatch.setattr(Local, "__module__", "__main__")
    assert refused(tmp_path, make, 1.0) == (
        "make cannot be saved: test_classes_without_a_home.<locals>.Local belongs to the program that runs (__main__): "
        "define it in a module of its own"
    )


def test_classes_that_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, make = programs.CALLS["structures"]
    path = tmp_path / "structures.hloc"
    hloc.compile(name).lower(*make()).save(path)
    with monkeypatch.context() as patch:
        patch.delattr(programs, "Pair")
        with pytest.raises(hloc.ArtefactError) as caught:
            hloc.load(path)
        assert str(caught.value) == (
            f"{path} cannot be loaded: tests.artefacts.programs.Pair is needed, and is not there: "
            "tests.artefacts.programs has no Pair"
        )
    monkeypatch.setitem(sys.modules, "tests.artefacts.programs", None)  # type: ignore[arg-type]
    with pytest.raises(hloc.ArtefactError) as caught:
        hloc.load(path)
    assert str(caught.value).startswith(
        f"{path} cannot be loaded: tests.artefacts.programs.Pair is needed, but tests.artefacts.programs cannot be "
        "imported here: "
    )


def test_a_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("for_a_while")
    exec("class Wrong(Exception): pass\ndef f(x):\n    if x > 1.0: raise Wrong(x)\n    return x", module.__dict__)
    monkeypatch.setitem(sys.modules, "for_a_while", module)
    source = tmp_path / "for_a_while.py"
    source.write_text(
        "class Wrong(Exception):\n    pass\n\n\ndef f(x):\n    if x > 1.0:\n        raise Wrong(x)\n    return x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "for_a_while")
    import for_a_while  # type: ignore[import-not-found]

    hloc.compile(for_a_while.f).lower(1.0).save(tmp_path / "f.hloc")
    source.write_text("raise RuntimeError('broken')\n")
    monkeypatch.delitem(sys.modules, "for_a_while")
    sys.path_importer_cache.clear()
    with pytest.raises(
        hloc.ArtefactError, match=r"for_a_while.Wrong is needed, but for_a_while cannot be imported here: broken"
    ):
        hloc.load(tmp_path / "f.hloc")


def test_targets(tmp_path: Path) -> None:
    lowered = hloc.compile(programs.newton).lower(2.0, 1e-9)
    with pytest.raises(DeviceError, match=r"unknown target 'cuda:h201' \(near: cuda:h200\)"):
        lowered.save(tmp_path / "f.hloc", targets="cuda:h201")
    lowered.save(tmp_path / "f.hloc", targets=("cpu", "cpu"))
    assert hloc.load(tmp_path / "f.hloc").targets == ("cpu",)
    lowered.for_target("cpu").save(tmp_path / "f.hloc")
    assert hloc.load(tmp_path / "f.hloc").origin == "executable for cpu"


# --- room

ROOM = (
    "{}(): f.hloc has not enough room for {}. Call the function itself with such arguments, then lower and save it "
    "again: the room that its runs have needed goes into the file"
)


def sums(n: int) -> int:
    return 0 if n == 0 else n + sums(n - 1) + 0 * sums(0)


def prints(n: int) -> int:
    for j in range(n):
        print(j, j + 1, j + 2)
    return n


def repeated(x: float, tol: float) -> float:
    while abs(x) > tol:
        x = np.sin(x) * 0.999
    return x


@pytest.mark.parametrize(
    ("function", "few", "many", "what"),
    [
        (sums, (3,), (5000,), "its recursion (sums)"),
        (prints, (3,), (5000,), "what it prints"),
        (hloc.grad(repeated), (1.0, 0.5), (1.0, 1e-9), "what its derivative remembers of loops"),
    ],
    ids=["recursion", "prints", "derivative"],
)
def test_a_file_with_too_little_room(
    tmp_path: Path, function: Any, few: tuple[Any, ...], many: tuple[Any, ...], what: str, capsys: Any
) -> None:
    path = tmp_path / "f.hloc"
    compiled = hloc.compile(function)
    compiled.lower(*few).save(path)
    small = hloc.load(path)
    assert small(*few) == compiled(*few)
    with pytest.raises(ExecutionError) as caught:
        small(*many)
    assert str(caught.value) == ROOM.format(compiled.__name__, what)
    assert small(*few) == compiled(*few)
    want = compiled(*many)
    capsys.readouterr()
    compiled.lower(*few).save(path)
    assert hloc.load(path)(*many) == want


def test_a_recursion_past_its_limit_is_an_error_of_the_function(tmp_path: Path) -> None:
    compiled = hloc.compile(sums, recursion_limit=500)
    with pytest.raises(RecursionError):
        compiled(1000)
    compiled.lower(3).save(tmp_path / "f.hloc")
    with pytest.raises(RecursionError, match="more than 500 calls") as caught:
        hloc.load(tmp_path / "f.hloc")(1000)
    assert caught.value.__notes__[0].startswith("  --> test_refusals.py:")


def test_a_function_from_a_file_is_not_pickled(tmp_path: Path) -> None:
    hloc.compile(sums).lower(3).save(tmp_path / "f.hloc")
    loaded = hloc.load(tmp_path / "f.hloc")
    with pytest.raises(TypeError, match=r"the artefact sums cannot be pickled: send the path, and hloc\.load it there"):
        pickle.dumps(loaded)
