"""The cache where something is wrong with the disk, the folder, the clock or the user: a warning, never an error."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from hloc.runtime import Cache, CacheWarning, Entry, compile_or_load, private
from hloc.runtime import cache as cache_module
from hloc.runtime.cache import default_cache
from tests.runtime.programs import ADD_SINE, REMEMBER_WARNINGS, run_python

KEY = "0123456789abcdef"
ENTRY = Entry({"n": 3}, {"code": b"\x00\x01" * 50})
ROOT = Path(__file__).parents[2]


def isolated(script: str, code: str) -> str:
    """Run Python on this code where `script` (sh) has prepared a file system of its own at $DISK."""
    with tempfile.TemporaryDirectory() as disk:
        prepared = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]
        environment = {
            **os.environ,
            "DISK": disk,
            "HLOC_CACHE_DIR": f"{disk}/c",
            "PYTHON": sys.executable,
            "CODE": code,
        }
        try:
            works = subprocess.run([*prepared, 'mount -t tmpfs tmpfs "$DISK"'], env=environment, capture_output=True)
        except FileNotFoundError:
            works = None
        if works is None or works.returncode != 0:
            pytest.skip("this machine lets nobody mount a file system")
        done = subprocess.run(
            [*prepared, script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_file_system_that_may_only_be_read() -> None:
    script = """
    mount -t tmpfs tmpfs "$DISK"
    "$PYTHON" -c "$CODE
run(ADD_SINE)"
    mount -o remount,ro "$DISK"
    "$PYTHON" -c "$CODE
from hloc.runtime import xla
make, xla.compile_program = xla.compile_program, None
print(run(ADD_SINE), len(said))
xla.compile_program = make
print(run(double('16xf64')), run(double('8xf64'), 8), len(said), 'cannot write to' in said[0], 'Read-only' in said[0])
default_cache().clear()
print(run(ADD_SINE), len(said))"
    """
    lines = isolated(script, REMEMBER_WARNINGS).splitlines()
    assert lines == [f"{np.sin(2.0)} 0", "2.0 2.0 1 True True", f"{np.sin(2.0)} 1"]


def test_a_damaged_entry_that_cannot_be_removed() -> None:
    script = """
    mount -t tmpfs tmpfs "$DISK"
    "$PYTHON" -c "$CODE
run(ADD_SINE)
(path,) = Path(os.environ['HLOC_CACHE_DIR']).iterdir()
path.write_bytes(path.read_bytes()[:-1])"
    mount -o remount,ro "$DISK"
    "$PYTHON" -c "$CODE
print(run(ADD_SINE), run(ADD_SINE), [text.partition(chr(47))[0] for text in said])"
    """
    first, second, messages = isolated(script, REMEMBER_WARNINGS).split(maxsplit=2)
    assert float(first) == float(second) == np.sin(2.0)
    assert messages.strip() == '["hloc\'s program cache: the entry ", "hloc\'s program cache: cannot write to "]'


def test_a_full_disk() -> None:
    script = """
    mount -t tmpfs -o size=64k tmpfs "$DISK"
    "$PYTHON" -c "$CODE
cache = default_cache()
kept = [cache.store(format(n, 'x'), Entry({}, {'code': os.urandom(20_000)})) for n in range(6)]
print(kept, len(said), 'No space left' in said[0])
print([path.name for path in sorted(cache.folder.iterdir())])
print(cache.load('0') is not None, cache.load('5'))
cache.clear()
print(cache.store('5', Entry({}, {'code': bytes(20_000)})), run(ADD_SINE) > 0, len(said))"
    """
    assert isolated(script, REMEMBER_WARNINGS).splitlines() == [
        "[True, True, True, False, False, False] 1 True",
        "['0.program', '1.program', '2.program']",
        "True None",
        "True True 1",
    ]


@pytest.mark.parametrize("where", ["open", "write", "replace"])
def test_whatever_fails_while_writing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    cache = Cache(tmp_path / "c")
    cache.store(KEY, ENTRY)

    def full(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "write":
        monkeypatch.setattr(private.os, "fdopen", lambda handle, mode: Full(handle))
    else:
        monkeypatch.setattr(private.os, where, full)
    with pytest.warns(CacheWarning, match="cannot write to .*: No space left on device; new programs are not kept"):
        assert not cache.store("ff", ENTRY)
    assert not cache.store("ff", ENTRY)  # and says so once: warnings are errors here
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "c").iterdir()] == [f"{KEY}.program"]
    assert cache.store("ff", ENTRY)


class Full:
    """A file on a full disk."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __enter__(self) -> "Full":
        return self

    def __exit__(self, *args: object) -> None:
        os.close(self.handle)

    def write(self, data: bytes) -> None:
        os.write(self.handle, data[:20])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_in_the_place_of_an_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    (tmp_path / "c" / f"{KEY}.program").mkdir(parents=True)
    (tmp_path / "c").chmod(0o700)
    with pytest.warns(CacheWarning, match="is no plain file, and it cannot be removed"):
        assert cache.load(KEY) is None
    with pytest.warns(CacheWarning, match="cannot write to"):
        assert not cache.store(KEY, ENTRY)
    assert cache.load(KEY) is None  # each is said once: warnings are errors here
    assert not cache.store(KEY, ENTRY)
    cache.clear()
    assert cache.store("ff", ENTRY)


def test_the_cache_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file")
    with pytest.warns(CacheWarning, match="cannot use the folder .*: it is a file"):
        assert cache.load(KEY) is None
    assert not cache.store(KEY, ENTRY)  # and says so once: warnings are errors here
    cache.clear()
    assert cache.size() == 0


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    cache = Cache(tmp_path / "link")
    assert cache.load(KEY) is None
    with pytest.warns(CacheWarning, match="cannot write to"):
        assert not cache.store(KEY, ENTRY)


def test_a_folder_is_made_at_the_first_program_only(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "a" / "b" / "c")
    assert cache.load(KEY) is None
    assert not (tmp_path / "a").exists()
    assert cache.store(KEY, ENTRY)


def test_folders_above_are_private_too_where_we_make_them(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Cache(tmp_path / "a" / "b").store(KEY, ENTRY)
    finally:
        os.umask(old)
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    for _ in range(3):
        assert cache.store(KEY, ENTRY)
        assert cache.load(KEY) == ENTRY
        shutil.rmtree(tmp_path / "c")
        assert cache.load(KEY) is None
        assert cache.size() == 0


def test_a_folder_that_is_removed_over_and_over(tmp_path: Path) -> None:
    """Whatever happens between, an entry that is read is whole. At most the failure to write is said, once."""
    folder, stop, wrong = tmp_path / "c", threading.Event(), []

    def remove() -> None:
        while not stop.is_set():
            shutil.rmtree(folder, ignore_errors=True)
            time.sleep(0.002)

    remover = threading.Thread(target=remove)
    remover.start()
    cache = Cache(folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(400):
            cache.store(f"{n % 5}", Entry({"n": n % 5}))
            entry = cache.load(f"{n % 3}")
            if entry is not None and entry.metadata != {"n": n % 3}:
                wrong.append(entry)
        stop.set()
        remover.join()
    assert not wrong
    assert len(caught) <= 1
    assert cache.store(KEY, ENTRY)


def test_files_from_the_future_are_the_first_to_go(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    cache = Cache(folder, limit=10_000)
    blob = Entry({}, {"code": bytes(2_000)})
    for n in range(4):
        cache.store(f"a{n}", blob)
    soon, late = time.time() + 600, time.time() + 400 * 86400
    os.utime(folder / "a0.program", (soon, soon))  # another machine's clock
    os.utime(folder / "a1.program", (late, late))  # the clock has been set back since
    abandoned = folder / "x-1-1.part"
    abandoned.write_bytes(b"half")
    os.utime(abandoned, (late, late))
    cache = Cache(folder, limit=10_000)
    cache.store("b", blob)
    assert sorted(path.name for path in folder.iterdir())[0] == "a0.program"
    assert cache.load("a1") is None
    assert not abandoned.exists()
    assert cache.size() <= 10_000


def test_fifty_threads_on_one_folder(tmp_path: Path) -> None:
    folder, failures = tmp_path / "c", []
    caches = [Cache(folder, limit=300_000) for _ in range(2)]

    def work(number: int) -> None:
        try:
            for i in range(20):
                fill = (number * 7 + i) % 11
                cache = caches[i % 2]
                cache.store(f"{fill:x}", Entry({"fill": fill}, {"code": bytes([fill]) * 40_000}))
                entry = cache.load(f"{(fill * 3) % 11:x}")
                if entry is not None:
                    assert entry.blobs["code"] == bytes([entry.metadata["fill"]]) * 40_000
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not list(folder.glob("*.part"))


def test_a_warning_that_is_an_error_leaves_the_cache_in_order(private_cache: Path) -> None:
    compile_or_load(ADD_SINE)
    (path,) = private_cache.iterdir()
    path.write_bytes(b"")
    with pytest.raises(CacheWarning):
        compile_or_load(ADD_SINE)
    compile_or_load(ADD_SINE)
    assert len(list(private_cache.iterdir())) == 1


def test_without_a_home_the_cache_is_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user whom the system does not know
    monkeypatch.setattr(cache_module, "_opened", {})
    with pytest.warns(CacheWarning, match="no absolute path"):
        assert default_cache() is None
    assert default_cache() is None
    compile_or_load(ADD_SINE)


def test_a_folder_may_be_named_from_home_or_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for text, folder in (("~/programs", "home/programs"), ("here", "here")):
        monkeypatch.setenv("HLOC_CACHE_DIR", text)
        cache = default_cache()
        assert cache is not None
        assert cache.folder == tmp_path / folder
    monkeypatch.chdir("/")
    assert default_cache() is cache


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
@pytest.mark.parametrize("xdg", ["", "/somewhere"])
@pytest.mark.parametrize("home", ["", "/root"])
def test_the_folder_is_the_one_that_platformdirs_names(xdg: str, home: str) -> None:
    code = """
import os
for name in ("XDG_CACHE_HOME", "HOME"):
    os.environ[name] or os.environ.pop(name)
import platformdirs
from hloc.runtime.cache import default_cache
print(default_cache().folder, platformdirs.user_cache_dir("hloc", appauthor=False) + "/programs")
"""
    ours, theirs = run_python(code, HLOC_CACHE_DIR="", XDG_CACHE_HOME=xdg, HOME=home).split()
    assert ours == theirs


def test_many_threads_say_it_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    tmp_path.chmod(0o777)
    barrier = threading.Barrier(20)

    def work() -> None:
        barrier.wait()
        assert cache.load(KEY) is None

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(caught) == 1
