"""The user's signatures: who can make them, and what makes a key unfit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hloc.runtime import private, signing
from hloc.runtime.errors import SigningError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HLOC_DATA_DIR", str(tmp_path / "some" / "data"))
    return tmp_path / "some" / "data"


def test_signatures(folder: Path) -> None:
    seal = signing.sign(b"data")
    assert len(seal) == signing.SIZE
    assert signing.is_signed(seal, memoryview(b"data"))
    assert not signing.is_signed(seal, b"dat")
    assert not signing.is_signed(bytes(signing.SIZE), b"data")
    assert not signing.is_signed(b"", b"data")
    assert os.listdir(folder) == ["signing.key"]


def test_the_key_is_the_users_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        signing.sign(b"data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "signing.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_another_key_makes_other_signatures(folder: Path) -> None:
    seal = signing.sign(b"data")
    (folder / "signing.key").unlink()
    assert signing.sign(b"data") != seal
    assert not signing.is_signed(seal, b"data")


def test_looking_at_a_signature_makes_no_key(folder: Path) -> None:
    with pytest.raises(SigningError, match="this user has signed nothing yet: there is no key"):
        signing.is_signed(bytes(32), b"data")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (0o640, r"can be read by others: remove it, and a new one is made"),
        (0o604, r"can be read by others"),
        (0o620, r"may have been written by others"),
        (0o602, r"may have been written by others"),
    ],
)
def test_keys_that_others_may_know(folder: Path, mode: int, reason: str) -> None:
    seal = signing.sign(b"data")
    (folder / "signing.key").chmod(mode)
    for use in (lambda: signing.sign(b"data"), lambda: signing.is_signed(seal, b"data")):
        with pytest.raises(SigningError, match=f"no signatures: the key .*signing.key {reason}"):
            use()


def test_folders_of_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal = signing.sign(b"data")
    folder.chmod(0o770)
    with pytest.raises(SigningError, match=r"is not safe: others may write to it \(chmod 700 repairs that\)"):
        signing.is_signed(seal, b"data")
    folder.chmod(0o700)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SigningError, match="is not safe: belongs to another user"):
        signing.sign(b"data")


def test_links_and_damage(folder: Path) -> None:
    seal = signing.sign(b"data")
    key = folder / "signing.key"
    content = key.read_bytes()
    key.write_bytes(content[:-1])
    with pytest.raises(SigningError, match="is damaged: it has 31 bytes instead of 32"):
        signing.is_signed(seal, b"data")
    key.write_bytes(content + b"x")
    with pytest.raises(SigningError, match="is damaged: it has 33 bytes instead of 32"):
        signing.sign(b"data")
    key.rename(folder / "elsewhere")
    key.symlink_to(folder / "elsewhere")
    with pytest.raises(SigningError, match=r"signing\.key is a link"):
        signing.sign(b"data")
    key.unlink()
    key.mkdir()
    with pytest.raises(SigningError, match="no signatures"):
        signing.sign(b"data")


def test_a_key_that_was_made_meanwhile_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and making, another process was quicker."""
    write = private.write_whole

    def slow(path: Path, data: bytes) -> None:
        write(path, data)
        write(folder / "signing.key", b"1" * signing.SIZE)

    monkeypatch.setattr("hloc.runtime.private.write_whole", slow)
    seal = signing.sign(b"data")
    monkeypatch.undo()
    assert (folder / "signing.key").read_bytes() == b"1" * signing.SIZE
    monkeypatch.setenv("HLOC_DATA_DIR", str(folder))
    assert signing.is_signed(seal, b"data")
    assert os.listdir(folder) == ["signing.key"]


def test_a_file_system_without_links(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    seal = signing.sign(b"data")
    assert signing.is_signed(seal, b"data")
    assert os.listdir(folder) == ["signing.key"]
