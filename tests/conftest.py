"""Golden texts: `golden("a.txt", text)` compares with tests/golden/a.txt, which `pytest --update-golden` rewrites.

And the options of the sweeps over random programs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]
FOLDER = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden texts in tests/golden")
    parser.addoption("--platform", default="cuda", help="where the tests marked gpu run: cuda, tpu, or cpu to try them")
    parser.addoption("--programs", type=int, help="random programs that a sweep runs")
    parser.addoption("--first", type=int, default=0, help="seed of the first of them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with a golden file, or write the file under --update-golden."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = FOLDER / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} does not exist; pytest --update-golden writes it"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; read the diff, then pytest --update-golden"

    return compare
