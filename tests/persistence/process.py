"""Programs run in processes of their own, with one cache."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path


def run(folder: Path, text: str, *, name: str = "program.py", cache: str = "cache", **environment: str) -> str:
    """What a program prints, run as a file in a process of its own."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    settings = {**os.environ, "HLOC_CACHE_DIR": str(folder / cache), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    settings.pop("HLOC_CACHE", None)
    done = subprocess.run(
        [sys.executable, str(path)], env=settings, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
