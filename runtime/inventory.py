"""What is in the cache, for people: every entry with its metadata, and what is wrong with it. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import FileIO
from typing import Any

from hloc.runtime import private
from hloc.runtime.cache import SUFFIX, Cache, File
from hloc.runtime.entries import DamagedEntry, Header, OtherVersion, decode, read, read_header

OTHER_VERSION = "another version of hloc has written it"
UNFINISHED = "a process was stopped while it wrote it, or is writing now"


@dataclass(frozen=True)
class Item:
    """One file of the cache. blobs: bytes by name.   problem: why it is of no use; empty where it is."""

    file: File
    metadata: Mapping[str, Any] = field(default_factory=dict)
    blobs: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""

    @property
    def key(self) -> str:
        return self.file.path.stem

    @property
    def is_damaged(self) -> bool:
        """Whether it is an entry that will never be of use to anybody."""
        return self.problem not in ("", OTHER_VERSION, UNFINISHED)


def items(cache: Cache) -> list[Item]:
    """All files, the one used last first. Their contents are not compared with their checksums."""
    return _items(cache, _read_header)


def verified(cache: Cache) -> list[Item]:
    """The same, each read as a whole and compared with its checksum."""
    return _items(cache, _read_whole)


def _items(cache: Cache, reader: Callable[[FileIO, str, int], Header]) -> list[Item]:
    found = (_item(file, reader) for file in sorted(cache.files(), reverse=True))
    return [item for item in found if item is not None]


def _item(file: File, reader: Callable[[FileIO, str, int], Header]) -> Item | None:
    """What a file is; None where it has just been removed."""
    if file.path.suffix != SUFFIX:
        return Item(file, problem=UNFINISHED)
    try:
        with private.open_private(file.path) as opened:
            header = reader(opened, file.path.stem, os.fstat(opened.fileno()).st_size)
    except FileNotFoundError:
        return None
    except OtherVersion:
        return Item(file, problem=OTHER_VERSION)
    except DamagedEntry as error:
        return Item(file, problem=str(error))
    except private.NotPrivate as error:
        return Item(file, problem=f"the file {error}")
    except (OSError, MemoryError) as error:
        return Item(file, problem=f"it cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}")
    return Item(file, header.metadata, dict(header.blobs))


def _read_header(opened: FileIO, key: str, size: int) -> Header:
    header = read_header(opened, size)
    if header.key != key:
        raise DamagedEntry("it belongs to another program")
    return header


def _read_whole(opened: FileIO, key: str, size: int) -> Header:
    entry = decode(key, read(opened, size))
    blobs = tuple((name, len(blob)) for name, blob in entry.blobs.items())
    return Header(key, entry.metadata, blobs, 0)
