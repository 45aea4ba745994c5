"""The persistent cache: one file for each compiled program, in a folder that belongs to the user alone.

    magic  sha256 of the rest  length of the header  header (JSON)  blob  blob  …

A file is written beside its place and renamed into it, so readers and writers in any number of processes see whole
entries or none. A file that does not match its checksum is removed with a warning, and the program compiled anew.
Entries hold machine code: a folder that others own or may write to is not used at all.

Environment: HLOC_CACHE=off switches the cache off; HLOC_CACHE_DIR is its folder (else the platform's cache folder);
HLOC_CACHE_BYTES is its size limit, 1 GiB unless set. Past the limit the entries used longest ago are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hloc.runtime.errors import CacheWarning

_MAGIC = b"hloc\x00v1\n"
_DIGEST = hashlib.sha256().digest_size
_PREFIX = len(_MAGIC) + _DIGEST + 8
_SUFFIX = ".program"
_UNFINISHED = ".part"
_DEFAULT_LIMIT = 1 << 30
_KEEP_AFTER_EVICTION = 0.8
_ABANDONED_AFTER = 3600.0  # seconds: a writer that took longer has died


@dataclass(frozen=True)
class Entry:
    """What is kept about one program: JSON values by name, and bytes by name."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)


class DamagedEntry(Exception):
    """A file of the cache is not what was written."""


def encode(key: str, entry: Entry) -> bytes:
    """The contents of an entry's file."""
    sizes = [[name, len(blob)] for name, blob in entry.blobs.items()]
    header = json.dumps({"key": key, "metadata": dict(entry.metadata), "blobs": sizes}).encode()
    body = b"".join([len(header).to_bytes(8, "little"), header, *entry.blobs.values()])
    return _MAGIC + hashlib.sha256(body).digest() + body


def decode(key: str, data: bytes) -> Entry:
    """The entry in a file's contents. Raises: DamagedEntry unless it is exactly what `encode` made for this key."""
    body = memoryview(data)[len(_MAGIC) + _DIGEST :]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != data[len(_MAGIC) : len(_MAGIC) + _DIGEST]:
        raise DamagedEntry("its checksum is wrong")
    start = _PREFIX + int.from_bytes(body[:8], "little")
    header = json.loads(data[_PREFIX:start])
    if header["key"] != key:
        raise DamagedEntry("it belongs to another program")
    blobs = {}
    for name, size in header["blobs"]:
        blobs[name] = data[start : start + size]
        start += size
    return Entry(header["metadata"], blobs)


class Cache:
    """The entries in one folder. Nothing here raises for trouble with the disk: it warns once and does without.

    limit: bytes that all entries together may take.
    """

    def __init__(self, folder: Path, limit: int = _DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._unscanned = 0
        self._usable: bool | None = None
        self._warned = False

    def load(self, key: str) -> Entry | None:
        """The entry for `key` (hexadecimal), or None where there is none or it is damaged."""
        path = self._path(key)
        if not self._is_usable():
            return None
        try:
            entry = decode(key, path.read_bytes())
            os.utime(path)  # used now: evicted last
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn(f"cannot read {path}: {error}")
            return None
        except DamagedEntry as error:
            self.discard(key, str(error))
            return None
        return entry

    def store(self, key: str, entry: Entry) -> bool:
        """Keep an entry, in place of any older one for this key; says whether that worked."""
        path = self._path(key)
        data = encode(key, entry)
        if not self._is_usable() or len(data) > self.limit:
            return False
        try:
            _write_whole(path, data)
        except OSError as error:
            self._warn(f"cannot write to {self.folder}: {error}")
            return False
        self._unscanned -= len(data)
        if self._unscanned <= 0:
            self._evict()
        return True

    def discard(self, key: str, reason: str) -> None:
        """Remove a damaged entry and say so."""
        path = self._path(key)
        path.unlink(missing_ok=True)
        self._warn(f"the entry {path} is damaged and will be made anew: {reason}")

    def clear(self) -> None:
        """Remove all entries."""
        for _, _, path in self._files():
            path.unlink(missing_ok=True)

    def size(self) -> int:
        """Bytes that the entries take now."""
        return sum(size for _, size, _ in self._files())

    def _path(self, key: str) -> Path:
        if not key or set(key) - set("0123456789abcdef"):
            raise ValueError(f"a cache key is a hexadecimal number, got {key!r}")
        return self.folder / (key + _SUFFIX)

    def _files(self) -> list[tuple[float, int, Path]]:
        """Last use, size and path of each entry, and of files that a dead writer left behind."""
        found = []
        try:
            with os.scandir(self.folder) as listing:
                for item in listing:
                    if item.name.endswith((_SUFFIX, _UNFINISHED)):
                        status = item.stat(follow_symlinks=False)
                        found.append((status.st_mtime, status.st_size, Path(item.path)))
        except OSError:  # the folder is not there, or another process has just removed a file
            return found
        return found

    def _evict(self) -> None:
        """Remove abandoned files; past the limit, the entries used longest ago.

        Looking at all entries takes long when they are many, so the next look waits until this process has added an
        eighth of what is free: several processes stay near the limit, too.
        """
        now = time.time()
        entries = []
        for used, size, path in self._files():
            if path.suffix == _UNFINISHED and now - used > _ABANDONED_AFTER:
                path.unlink(missing_ok=True)
            elif path.suffix == _SUFFIX:
                entries.append((used, size, path))
        total = sum(size for _, size, _ in entries)
        self._unscanned = (self.limit - total) // 8
        if total <= self.limit:
            return
        for _, size, path in sorted(entries):
            if total <= self.limit * _KEEP_AFTER_EVICTION:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _is_usable(self) -> bool:
        if self._usable is None:
            problem = _prepare(self.folder)
            self._usable = problem is None
            if problem:
                self._warn(f"{problem}; programs are compiled in each process (HLOC_CACHE_DIR names another folder)")
        return self._usable

    def _warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(f"hloc's program cache: {message}", CacheWarning, stacklevel=2)


def _prepare(folder: Path) -> str | None:
    """Make the folder if need be, readable by its owner only; gives the reason why it must not be used, if any."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        return f"cannot use the folder {folder}: {error}"
    if not hasattr(os, "geteuid"):
        return None
    if status.st_uid != os.geteuid():
        return f"the folder {folder} belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to the folder {folder} (chmod 700 repairs that)"
    return None


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file so that others see all of it or nothing."""
    part = path.with_name(f"{path.stem}-{os.getpid()}-{threading.get_ident()}{_UNFINISHED}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


_opened: dict[tuple[str, str, str], Cache | None] = {}


def default_cache() -> Cache | None:
    """The cache that the environment asks for; None where it is switched off."""
    settings = tuple(os.environ.get(name, "") for name in ("HLOC_CACHE", "HLOC_CACHE_DIR", "HLOC_CACHE_BYTES"))
    switch, folder, limit = settings
    key = (switch, folder, limit)
    if key not in _opened:
        off = switch.lower() in ("off", "0", "no", "false")
        _opened[key] = None if off else Cache(Path(folder or _platform_folder()), _limit(limit))
    return _opened[key]


def _limit(text: str) -> int:
    if text and not text.isdecimal():
        raise ValueError(f"HLOC_CACHE_BYTES is a number of bytes, got {text!r}")
    return int(text or _DEFAULT_LIMIT)


def _platform_folder() -> str:
    import platformdirs  # only where no folder is named: it takes some milliseconds

    return str(Path(platformdirs.user_cache_dir("hloc", appauthor=False)) / "programs")
