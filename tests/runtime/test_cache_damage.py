"""Damaged entries: whatever the file holds, the program is compiled anew, with one warning and no other exception.

Not seen here: damage that keeps the SHA-256 of the file.
"""

import hashlib
import json
import os
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hloc.runtime import Cache, CacheWarning, Entry, compile_or_load
from hloc.runtime.entries import DamagedEntry, OtherVersion, decode, encode
from tests.runtime.programs import ADD_SINE

KEY = "0123456789abcdef"
ENTRY = Entry({"n": 3, "names": ["a", "b"]}, {"code": bytes(range(256)) * 20, "empty": b"", "text": b"module"})
MAGIC = b"hloc\x00v2\n"


def sealed(body: bytes, magic: bytes = MAGIC) -> bytes:
    """A file with this after the checksum, which is right."""
    frame = magic + (len(MAGIC) + 8 + 32 + len(body)).to_bytes(8, "little")
    return frame + hashlib.sha256(frame + body).digest() + body


def with_header(header: bytes, blobs: bytes = b"", length: int | None = None) -> bytes:
    return sealed((len(header) if length is None else length).to_bytes(8, "little") + header + blobs)


def load(folder: Path, data: bytes) -> tuple[Entry | None, list[str]]:
    """What a new process makes of an entry with these contents, and its warnings."""
    cache = Cache(folder)
    path = folder / f"{KEY}.program"
    path.touch(mode=0o600)
    path.write_bytes(data)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entry = cache.load(KEY)
        assert (entry is None) != path.exists(), "a damaged entry is removed"
        assert cache.store(KEY, ENTRY)
        assert cache.load(KEY) == ENTRY
    assert all(issubclass(warning.category, CacheWarning) for warning in caught)
    return entry, [str(warning.message) for warning in caught]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One accident: bits flip, bytes are lost, repeated, zeroed, exchanged, or random ones come instead."""
    a, b = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    piece = data[a:b]
    match chance.randrange(8):
        case 0:
            bit = chance.randrange(len(data) * 8)
            return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]
        case 1:
            return data[:a]
        case 2:
            return data[:a] + data[b:]
        case 3:
            return data[:b] + piece + data[b:]
        case 4:
            return data[:a] + bytes(b - a) + data[b:]
        case 5:
            return data[:a] + chance.randbytes(b - a) + data[b:]
        case 6:
            return data[:a] + piece[::-1] + data[b:]
        case _:
            return chance.randbytes(b)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Cache(tmp_path / "c").store(KEY, ENTRY)
    return tmp_path / "c"


def test_thousands_of_accidents(folder: Path) -> None:
    data, chance = encode(KEY, ENTRY), random.Random(6)
    for _ in range(1000):
        broken = damaged(data, chance)
        entry, messages = load(folder, broken)
        if broken == data:
            assert (entry, messages) == (ENTRY, [])
        else:
            assert entry is None
            (message,) = messages
            assert (
                f"the entry {folder / KEY}.program is damaged and will be made anew: its checksum is wrong" in message
            )


def test_many_thousands_of_accidents_are_told_from_what_was_written() -> None:
    data, chance = encode(KEY, ENTRY), random.Random(7)
    for _ in range(10_000):
        broken = damaged(data, chance)
        if broken == data:
            assert decode(KEY, broken) == ENTRY
        else:
            with pytest.raises(DamagedEntry):
                decode(KEY, broken)


def headers() -> Iterator[tuple[str, bytes]]:
    """Headers that `encode` never writes."""
    good = {"key": KEY, "metadata": {}, "blobs": []}
    for name, value in {
        "no blobs": {k: v for k, v in good.items() if k != "blobs"},
        "no key": {k: v for k, v in good.items() if k != "key"},
        "key is a number": good | {"key": 3},
        "metadata is a list": good | {"metadata": []},
        "blobs is a dict": good | {"blobs": {}},
        "a blob is a number": good | {"blobs": [3]},
        "a blob has three parts": good | {"blobs": [["code", 0, 0]]},
        "a size is negative": good | {"blobs": [["a", -5], ["b", 5]]},
        "a size is true": good | {"blobs": [["a", True]]},
        "a size is a text": good | {"blobs": [["a", "5"]]},
        "a size is absurd": good | {"blobs": [["a", 1 << 80]]},
        "a size is a float": good | {"blobs": [["a", 1e300]]},
        "sizes are too small": good | {"blobs": [["a", 1]]},
        "a list": [good],
        "null": None,
        "another program": good | {"key": "ff"},
    }.items():
        yield name, json.dumps(value).encode()
    yield "empty", b""
    yield "no JSON", b"{"
    yield "no text", b"\xff\xfe\xfd"
    yield "UTF-16 cut off", '{"key"'.encode("utf-16")[:-1]
    yield "brackets without end", b"[" * 1_000_000
    yield "objects without end", b'{"a":' * 1_000_000
    yield "a number of a million digits", b'{"key": ' + b"9" * 1_000_000 + b"}"


@pytest.mark.parametrize("header", [pytest.param(header, id=name) for name, header in headers()])
def test_headers_under_a_right_checksum(folder: Path, header: bytes) -> None:
    entry, (message,) = load(folder, with_header(header, b"12345"))
    assert entry is None
    assert "is damaged and will be made anew: it" in message
    with pytest.raises(DamagedEntry):
        decode(KEY, with_header(header, b"12345"))


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, 1 << 40, 10_000, 0, 3])
def test_a_header_of_another_length(folder: Path, length: int) -> None:
    header = json.dumps({"key": KEY, "metadata": {}, "blobs": [["a", 5]]}).encode()
    entry, messages = load(folder, with_header(header, b"12345", length))
    assert (entry, len(messages)) == (None, 1)
    assert load(folder, with_header(header, b"12345")) == (Entry({}, {"a": b"12345"}), [])


@pytest.mark.parametrize("body", [b"", b"\0", b"\0" * 7, b"\0" * 8])
def test_hardly_anything_under_a_right_checksum(folder: Path, body: bytes) -> None:
    entry, messages = load(folder, sealed(body))
    assert (entry, len(messages)) == (None, 1)


def test_a_file_of_absurd_size_is_not_read(folder: Path) -> None:
    path = folder / f"{KEY}.program"
    os.truncate(path, 1 << 42)  # 4 TB, of which nothing is on the disk
    with pytest.warns(CacheWarning, match="another length than was written"):
        assert Cache(folder).load(KEY) is None
    assert not path.exists()


def test_an_entry_for_which_memory_does_not_suffice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(file, size: int) -> bytes:
        raise MemoryError

    monkeypatch.setattr("hloc.runtime.cache.read", read)
    with pytest.warns(CacheWarning, match="it needs more memory than there is"):
        assert Cache(folder).load(KEY) is None


def test_a_whole_entry_of_another_version_is_passed_over_in_silence(folder: Path) -> None:
    cache, path = Cache(folder), folder / f"{KEY}.program"
    other = sealed(b"whatever there may be", b"hloc\x00v9\n")
    path.write_bytes(other)
    assert cache.load(KEY) is None
    assert path.read_bytes() == other
    with pytest.raises(OtherVersion):
        decode(KEY, other)
    with pytest.raises(DamagedEntry):  # a flipped bit in the version makes no other version
        decode(KEY, encode(KEY, ENTRY).replace(b"v2", b"v3"))
    assert cache.store(KEY, ENTRY)
    assert cache.load(KEY) == ENTRY


def test_entries_of_other_versions_are_evicted_as_all_others(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    cache = Cache(folder, limit=10_000)
    cache.store("a", Entry({}, {"code": bytes(10)}))
    for i in range(4):
        path = folder / f"{i}.program"
        path.write_bytes(sealed(bytes(2_000), b"hloc\x00v1\n"))
        os.utime(path, (i, i))
        cache.load(str(i))  # no use of it: its time stays
    for i in range(4):
        cache.store(f"b{i}", Entry({}, {"code": bytes(2_000)}))
    assert not (folder / "0.program").exists()
    assert not (folder / "1.program").exists()
    assert cache.load("b3") is not None
    assert cache.size() <= 10_000


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d[:2000] + bytes([d[2000] ^ 1]) + d[2001:]])
def test_xla_never_sees_a_damaged_program(private_cache: Path, change: Callable[[bytes], bytes]) -> None:
    expected = np.sin(2.0)
    for _ in range(3):
        compile_or_load(ADD_SINE)
        (path,) = private_cache.glob("*.program")
        path.write_bytes(change(path.read_bytes()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheWarning)
            executable = compile_or_load(ADD_SINE)
        assert np.asarray(executable.execute([np.ones(16)] * 2)[0])[0] == pytest.approx(expected)


def test_what_xla_refuses_is_said_once_with_the_reason_and_compiled_anew(private_cache: Path) -> None:
    compile_or_load(ADD_SINE)
    (path,) = private_cache.glob("*.program")
    cache = Cache(private_cache)
    entry = cache.load(path.stem)
    assert entry is not None
    cache.store(path.stem, Entry(entry.metadata, {"executable": b"no machine code"}))
    with pytest.warns(CacheWarning, match="is refused by XLA and will be made anew: XLA cannot load") as caught:
        executable = compile_or_load(ADD_SINE)
    assert len(caught) == 1
    assert np.asarray(executable.execute([np.ones(16)] * 2)[0])[0] == pytest.approx(np.sin(2.0))
    assert cache.load(path.stem) is not None
