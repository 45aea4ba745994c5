"""The commands, against a stand-in for the API: what is asked of it, what is printed, exit codes."""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

from hloc.cli.commands import EMITTED

Call = Callable[..., click.testing.Result]
Program = Callable[[str], Path]

PROGRAM = """\
import numpy as np
import hloc

@hloc.compile
def first(x: "f64[3]", n: int, eps=1e-3):
    return x * n

@hloc.compile(signature="f32[2], i64")
def second(x, n):
    for i in range(n):
        x[0] = x[0] * 2
    return x[1]

def plain(x, *, k=1):
    return x + k

def refused(x):
    return x + x[:, :2]

def wrong(x):
    if x > 0:
        raise ValueError(f"{x} is positive")
    return x

one = 1
"""


@pytest.fixture(autouse=True)
def written(program: Program) -> None:
    program(PROGRAM)


def test_version(call: Call) -> None:
    assert call("--version").output == f"hloc {importlib.metadata.version('hloc')}\n"


def test_help_names_the_commands(call: Call) -> None:
    output = call("--help").output
    assert all(command in output for command in ("compile", "run", "inspect", "explain"))


def test_compile_takes_types_and_values(call: Call) -> None:
    result = call("compile", "prog.py:plain", "--args", "f64[3,4], k=f64[4]", "--emit", "ssa")
    assert result.exit_code == 0
    assert result.output.startswith("func @main(%x: f64[3,4], %k: f64[4]) -> f64[3,4] {\n")


def test_compile_without_function_takes_every_decorated_one_with_its_own_types(call: Call) -> None:
    lines = call("compile", "prog.py", "--emit", "ssa").output.splitlines()
    heads = [line for line in lines if line.startswith("func")]
    assert heads[0].startswith("func @main(%x: f64[3], %n: i64")
    assert heads[1].startswith("func @main(%x: f32[2], %n: i64)")


def test_compile_prints_stages_in_the_order_asked(call: Call) -> None:
    result = call(
        "compile", "prog.py:plain", "--args", "f64[3]", "--emit", "stablehlo", "--emit", "python", "--emit", "source"
    )
    stablehlo, python = result.output.index("stablehlo.add"), result.output.index("def main(")
    assert stablehlo < python < result.output.index("def plain(x, *, k=1):\n    return x + k\n")


def test_compile_reports_by_default(call: Call) -> None:
    lines = call("compile", "prog.py:second").output.splitlines()
    assert lines[0] == "second"
    assert [line.split(":")[0] for line in lines[1:6]] == [
        "  ssa",
        "  stablehlo",
        "  optimised HLO",
        "  cost",
        "  memory in bytes",
    ]
    assert "arguments 16" in lines[5]
    assert "  No loop is repeated: each loop of the source is one loop of the program." in lines


def test_compile_writes_files(call: Call, tmp_path: Path) -> None:
    result = call("compile", "prog.py:second", "-o", "out/stages")
    files = {path.name: path.read_text() for path in (tmp_path / "out" / "stages").iterdir()}
    assert result.output.splitlines() == [str(Path("out", "stages", f"second.{suffix}")) for suffix in EMITTED.values()]
    assert sorted(files) == sorted(f"second.{suffix}" for suffix in EMITTED.values())
    assert files["second.ssa"].startswith("func @main(")
    assert "HloModule" in files["second.hlo"]


def test_printed_python_runs(call: Call, tmp_path: Path) -> None:
    call("compile", "prog.py:plain", "--args", "f64[2], k=f64", "--emit", "python", "-o", "out")
    main = runpy.run_path(str(tmp_path / "out" / "plain.py"))["main"]
    assert main(np.array([1.0, 2.0]), 3.0).tolist() == [4.0, 5.0]


RECURSIVE = """
def sum_below(n):
    return n if n < 2 else sum_below(n - 1) + sum_below(n - 2)
"""


def test_recursion_is_shown_before_and_after_it_became_a_loop(call: Call, program: Program) -> None:
    program(RECURSIVE)
    target = ("compile", "prog.py:sum_below", "--args", "i64")
    before = call(*target, "--emit", "ssa").output
    assert before.count(" = call @sum_below ") == 3
    after = call(*target, "--emit", "ssa", "--after", "recursion").output
    assert "call" not in after
    assert after.count(" = while ") == 1
    assert call(*target, "--after", "recursion").output == after


def test_explain_says_what_becomes_of_recursion(call: Call, program: Program) -> None:
    program(RECURSIVE)
    lines = call("explain", "prog.py:sum_below", "--args", "i64").output.splitlines()
    loop = "becomes a loop that calls and returns with a stack of 1,024 rows, which grow with need"
    assert lines[-3:-1] == ["Recursive:", f"  sum_below: {loop}  (prog.py:2)"]
    assert lines[-1].startswith("Cache: ")
    program("def f(x):\n    return x\n")
    assert "Recursive:" not in call("explain", "prog.py:f", "--args", "i64").output


def test_the_loop_for_recursion_as_python(call: Call, program: Program, tmp_path: Path) -> None:
    program(RECURSIVE)
    target = ("compile", "prog.py:sum_below", "--args", "i64")
    call(*target, "--emit", "python", "--after", "recursion", "-o", "out")
    text = (tmp_path / "out" / "sum_below.py").read_text()
    assert "sum_below(" not in text
    main = runpy.run_path(str(tmp_path / "out" / "sum_below.py"))["main"]
    assert main(15) == (610, 0)


def test_explain_says_what_became_static_and_which_checks_remain(call: Call, program: Program) -> None:
    program("import numpy as np\n\ndef f(n, a, i):\n    b = np.zeros(n)\n    return b[0] + a[i]\n")
    lines = call("explain", "prog.py:f", "--args", "3, f64[5], i64").output.splitlines()
    assert lines[0] == "Static:"
    assert lines[1] == "  n: used as a shape  (prog.py:4)"
    assert "No loop is repeated: each loop of the source is one loop of the program." in lines
    assert [line for line in lines if line.startswith("  IndexError")] == [
        "  IndexError: may be raised: nothing proves that it cannot  (prog.py:5)"
    ]


def test_inspect_aligns_stages_with_source_lines(call: Call, program: Program) -> None:
    program("import numpy as np\n\n\n\ndef square(x):\n    y = x * x\n    return np.sin(y)\n")
    result = call(
        "inspect", "prog.py:square", "--args", "f64[4]", "--width", "200", "--stages", "source,ssa,stablehlo,python"
    )
    rows = [[cell.strip() for cell in re.split("[│┃]", line)[1:5]] for line in result.output.splitlines()]
    beside = {row[0]: row[1:] for row in rows if row}
    assert beside["6     y = x * x"][0].endswith("= multiply %x, %x")
    assert beside["7     return np.sin(y)"][0].endswith("f64[4] = sine %y")
    assert "stablehlo.multiply" in beside["6     y = x * x"][1]
    assert "stablehlo.sine" in beside["7     return np.sin(y)"][1]


def test_run_prints_result_and_times(call: Call) -> None:
    lines = call("run", "prog.py:plain", "--args", "np.arange(3), k=one + 1", "--compare").output.splitlines()
    assert lines[0] == "[2 3 4]"
    assert [line.split("  ")[0] for line in lines[1:4]] == ["first call", "next calls", "CPython"]
    assert lines[-1] == "equal to CPython: yes"


def test_run_shows_changed_arguments(call: Call) -> None:
    result = call("run", "prog.py:second", "--args", "np.ones(2), 3", "--repeat", "0")
    assert result.output.splitlines()[:2] == ["1.0", "argument 0 is now [8. 1.]"]


def test_a_refusal_is_rendered_and_exits_with_1(call: Call) -> None:
    result = call("compile", "prog.py:refused", "--args", "f64[3,4]", "--emit", "ssa")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("hloc.ShapeError: ")
    assert "\n  --> prog.py:18, in refused\n   18 |     return x + x[:, :2]\n" in result.stderr


def test_an_error_of_the_program_is_pythons_with_its_place(call: Call, tmp_path: Path) -> None:
    result = call("run", "prog.py:wrong", "--args", "2.5")
    assert result.exit_code == 1
    assert result.stderr == f"ValueError: 2.5 is positive\n  --> {tmp_path / 'prog.py'}:22, in wrong\n"


def test_missing_arguments_are_named(call: Call) -> None:
    result = call("run", "prog.py:plain")
    assert (result.exit_code, result.stderr) == (1, "TypeError: missing a required argument: 'x'\n")


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
        (["compile", "prog.py:plain", "--after", "frontend"], "'frontend' is not one of 'recursion', 'batching'"),
        (["compile", "prog.py:plain", "--emit", "hlo", "--after", "recursion"], "--after goes with --emit ssa and"),
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


GRADIENT = """\
import numpy as np

def loss(w: "f64[3]", x: "f64[3]", n: int):
    s = 0.0
    for i in range(n):
        s = s * 0.5 + np.sin((w * x).sum() + s)
    return s
"""


def test_grad(call: Call, program: Program) -> None:
    program(GRADIENT)
    text = call("compile", "prog.py:loss", "--grad", "w,x", "--emit", "python").output
    Path("gradient.py").write_text(text, encoding="utf-8")
    space = runpy.run_path("gradient.py")
    w_bar, x_bar, *_ = space["main"](np.ones(3), np.full(3, 2.0), 1)
    np.testing.assert_allclose(w_bar, 2 * np.cos(6) * np.ones(3))
    np.testing.assert_allclose(x_bar, np.cos(6) * np.ones(3))
    run = call("run", "prog.py:loss", "--grad", "1", "--args", "np.ones(3), np.full(3, 2.0), 1").output
    assert run.startswith("[0.96017029 0.96017029 0.96017029]")
    assert "Saved for the reverse sweep, 32,768 bytes:" in call("explain", "prog.py:loss", "--grad", "w").output
    assert "cos" in call("inspect", "prog.py:loss", "--grad", "w", "--stages", "source,python").output
    folder = call("compile", "prog.py:loss", "--grad", "w", "--emit", "ssa", "-o", "out").output
    assert folder.split() == [str(Path("out/grad_loss.ssa"))]


def test_vmap(call: Call, program: Program) -> None:
    program(GRADIENT)
    run = call("run", "prog.py:loss", "--vmap", "0,none,none", "--args", "np.eye(2, 3), np.full(3, 2.0), 1").output
    assert run.startswith("[0.90929743 0.90929743]")
    values = ("--args", "np.eye(2, 3), np.ones(3), 0")
    each = call("run", "prog.py:loss", "--grad", "w", "--vmap", "0,None,none", *values).output
    assert each.startswith("[[0. 0. 0.]\n [0. 0. 0.]]")
    types = ("--args", "f64[4,3], f64[3], i64")
    assert "lanes" in call("compile", "prog.py:loss", "--vmap", "0,none,none", *types, "--emit", "ssa").output


LANES = """\
def halvings(n: "i64[3]"):
    count = 0
    while n > 1:
        n = n // 2
        count += 1
    return count
"""


def test_explain_tells_how_lanes_run_and_measures_them(call: Call, program: Program) -> None:
    program(LANES)
    told = call("explain", "prog.py:halvings", "--vmap", "0", "--args", "i64[3]").output
    assert "3 lanes: serial: lanes leave loops at different times" in told
    assert "count: i64 for each lane, because of n" in told
    measured = call("explain", "prog.py:halvings", "--vmap", "0", "--measure", "np.array([1, 2, 16])").output
    assert "41.7% of 3 lanes, 5 trips of 12  (prog.py:3)" in measured
    plain = call("explain", "prog.py:halvings", "--vmap", "0", "--measure", "np.ones(0, int)")
    assert "No loop is left by lanes at different times." in plain.output


def test_vmap_of_what_are_no_axes(call: Call, program: Program) -> None:
    program(GRADIENT)
    wrong = call("run", "prog.py:loss", "--vmap", "first", "--args", "1")
    assert wrong.exit_code == 2
    assert "axes are numbers or none" in wrong.stderr


def test_grad_of_what_is_no_argument(call: Call, program: Program) -> None:
    program(GRADIENT)
    result = call("compile", "prog.py:loss", "--grad", "w,q")
    assert result.exit_code == 2
    assert "q is no argument of loss(w, x, n)" in result.stderr
    assert call("run", "prog.py:loss", "--grad", "w", "--compare", "--args", "1.0").exit_code == 2


def test_options_for_xla(call: Call, program: Program) -> None:
    program(GRADIENT)
    values = ("--args", "np.ones(3), np.full(3, 2.0), 1")
    for words in ((), ("--grad", "w"), ("--compare",)):
        assert call("run", "prog.py:loss", *values, *words, "--option", "xla_cpu_ftz=true").exit_code == 0
    unknown = call("run", "prog.py:loss", *values, "--option", "xla_cpu_ftzz=true")
    assert unknown.exit_code == 1
    assert "has no option xla_cpu_ftzz; near names: xla_cpu_ftz" in unknown.output
    assert "-->" not in unknown.output
    wrong = call("run", "prog.py:loss", *values, "--option", "xla_cpu_ftz")
    assert wrong.exit_code == 2
    assert "--option takes NAME=VALUE, found 'xla_cpu_ftz'" in wrong.output


def test_a_profile_of_a_run(call: Call, program: Program) -> None:
    program(GRADIENT)
    words = ("run", "prog.py:loss", "--args", "np.ones(3), np.full(3, 2.0), 1", "--profile", "trace")
    done = call(*words)
    run = Path(done.output.splitlines()[-1].removeprefix("profile").strip())
    assert run.parent == Path("trace/plugins/profile").absolute()
    (trace,) = run.glob("*.trace.json.gz")
    with gzip.open(trace) as file:
        names = [event.get("name") for event in json.load(file)["traceEvents"]]
    assert names.count("hloc: call loss") == 6
    Path("file").write_text("")
    assert call(*words[:-1], "file").exit_code == 1
