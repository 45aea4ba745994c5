"""Finding the text of a function: wherever Python may have it, and only if it is what runs."""

from __future__ import annotations

import doctest
import functools
import gc
import importlib.util
import linecache
import math
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import gast
import pytest

from hloc.diagnostics.errors import SourceError, UnsupportedError
from hloc.frontend.source import FunctionSource, function_source
from hloc.frontend.source import _cache as CACHE
from tests.frontend.core_python import core_text, define, run_core


def text_at(source: FunctionSource, node: gast.AST) -> str:
    """The text under the span of a node that lies on one line."""
    span = source.span(node)
    assert span.line == span.end_line
    return source.lines[span.line - 1][span.column : span.end_column]


def find(source: FunctionSource, kind: type) -> Any:
    return next(node for node in gast.walk(source.node) if isinstance(node, kind))


def load(path: Path, text: str) -> types.ModuleType:
    """A module imported from a file."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def edit(path: Path, text: str) -> None:
    """Write a file so that linecache notices, whatever the clock's resolution."""
    path.write_text(text)
    os.utime(path, (1, 1))


def plain(x: float) -> float:
    return x + 1


def keep(fn: Any) -> Any:
    return fn


@keep
@functools.lru_cache(
    maxsize=8,
)
def decorated(x: float) -> float:
    return x * 2


class Model:
    __scale = 3

    def scaled(self, x: float) -> float:
        return self.__scale * x

    @staticmethod
    def __hidden(__x: float) -> float:
        return __x

    hidden = __hidden


def outer(k: float) -> Any:
    def inner(x: float) -> float:
        return k * x

    return inner


def checked(x: float) -> float:
    assert x > 0, "positive"
    return math.sqrt(x)


def test_plain_function_with_places_in_its_file() -> None:
    source = function_source(plain)
    assert (source.name, source.file) == ("plain", __file__)
    assert source.lines[source.first_line - 1] == "def plain(x: float) -> float:\n"
    assert text_at(source, find(source, gast.BinOp)) == "x + 1"
    assert text_at(source, source.node) == "def plain"
    assert source.span(find(source, gast.BinOp)).function == "plain"


def test_source_is_made_once() -> None:
    assert function_source(plain) is function_source(plain)


def test_decorators_are_ignored() -> None:
    source = function_source(decorated.__wrapped__)
    assert source.node.decorator_list == []
    assert text_at(source, find(source, gast.BinOp)) == "x * 2"


def test_method_with_private_names() -> None:
    source = function_source(Model.scaled)
    assert find(source, gast.Attribute).attr == "_Model__scale"
    assert text_at(source, find(source, gast.Attribute)) == "self.__scale"
    assert function_source(Model.hidden).scope.params == ("_Model__x",)


def test_nested_function_knows_its_free_names() -> None:
    source = function_source(outer(2.0))
    assert source.scope.freevars == {"k"}
    assert text_at(source, find(source, gast.BinOp)) == "k * x"
    assert run_core(outer(2.0))(4.0) == 8.0


def test_function_whose_assert_pytest_rewrote() -> None:
    assert text_at(function_source(checked), find(function_source(checked), gast.Raise)).startswith("assert x > 0")


def test_lambdas_on_one_line() -> None:
    fs = [lambda x: x + 1, lambda x: x * 2 if x else 3, lambda x: lambda y: x - y, lambda: 0]  # fmt: skip
    texts = [text_at(function_source(f), function_source(f).node) for f in (*fs, fs[2](1))]
    assert texts == [
        "lambda x: x + 1",
        "lambda x: x * 2 if x else 3",
        "lambda x: lambda y: x - y",
        "lambda: 0",
        "lambda y: x - y",
    ]


def test_a_lambda_in_a_lambda_whose_paths_return_apart() -> None:
    (make,) = [lambda: lambda x: -x if x > 0 else x]  # fmt: skip
    for f, text in ((make, "lambda: lambda x: -x if x > 0 else x"), (make(), "lambda x: -x if x > 0 else x")):
        assert text_at(function_source(f), function_source(f).node) == text


def test_equal_lambdas_on_one_line_keep_their_columns() -> None:
    a, b = lambda x: x + 1, lambda x: x + 1  # fmt: skip
    columns = [function_source(f).span(function_source(f).node).column for f in (a, b)]
    assert columns[0] < columns[1]


def test_lambda_in_the_default_of_a_lambda() -> None:
    f = lambda x, g=lambda x: x + 1: g(x) * 2  # noqa: E731
    assert core_text(f) == "lambda x, g=lambda x: x + 1: g(x) * 2"
    assert core_text(f.__defaults__[0]) == "lambda x: x + 1"


def test_lambda_over_several_lines() -> None:
    f = keep(
        lambda x,
        y: (
            x
            + y
        )
    )  # fmt: skip
    span = function_source(f).span(function_source(f).node)
    assert core_text(f) == "lambda x, y: x + y"
    assert span.end_line == span.line + 4


def test_columns_count_characters() -> None:
    source = function_source(define("def f(größe):\n    é = 'ß→'; return größe * 2\n"))
    assert text_at(source, find(source, gast.BinOp)) == "größe * 2"


def test_tabs_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "tabs.py"
    path.write_bytes(b"\xef\xbb\xbfclass A:\r\n\tdef f(self, x):\r\n\t\treturn x - 1\r\n")
    spec = importlib.util.spec_from_file_location("tabs", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = function_source(module.A.f)
    assert text_at(source, find(source, gast.BinOp)) == "x - 1"


def test_f_strings_have_places_inside_their_text() -> None:
    source = function_source(define("def f(x):\n    raise ValueError(f'got {x + 1!r}')\n"))
    assert text_at(source, find(source, gast.BinOp)) in ("x + 1", "f'got {x + 1!r}'")


def test_equal_code_in_two_files(tmp_path: Path) -> None:
    text = "def f(x):\n    return x + 1\n"
    a, b = (load(tmp_path / name, text).f for name in ("a.py", "b.py"))
    assert a.__code__ == b.__code__
    assert [Path(function_source(f).file).name for f in (a, b)] == ["a.py", "b.py"]


def test_notebook_cell_with_await() -> None:
    cell = "import asyncio\nawait asyncio.sleep(0)\ndef f(x):\n    return x + 1\n"
    linecache.cache["<ipython-input-7-abc>"] = (
        len(cell),
        None,
        cell.splitlines(keepends=True),
        "<ipython-input-7-abc>",
    )
    namespace: dict[str, Any] = {}
    exec(compile("\n\n" + cell[cell.index("def") :], "<ipython-input-7-abc>", "exec"), namespace)
    assert core_text(namespace["f"]) == "def f(x):\n    return x + 1"


def test_doctest_example() -> None:
    example = ">>> def f(x):\n...     return x + 1\n>>> text(f)\n'def f(x):\\n    return x + 1'\n"
    test = doctest.DocTestParser().get_doctest(example, {"text": core_text}, "example", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_future_annotations_of_the_file_are_obeyed(tmp_path: Path) -> None:
    text = "from __future__ import annotations\ndef f(x):\n    def g(z: Unknown): return z\n    return g(x)\n"
    assert run_core(load(tmp_path / "future.py", text).f)(5) == 5


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is new in Python 3.12")
def test_type_parameters_are_ignored() -> None:
    assert run_core(define("def f[T](x: T) -> T:\n    return x\n"))(5) == 5


def test_text_without_a_file_is_refused() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x): return x", namespace)
    with pytest.raises(SourceError) as caught:
        function_source(namespace["f"])
    assert str(caught.value) == (
        "the source of 'f' is not available (<string>)\n"
        "  --> <string>:1, in f\n"
        "  help: hloc reads the text of a function: define it in a file or a notebook cell. For text made at run time, "
        "enter it into linecache.cache under the file name given to compile()"
    )


def test_builtin_is_refused() -> None:
    with pytest.raises(SourceError, match="only functions written in Python"):
        function_source(math.sqrt)  # type: ignore[arg-type]


EDITED = "def f(x):\n    return x + 1\n\ndef g(x):\n    return x * 2\n"


@pytest.mark.parametrize(
    "after",
    [
        EDITED.replace("x * 2", "x * 3"),
        EDITED.replace("x * 2", "x * 2.0"),
        EDITED.replace("def g(x)", "def h(x)"),
        EDITED.replace("return x * 2", "return x.T * 2"),
        EDITED.replace("def g(x):", "def g(x)"),
        "",
    ],
    ids=["constant", "kind of constant", "name", "attribute", "syntax error", "emptied"],
)
def test_edited_function_is_refused(tmp_path: Path, after: str) -> None:
    module = load(tmp_path / "edited.py", EDITED)
    edit(tmp_path / "edited.py", after)
    with pytest.raises(SourceError, match="the source of 'g' has changed since it was imported"):
        function_source(module.g)


def test_edit_elsewhere_in_the_file_does_no_harm(tmp_path: Path) -> None:
    module = load(tmp_path / "moved.py", EDITED)
    edit(tmp_path / "moved.py", "# new\n\n" + EDITED.replace("x + 1", "x + 7"))
    source = function_source(module.g)
    assert source.span(source.node).line == 6
    assert core_text(module.g) == "def g(x):\n    return x * 2"


def test_text_read_before_the_edit_still_serves(tmp_path: Path) -> None:
    module = load(tmp_path / "read.py", EDITED)
    function_source(module.f)
    edit(tmp_path / "read.py", EDITED.replace("x * 2", "x * 3"))
    assert core_text(module.g) == "def g(x):\n    return x * 2"


def test_reloaded_module_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # within one second Python takes the old bytecode for the new
    assert core_text(load(tmp_path / "again.py", EDITED).g) == "def g(x):\n    return x * 2"
    edit(tmp_path / "again.py", EDITED.replace("x * 2", "x * 3"))
    module = load(tmp_path / "again.py", EDITED.replace("x * 2", "x * 3"))
    assert core_text(module.g) == "def g(x):\n    return x * 3"


def test_async_function_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="async code is not supported"):
        function_source(define("async def f(x):\n    return x\n"))


def test_cache_lets_functions_go() -> None:
    gc.collect()
    before = len(CACHE)
    fn = define("def f(x):\n    return x\n")
    function_source(fn)
    assert len(CACHE) == before + 1
    del fn
    gc.collect()
    assert len(CACHE) == before


def test_without_columns_several_lambdas_on_a_line_are_refused(tmp_path: Path) -> None:
    text = (
        "from hloc.frontend.source import function_source\n"
        "a, b = lambda x: x + 1, lambda x: x + 2\n"
        "c = lambda x: x\n"
        "print(function_source(c).name)\n"
        "try: function_source(b)\n"
        "except OSError as error: print(error)\n"
    )
    (tmp_path / "columns.py").write_text(text)
    command = [sys.executable, "-X", "no_debug_ranges", str(tmp_path / "columns.py")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.startswith("<lambda>\nseveral lambdas")
