"""A stand-in for the public API: functions that report what the command line asked of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click.testing
import pytest

import hloc
from hloc.diagnostics.errors import ShapeError
from hloc.diagnostics.span import Span
from hloc.ir.types import parse_type
from hloc.runtime import Memory


class ShapeDtype:
    def __init__(self, text: str) -> None:
        self.type = parse_type(text)

    def __repr__(self) -> str:
        return str(self.type)


@dataclass
class Decision:
    what: str
    reason: str
    span: Span


class Explanation:
    def __init__(self, text: str) -> None:
        self.static = [Decision(text, "it is used as a shape", Span("f.py", 3, 0, 3, 1))]
        self.repeated: list[Decision] = []
        self.checks: list[Decision] = []


class Compiled:
    optimized_hlo = "ENTRY main {\n  add.1 = f64[] add(a, b)\n}"
    cost = {"flops": 1200.0, "transcendentals": 0.0, "bytes accessed": 64.0}
    memory = Memory(arguments=24, outputs=8, temporaries=0, alias=0, peak=32)


class Lowered:
    def __init__(self, function: CompiledFunction, shown: str) -> None:
        self.file = function.__code__.co_filename
        self.ssa = f"func @{function.__name__}({shown})"
        self.python = f"def {function.__name__}(): ..."
        self.stablehlo = "module {}"

    def with_places(self, stage: str) -> str:
        place = f'"{self.file}" {{}}:4 {{}}:9 in "f"'
        texts = {
            "ssa": f"func @main(%x: f64) -> f64 {{ loc({place.format(5, 5)})\n"
            f"  %y: f64 = multiply %x, %x loc({place.format(6, 6)})\n"
            f"  %z: f64 = sine %y loc({place.format(7, 7)})\n"
            "  return %z\n}",
            "stablehlo": f'  %0 = stablehlo.sine %arg0 : tensor<f64> loc("{self.file}":7:3)',
            "python": "def f(x): ...",
        }
        return texts[stage]

    def compile(self) -> Compiled:
        return Compiled()


class CompiledFunction:
    def __init__(self, function: Callable[..., Any], signature: tuple[Any, ...] | None = None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.declared_signature = signature
        self.__code__ = function.__code__
        self.__name__ = function.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        if self.__name__ == "refused":
            raise ShapeError("refused", help="do not")
        return Lowered(self, ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in kwargs.items())]))

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        return Explanation(", ".join(map(repr, args)))


def fake_compile(function: Any = None, *, signature: tuple[Any, ...] | None = None) -> Any:
    return CompiledFunction(function, signature) if function else lambda f: CompiledFunction(f, signature)


@pytest.fixture
def fake_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hloc, "compile", fake_compile, raising=False)
    monkeypatch.setattr(hloc, "CompiledFunction", CompiledFunction, raising=False)
    monkeypatch.setattr(hloc, "ShapeDtype", ShapeDtype, raising=False)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes prog.py into the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> Path:
        path = tmp_path / "prog.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def call() -> Callable[..., click.testing.Result]:
    """Runs the command line on words; nothing but exit codes may come out of it."""
    from hloc.cli import main

    def run(*words: str) -> click.testing.Result:
        result = click.testing.CliRunner().invoke(main, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run
