"""The commands, against a stand-in for the API: what is asked of it, what is printed, exit codes."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

Call = Callable[..., click.testing.Result]
Program = Callable[[str], Path]

PROGRAM = """\
import numpy as np
import hloc

@hloc.compile
def first(x: "f64[3]", n: int, eps=1e-3):
    return x * n

@hloc.compile(signature=("S",))
def second(x):
    x[0] = 7.0

def plain(x, *, k=1):
    return x + k

def refused(x):
    return x

def fails(i):
    return [1, 2][i]

one = 1
"""


@pytest.fixture(autouse=True)
def written(fake_api: None, program: Program) -> None:
    program(PROGRAM)


def test_version(call: Call) -> None:
    assert call("--version").output == f"hloc {importlib.metadata.version('hloc')}\n"


def test_help_names_the_commands(call: Call) -> None:
    output = call("--help").output
    assert all(command in output for command in ("compile", "run", "inspect", "explain"))


def test_compile_passes_types_and_literals(call: Call) -> None:
    result = call("compile", "prog.py:plain", "--args", "f64[3,4], (i64, b1), 'mean', k=-2", "--emit", "ssa")
    assert (result.exit_code, result.output) == (0, "func @plain(f64[3,4], (i64, b1), 'mean', k=-2)\n")


def test_compile_without_function_takes_every_decorated_one_with_its_own_types(call: Call) -> None:
    result = call("compile", "prog.py", "--emit", "ssa")
    assert result.output == "func @first(f64[3], i64)\nfunc @second('S')\n"


def test_compile_prints_stages_in_the_order_asked(call: Call) -> None:
    result = call("compile", "prog.py:first", "--emit", "stablehlo", "--emit", "python", "--emit", "source")
    assert result.output.split("\n\n") == [
        "module {}",
        "def first(): ...",
        '@hloc.compile\ndef first(x: "f64[3]", n: int, eps=1e-3):\n    return x * n\n',
    ]


def test_compile_reports_by_default(call: Call) -> None:
    lines = call("compile", "prog.py:first").output.splitlines()
    assert lines == [
        "first",
        "  ssa: 1 lines",
        "  stablehlo: 1 lines",
        "  optimised HLO: 3 lines",
        "  cost: flops 1,200, bytes accessed 64",
        "  memory in bytes: arguments 24, outputs 8, peak 32",
        "  Static:",
        "    f64[3], i64: it is used as a shape  (f.py:3)",
        "  No loop is repeated: each loop of the source is one loop of the program.",
        "  No check remains.",
    ]


def test_compile_writes_files(call: Call, tmp_path: Path) -> None:
    result = call("compile", "prog.py:first", "-o", "out/stages")
    written = sorted(path.name for path in (tmp_path / "out" / "stages").iterdir())
    assert written == sorted(
        ["first.source.py", "first.ssa", "first.py", "first.stablehlo.mlir", "first.hlo", "first.report.txt"]
    )
    assert len(result.output.splitlines()) == len(written)
    assert (tmp_path / "out" / "stages" / "first.ssa").read_text() == "func @first(f64[3], i64)\n"


def test_explain(call: Call) -> None:
    assert call("explain", "prog.py:plain", "--args", "f32").output.splitlines()[:2] == [
        "Static:",
        "  f32: it is used as a shape  (f.py:3)",
    ]


def test_inspect_aligns_stages_with_source_lines(call: Call, program: Program) -> None:
    program("\n\n\n\ndef square(x):\n    y = x * x\n    return np.sin(y)\n")
    result = call("inspect", "prog.py:square", "--args", "f64", "--width", "100")
    shown = [[cell.rstrip() for cell in re.split("[│┃]", line)[1:4]] for line in result.output.splitlines()]
    assert [row for row in shown if row] == [
        [" source", " ssa", " stablehlo"],
        ["    5 def square(x):", "    5 func @main(%x: f64) -> f64", ""],
        ["", "          {", ""],
        ["    6     y = x * x", "    6   %y: f64 = multiply %x, %x", ""],
        ["    7     return np.sin(y)", "    7   %z: f64 = sine %y", "    7   %0 = stablehlo.sine %arg0"],
        ["", "        return %z", "            : tensor<f64>"],
        ["", "      }", ""],
    ]


def test_run_prints_result_and_times(call: Call) -> None:
    lines = call("run", "prog.py:plain", "--args", "np.arange(3), k=one + 1", "--compare").output.splitlines()
    assert lines[0] == "[2 3 4]"
    assert [line.split("  ")[0] for line in lines[1:4]] == ["first call", "next calls", "CPython"]
    assert lines[-1] == "equal to CPython: yes"


def test_run_shows_changed_arguments(call: Call) -> None:
    result = call("run", "prog.py:second", "--args", "np.zeros(2)", "--repeat", "0")
    assert result.output.splitlines()[:2] == ["None", "argument 0 is now [7. 0.]"]


def test_a_refusal_is_rendered_and_exits_with_1(call: Call) -> None:
    result = call("compile", "prog.py:refused", "--args", "f64", "--emit", "ssa")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "hloc.ShapeError: refused\n  help: do not\n"


def test_an_error_of_the_program_names_its_place(call: Call, tmp_path: Path) -> None:
    result = call("run", "prog.py:fails", "--args", "5")
    assert result.exit_code == 1
    assert result.stderr == f"IndexError: list index out of range\n  --> {tmp_path / 'prog.py'}:19, in fails\n"


def test_an_error_of_the_file_names_its_place(call: Call, program: Program, tmp_path: Path) -> None:
    program("x = 1\ny = z\n")
    result = call("run", "prog.py:f")
    assert result.exit_code == 1
    assert result.stderr == f"NameError: name 'z' is not defined\n  --> {tmp_path / 'prog.py'}:2, in <module>\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compile", "none.py"], "no file none.py"),
        (["compile", "prog.py:nothing"], "prog.py defines no nothing"),
        (["compile", "prog.py:one"], "one in prog.py is no function"),
        (["compile", "prog.py:plain"], "the type of argument x is not known: annotate it or give --args"),
        (["compile", "prog.py:plain", "--args", "f65"], "--args: 'f65' is no list of types"),
        (["compile", "prog.py:plain", "--args", "f64[a]"], "--args: 'f64[a]' is no list of types"),
        (["compile", "prog.py:plain", "--args", "f64["], "--args: 'f64[' is no list of types"),
        (["compile", "prog.py:plain", "--emit", "asm"], "'asm' is not one of"),
        (["run", "prog.py", "--args", "1"], "which function of prog.py? Write prog.py:FUNCTION"),
        (["run", "prog.py:plain", "--args", "nope"], "--args: 'nope' fails with NameError: name 'nope' is not defined"),
        (["run", "prog.py:plain", "--args", "no.npy"], "no.npy cannot be read"),
        (["inspect", "prog.py:plain", "--args", "f64", "--stages", "ssa,asm"], "asm is none of source, ssa"),
    ],
)
def test_a_wrong_command_line_exits_with_2(call: Call, words: list[str], message: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_file_without_decorated_functions_is_a_wrong_command_line(call: Call, program: Program) -> None:
    program("def f(x):\n    return x\n")
    result = call("compile", "prog.py")
    assert result.exit_code == 2
    assert "prog.py has no function decorated with hloc.compile; name one: prog.py:FUNCTION" in result.stderr
