"""The text of error messages, character by character."""

from __future__ import annotations

import linecache
import pickle
import runpy
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from hloc.diagnostics import errors
from hloc.diagnostics.errors import CompileError, Label, Report, ShapeError
from hloc.diagnostics.render import display_path, render
from hloc.diagnostics.span import NOWHERE, Span

MLP = """\
import numpy as np



def forward(w, x):
    return layer(w, x)



def layer(w, x):
    x = x[0]
    h = np.dot(w, x) + b
    return np.where(
        h > 0,
        h,
        0.0,
        )[
        0]
"""


def dedent(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a file into the working directory and gives its absolute name."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "mlp.py") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_place_source_labels_and_help(source: Callable[[str], str]) -> None:
    file = source(MLP)
    error = ShapeError(
        "dot: inner dimensions differ, 4 and 5",
        span=Span(file, 12, 8, 12, 20, "layer"),
        labels=[
            Label("w: f32[3,4], argument of layer", Span(file, 10, 10, 10, 11)),
            Label("x: f32[5], from x[0]", Span(file, 11, 4, 11, 12)),
        ],
        help="np.dot contracts the last dimension of w with the first of x",
    )
    assert error.rendered == dedent("""
        hloc.ShapeError: dot: inner dimensions differ, 4 and 5
          --> mlp.py:12, in layer
           12 |     h = np.dot(w, x) + b
              |         ^^^^^^^^^^^^
          w: f32[3,4], argument of layer (mlp.py:10)     x: f32[5], from x[0] (mlp.py:11)
          help: np.dot contracts the last dimension of w with the first of x
        """)


def test_a_traceback_ends_with_the_same_text(source: Callable[[str], str]) -> None:
    error = ShapeError("no", span=Span(source(MLP), 6, 11, 6, 22, "forward")).note("while compiling forward")
    assert "".join(traceback.format_exception_only(error)).rstrip() == error.rendered
    assert error.rendered.splitlines()[0] == "hloc.ShapeError: no"


def test_the_traceback_of_a_refusal_shows_no_compiler(source: Callable[[str], str]) -> None:
    file = source(
        "import hloc\n\n@hloc.compile\ndef f(x):\n    return g(x)\n\ndef g(x):\n    return x.length\n\nf(1.0)\n"
    )
    with pytest.raises(CompileError) as caught:
        runpy.run_path(file)
    text = "".join(traceback.format_exception(caught.value))
    assert "During handling" not in text
    assert "specializer.py" not in text
    assert text.rstrip().endswith(
        dedent("""
        hloc.MissingAttributeError: a number (f64) has no attribute 'length'
          --> mlp.py:8, in g
            8 |     return x.length
              |            ^^^^^^^^
          note: called from mlp.py:5, in f
          help: docs/numpy.md lists the attributes and methods of arrays that compile
        """)
    )


def test_every_class_is_a_compile_error_named_after_the_package() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, CompileError)]
    assert len(classes) > 10
    assert {c.__module__ for c in classes} == {"hloc"}


def test_subclasses_outside_keep_their_module() -> None:
    class Mine(CompileError):
        pass

    assert Mine.__module__ == __name__


def test_errors_can_be_pickled() -> None:
    error = ShapeError("no", help="yes").note("while batching layer")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_without_a_place_only_the_text_is_shown() -> None:
    report = Report("no source", NOWHERE, [Label("f: builtin", NOWHERE)], ["while compiling f"], "write it in a file")
    assert render(report) == dedent("""
        no source
          f: builtin
          note: while compiling f
          help: write it in a file
        """)


def test_a_missing_file_still_gives_the_place() -> None:
    assert render(Report("no", Span("/no/such/file.py", 3, 0, 3, 5, "f"))) == "no\n  --> /no/such/file.py:3, in f"


def test_a_line_past_the_end_of_the_file_gives_the_place(source: Callable[[str], str]) -> None:
    assert render(Report("no", Span(source("x = 1\n"), 9, 0, 9, 5))) == "no\n  --> mlp.py:9"


def test_a_span_over_lines_is_underlined_on_each(source: Callable[[str], str]) -> None:
    assert render(Report("no", Span(source(MLP), 13, 11, 16, 12, "layer"))) == dedent("""
        no
          --> mlp.py:13, in layer
           13 |     return np.where(
              |            ^^^^^^^^^
           14 |         h > 0,
              |         ^^^^^^
           15 |         h,
              |         ^^
           16 |         0.0,
              |         ^^^^
        """)


def test_a_long_span_shows_its_ends(source: Callable[[str], str]) -> None:
    assert render(Report("no", Span(source(MLP), 13, 11, 18, 10))) == dedent("""
        no
          --> mlp.py:13
           13 |     return np.where(
              |            ^^^^^^^^^
           14 |         h > 0,
              |         ^^^^^^
          ... |
           18 |         0]
              |         ^^
        """)


def test_empty_lines_inside_a_span_are_left_out(source: Callable[[str], str]) -> None:
    assert render(Report("no", Span(source("f(1,\n\n  2)\n"), 1, 0, 3, 4))) == dedent("""
        no
          --> mlp.py:1
            1 | f(1,
              | ^^^^
            3 |   2)
              |   ^^
        """)


def test_an_empty_span_gets_one_caret(source: Callable[[str], str]) -> None:
    assert render(Report("no", Span(source("x = 1\n"), 1, 4, 1, 4))).endswith("\n      |     ^")


def test_tabs_are_expanded(source: Callable[[str], str]) -> None:
    assert render(Report("no", Span(source("if x:\n\ta =\tb + c\n"), 2, 5, 2, 10))) == dedent("""
        no
          --> mlp.py:2
            2 |     a = b + c
              |         ^^^^^
        """)


def test_wide_and_combining_characters_take_their_columns(source: Callable[[str], str]) -> None:
    text = 'x = f("数値", "e\u0301", y)\n'
    start = text.index("y)")
    shown = render(Report("no", Span(source(text), 1, start, 1, start + 1))).splitlines()
    assert shown[2] == "    1 | " + text.rstrip()
    assert shown[3] == "      | " + " " * (start + 2 - 1) + "^"


def test_a_character_that_cannot_be_printed_is_replaced(source: Callable[[str], str]) -> None:
    shown = render(Report("no", Span(source("x = '\x1b[31m' + y\n"), 1, 14, 1, 15))).splitlines()
    assert shown[2] == "    1 | x = '�[31m' + y"


def test_a_long_line_is_cut_around_the_expression(source: Callable[[str], str]) -> None:
    text = "total = " + " + ".join(f"a{i:03d}" for i in range(100)) + "\n"
    start = text.index("a050")
    place, carets = render(Report("no", Span(source(text), 1, start, 1, start + 4))).splitlines()[2:]
    assert place == (
        "    1 | …043 + a044 + a045 + a046 + a047 + a048 + a049 + a050 + a051 + a052 + a053 + a054 + a055 + a056 + a05…"
    )
    assert place[carets.index("^") : carets.rindex("^") + 1] == "a050"


def test_an_expression_longer_than_a_line_is_cut(source: Callable[[str], str]) -> None:
    text = "x = " + "a" * 300 + "\n"
    place, carets = render(Report("no", Span(source(text), 1, 4, 1, 304))).splitlines()[2:]
    assert place.startswith("    1 | x = aaa")
    assert place.endswith("a…")
    assert len(carets) <= len(place)


def test_line_numbers_widen_the_margin(source: Callable[[str], str]) -> None:
    file = source("\n" * 123455 + "x = y\n")
    assert render(Report("no", Span(file, 123456, 4, 123456, 5))) == dedent("""
        no
          --> mlp.py:123456
           123456 | x = y
                  |     ^
        """)


def test_labels_that_do_not_fit_go_one_a_line(source: Callable[[str], str]) -> None:
    file = source(MLP)
    labels = [
        Label("first: " + "a" * 60, Span(file, 10, 0, 10, 1)),
        Label("second: " + "b" * 60, Span("/lib/o.py", 2, 0, 2, 1)),
    ]
    assert render(Report("no", Span(file, 6, 4, 6, 10), labels)).splitlines()[-2:] == [
        "  first: " + "a" * 60 + " (mlp.py:10)",
        "  second: " + "b" * 60 + " (/lib/o.py:2)",
    ]


def test_further_lines_of_a_text_are_indented() -> None:
    assert render(Report("first\nsecond", None, [], ["IR:\n%x = sine %y"], "a\nb")) == dedent("""
        first
          second
          note: IR:
                %x = sine %y
          help: a
                b
        """)


def test_notebook_cells_are_read_from_linecache() -> None:
    name = "/tmp/ipykernel_4711/1234567.py"
    linecache.cache[name] = (6, None, ["y = f(x)\n"], name)
    try:
        assert render(Report("no", Span(name, 1, 4, 1, 8, "g"))) == dedent("""
            no
              --> notebook cell:1, in g
                1 | y = f(x)
                  |     ^^^^
            """)
    finally:
        del linecache.cache[name]


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("<ipython-input-12-0123abcd>", "In[12]"),
        ("<stdin>", "<stdin>"),
        ("/elsewhere/f.py", "/elsewhere/f.py"),
        ("sub/f.py", "sub/f.py"),
    ],
)
def test_display_path(file: str, shown: str) -> None:
    assert display_path(file) == shown


def test_paths_below_the_working_directory_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert display_path(str(tmp_path / "a" / "f.py")) == str(Path("a", "f.py"))
