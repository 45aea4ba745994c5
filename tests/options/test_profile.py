"""hloc.profile: the files, the spans in them, and what happens when profiles meet errors, threads and each other."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime import profiling, xla


def events(profile: Any) -> list[dict[str, Any]]:
    """The events of a trace that have a name and a duration."""
    (path,) = profile.run.glob("*.trace.json.gz")
    with gzip.open(path) as file:
        found = json.load(file)["traceEvents"]
    return [event for event in found if event.get("ph") == "X"]


def names(profile: Any) -> list[str]:
    return [event["name"] for event in events(profile)]


def new_function() -> Any:
    @hloc.compile
    def scaled(a: Any) -> Any:
        return a * 2.0

    return scaled


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path / "programs"))
    monkeypatch.delenv("HLOC_CACHE", raising=False)


def test_phases_and_calls_are_spans(tmp_path: Path) -> None:
    scaled = new_function()
    with hloc.profile(tmp_path) as profile:
        scaled(np.ones(3))
        scaled(np.ones(3))
    found = events(profile)
    mine = [event["name"] for event in found if event["name"].startswith("hloc: ")]
    assert mine == [
        "hloc: call scaled",
        "hloc: cache",
        "hloc: front end",
        "hloc: passes",
        "hloc: emission",
        "hloc: XLA",
        "hloc: call scaled",
    ]
    (cache,) = (event for event in found if event["name"] == "hloc: cache")
    assert cache["args"]["function"] == "scaled"
    first, *phases, _ = (event for event in found if event["name"] in mine)
    for phase in phases:
        assert first["ts"] <= phase["ts"]
        assert phase["ts"] + phase["dur"] <= first["ts"] + first["dur"]
    assert len(found) > len(mine)  # XLA's own


def test_files_are_where_tensorboard_looks(tmp_path: Path) -> None:
    with hloc.profile(tmp_path / "new" / "folder") as profile:
        new_function()(np.ones(3))
    assert profile.run.parent == tmp_path / "new" / "folder" / "plugins" / "profile"
    kinds = sorted(path.name.partition(".")[2] for path in profile.run.iterdir())
    assert kinds == ["trace.json.gz", "xplane.pb"]
    assert all(path.stat().st_size > 0 for path in profile.run.iterdir())


def test_a_warm_call_looks_into_the_cache_only(tmp_path: Path) -> None:
    new_function()(np.ones(3))
    with hloc.profile(tmp_path) as profile:
        new_function()(np.ones(3))
    assert [name for name in names(profile) if name.startswith("hloc: ")] == ["hloc: call scaled", "hloc: cache"]


def test_python_functions_are_recorded_if_asked(tmp_path: Path) -> None:
    for python in (False, True):
        with hloc.profile(tmp_path, python=python) as profile:
            new_function()(np.ones(3))
        assert any(name.startswith("$api.py") for name in names(profile)) is python


def test_start_and_stop(tmp_path: Path) -> None:
    profile = hloc.profile(tmp_path)
    with pytest.raises(RuntimeError, match="not being recorded"):
        profile.stop()
    assert profile.start() is profile
    with pytest.raises(RuntimeError, match="this profile is being recorded already"):
        profile.start()
    new_function()(np.ones(3))
    profile.stop()
    assert "hloc: call scaled" in names(profile)


def test_a_profile_can_be_used_again(tmp_path: Path) -> None:
    profile, runs = hloc.profile(tmp_path), set()
    for _ in range(3):  # within a second
        with profile:
            new_function()(np.ones(3))
        assert "hloc: call scaled" in names(profile)
        runs.add(profile.run)
    assert len(runs) == 3


def test_stopped_inside_of_the_block(tmp_path: Path) -> None:
    with hloc.profile(tmp_path) as profile:
        new_function()(np.ones(3))
        profile.stop()
        new_function()(np.ones(3))
    assert names(profile).count("hloc: call scaled") == 1


def test_one_at_a_time(tmp_path: Path) -> None:
    with hloc.profile(tmp_path / "outer") as outer:
        with pytest.raises(RuntimeError, match="is recording a profile already"):
            hloc.profile(tmp_path / "inner").start()
        new_function()(np.ones(3))
    assert "hloc: call scaled" in names(outer)
    assert not (tmp_path / "inner").exists()


def test_another_library_is_recording(tmp_path: Path) -> None:
    xla.backend()
    session = xla.profiler_module().ProfilerSession()
    with pytest.raises(RuntimeError, match="another library"):
        hloc.profile(tmp_path).start()
    session.stop()
    with hloc.profile(tmp_path) as profile:
        new_function()(np.ones(3))
    assert "hloc: call scaled" in names(profile)


def test_an_error_inside_passes_and_the_files_are_written(tmp_path: Path) -> None:
    def divided(a: int, b: int) -> int:
        return a // b

    profile = hloc.profile(tmp_path)
    with pytest.raises(ZeroDivisionError), profile:
        hloc.compile(divided)(1, 0)
    assert "hloc: call divided" in names(profile)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        hloc.profile(tmp_path / "file" / "folder").start()
    with hloc.profile(tmp_path) as profile:  # nothing is being recorded
        new_function()(np.ones(3))
    assert "hloc: call scaled" in names(profile)


def test_a_folder_that_is_lost_meanwhile(tmp_path: Path) -> None:
    profile = hloc.profile(tmp_path / "folder").start()
    for part in ("folder/plugins/profile/" + profile.run.name, "folder/plugins/profile", "folder/plugins", "folder"):
        (tmp_path / part).rmdir()
    (tmp_path / "folder").write_text("")
    with pytest.raises(OSError, match="cannot be written to"):
        profile.stop()
    with hloc.profile(tmp_path) as other:
        new_function()(np.ones(3))
    assert "hloc: call scaled" in names(other)


def test_all_threads_are_recorded(tmp_path: Path) -> None:
    scaled = new_function()
    scaled(np.ones(3))
    with hloc.profile(tmp_path) as profile:
        threads = [threading.Thread(target=scaled, args=(np.ones(3),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    calls = [event for event in events(profile) if event["name"] == "hloc: call scaled"]
    assert len(calls) == 4


def test_started_in_one_thread_and_stopped_in_another(tmp_path: Path) -> None:
    profile = hloc.profile(tmp_path).start()
    new_function()(np.ones(3))
    thread = threading.Thread(target=profile.stop)
    thread.start()
    thread.join()
    assert "hloc: call scaled" in names(profile)


def test_calls_of_derivatives_and_linear_functions(tmp_path: Path) -> None:
    scaled = new_function()
    with hloc.profile(tmp_path) as profile:
        _, pullback = hloc.vjp(scaled, np.ones(3))
        pullback(np.ones(3))
    found = names(profile)
    assert "hloc: call vjp_scaled" in found
    assert "hloc: call vjp_scaled_linear" in found


def test_nothing_is_different_without_a_profile(tmp_path: Path) -> None:
    before = hloc.CompiledFunction.__call__
    assert profiling.span("a") is profiling.span("b")
    with hloc.profile(tmp_path):
        assert hloc.CompiledFunction.__call__ is not before
    assert hloc.CompiledFunction.__call__ is before
