"""The file of an artefact: blobs by number behind a header of JSON, under a checksum and the user's signature.

    magic  format  length of the file  signature  sha256 of all the rest  length of the header  header  blob  blob  …

Nothing of a file is looked at before its checksum, and no machine code is loaded or program compiled before its
signature: `open_file` gives only what may be used. The signature is of everything but the checksum.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hloc.classes import dataclass
from hloc.runtime import signing
from hloc.runtime.errors import ArtefactError, SigningError
from hloc.runtime.private import UNFINISHED, remove

MAGIC = b"\x89hloc\r\n\x1a"
FORMAT = 1
SUFFIX = ".hloc"
_START = struct.Struct("<8sIQ")  # magic, format, length
_UNSIGNED = bytes(signing.SIZE)
_CHECKSUM = hashlib.sha256().digest_size
_PREFIX = _START.size + signing.SIZE + _CHECKSUM
_LENGTH = struct.Struct("<Q")


Parts = Sequence[bytes | memoryview]


@dataclass(frozen=True)
class Contents:
    """What a file holds: JSON, and bytes that it names by their number."""

    header: Mapping[str, Any]
    blobs: Parts


def encode(contents: Contents) -> tuple[Parts, str | None]:
    """The bytes of a file in parts, signed by this user; else why they could not be signed."""
    header = json.dumps({**contents.header, "blobs": [len(blob) for blob in contents.blobs]}, allow_nan=False).encode()
    body = [_LENGTH.pack(len(header)), header, *contents.blobs]
    start = _START.pack(MAGIC, FORMAT, _PREFIX + sum(map(len, body)))
    problem = None
    try:
        seal = signing.sign(start, *body)
    except SigningError as error:
        seal, problem = _UNSIGNED, str(error)
    return [start, seal, _checksum(start, seal, *body), *body], problem


def write(path: Path, parts: Parts) -> None:
    """Write a file so that others see all of it or nothing. Raises: OSError."""
    part = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(6).hex()}{UNFINISHED}")
    try:
        with open(part, "xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        remove(part)
        raise


def open_file(path: Path, trust: bool) -> Contents:
    """What a file holds, if it is whole, and this user has signed it or trusts it. Raises: ArtefactError."""
    data = memoryview(_read(path))
    start, seal, body = data[: _START.size], data[_START.size :][: signing.SIZE], data[_PREFIX:]
    if _checksum(start, seal, body) != bytes(data[_PREFIX - _CHECKSUM : _PREFIX]):
        raise ArtefactError(f"{path} is damaged: its checksum is wrong")
    if not trust:
        _check_signature(path, bytes(seal), start, body)
    try:
        return _decode(body)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise ArtefactError(f"{path} has a header that hloc does not write: {error}") from None


def _read(path: Path) -> bytearray:
    """All bytes of a file that says to be an artefact of this format and to have this length."""
    try:
        with open(path, "rb") as file:
            start = file.read(_START.size)
            size = os.fstat(file.fileno()).st_size
            _check_start(path, start, size)
            data = _memory(path, size)
            data[: len(start)] = start
            file.readinto(memoryview(data)[len(start) :])
            return data
    except OSError as error:
        raise ArtefactError(f"cannot read {path}: {error.strerror}") from error


def _memory(path: Path, size: int) -> bytearray:
    try:
        return bytearray(size)
    except MemoryError:
        raise ArtefactError(f"cannot read {path}: its {size:,} bytes do not fit into memory") from None


def _check_start(path: Path, start: bytes, size: int) -> None:
    if len(start) < _START.size or not start.startswith(MAGIC):
        raise ArtefactError(f"{path} is no artefact of hloc, or damaged from its first byte on")
    _, version, length = _START.unpack(start)
    if length != size or size < _PREFIX + _LENGTH.size:
        raise ArtefactError(f"{path} is damaged: it has {size:,} bytes, and was written with {length:,}")
    if version != FORMAT:
        raise ArtefactError(
            f"{path} has the format {version}, and this version of hloc reads format {FORMAT}: "
            f"{'a newer hloc has written it, or it is damaged' if version > FORMAT else 'write it again'}"
        )


def _check_signature(path: Path, seal: bytes, *parts: memoryview) -> None:
    if seal == _UNSIGNED:
        reason = "it has no signature"
    else:
        try:
            reason = "" if signing.is_signed(seal, *parts) else "its signature is not this user's"
        except SigningError as error:
            reason = str(error)
    if reason:
        raise ArtefactError(
            f"{path} is not known to be written by this user ({reason}), and machine code in it could do anything; "
            "hloc.load(path, trust=True) loads a file that you trust as you would trust a program"
        )


def _decode(body: memoryview) -> Contents:
    (length,) = _LENGTH.unpack_from(body)
    at = _LENGTH.size + length
    if at > len(body):
        raise ValueError("it is longer than the file")
    header = json.loads(bytes(body[_LENGTH.size : at]))
    sizes = header.pop("blobs")
    if not all(type(size) is int and size >= 0 for size in sizes) or at + sum(sizes) != len(body):
        raise ValueError("its parts do not fill the file")
    blobs = []
    for size in sizes:
        blobs.append(body[at : at + size])
        at += size
    return Contents(header, blobs)


def _checksum(*parts: bytes | memoryview) -> bytes:
    state = hashlib.sha256()
    for part in parts:
        state.update(part)
    return state.digest()
