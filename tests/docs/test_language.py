"""The table in docs/language.md: examples give what CPython gives, or are refused where the page says so."""

from __future__ import annotations

import importlib.util
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.cli.runs import same

PAGE = Path(__file__).parents[2] / "docs" / "language.md"
HEADER = """\
import dataclasses, functools, math, operator, typing
import hloc
import numpy as np

class Point(typing.NamedTuple):
    x: float
    y: float

@dataclasses.dataclass
class Body:
    mass: float
    place: np.ndarray

class Plain:
    def __init__(self, x):
        self.x = x

    def doubled(self):
        return 2 * self.x

counter = 0

"""


@dataclass(frozen=True)
class Row:
    construct: str
    answer: str
    example: str


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[1] in ("yes", "partly", "no"):
            code = "\n".join(part.removeprefix("`").removesuffix("`") for part in cells[2].split("<br>"))
            found.append(Row(cells[0], cells[1], code.replace("\\|", "|")))
    return found


def arguments() -> dict[str, Any]:
    return {
        "a": np.array([1.0, 2.0, 3.0]),
        "b": np.array([0.5, -1.0, 4.0]),
        "m": np.arange(9.0).reshape(3, 3),
        "k": np.array([2, 0]),
        "n": 3,
        "x": 2.5,
    }


def load(folder: Path, body: str) -> Callable[..., Any]:
    """The example as a function of a module of its own."""
    path = folder / "example.py"
    path.write_text(
        HEADER + "def example(a, b, m, k, n, x):\n" + textwrap.indent(body, "    ") + "\n", encoding="utf-8"
    )
    spec = importlib.util.spec_from_file_location("language_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["language_example"] = module
    spec.loader.exec_module(module)
    example: Callable[..., Any] = module.example
    return example


def test_the_page_has_rows() -> None:
    assert len(rows()) > 60


@pytest.mark.parametrize("row", [r for r in rows() if r.answer != "no"], ids=lambda row: row.construct)
def test_what_compiles_means_what_cpython_means(row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = load(tmp_path, row.example)
    expected, given = arguments(), arguments()
    result = example(**expected)
    printed = capsys.readouterr().out
    compiled = hloc.compile(example)(**given)
    assert same(compiled, result), f"{compiled!r} is not {result!r}"
    assert same(given, expected)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("row", [r for r in rows() if r.answer == "no"], ids=lambda row: row.construct)
def test_what_does_not_compile_is_refused_with_its_place(row: Row, tmp_path: Path) -> None:
    example = load(tmp_path, row.example)
    with pytest.raises(hloc.CompileError) as caught:
        hloc.compile(example)(**arguments())
    assert "example.py:" in str(caught.value)
