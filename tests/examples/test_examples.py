"""Every example runs end to end at a small size, agrees with CPython, and shows its stages with the printed command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from examples import edit_distance, gauss, heat, kmeans, life, logistic, mandelbrot, nbody, nelder_mead, pendulum
from examples.__main__ import main
from hloc.cli import main as hloc_command

ROOT = Path(__file__).parents[2]
MOBILE_PRICE = ROOT.parent / "shared" / "data" / "mobile_price" / "train.csv"
SMALL = {
    "heat": "--size 16 --sweeps 5",
    "mandelbrot": "--width 20 --limit 30",
    "kmeans": "--points 60 --clusters 3",
    "logistic": "--rows 50 --steps 10",
    "nbody": "--planets 3 --steps 10",
    "gauss": "--size 8",
    "edit-distance": "--length 40",
    "life": "--size 12 --generations 6",
    "pendulum": "--steps 50",
    "nelder-mead": "--variables 2 --rounds 30",
}
MODULES = (edit_distance, gauss, heat, kmeans, life, logistic, mandelbrot, nbody, nelder_mead, pendulum)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_sizes_are_given_for_every_example() -> None:
    assert list(SMALL) == list(main.commands)


@pytest.mark.parametrize("name", SMALL)
def test_example_agrees_with_cpython_and_its_command_shows_stages(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = ["-o", str(tmp_path / "picture.png")] if name == "mandelbrot" else []
    text = run(name, *SMALL[name].split(), *output)
    verdicts = re.findall(r"equal to CPython +(\w+)", text)
    assert verdicts
    assert set(verdicts) == {"yes"}
    monkeypatch.chdir(ROOT)
    commands = re.findall(r"its stages +\S*hloc (.*)", text)
    assert commands
    shown = CliRunner().invoke(hloc_command, [*shlex.split(commands[0]), "--width", "200"])
    assert shown.exit_code == 0, shown.output
    assert re.search(r"source .* ssa .* stablehlo", shown.output)
    assert "func.func" in shown.output


def test_mandelbrot_writes_a_picture_of_the_set(tmp_path: Path) -> None:
    path = tmp_path / "set.png"
    run("mandelbrot", "--width", "60", "--limit", "50", "--output", str(path))
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", (60, 48))
        middle, corner = picture.getpixel((45, 24)), picture.getpixel((0, 0))
    assert middle == (0, 0, 0)
    assert corner != (0, 0, 0)


def test_logistic_regression_learns_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    x = np.linspace(-1.0, 1.0, 40)
    path.write_text("x,y,class\n" + "".join(f"{v},{v * v},{3 if v > 0.2 else 1}\n" for v in x), encoding="utf-8")
    text = run("logistic", "--csv", str(path), "--steps", "200")
    assert "40 rows, 2 features, 2 classes" in text
    assert float(re.search(r"([\d.]+)% of the rows", text)[1]) > 95


@pytest.mark.skipif(not MOBILE_PRICE.is_file(), reason="../shared/data/mobile_price/train.csv is not there")
def test_logistic_regression_on_mobile_prices() -> None:
    text = run("logistic", "--csv", str(MOBILE_PRICE))
    assert "2000 rows, 20 features, 4 classes: loss 1.3863 before" in text
    assert float(re.search(r"([\d.]+)% of the rows", text)[1]) > 85
    assert len(re.findall("equal to CPython  yes", text)) == 2


def test_plain_programs_run_in_cpython_all_the_way() -> None:
    for module in MODULES:
        compiled = {name for name, value in vars(module).items() if hasattr(value, "__hloc_compiled__")}
        assert compiled, module.__name__
        for value in vars(module).values():
            if function := getattr(value, "__wrapped__", value if hasattr(value, "__code__") else None):
                assert compiled.isdisjoint(function.__code__.co_names), function
