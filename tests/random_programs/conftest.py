"""Options of the sweep."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--programs", default="2000", help="random programs that the sweep runs")
    parser.addoption("--first", default="0", help="seed of the first of them")
