"""What the file of a cache entry holds.

    magic and version  length of the file  sha256 of all the rest  length of the header  header (JSON)  blob  blob  …

Magic, length and checksum are at the same place in every version, so an entry of another version can be told from a
damaged one. The checksum is against accidents: who may write to an entry is a matter of the file's owner and mode
(`hloc.runtime.private`). It is looked at before anything else, because a flipped bit in machine code ends the process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from io import FileIO
from typing import Any, NamedTuple

from hloc.classes import dataclass
from hloc.runtime.hashing import hashed, sha256

_NAME = b"hloc\x00"
_MAGIC = _NAME + b"v2\n"
_FRAME = len(_MAGIC) + 8  # magic and length
_START = _FRAME + sha256().digest_size
_PREFIX = _START + 8  # and the length of the header


@dataclass(frozen=True)
class Entry:
    """What is kept about one program: JSON values by name, and bytes by name."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)


class DamagedEntry(Exception):
    """A file of the cache is not what was written."""


class OtherVersion(Exception):
    """A file of the cache is whole, but another version of hloc has written it."""


class Header(NamedTuple):
    """The beginning of an entry's file: whose it is, its metadata, name and size of each blob."""

    key: str
    metadata: Mapping[str, Any]
    blobs: tuple[tuple[str, int], ...]
    length: int


def encode(key: str, entry: Entry) -> bytes:
    """The contents of an entry's file."""
    sizes = [[name, len(blob)] for name, blob in entry.blobs.items()]
    header = json.dumps({"key": key, "metadata": dict(entry.metadata), "blobs": sizes}).encode()
    body = b"".join([len(header).to_bytes(8, "little"), header, *entry.blobs.values()])
    frame = _MAGIC + (_START + len(body)).to_bytes(8, "little")
    return b"".join([frame, _checksum(frame, body), body])


def decode(key: str, data: bytes) -> Entry:
    """The entry in a file's contents.

    Raises: DamagedEntry unless it is exactly what `encode` made for this key; OtherVersion.
    """
    if len(data) < _PREFIX or _checksum(data[:_FRAME], memoryview(data)[_START:]) != data[_FRAME:_START]:
        raise DamagedEntry("its checksum is wrong")
    _check_frame(data[:_FRAME], len(data))
    header = _header(data[_PREFIX : _PREFIX + int.from_bytes(data[_START:_PREFIX], "little")])
    if header.key != key:
        raise DamagedEntry("it belongs to another program")
    start = _PREFIX + header.length
    if start + sum(size for _, size in header.blobs) != len(data):
        raise DamagedEntry("its parts have other sizes than it says")
    blobs = {}
    for name, size in header.blobs:
        blobs[name] = data[start : start + size]
        start += size
    return Entry(header.metadata, blobs)


def read(file: FileIO, size: int) -> bytes:
    """The contents of a file of this size, for `decode`.

    Raises: DamagedEntry where it says to be of another length: a file of absurd size is not read.
    """
    length = file.read(_FRAME)[len(_MAGIC) :]
    if int.from_bytes(length, "little") != size:
        raise DamagedEntry("its checksum is wrong: it has another length than was written")
    file.seek(0)
    return file.readall()


def read_header(file: FileIO, size: int) -> Header:
    """The header of an entry, without a look at its checksum. Raises: DamagedEntry, OtherVersion."""
    prefix = file.read(_PREFIX)
    _check_frame(prefix[:_FRAME], size)
    length = int.from_bytes(prefix[_START:], "little")
    if len(prefix) < _PREFIX or length > size:
        raise DamagedEntry("it is cut off")
    return _header(file.read(length))


def _checksum(frame: bytes, body: bytes | memoryview) -> bytes:
    return hashed(frame, body)


def _check_frame(frame: bytes, size: int) -> None:
    if not frame.startswith(_NAME) or int.from_bytes(frame[len(_MAGIC) :], "little") != size:
        raise DamagedEntry("it has another length than was written, or is no entry at all")
    if not frame.startswith(_MAGIC):
        raise OtherVersion("another version of hloc has written it")


def _header(text: bytes) -> Header:
    """What the JSON says, where it has the form that `encode` gives it."""
    try:
        match json.loads(text):
            case {"key": str(key), "metadata": dict(metadata), "blobs": list(blobs)} if all(map(_is_blob, blobs)):
                return Header(key, metadata, tuple((name, size) for name, size in blobs), len(text))
    except (ValueError, RecursionError) as error:
        raise DamagedEntry(f"its header cannot be read: {error}") from None
    raise DamagedEntry("its header has another form")


def _is_blob(item: Any) -> bool:
    """Whether this is a name and a size."""
    return isinstance(item, list) and list(map(type, item)) == [str, int] and item[1] >= 0
