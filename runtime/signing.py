"""Signatures of the user, for files with machine code that come back later.

    seal = sign(data)             32 bytes
    is_signed(seal, data)         True for what this user has signed, on this machine

They are HMAC-SHA256. The key is 32 random bytes in a file of the user's data folder (HLOC_DATA_DIR names another),
readable by its owner alone. It is made by the first signature.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from hloc.runtime import private
from hloc.runtime.errors import SigningError

SIZE = hashlib.sha256().digest_size
_NAME = "signing.key"


def sign(*parts: bytes | memoryview) -> bytes:
    """The user's signature of some bytes, which may come in parts.

    Raises: SigningError where there is no key that only the user can read.
    """
    return _seal(_key(make=True), parts)


def is_signed(seal: bytes, *parts: bytes | memoryview) -> bool:
    """Whether this user has signed the bytes. Raises: SigningError where the user has no key."""
    return hmac.compare_digest(_seal(_key(make=False), parts), seal)


def _seal(key: bytes, parts: Sequence[bytes | memoryview]) -> bytes:
    state = hmac.new(key, digestmod="sha256")
    for part in parts:
        state.update(part)
    return state.digest()


def _key(*, make: bool) -> bytes:
    path = folder() / _NAME
    try:
        if make:
            private.make_folder(path.parent)
        problem = private.folder_problem(path.parent)
        if problem is not None:
            raise SigningError(f"no signatures: {problem}")
        if make and not path.exists():
            _make(path)
        return _read(path)
    except FileNotFoundError:
        raise SigningError(f"this user has signed nothing yet: there is no key {path}") from None
    except private.NotPrivate as error:
        raise SigningError(f"no signatures: the key {path} {error}") from None
    except OSError as error:
        raise SigningError(f"no signatures: the key {path} cannot be used: {error.strerror}") from error


def _read(path: Path) -> bytes:
    with private.open_private(path) as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
            raise private.NotPrivate("can be read by others: remove it, and a new one is made")
        key = file.read(SIZE + 1)
    if len(key) != SIZE:
        raise private.NotPrivate(f"is damaged: it has {len(key)} bytes instead of {SIZE}")
    return key


def _make(path: Path) -> None:
    """A new key, whole from the start. Where another process makes one at the same time, the first stays."""
    part = path.with_name(f"{_NAME}-{os.getpid()}-{os.urandom(6).hex()}{private.UNFINISHED}")
    private.write_whole(part, os.urandom(SIZE))
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        os.replace(part, path)
    finally:
        private.remove(part)


def folder() -> Path:
    """Where the key is."""
    named = os.environ.get("HLOC_DATA_DIR")
    if named:
        return Path(named)
    import platformdirs  # only where no folder is named: it takes some milliseconds

    return Path(platformdirs.user_data_dir("hloc", appauthor=False))
