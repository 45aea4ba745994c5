"""Every example runs end to end at a small size, agrees with CPython, and shows its stages with the printed command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from examples import (
    digits,
    edit_distance,
    formulas,
    gauss,
    heat,
    kmeans,
    life,
    logistic,
    lotka_volterra,
    mandelbrot,
    nbody,
    nelder_mead,
    nuts,
    pendulum,
)
from examples.__main__ import main
from hloc.cli import main as hloc_command

ROOT = Path(__file__).parents[2]
MOBILE_PRICE = ROOT.parent / "shared" / "data" / "mobile_price" / "train.csv"
DIGITS = ROOT.parent / "shared" / "data" / "digits" / "digits.csv.gz"
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
    "lotka-volterra": "--count 5 --trials 3",
    "digits": "--pictures 60 --epochs 2 --batch 16",
    "formulas": "--count 40 --epochs 2 --batch 8",
    "nuts": "--rows 50 --chains 2 --draws 12 --warmup 6",
}
MODULES = (
    digits,
    edit_distance,
    formulas,
    gauss,
    heat,
    kmeans,
    life,
    logistic,
    lotka_volterra,
    mandelbrot,
    nbody,
    nelder_mead,
    nuts,
    pendulum,
)
WRITE_PICTURES = {
    "digits": (1100, 400),
    "formulas": (1100, 400),
    "logistic": (550, 400),
    "lotka-volterra": (1100, 400),
    "mandelbrot": (20, 16),
    "nuts": (1100, 400),
}
REPORT_HEAD = "              precision    recall  f1-score   support\n\n           0 "


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
    picture = tmp_path / "picture.png"
    output = ["-o", str(picture)] if name in WRITE_PICTURES else []
    text = run(name, *SMALL[name].split(), *output)
    if output:
        with Image.open(picture) as image:
            assert image.size == WRITE_PICTURES[name]
            assert len(image.convert("RGB").getcolors(1 << 20)) > 2
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


def accuracy(text: str) -> tuple[float, int]:
    """The accuracy and the number of rows in a classification report."""
    found = re.search(r"accuracy +([\d.]+) +(\d+)", text)
    assert found, text
    return float(found[1]), int(found[2])


def test_logistic_regression_learns_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    x = np.linspace(-1.0, 1.0, 40)
    path.write_text("x,y,class\n" + "".join(f"{v},{v * v},{3 if v > 0.2 else 1}\n" for v in x), encoding="utf-8")
    text = run("logistic", "--csv", str(path), "--steps", "200", "-o", str(tmp_path / "loss.png"))
    assert "40 rows, 2 features, 2 classes" in text
    assert "step 1            loss 0.693147" in text
    assert REPORT_HEAD in text
    assert accuracy(text) == (1.0, 8)


@pytest.mark.skipif(not MOBILE_PRICE.is_file(), reason="../shared/data/mobile_price/train.csv is not there")
def test_logistic_regression_on_mobile_prices(tmp_path: Path) -> None:
    text = run("logistic", "--csv", str(MOBILE_PRICE), "-o", str(tmp_path / "loss.png"))
    assert "2000 rows, 20 features, 4 classes" in text
    assert "step 1            loss 1.38629" in text
    assert len(re.findall("equal to CPython  yes", text)) == 3
    share, rows = accuracy(text)
    assert rows == 400
    assert share > 0.9


@pytest.mark.skipif(not DIGITS.is_file(), reason="../shared/data/digits/digits.csv.gz is not there")
def test_digits_are_recognised(tmp_path: Path) -> None:
    text = run("digits", "--csv", str(DIGITS), "-o", str(tmp_path / "training.png"))
    share, rows = accuracy(text)
    assert rows == 359
    assert share > 0.94


def test_digits_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    pictures, shown = digits.drawn_pictures(50)
    np.savetxt(path, np.column_stack((np.round(16 * pictures), shown)), fmt="%d", delimiter=",")
    found, right = digits.read_pictures(path)
    np.testing.assert_array_equal(right, np.arange(50) % 10)
    np.testing.assert_allclose(found, pictures, atol=1 / 32)
    text = run("digits", "--csv", str(path), "--epochs", "2", "--batch", "8", "-o", str(tmp_path / "training.png"))
    assert accuracy(text)[1] == 10


def test_a_chain_among_others_is_the_chain_by_itself() -> None:
    features, classes = logistic.generated_table(30)
    x, signs = logistic.standardised(features, features), np.where(classes > 1, 1.0, -1.0)
    starts, momenta, seeds = nuts.chances(3, 8, x.shape[1])
    found = nuts.sample(starts, momenta, seeds, 4, x, signs)
    for k in range(3):
        for mine, alone in zip(found, nuts.chain(starts[k], momenta[k], seeds[k], 4, x, signs), strict=True):
            np.testing.assert_allclose(np.asarray(mine)[k], alone, rtol=1e-6)


def test_chains_without_data_draw_from_the_prior() -> None:
    starts, momenta, seeds = nuts.chances(4, 500, 2)
    positions, acceptance, _, _ = map(
        np.asarray, nuts.sample(starts, momenta, seeds, 100, np.zeros((1, 2)), np.ones(1))
    )
    means, spreads, r_hats, sizes = map(np.asarray, nuts.diagnoses(positions[:, 100:]))
    np.testing.assert_allclose(means, 0.0, atol=0.15)
    np.testing.assert_allclose(spreads, 1.0, atol=0.15)
    assert np.all(r_hats < 1.02)
    assert np.all(sizes > 300.0)
    assert 0.6 < acceptance[:, 100:].mean() < 0.95


def test_diagnosis_tells_agreeing_chains_from_others() -> None:
    independent = np.random.default_rng(3).normal(size=(4, 400))
    mean, spread, r_hat, size = nuts.diagnosis(independent)
    assert abs(mean) < 0.1
    assert abs(spread - 1.0) < 0.1
    assert abs(r_hat - 1.0) < 0.01
    assert 1000.0 < size < 2500.0
    walks = np.cumsum(independent, axis=1)
    assert nuts.diagnosis(walks)[2] > 1.5
    assert nuts.diagnosis(walks)[3] < 30.0
    assert nuts.diagnosis(independent + np.arange(4.0)[:, None])[2] > 1.3


@pytest.mark.skipif(not MOBILE_PRICE.is_file(), reason="../shared/data/mobile_price/train.csv is not there")
def test_chains_agree_on_mobile_prices(tmp_path: Path) -> None:
    text = run("nuts", "--csv", str(MOBILE_PRICE), "--draws", "200", "-o", str(tmp_path / "traces.png"))
    assert "2000 rows, 21 weights, 50.0% in the upper classes" in text
    r_hats = [float(found) for found in re.findall(r"R-hat ([\d.]+)", text)]
    assert len(r_hats) == 21
    assert max(r_hats) < 1.1


def test_plain_programs_run_in_cpython_all_the_way() -> None:
    for module in MODULES:
        compiled = {name for name, value in vars(module).items() if hasattr(value, "__hloc_compiled__")}
        assert compiled, module.__name__
        for value in vars(module).values():
            if function := getattr(value, "__wrapped__", value if hasattr(value, "__code__") else None):
                assert compiled.isdisjoint(function.__code__.co_names), function
