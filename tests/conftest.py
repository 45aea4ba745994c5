"""Golden texts: `golden("a.txt", text)` compares with tests/golden/a.txt, which `pytest --update-golden` rewrites.

And the options of the sweeps over random programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]
FOLDER = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden texts in tests/golden")
    parser.addoption("--platform", default="cuda", help="where the tests marked gpu run: cuda, tpu, or cpu to try them")
    parser.addoption("--programs", type=int, help="random programs that a sweep runs")
    parser.addoption("--first", type=int, default=0, help="seed of the first of them")


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs are kept for this run only: what another run has kept must not decide a test, nor ours a user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HLOC_CACHE_DIR", str(tmp_path_factory.mktemp("cache") / "programs"))
        yield


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
