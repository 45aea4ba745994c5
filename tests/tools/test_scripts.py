"""The scripts that set hloc up: they run with bash and Python alone, and say what is wrong where they cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [ROOT / name for name in ("tools/test", "tools/demo", "tools/check", "tools/bench", ".ci/run")]
BARE = {"PATH": os.defpath}


def bash(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", *words], cwd=ROOT, env=BARE | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert bash("-n", str(script)).stderr == ""


def test_an_interpreter_is_found_without_home_and_path() -> None:
    found = bash("-c", "source tools/environment.sh; find_python")
    version = subprocess.run([found.stdout.strip(), "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith(("Python 3.11", "Python 3.12", "Python 3.13"))


def test_an_interpreter_of_another_version_is_not_taken() -> None:
    assert bash("-c", "source tools/environment.sh; find_python 3.99").returncode == 1


def test_an_interpreter_can_be_named() -> None:
    assert (
        bash("-c", "source tools/environment.sh; find_python", HLOC_PYTHON=sys.executable).stdout.strip()
        == sys.executable
    )


def test_a_wrong_interpreter_is_named_in_the_message() -> None:
    refused = bash("tools/demo", HLOC_PYTHON="/bin/false")
    assert refused.returncode == 1
    assert "HLOC_PYTHON=/bin/false is no Python" in refused.stderr


def test_an_unknown_option_shows_the_options() -> None:
    refused = bash("tools/test", "--slowly")
    assert refused.returncode == 2
    assert "./tools/test --fast" in refused.stderr
