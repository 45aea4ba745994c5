"""The cache and other users: what they own or may write to is not used, because entries are machine code."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hloc.runtime import Cache, CacheWarning, Entry
from tests.runtime.programs import REMEMBER_WARNINGS, run_python

KEY = "0123456789abcdef"
ENTRY = Entry({"n": 3}, {"code": b"\x00\x01" * 50})
NOBODY = 65534

is_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")


def as_nobody(code: str, folder: Path, **environment: str) -> str:
    """Run Python that has loaded all that it needs and then becomes another user; gives what it printed."""
    become = f"""
run(ADD_SINE)
os.environ.update({ {"HLOC_CACHE_DIR": str(folder), **environment}!r})
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
"""
    with tempfile.TemporaryDirectory() as scratch:
        return run_python(REMEMBER_WARNINGS + become + code, HLOC_CACHE_DIR=scratch)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@is_root
def test_another_users_folder_is_refused(shared: Path) -> None:
    assert Cache(shared / "c").store(KEY, ENTRY)
    (shared / "c").chmod(0o755)
    program = next((shared / "c").iterdir())
    program.chmod(0o644)
    printed = as_nobody(f"print(default_cache().load({KEY!r}), run(ADD_SINE), run(ADD_SINE), said)", shared / "c")
    assert printed.startswith(f"None {np.sin(2.0)} {np.sin(2.0)} [")
    assert printed.count("belongs to another user") == 1
    assert list((shared / "c").iterdir()) == [program]


@is_root
def test_another_users_entry_in_the_own_folder_is_refused(shared: Path) -> None:
    as_nobody("run(ADD_SINE)", shared / "c")
    (path,) = (shared / "c").iterdir()
    assert path.stat().st_uid == NOBODY
    os.chown(path, 0, 0)
    path.chmod(0o644)
    printed = as_nobody("print(run(ADD_SINE), said)", shared / "c")
    assert printed.startswith(f"{np.sin(2.0)} [")
    assert printed.count("cannot be trusted and will be made anew: the file belongs to another user") == 1
    assert path.stat().st_uid == NOBODY


@is_root
def test_a_link_that_another_user_made_is_refused(tmp_path: Path) -> None:
    Cache(tmp_path / "c").store(KEY, ENTRY)
    (tmp_path / "link").symlink_to(tmp_path / "c")
    assert Cache(tmp_path / "link").load(KEY) == ENTRY
    os.lchown(tmp_path / "link", NOBODY, NOBODY)
    with pytest.warns(CacheWarning, match="the link .* belongs to another user"):
        assert Cache(tmp_path / "link").load(KEY) is None


@is_root
def test_a_home_that_may_not_be_written(shared: Path) -> None:
    shared.chmod(0o755)
    printed = as_nobody("print(run(ADD_SINE), said)", Path(), HLOC_CACHE_DIR="", XDG_CACHE_HOME="", HOME=str(shared))
    assert printed.count("cannot write to") == printed.count("Permission denied") == 1
    assert list(shared.iterdir()) == []


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    Cache(path.parent).store(KEY, ENTRY)
    path.rename(target)
    path.symlink_to(target)


def open_to_others(path: Path) -> None:
    Cache(path.parent).store(KEY, ENTRY)
    path.chmod(0o620)


@pytest.mark.parametrize(
    ("make", "message"),
    [(pipe, "is no plain file"), (link, "is a link"), (open_to_others, "may have been written by others")],
)
def test_files_that_cannot_be_trusted_are_made_anew(tmp_path: Path, make, message: str) -> None:
    cache = Cache(tmp_path)
    tmp_path.chmod(0o700)
    make(tmp_path / f"{KEY}.program")
    with pytest.warns(CacheWarning, match=f"cannot be trusted and will be made anew: the file {message}") as caught:
        assert cache.load(KEY) is None
    assert len(caught) == 1
    assert cache.store(KEY, ENTRY)
    assert cache.load(KEY) == ENTRY
    assert stat.S_IMODE((tmp_path / f"{KEY}.program").stat().st_mode) == 0o600
