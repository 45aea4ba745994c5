"""What tests of targets need: the plugin of a platform, or a reason to skip."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hloc.runtime import DeviceError, plugins, xla


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are compiled, not taken from the user's cache."""
    monkeypatch.setenv("HLOC_CACHE", "off")


@pytest.fixture
def needs() -> Callable[[str], None]:
    """Skips where the plugin for a target, such as "cuda:h200", is missing or does not fit."""

    def check(target: str) -> None:
        platform = target.partition(":")[0]
        if platform != "cpu":
            try:
                plugins.choose(platform, xla.jaxlib_version())
            except DeviceError as error:
                pytest.skip(str(error))

    return check
