"""Files that are damaged, foreign, hostile or of another version are refused with one class of error."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.artefact import file
from hloc.artefact.file import FORMAT, MAGIC, Contents
from hloc.runtime import ArtefactWarning, HlocRuntimeError
from tests.artefacts import programs

START, SEAL, CHECKSUM = 20, slice(20, 52), slice(52, 84)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with errors, a recursion, frozen values and executables in it."""
    made = tmp_path / "plain.hloc"
    hloc.compile(programs.plain).lower("f64[4]", "i64").save(made)
    return made


def refused(path: Path, data: bytes, trust: bool = False) -> str:
    """The message about a file with these bytes."""
    path.write_bytes(data)
    with pytest.raises(hloc.ArtefactError) as caught:
        hloc.load(path, trust=trust)
    assert isinstance(caught.value, HlocRuntimeError)
    return str(caught.value).replace(str(path), "FILE")


def with_checksum(data: bytes) -> bytes:
    """A file that was changed by somebody who knows the format, but not the user's key."""
    return data[:52] + hashlib.sha256(data[:52] + data[84:]).digest() + data[84:]


def with_header(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """The same with another header."""
    (length,) = struct.unpack("<Q", data[84:92])
    header = json.loads(data[92 : 92 + length])
    text = json.dumps(change(header) or header).encode()
    body = struct.pack("<Q", len(text)) + text + data[92 + length :]
    return with_checksum(data[:12] + struct.pack("<Q", 84 + len(body)) + data[20:84] + body)


def test_every_truncation(path: Path) -> None:
    data = path.read_bytes()
    rng = random.Random(1)
    for size in [*range(300), *(rng.randrange(len(data)) for _ in range(300)), len(data) - 1]:
        message = refused(path, data[:size], trust=rng.random() < 0.5)
        if size < START:
            assert message == "FILE is no artefact of hloc, or damaged from its first byte on"
        else:
            assert message == f"FILE is damaged: it has {size:,} bytes, and was written with {len(data):,}"
    assert "was written with" in refused(path, data + b"\0")


@pytest.mark.parametrize("trust", [False, True])
def test_flipped_bits(path: Path, trust: bool) -> None:
    data = path.read_bytes()
    rng = random.Random(2)
    places = [*range(8 * 100), *(rng.randrange(8 * len(data)) for _ in range(2000))]
    for place in places:
        broken = bytearray(data)
        broken[place // 8] ^= 1 << place % 8
        message = refused(path, bytes(broken), trust)
        if place >= 8 * START:
            assert message == "FILE is damaged: its checksum is wrong"


def test_bytes_in_another_order(path: Path) -> None:
    data = path.read_bytes()
    rng = random.Random(3)
    for _ in range(200):
        start, other = (rng.randrange(START, len(data) - 64) for _ in range(2))
        broken = bytearray(data)
        broken[start : start + 64] = data[other : other + 64]
        if broken != data:
            assert refused(path, bytes(broken), trust=True) == "FILE is damaged: its checksum is wrong"


def test_other_files(path: Path) -> None:
    for data in (b"", b"\x89hloc", b"PK\x03\x04" + bytes(200), os.urandom(1000)):
        assert refused(path, data) == "FILE is no artefact of hloc, or damaged from its first byte on"
    with pytest.raises(hloc.ArtefactError, match=r"cannot read .*nowhere.hloc: No such file"):
        hloc.load(path.with_name("nowhere.hloc"))
    with pytest.raises(hloc.ArtefactError, match=r"cannot read .*: Is a directory"):
        hloc.load(path.parent)


def test_a_newer_format(path: Path) -> None:
    data = path.read_bytes()
    newer = with_checksum(MAGIC + struct.pack("<I", FORMAT + 1) + data[12:])
    assert refused(path, newer, trust=True) == (
        f"FILE has the format {FORMAT + 1}, and this version of hloc reads format {FORMAT}: "
        "a newer hloc has written it, or it is damaged"
    )


def test_a_stablehlo_that_is_too_new(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.artefact.needs.environment", lambda backend: "another machine's")
    data = path.read_bytes()
    assert b"multiply_v1" in data  # as StableHLO calls the version of an operation
    newer = data.replace(b"multiply_v1", b"multiply_v9")
    broken = with_header(newer, lambda header: [m.update(version="9.17.0") for m in header["modules"]] and header)
    message = refused(path, broken, trust=True)
    assert message.startswith("FILE holds StableHLO 9.17.0 (hloc ")
    assert "cannot compile; if that is too new for it, a newer jaxlib can: XLA cannot compile this program" in message


# --- trust

UNKNOWN = (
    "FILE is not known to be written by this user ({}), and machine code in it could do anything; "
    "hloc.load(path, trust=True) loads a file that you trust as you would trust a program"
)


def test_files_of_other_users_are_refused(path: Path, own_key: Path) -> None:
    data = path.read_bytes()
    assert hloc.load(path)(np.zeros(4))[1] == 3
    key = own_key / "signing.key"
    key.write_bytes(os.urandom(32))
    assert refused(path, data) == UNKNOWN.format("its signature is not this user's")
    key.unlink()
    assert refused(path, data) == UNKNOWN.format(f"this user has signed nothing yet: there is no key {key}")
    assert hloc.load(path, trust=True)(np.zeros(4))[1] == 3
    assert not key.exists()


def test_a_changed_file_is_refused_before_anything_in_it_is_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither code is loaded, nor a module imported, nor StableHLO compiled."""

    def never(*args: Any, **keywords: Any) -> Any:
        raise AssertionError("used")

    for name in ("read_header", "compile_or_load", "Executable", "BoundProgram"):
        monkeypatch.setattr(f"hloc.artefact.loading.{name}", never)
    monkeypatch.setattr("json.loads", never)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1  # in the machine code
    assert refused(path, with_checksum(bytes(data))) == UNKNOWN.format("its signature is not this user's")
    data[SEAL] = bytes(32)
    assert refused(path, with_checksum(bytes(data))) == UNKNOWN.format("it has no signature")


def test_saving_without_a_key(tmp_path: Path, own_key: Path) -> None:
    own_key.mkdir(mode=0o777)
    own_key.chmod(0o777)
    made = tmp_path / "plain.hloc"
    with pytest.warns(ArtefactWarning, match=r"has no signature, so that hloc.load wants trust=True: .* is not safe"):
        hloc.compile(programs.plain).lower("f64[4]", "i64").save(made)
    assert hloc.load(made, trust=True)(np.zeros(4))[1] == 3
    assert refused(made, made.read_bytes()) == UNKNOWN.format("it has no signature")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(hloc.ArtefactError, match=r"cannot write .*: No such file or directory"):
        hloc.compile(programs.plain).lower("f64[4]", "i64").save(tmp_path / "none" / "plain.hloc")


# --- headers that hloc does not write, in files that are trusted


def places_in(data: Any) -> Any:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, part in list(items):
        yield data, key
        yield from places_in(part)


JUNK: list[Any] = [
    None,
    True,
    -1,
    0,
    7,
    1 << 40,
    1 << 63,
    1.5,
    "",
    "x",
    "os:system",
    [],
    [[]],
    {},
    ["object", "os:system"],
]


@pytest.mark.parametrize("name", ["failing with an error", "structures", "fibonacci"])
def test_malformed_headers(tmp_path: Path, name: str) -> None:
    """One part of a header in place of another, or junk: refused, or a function that is called or refuses the call."""
    function, make = programs.CALLS[name]
    path = tmp_path / "file.hloc"
    hloc.compile(function).lower(*make()).save(path)
    data = path.read_bytes()
    rng = random.Random(name)
    refusals = 0

    def change(header: dict[str, Any]) -> dict[str, Any]:
        del header["codes"][0]["needs"][0:4]  # whatever the rest says: the executable is never at fault
        header["codes"][0]["needs"] = [["jaxlib", "0"]]
        places = [(c, k) for c, k in places_in(header) if c is not header["codes"][0]]
        container, key = rng.choice(places)
        other, other_key = rng.choice(places)
        if rng.random() < 0.2 and isinstance(container, dict):
            del container[key]
        else:
            container[key] = other[other_key] if rng.random() < 0.4 else rng.choice(JUNK)
        return json.loads(json.dumps(header))

    for _ in range(60):
        try:
            path.write_bytes(with_header(data, change))
        except ValueError:  # a part within itself
            continue
        try:
            loaded = hloc.load(path, trust=True)
        except hloc.ArtefactError:
            refusals += 1
            continue
        with contextlib.suppress(HlocRuntimeError, programs.TooMany, IndexError, ValueError, TypeError, OSError):
            loaded(*make())
    assert refusals > 20


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"blobs": 3}', b'{"blobs": [-1]}']
)
def test_headers_that_are_none(path: Path, text: bytes) -> None:
    data = path.read_bytes()
    body = struct.pack("<Q", len(text)) + text
    broken = with_checksum(data[:12] + struct.pack("<Q", 84 + len(body)) + data[20:84] + body)
    assert refused(path, broken, trust=True).startswith("FILE has a header that hloc does not write: ")


@pytest.mark.parametrize("length", [0, 1 << 20, 1 << 62, (1 << 64) - 1])
def test_lengths_that_are_wrong(path: Path, length: int) -> None:
    data = path.read_bytes()
    broken = with_checksum(data[:84] + struct.pack("<Q", length) + data[92:])
    assert refused(path, broken, trust=True).startswith("FILE has a header that hloc does not write: ")


def test_writing_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(hloc.ArtefactError, match=r"cannot write .*: No space left on device"):
        hloc.compile(programs.newton).lower(2.0, 1e-3).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir() if p.is_file()] == [path.name]


def test_no_pickle() -> None:
    """Neither is it imported by the modules that read files, nor is there one in a file."""
    from hloc.artefact import function, header, loading, names

    for module in (file, function, header, loading, names):
        assert "import pickle" not in Path(str(module.__file__)).read_text(encoding="utf-8")


def test_contents() -> None:
    parts, problem = file.encode(Contents({"a": 1}, [b"xyz", b""]))
    assert problem is None
    data = b"".join(parts)
    assert data.startswith(MAGIC)
    assert len(data) == struct.unpack("<Q", data[12:20])[0]
