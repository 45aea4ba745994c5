"""Programs written into the working directory, and the command line run on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from hloc.cli import main


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

    def run(*words: str) -> click.testing.Result:
        result = click.testing.CliRunner().invoke(main, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run
