"""Files that only this user can have written: read, written whole, and folders for them.

The program cache keeps machine code, so what another user owns or may write to is not used. The check is made on the
open file: a path can change its meaning between a look and a read. Where the system knows no owners it says nothing.
"""

from __future__ import annotations

import functools
import operator
import os
import stat
from io import FileIO
from pathlib import Path


def _flags(*names: str) -> int:
    """Those of the flags that this system has."""
    return functools.reduce(operator.or_, (getattr(os, name, 0) for name in names))


_READ = os.O_RDONLY | _flags("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # through no link, and no pipe is waited for
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_NOFOLLOW", "O_BINARY")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
UNFINISHED = ".part"
"""The ending of a file that is being written."""


class NotPrivate(Exception):
    """A file that others own or may write to, or no plain file at all; the text completes "the file …"."""


def open_private(path: Path) -> FileIO:
    """Open for reading. Raises: NotPrivate; OSError."""
    try:
        handle = os.open(path, _READ)
    except OSError:
        if path.is_symlink():
            raise NotPrivate("is a link") from None
        raise
    try:
        problem = file_problem(os.fstat(handle))
        if problem is not None:
            raise NotPrivate(problem)
        return FileIO(handle)
    except BaseException:
        os.close(handle)
        raise


def file_problem(status: os.stat_result) -> str | None:
    """Why a file must not be trusted, if so; completes "the file …"."""
    if not stat.S_ISREG(status.st_mode):
        return "is no plain file"
    return _owner_problem(status, "may have been written by others")


def folder_problem(folder: Path) -> str | None:
    """Why a folder must not be trusted, if so; a whole sentence. Raises: FileNotFoundError where there is none."""
    try:
        link, status = os.lstat(folder), folder.stat()
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"cannot use the folder {folder}: {error.strerror}"
    if not stat.S_ISDIR(status.st_mode):
        return f"cannot use the folder {folder}: it is a file"
    if stat.S_ISLNK(link.st_mode) and hasattr(os, "geteuid") and link.st_uid not in (os.geteuid(), 0):
        return f"the link {folder} belongs to another user"
    problem = _owner_problem(status, "others may write to it (chmod 700 repairs that)")
    return f"the folder {folder} is not safe: {problem}" if problem else None


def _owner_problem(status: os.stat_result, writable: str) -> str | None:
    if not hasattr(os, "geteuid"):
        return None
    if status.st_uid != os.geteuid():
        return "belongs to another user"
    return writable if status.st_mode & _OTHERS_WRITE else None


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone. Raises: OSError."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, readable by this user alone, so that others see all of it or nothing. Raises: OSError.

    It is not forced to the disk: after a power failure the file may be cut off, which a checksum tells.
    """
    part = path.with_name(f"{path.stem}-{os.getpid()}-{os.urandom(6).hex()}{UNFINISHED}")
    try:
        with os.fdopen(os.open(part, _WRITE, 0o600), "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        remove(part)
        raise


def remove(path: Path) -> bool:
    """Remove a file if it can be; says whether it is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
