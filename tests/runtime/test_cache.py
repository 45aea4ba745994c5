"""The persistent cache: hits, damage, many processes, eviction, folders that must not be used."""

import json
import os
import stat
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from hloc.runtime import (
    BuildOptions,
    Cache,
    CacheWarning,
    Entry,
    compile_or_load,
    compile_stablehlo,
    load_program,
    program_key,
    store_program,
)
from hloc.runtime.cache import default_cache
from hloc.runtime.entries import decode, encode
from tests.runtime.programs import ADD_SINE, double, finish, run_python, start

KEY = "0123456789abcdef"
ENTRY = Entry({"n": 3, "names": ["a", "b"]}, {"code": b"\x00\x01" * 50, "empty": b"", "text": b"module"})

USE = f"""
import numpy as np
from hloc.runtime import compile_or_load
print(np.asarray(compile_or_load({ADD_SINE!r}).execute([np.ones(16), np.ones(16)])[0])[0])
"""


def program_file(folder: Path) -> Path:
    (path,) = folder.glob("*.program")
    return path


def test_entries_come_back_whole(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    assert cache.load(KEY) is None
    assert cache.store(KEY, ENTRY)
    assert cache.load(KEY) == ENTRY
    assert Cache(tmp_path / "c").load(KEY) == ENTRY
    assert cache.store(KEY, Entry({"n": 4}))
    assert cache.load(KEY) == Entry({"n": 4}, {})
    cache.clear()
    assert cache.load(KEY) is None
    assert cache.size() == 0


def test_folder_and_files_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Cache(tmp_path / "c").store(KEY, ENTRY)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700
    assert stat.S_IMODE(program_file(tmp_path / "c").stat().st_mode) == 0o600


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    data = encode(KEY, ENTRY)
    assert decode(KEY, data) == ENTRY
    for i in range(len(data)):
        with pytest.raises(Exception, match="checksum is wrong"):
            decode(KEY, data[:i] + bytes([data[i] ^ 0x40]) + data[i + 1 :])
        with pytest.raises(Exception, match="checksum is wrong"):
            decode(KEY, data[:i])


@pytest.mark.parametrize("damage", [lambda d: d[: len(d) // 2], lambda d: d[:-9] + b"\x55" + d[-8:], lambda d: b""])
def test_a_damaged_entry_warns_once_and_is_compiled_again(private_cache: Path, damage) -> None:
    compile_or_load(ADD_SINE)
    path = program_file(private_cache)
    good = path.read_bytes()
    path.write_bytes(damage(good))
    with pytest.warns(CacheWarning, match="damaged and will be made anew") as caught:
        executable = compile_or_load(ADD_SINE)
    assert len(caught) == 1
    assert np.asarray(executable.execute([np.ones(16)] * 2)[0])[0] == pytest.approx(np.sin(2.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_program(path.stem) is not None
        path.write_bytes(damage(good))
        assert load_program(path.stem) is None  # a second one is not mentioned


def test_an_entry_that_xla_cannot_load_is_damaged(private_cache: Path) -> None:
    executable = compile_or_load(ADD_SINE)
    key = program_file(private_cache).stem
    cache = default_cache()
    assert cache is not None
    entry = cache.load(key)
    assert entry is not None
    for broken in (
        Entry(entry.metadata, {"executable": entry.blobs["executable"][:-200]}),
        Entry(entry.metadata, {}),
        Entry({}, entry.blobs),
        Entry({"signature": "?"}, entry.blobs),
    ):
        fresh = Cache(private_cache)
        fresh.store(key, broken)
        with pytest.warns(CacheWarning, match="will be made anew"):
            assert load_program(key, cache=fresh) is None
        assert not list(private_cache.glob("*.program"))
    assert executable.signature.outputs == (((16,), "float64"),)


def test_an_entry_under_another_key_is_damaged(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.store(KEY, ENTRY)
    program_file(tmp_path / "c").rename(tmp_path / "c" / "abc.program")
    with pytest.warns(CacheWarning, match="belongs to another program"):
        assert cache.load("abc") is None


def test_a_hit_compiles_nothing_and_imports_no_mlir(private_cache: Path) -> None:
    assert float(run_python(USE)) == pytest.approx(np.sin(2.0))
    hit = (
        USE
        + """
import sys
print([name for name in sys.modules if name.split(".")[0] in ("jax", "gast") or name.startswith("jaxlib.mlir")])
"""
    )
    forbid = "from hloc.runtime import xla\ndef never(*a): raise AssertionError\nxla.compile_program = never\n"
    value, modules = run_python(forbid + hit).splitlines()
    assert float(value) == pytest.approx(np.sin(2.0))
    assert modules == "[]"
    assert len(list(private_cache.iterdir())) == 1


def test_processes_that_write_the_same_entry_at_once(private_cache: Path) -> None:
    processes = [start(USE) for _ in range(6)]
    for process in processes:
        assert float(finish(process)) == pytest.approx(np.sin(2.0))
    assert [path.suffix for path in private_cache.iterdir()] == [".program"]


def test_readers_see_whole_entries_while_others_write_and_evict(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from hloc.runtime import Cache, Entry
cache = Cache(Path({str(tmp_path / "c")!r}), limit=400_000)
seen = 0
for i in range(300):
    key = f"{{i % 7:x}}"
    cache.store(key, Entry({{"fill": i % 251}}, {{"code": bytes([i % 251]) * 90_000}}))
    entry = cache.load(f"{{(i * 3) % 7:x}}")
    if entry is not None:
        seen += 1
        assert entry.blobs["code"] == bytes([entry.metadata["fill"]]) * 90_000
print(seen)
"""
    processes = [start(code) for _ in range(3)]
    assert all(int(finish(process)) > 0 for process in processes)
    assert Cache(tmp_path / "c").size() <= 400_000


def test_the_entries_used_longest_ago_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", limit=10_000)
    blob = Entry({}, {"code": bytes(2_000)})
    for key in ("1", "2", "3", "4"):
        cache.store(key, blob)
        past = time.time() - 100 + int(key)
        os.utime(tmp_path / "c" / f"{key}.program", (past, past))
    assert cache.load("1") == blob  # now used last
    cache.store("5", blob)
    assert [cache.load(key) is not None for key in "12345"] == [True, False, False, True, True]
    assert cache.size() <= 10_000


def test_an_entry_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", limit=1_000)
    assert not cache.store(KEY, Entry({}, {"code": bytes(2_000)}))
    assert cache.size() == 0


evict = Cache._evict


def test_files_of_dead_writers_are_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.store("1", ENTRY)
    old, young = tmp_path / "c" / "x-1-1.part", tmp_path / "c" / "x-2-2.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    Cache(tmp_path / "c", limit=10_000).store("2", ENTRY)  # the next process
    assert (old.exists(), young.exists()) == (False, True)


def test_the_folder_is_not_scanned_at_every_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[None] = []
    monkeypatch.setattr(Cache, "_evict", lambda cache: (scans.append(None), evict(cache)))
    cache = Cache(tmp_path / "c", limit=100_000)
    for number in range(20):
        assert cache.store(f"{number:x}", ENTRY)
    assert len(scans) == 1


def test_many_processes_that_add_little_stay_near_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[None] = []
    monkeypatch.setattr(Cache, "_evict", lambda cache: (scans.append(None), evict(cache)))
    blob, limit, count = Entry({}, {"code": bytes(800)}), 300_000, 900
    for number in range(count):
        assert Cache(tmp_path / "c", limit).store(f"{number:x}", blob)
    assert Cache(tmp_path / "c").size() <= 1.1 * limit
    assert len(scans) < count / 2, "few of them had to look at all entries"


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    Cache(folder).store(KEY, ENTRY)
    folder.chmod(0o777)
    cache = Cache(folder)
    with pytest.warns(CacheWarning, match="others may write"):
        assert cache.load(KEY) is None
    assert not cache.store(KEY, ENTRY)  # and says so once only: warnings are errors here


def test_a_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cache(tmp_path / "c").store(KEY, ENTRY)
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "c").stat().st_uid + 1)
    with pytest.warns(CacheWarning, match="belongs to another user"):
        assert Cache(tmp_path / "c").load(KEY) is None


def test_a_folder_that_cannot_be_made_costs_a_warning_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path / "file" / "programs"))
    with pytest.warns(CacheWarning, match="cannot use the folder"):
        executable = compile_or_load(ADD_SINE)
    assert len(executable.execute([np.ones(16)] * 2)) == 1


def test_the_environment_switches_it_off(private_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("off", "OFF", "0", "no", "false"):
        monkeypatch.setenv("HLOC_CACHE", value)
        assert default_cache() is None
        assert not store_program(KEY, compile_or_load(ADD_SINE))
        assert load_program(KEY) is None
    assert not private_cache.exists()


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1000", 1000),
        ("2GB", 2_000_000_000),
        ("500MB", 500_000_000),
        ("1.5 GiB", 3 << 29),
        ("64k", 64_000),
        ("3Ki", 3072),
        ("0", 0),
        ("", 1 << 30),
    ],
)
def test_the_environment_sets_the_limit(monkeypatch: pytest.MonkeyPatch, text: str, limit: int) -> None:
    monkeypatch.setenv("HLOC_CACHE_BYTES", text)
    cache = default_cache()
    assert cache is not None
    assert cache.limit == limit


@pytest.mark.parametrize("text", ["much", "-1", "1 PB", "1iB", "1e9", "GB", "٣GB"])
def test_a_limit_that_is_no_size_costs_a_warning(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HLOC_CACHE_BYTES", text)
    with pytest.warns(CacheWarning, match=f"such as 500MB, 2GB or 1GiB, got '{text}'; the limit is 1073741824 bytes"):
        cache = default_cache()
    assert cache is not None
    assert cache is default_cache()  # and says so once
    assert cache.limit == 1 << 30


def test_the_platforms_cache_folder_is_the_default(tmp_path: Path) -> None:
    out = run_python(
        "from hloc.runtime.cache import default_cache; print(default_cache().folder)",
        HLOC_CACHE_DIR="",
        XDG_CACHE_HOME=str(tmp_path),
    )
    assert out == str(tmp_path / "hloc" / "programs")


def test_program_options_and_environment_are_in_the_key(private_cache: Path) -> None:
    variants = [
        lambda: compile_or_load(ADD_SINE),
        lambda: compile_or_load(double("16xf64")),
        lambda: compile_or_load(ADD_SINE, BuildOptions(overrides={"xla_backend_optimization_level": 2})),
        lambda: compile_or_load(ADD_SINE, BuildOptions(extra={"-runtime-memory-check-threshold": "100"})),
        lambda: compile_or_load(ADD_SINE, key_extra="lane 2"),
    ]
    for n, variant in enumerate(variants, 1):
        variant()
        variant()
        assert len(list(private_cache.iterdir())) == n
    assert program_key("ab", "c") != program_key("a", "bc")
    assert run_python("from hloc.runtime import program_key; print(program_key('a'))") == program_key("a")
    other = run_python(
        "from hloc.runtime import program_key; print(program_key('a'))", XLA_FLAGS="--xla_cpu_enable_fast_math=true"
    )
    assert other != program_key("a")


def test_a_key_of_the_callers_own_needs_no_stablehlo() -> None:
    executable = compile_stablehlo(ADD_SINE)
    key = program_key("my program", "f64[16]")
    assert load_program(key) is None
    assert store_program(key, executable, {"capacity": 8}, {"stablehlo": ADD_SINE.encode()})
    found = load_program(key)
    assert found is not None
    assert found.metadata == {"capacity": 8}
    assert found.blobs == {"stablehlo": ADD_SINE.encode()}
    assert found.executable.signature == executable.signature
    a = np.linspace(0, 1, 16)
    np.testing.assert_array_equal(*[np.asarray(x.execute([a, a])[0]) for x in (executable, found.executable)])
    json.dumps(found.metadata)


def test_keys_are_hexadecimal(tmp_path: Path) -> None:
    for key in ("", "../x", "G", "AB"):
        with pytest.raises(ValueError, match="hexadecimal"):
            Cache(tmp_path).load(key)
