"""The devices of this process, and which one is meant where none is named.

    hloc.devices()                          (cpu:0,)
    hloc.Device("cuda", 1).memory           bytes
    with hloc.default_device("cuda:1"): …   in this thread, until the block ends
    hloc.default_device.set("cuda:1")       for the process

Where nothing was chosen, it is the first device of the platform in HLOC_PLATFORM, else the CPU. HLOC_CPU_DEVICES=4
makes the CPU show itself as four, to try programs for several devices on one.
"""

from __future__ import annotations

import functools
import re
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from hloc.runtime import xla
from hloc.runtime.errors import DeviceError


@dataclass(frozen=True, order=True, repr=False)
class Device:
    """A device by platform ("cpu", "cuda", "tpu") and number; equal devices are the same."""

    platform: str
    index: int = 0

    def __repr__(self) -> str:
        return f"{self.platform}:{self.index}"

    @property
    def id(self) -> int:
        """Its number; another name for `index`."""
        return self.index

    @property
    def kind(self) -> str:
        """The model, for example "NVIDIA H200"; plain "cpu" for a CPU. Raises: DeviceError if it is not there."""
        return self.backend.kind

    @property
    def memory(self) -> int | None:
        """Bytes of memory that programs can use; None where the device does not say, as a CPU. Raises: DeviceError."""
        stats = self.backend.device.memory_stats() or {}
        return stats.get("bytes_limit")

    @property
    def backend(self) -> xla.Backend:
        """What the runtime needs to use it. Raises: DeviceError if it is not there."""
        return _backend(self.platform, self.index)


_backend = functools.cache(xla.backend)  # which takes a lock; errors are not kept

DeviceLike = Device | str | None
"""A device, or its name: "cuda:1", "cuda" (the first), "auto" (the first that works); None: the default."""

_NAME = r"([a-z]+)(?::(\d+))?"


def device(given: DeviceLike) -> Device:
    """The device that is meant. Raises: DeviceError for a name that has another form; TypeError for other objects."""
    if given is None:
        return default_device.current()
    if isinstance(given, Device):
        return given
    if not isinstance(given, str):
        raise TypeError(f'a device is a name such as "cuda:1" or an hloc.Device, found {type(given).__name__}')
    return _named(given)


@functools.cache
def _named(given: str) -> Device:
    found = re.fullmatch(_NAME, given)
    if found is None:
        raise DeviceError(f'{given!r} does not name a device; write "cpu", "cuda" or "cuda:1"')
    platform = xla.platform_of(found[1])
    if platform not in xla.PLATFORMS:
        raise DeviceError(f"unknown platform {platform!r}; hloc knows {', '.join(xla.PLATFORMS)} and auto")
    return Device(platform, int(found[2] or 0))


def name_of(given: DeviceLike) -> str | None:
    """The name of a device, such as "cuda:0"; "auto" and None stay. Raises: as `device`."""
    return None if given is None else "auto" if given == "auto" else str(device(given))


def device_of(backend: xla.Backend) -> Device:
    """The public object for a backend."""
    return Device(backend.platform, backend.index)


def devices(platform: str | None = None) -> tuple[Device, ...]:
    """The devices of a platform that this process can use; without a name, of the default device's platform.

    Raises: DeviceError where the platform is unknown, or cannot be used here.
    """
    name = default_device.current().platform if platform is None else xla.platform_of(platform)
    return tuple(Device(name, index) for index in range(xla.count(name)))


_in_block: ContextVar[Device | None] = ContextVar("hloc_default_device", default=None)
_of_process: Device | None = None


class default_device:
    """`with default_device("cuda:1"):` makes it the default in the block, for this thread.

    `default_device.set("cuda:1")` makes it the process's default, `set(None)` returns to HLOC_PLATFORM's;
    `default_device.current()` is the one that counts now.
    """

    def __init__(self, chosen: DeviceLike) -> None:
        self._device = device(chosen)
        self._tokens: list[Token[Device | None]] = []

    def __repr__(self) -> str:
        return f"hloc.default_device({str(self._device)!r})"

    def __enter__(self) -> Device:
        _ = self._device.backend  # one that is not there is refused here
        xla.note_choice()
        self._tokens.append(_in_block.set(self._device))
        return self._device

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _in_block.reset(self._tokens.pop())

    @staticmethod
    def set(chosen: DeviceLike) -> None:
        """Choose for the process; blocks in `with` go before it. Raises: DeviceError if it is not there."""
        global _of_process  # noqa: PLW0603 - a fact about the process
        new = None if chosen is None else device(chosen)
        _ = new and new.backend
        xla.note_choice()
        _of_process = new

    @staticmethod
    def current() -> Device:
        """The default device, here and now."""
        return _in_block.get() or _of_process or Device(xla.platform_of(None), 0)


def backend_of(given: Any) -> xla.Backend:
    """The backend of a device, a name, a backend or, for None, of the default device. Raises: DeviceError."""
    return given if isinstance(given, xla.Backend) else device(given).backend
