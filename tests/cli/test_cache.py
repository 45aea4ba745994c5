"""`hloc cache`: what is printed, what is removed, exit codes."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

import hloc
from hloc.cli.cache import ago, in_bytes
from hloc.cli.programs import argument_types, rows
from hloc.runtime import Cache, Entry
from hloc.runtime.inventory import items

Call = Callable[..., click.testing.Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own."""
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path / "c"))
    monkeypatch.delenv("HLOC_CACHE", raising=False)
    monkeypatch.delenv("HLOC_CACHE_BYTES", raising=False)
    return tmp_path / "c"


@pytest.fixture
def filled(folder: Path) -> Path:
    """Two programs of one function and one of another, compiled; then what else may lie there."""

    def scale(x: np.ndarray) -> np.ndarray:
        return x * 2

    def shift(x: np.ndarray) -> np.ndarray:
        return x + 1

    for n in (3, 4):
        hloc.compile(scale)(np.ones(n))
    hloc.compile(shift)(np.ones(5))
    return folder


def lines(result: click.testing.Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.output.splitlines()]


def test_path(call: Call, folder: Path) -> None:
    assert call("cache", "path").output == f"{folder}\n"
    assert not folder.exists()


def test_list_names_function_types_platform_size_and_use(call: Call, filled: Path) -> None:
    found = lines(call("cache", "list"))
    assert sorted(line[:3] for line in found) == [
        ["scale", "f64[3]", "cpu"],
        ["scale", "f64[4]", "cpu"],
        ["shift", "f64[5]", "cpu"],
    ]
    for line in found:
        assert 1_000 < int(line[3]) < 1_000_000
        assert line[4].startswith(time.strftime("%Y-", time.gmtime()))
        assert line[5] == ""


def test_list_of_some_functions(call: Call, filled: Path) -> None:
    assert [line[0] for line in lines(call("cache", "list", "scale"))] == ["scale", "scale"]
    assert [line[0] for line in lines(call("cache", "list", "sh*", "nothing"))] == ["shift"]
    assert lines(call("cache", "list", "cale")) == []


def test_list_as_json(call: Call, filled: Path) -> None:
    found = json.loads(call("cache", "list", "--json").output)
    kinds = [row["kind"] for row in found]
    assert (kinds.count("program"), kinds.count("function")) == (3, 2)
    assert sum(row["bytes"] for row in found) == sum(path.stat().st_size for path in filled.iterdir())
    assert sorted(f"{key}.program" for row in found for key in row["keys"]) == sorted(p.name for p in filled.iterdir())
    shift = [row for row in found if row["functions"] == ["shift"] and row["kind"] == "program"]
    assert [(row["arguments"], row["platform"], row["problem"]) for row in shift] == [("f64[5]", "cpu", "")]


def test_list_on_a_terminal_is_a_table(call: Call, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.cli.cache.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    output = call("cache", "list").output
    header, *found = output.splitlines()
    assert header.split() == ["function", "arguments", "platform", "size", "last", "use"]
    assert len(found) == 3
    assert all("just now" in line and "kB" in line for line in found)
    assert call("cache", "list", "nothing").output == "Nothing of that is in the cache.\n"


def test_stats(call: Call, filled: Path) -> None:
    size = sum(path.stat().st_size for path in filled.iterdir())
    facts = json.loads(call("cache", "stats", "--json").output)
    assert facts["bytes"] == size
    assert (facts["programs"], facts["functions"], facts["damaged"], facts["unused"]) == (3, 2, 0, 0)
    assert (facts["folder"], facts["on"], facts["problem"], facts["limit"]) == (str(filled), True, None, 1 << 30)
    assert facts["platforms"] == {"cpu": 3}
    text = call("cache", "stats").output
    assert f"folder     {filled}\n" in text
    assert f"{in_bytes(size)} of 1.07 GB" in text
    assert "programs   3, of 2 known functions\n" in text


def test_stats_of_a_cache_that_is_off_or_unsafe(call: Call, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")
    monkeypatch.setenv("HLOC_CACHE_BYTES", "2GB")
    filled.chmod(0o777)
    output = call("cache", "stats").output
    assert "(switched off by HLOC_CACHE)" in output
    assert "of 2 GB" in output
    assert "others may write to it" in output


def test_an_empty_cache(call: Call, folder: Path) -> None:
    assert call("cache", "list").output == ""
    assert json.loads(call("cache", "list", "--json").output) == []
    assert "programs   0, of 0 known functions" in call("cache", "stats").output
    assert call("cache", "clear").output == "removed 0 files, 0 bytes\n"
    assert call("cache", "verify").output == "0 entries read, 0 damaged, 0 removed\n"


def test_clear_removes_all(call: Call, filled: Path) -> None:
    count, size = len(list(filled.iterdir())), sum(path.stat().st_size for path in filled.iterdir())
    assert call("cache", "clear").output == f"removed {count} files, {in_bytes(size)}\n"
    assert list(filled.iterdir()) == []


def test_clear_one_function(call: Call, filled: Path) -> None:
    assert call("cache", "clear", "scale").exit_code == 0
    assert [line[:2] for line in lines(call("cache", "list"))] == [["shift", "f64[5]"]]
    assert json.loads(call("cache", "stats", "--json").output)["functions"] == 1


def test_clear_what_is_old(call: Call, filled: Path) -> None:
    for row in rows(items(Cache(filled))):
        if row.functions == ("scale",):
            for item in row.items:
                os.utime(item.file.path, (time.time() - 40 * 86400,) * 2)
    assert call("cache", "clear", "--older-than", "60d").output.startswith("removed 0 files")
    result = json.loads(call("cache", "clear", "--older-than", "30d", "--json").output)
    assert result["removed"] >= 5
    assert [line[0] for line in lines(call("cache", "list"))] == ["shift"]
    result = call("cache", "clear", "--older-than", "soon")
    assert (result.exit_code, "write for example 12h, 30d or 8w" in result.output) == (2, True)


def test_a_program_is_old_when_none_of_its_files_was_used(call: Call, filled: Path) -> None:
    for path in filled.iterdir():
        os.utime(path, (0, 0))
    (program, *_) = [row for row in rows(items(Cache(filled))) if row.kind == "program"]
    os.utime(program.items[-1].file.path)
    call("cache", "clear", "--older-than", "1d")
    assert sorted(p.stem for p in filled.iterdir()) == sorted(item.key for item in program.items)


def damage(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def test_verify_reports_and_repairs(call: Call, filled: Path) -> None:
    count = len(list(filled.iterdir()))
    result = call("cache", "verify")
    assert (result.exit_code, result.output) == (0, f"{count} entries read, 0 damaged, 0 removed\n")
    broken, opened, good = sorted(filled.iterdir())[:3]
    damage(broken)
    opened.chmod(0o666)
    times = good.stat().st_mtime_ns
    result = call("cache", "verify")
    assert result.exit_code == 1
    assert f"{broken}: its checksum is wrong\n" in result.output
    assert f"{opened}: the file may have been written by others" in result.output
    assert result.output.endswith(f"{count} entries read, 2 damaged, 0 removed\n")
    told = json.loads(call("cache", "verify", "--json").output)
    assert (told["entries"], {row["path"] for row in told["damaged"]}) == (count, {str(broken), str(opened)})
    result = call("cache", "verify", "--repair")
    assert (result.exit_code, broken.exists(), opened.exists()) == (0, False, False)
    assert result.output.endswith(f"{count} entries read, 2 damaged, 2 removed\n")
    assert good.stat().st_mtime_ns == times, "a look is no use"
    assert call("cache", "verify").exit_code == 0


def test_verify_does_not_read_an_unsafe_folder(call: Call, filled: Path) -> None:
    filled.chmod(0o777)
    result = call("cache", "verify")
    assert result.exit_code == 1
    assert "others may write to it" in result.output


def test_entries_that_vanish_meanwhile_are_not_damaged(
    call: Call, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, count = list(Cache(filled).files()), len(list(filled.iterdir()))
    monkeypatch.setattr(Cache, "files", lambda cache: iter(listed))
    listed[0].path.unlink()
    result = call("cache", "verify")
    assert (result.exit_code, result.output) == (0, f"{count - 1} entries read, 0 damaged, 0 removed\n")
    assert sum(len(row["keys"]) for row in json.loads(call("cache", "list", "--json").output)) == count - 1


def test_whatever_lies_in_the_folder_is_listed(call: Call, folder: Path) -> None:
    cache = Cache(folder)
    for key, entry in {
        "1": Entry(),
        "2": Entry({"function": 3, "signature": "?", "origin": [1]}, {"executable": b""}),
        "3": Entry({"record": {}, "executable": "77", "function": "Model.step"}),
        "4": Entry({"questions": [], "function": "\x1b[2Jf\t\n"}),
        "5": Entry({"signature": [[[["x"], "float64"]], []], "origin": {"platform": None}}, {"executable": b""}),
    }.items():
        assert cache.store(key, entry)
    (folder / "6.program").write_bytes(b"rubbish")
    (folder / "7.program").mkdir()
    (folder / "8-1-1.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("not ours")
    os.utime(folder / "1.program", (1e11, 1e11))
    found = {key: row for row in json.loads(call("cache", "list", "--json").output) for key in row["keys"]}
    kinds = {key: row["kind"] for key, row in found.items()}
    assert kinds == {
        "1": "function",
        "2": "program",
        "3": "unused",
        "4": "function",
        "5": "program",
        "6": "damaged",
        "7": "damaged",
        "8-1-1": "unused",
    }
    assert found["3"]["functions"] == ["Model.step"]
    assert found["4"]["functions"] == ["?[2Jf??"]
    assert found["3"]["problem"] == "its executable has been evicted"
    assert call("cache", "list").exit_code == call("cache", "stats").exit_code == 0
    assert len(lines(call("cache", "list", "step"))) == 1
    result = call("cache", "clear")
    assert (result.exit_code, "1 of 8 files cannot be removed" in result.output) == (1, True)
    assert sorted(path.name for path in folder.iterdir()) == ["7.program", "notes.txt"]


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        ([[[[3, 4], "float64"], [[], "int64"]], []], "f64[3,4], i64"),
        ([[], []], ""),
        (None, ""),
        ([[[[3], "float"], 3], []], ""),
        ([[[["x"], "float64"]], []], ""),
        ({"a": 1}, ""),
        ([[[[3], "str"]], []], ""),
    ],
)
def test_types_of_a_signature(signature: object, text: str) -> None:
    assert argument_types(signature) == text


def test_sizes_and_times_are_short() -> None:
    sizes = [0, 999, 1_000, 12_345, 999_400, 999_600, 5_000_000, 2_500_000_000, 10**13]
    assert [in_bytes(size) for size in sizes] == [
        "0 bytes", "999 bytes", "1 kB", "12.3 kB", "999 kB", "1 MB", "5 MB", "2.5 GB", "10 TB",
    ]  # fmt: skip
    assert [ago(seconds) for seconds in (-9, 5, 60, 7200, 86400 * 400)] == [
        "in the future", "just now", "1 min ago", "2 h ago", "400 d ago",
    ]  # fmt: skip
