"""`hloc compile -o FILE.hloc`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import hloc
from hloc.cli import main

SOURCE = """
import numpy as np
import hloc

@hloc.compile(signature="f64[4], i64")
def scaled(x, n):
    return x * n

@hloc.compile
def shifted(x: "f64[3]"):
    return (x + 1).sum()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model_of_a_test.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compile", *arguments])


def test_one_function(folder: Path) -> None:
    result = run("model_of_a_test.py:scaled", "-o", "model.hloc")
    assert (result.exit_code, result.output) == (0, "model.hloc\n")
    loaded = hloc.load("model.hloc")
    assert loaded.signature == "(x: f64[4], n: int)"
    np.testing.assert_array_equal(loaded(np.arange(4.0), 3), [0.0, 3.0, 6.0, 9.0])


def test_other_types_a_gradient_and_a_target(folder: Path) -> None:
    result = run("model_of_a_test.py:shifted", "--args", "f32[2]", "--grad", "x", "--target", "cpu", "-o", "model.hloc")
    assert (result.exit_code, result.output) == (0, "model.hloc\n")
    loaded = hloc.load("model.hloc")
    assert (loaded.__name__, loaded.signature, loaded.targets) == ("grad_shifted", "(x: f32[2])", ("cpu",))
    np.testing.assert_array_equal(loaded(np.zeros(2, np.float32)), [1.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("model_of_a_test.py", "-o", "model.hloc"),
            "model.hloc takes one function; name one of scaled, shifted: model_of_a_test.py:scaled",
        ),
        (
            ("model_of_a_test.py:scaled", "--emit", "hlo", "-o", "model.hloc"),
            "-o model.hloc writes the compiled function, which has no --emit and no --after",
        ),
        (
            ("model_of_a_test.py:scaled", "-o", "model_of_a_test.py"),
            "-o model_of_a_test.py is a file; name a folder, or a file that ends in .hloc",
        ),
    ],
)
def test_wrong_use(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert f"Error: {message}\n" in result.output
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["model_of_a_test.py"]


def test_a_folder_that_is_not_there(folder: Path) -> None:
    result = run("model_of_a_test.py:scaled", "-o", "none/model.hloc")
    assert result.exit_code == 1
    assert "ArtefactError: cannot write none/model.hloc: No such file or directory" in result.output
