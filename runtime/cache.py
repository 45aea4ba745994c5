"""The persistent cache: one file for each entry, in a folder that belongs to the user alone.

A file is written beside its place and renamed into it, so readers and writers in any number of processes see whole
entries or none. A file that does not match its checksum is removed with a warning, and the program compiled anew.
Entries hold machine code: a folder or a file that others own or may write to is not used at all.

Environment: HLOC_CACHE=off switches the cache off; HLOC_CACHE_DIR is its folder (else the platform's cache folder);
HLOC_CACHE_BYTES is its size limit, such as 2GB, 1 GiB unless set. Past it the entries used longest ago are removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hloc.runtime import private
from hloc.runtime.entries import DamagedEntry, Entry, OtherVersion, decode, encode, read
from hloc.runtime.errors import CacheWarning

SUFFIX = ".program"
DEFAULT_LIMIT = 1 << 30
_KEEP_AFTER_EVICTION = 0.8
_SHARE_BEFORE_LOOKING = 100
_ABANDONED_AFTER = 3600.0  # seconds: a writer that took longer has died
_CLOCKS_DIFFER = 86400.0  # seconds: a last use further in the future was noted by a wrong clock
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


class File(NamedTuple):
    """A file in the cache's folder: when it was used (seconds since 1970), and its bytes."""

    used: float
    size: int
    path: Path


class Cache:
    """The entries in one folder. Nothing here raises for trouble with the disk: it warns once and does without.

    limit: bytes that all entries together may take.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._unscanned = _some_of(limit // _SHARE_BEFORE_LOOKING)
        self._usable: bool | None = None
        self._told: dict[str, object] = {}

    def load(self, key: str) -> Entry | None:
        """The entry for `key` (hexadecimal), or None where there is none or it is damaged."""
        path = self.path(key)
        if not self._is_usable():
            return None
        try:
            with private.open_private(path) as file:
                entry = decode(key, read(file, os.fstat(file.fileno()).st_size))
        except (FileNotFoundError, OtherVersion):
            return None
        except OSError as error:
            self._warn("read", f"cannot read {path}: {error.strerror or error}")
            return None
        except private.NotPrivate as error:
            self.discard(key, f"the file {error}", "cannot be trusted")
            return None
        except (DamagedEntry, MemoryError) as error:
            self.discard(key, str(error) or "it needs more memory than there is")
            return None
        with contextlib.suppress(OSError):  # a folder that may only be read
            os.utime(path)  # used now: evicted last
        return entry

    def store(self, key: str, entry: Entry) -> bool:
        """Keep an entry, in place of any older one for this key; says whether that worked."""
        path = self.path(key)
        try:
            data = encode(key, entry)
            if len(data) > self.limit or not self._is_usable(make=True):
                return False
            try:
                private.write_whole(path, data)
            except FileNotFoundError:  # the folder has just been removed
                self._usable = None
                if not self._is_usable(make=True):
                    return False
                private.write_whole(path, data)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "it needs more memory than there is"
            self._warn("write", f"cannot write to {self.folder}: {reason}; new programs are not kept")
            return False
        self._unscanned -= len(data)
        if self._unscanned <= 0:
            self._evict()
        return True

    def discard(self, key: str, reason: str, what: str = "is damaged") -> None:
        """Remove an entry that is of no use and say so."""
        path = self.path(key)
        left = "" if private.remove(path) else ", and it cannot be removed"
        self._warn("damaged", f"the entry {path} {what} and will be made anew: {reason}{left}")

    def remove(self, key: str) -> None:
        """Remove an entry that another one is to take the place of."""
        private.remove(self.path(key))

    def clear(self) -> None:
        """Remove all entries."""
        for file in list(self.files()):
            private.remove(file.path)

    def size(self) -> int:
        """Bytes that the entries take now."""
        return sum(file.size for file in self.files())

    def path(self, key: str) -> Path:
        """Where the entry of this key is. Raises: ValueError for a key that is not hexadecimal."""
        if not key or set(key) - set("0123456789abcdef"):
            raise ValueError(f"a cache key is a hexadecimal number, got {key!r}")
        return self.folder / (key + SUFFIX)

    def files(self) -> Iterator[File]:
        """The entries, and files that dead writers left behind; none where the folder cannot be read."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as listing:
            for item in listing:
                if item.name.endswith((SUFFIX, private.UNFINISHED)):
                    with contextlib.suppress(OSError):  # another process has just removed it
                        status = item.stat(follow_symlinks=False)
                        yield File(status.st_mtime, status.st_size, Path(item.path))

    def problem(self) -> str | None:
        """Why the folder is not used, if so; a folder that is not there yet is no problem."""
        try:
            return private.folder_problem(self.folder)
        except FileNotFoundError:
            return None

    def _evict(self) -> None:
        """Remove abandoned files; past the limit, the entries used longest ago.

        Looking at all entries takes long when they are many (5 µs each). So the first look of a process waits until
        it has added a random number of bytes, up to a hundredth of the limit: a process that adds little seldom looks,
        but many of them do so often enough. The next look waits until it has added an eighth of what is free.
        """
        now = time.time()
        entries = []
        for file in self.files():
            if file.path.suffix == SUFFIX:
                wrong = file.used > now + _CLOCKS_DIFFER
                entries.append(File(0.0, file.size, file.path) if wrong else file)
            elif abs(now - file.used) > _ABANDONED_AFTER:
                private.remove(file.path)
        total = sum(file.size for file in entries)
        self._unscanned = (self.limit - total) // 8
        if total <= self.limit:
            return
        for file in sorted(entries):
            if total <= self.limit * _KEEP_AFTER_EVICTION:
                break
            if private.remove(file.path):
                total -= file.size
        self._unscanned = (self.limit - total) // 8

    def _is_usable(self, make: bool = False) -> bool:
        """Whether the folder is there and safe.

        make: where it is not there, make it. Raises: OSError where that fails.
        """
        if self._usable is None:
            try:
                problem = private.folder_problem(self.folder)
            except FileNotFoundError:
                if not make:
                    return False
                private.make_folder(self.folder)
                problem = private.folder_problem(self.folder)
            self._usable = problem is None
            if problem:
                self._warn(
                    "folder", f"{problem}; programs are compiled in each process (HLOC_CACHE_DIR names another folder)"
                )
        return self._usable

    def _warn(self, kind: str, message: str) -> None:
        """Once for each kind of trouble. There is no lock, which a fork could find taken for ever."""
        mine = object()
        if self._told.setdefault(kind, mine) is mine:
            _say(message)


def _some_of(size: int) -> int:
    """A random number from 0 up to a size."""
    return size * int.from_bytes(os.urandom(4), "little") >> 32


def _say(message: str) -> None:
    warnings.warn(f"hloc's program cache: {message}", CacheWarning, stacklevel=2)


_opened: dict[tuple[str, ...], Cache | None] = {}


def default_cache() -> Cache | None:
    """The cache that the environment asks for; None where it is switched off, or there is no place for it."""
    settings = tuple(os.environ.get(name, "") for name in ("HLOC_CACHE", "HLOC_CACHE_DIR", "HLOC_CACHE_BYTES"))
    if settings not in _opened:
        cache = configured_cache() if is_on() else None
        _opened.setdefault(settings, cache)  # another thread may have been first
    return _opened[settings]


def is_on() -> bool:
    """Whether the environment leaves the cache on."""
    return os.environ.get("HLOC_CACHE", "").strip().lower() not in ("off", "0", "no", "false")


def configured_cache() -> Cache | None:
    """The cache that the environment names, also where it is switched off; None where there is no place for it."""
    folder, limit = os.environ.get("HLOC_CACHE_DIR", ""), os.environ.get("HLOC_CACHE_BYTES", "")
    path = os.path.abspath(os.path.expanduser(folder)) if folder else _platform_folder()
    if not os.path.isabs(path):
        _say(f"there is no place for it: {path} is no absolute path (HLOC_CACHE_DIR names a folder)")
        return None
    try:
        return Cache(Path(path), bytes_of(limit) if limit.strip() else DEFAULT_LIMIT)
    except ValueError as error:
        _say(f"HLOC_CACHE_BYTES: {error}; the limit is {DEFAULT_LIMIT} bytes")
        return Cache(Path(path))


def bytes_of(text: str) -> int:
    """A size as people write it: 1000000, 500MB, 2 GB, 1.5GiB. Raises: ValueError."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE | re.ASCII)
    if not found or (found[3] and not found[2]):
        raise ValueError(f"a size is a number of bytes, or such as 500MB, 2GB or 1GiB, got {text!r}")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _UNITS[unit.lower()])


def _platform_folder() -> str:
    if sys.platform != "linux":
        import platformdirs

        return os.path.join(platformdirs.user_cache_dir("hloc", appauthor=False), "programs")
    # What platformdirs says there, without the milliseconds that its import takes.
    return os.path.join(os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache"), "hloc/programs")
