"""PJRT plugins: CUDA and TPU, each a shared library in a wheel of its own. Found without jax.

cuda   wheel jax-cuda13-pjrt or jax-cuda12-pjrt   jax_plugins/xla_cuda13/xla_cuda_plugin.so
tpu    wheel libtpu                               libtpu/libtpu.so

A plugin serves two purposes: a client for the devices of this machine, and compiling for devices that are elsewhere
(hloc.runtime.targets). Only the first needs a driver and a device.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from hloc.classes import dataclass
from hloc.runtime import cuda_libraries
from hloc.runtime.errors import DeviceError

EXTRAS = {"cuda": ("cuda13", "cuda12"), "tpu": ("tpu",)}
"""What `pip install 'hloc[…]'` brings the plugin of a platform, the first choice first."""
_TPU_CHIPS = frozenset({"0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076", "0x007c", "0x0083"})
_NO_TPU = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_LOG_DIR": "disabled",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}
"""Where no TPU is attached, libtpu asks the cloud's metadata server about it, again and again for minutes, writes
warnings on stderr that it did not answer, and log files under /tmp; and a lock file there keeps it to one process at a
time. These variables answer in its place."""
_lock = threading.RLock()
_loaded: set[str] = set()
unprofiled: list[Any] = []
"""Loaded plugins that XLA's profiler does not know yet (see hloc.runtime.profiling)."""


@dataclass(frozen=True)
class Plugin:
    """An installed plugin. version: of its wheel; empty where the wheel left no record."""

    platform: str
    wheel: str
    extra: str
    path: Path
    version: str

    def __str__(self) -> str:
        return f"{self.wheel} {self.version}".rstrip()

    @property
    def cuda(self) -> int:
        """The major version of CUDA that it is made for; 0 where it is not."""
        return int(self.extra.removeprefix("cuda")) if self.platform == "cuda" else 0


_KNOWN = (
    ("cuda", "jax-cuda13-pjrt", "cuda13", "jax_plugins.xla_cuda13", "xla_cuda_plugin.so"),
    ("cuda", "jax-cuda12-pjrt", "cuda12", "jax_plugins.xla_cuda12", "xla_cuda_plugin.so"),
    ("tpu", "libtpu", "tpu", "libtpu", "libtpu.so"),
)


def installed(platform: str) -> list[Plugin]:
    """The plugins of a platform that are installed, the first choice first. Nothing is imported or loaded."""
    return [
        Plugin(platform, wheel, extra, folder / name, _version(wheel))
        for for_platform, wheel, extra, package, name in _KNOWN
        if for_platform == platform
        for folder in _folders(package)
        if (folder / name).is_file()
    ]


def library(platform: str) -> Path | None:
    """Where the plugin of this platform is installed; None where it is not. Nothing is imported or loaded."""
    found = installed(platform)
    return found[0].path if found else None


def _folders(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def _version(wheel: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - 10 ms, for those who have a plugin only

    try:
        return metadata.version(wheel)
    except metadata.PackageNotFoundError:
        return ""


def choose(platform: str, jaxlib: str, driver: int | None = None) -> Plugin:
    """The plugin to use: one that fits jaxlib and, where a driver is given, the CUDA version that the driver supports.

    driver: as the driver counts, 13000 is CUDA 13.0.
    Raises: DeviceError, which says what is installed, why it does not fit, and what to install.
    """
    found = installed(platform)
    if not found:
        extras = " or ".join(f"pip install 'hloc[{extra}]'" for extra in EXTRAS[platform])
        raise DeviceError(f"platform {platform} needs its plugin, which is not installed: {extras}")
    faults = {plugin: _fault(plugin, jaxlib, driver) for plugin in found}
    for plugin, fault in faults.items():
        if not fault:
            return plugin
    raise DeviceError(f"platform {platform} cannot be used: " + "; ".join(filter(None, faults.values())))


def _fault(plugin: Plugin, jaxlib: str, driver: int | None) -> str:
    """Why this plugin does not fit; empty where it does. libtpu has version numbers of its own, and fits several."""
    if plugin.platform == "cuda" and plugin.version and _release(plugin.version) != _release(jaxlib):
        fitting = f"jax-{plugin.extra}-plugin[with-cuda]=={jaxlib}"
        return f"{plugin} does not go with jaxlib {jaxlib}: pip install '{fitting}'"
    if driver is not None and driver // 1000 < plugin.cuda:
        version = f"{driver // 1000}.{driver % 1000 // 10}"
        cure = "pip install 'hloc[cuda12]', or a newer driver" if driver >= 12000 else "install a newer one"
        return f"{plugin} is for CUDA {plugin.cuda}, the NVIDIA driver of this machine supports CUDA {version}: {cure}"
    return ""


def _release(version: str) -> list[str]:
    """The part of a version in which plugin and jaxlib have to agree: "0.12" of "0.12.0.1"."""
    return version.split(".")[:2]


def load(xla_client: ModuleType, plugin: Plugin) -> None:
    """Load and initialise a plugin, once in a process; one that somebody else has loaded, such as jax, is taken.

    Raises: DeviceError where it does not load.
    """
    name = plugin.platform
    with _lock:
        if name in _loaded:
            return
        if name == "cuda":
            cuda_libraries.preload(plugin.cuda)
        try:
            with _answers_for_libtpu(name):
                if not xla_client.pjrt_plugin_loaded(name):
                    unprofiled.append(xla_client.load_pjrt_plugin_dynamically(name, str(plugin.path)))
                if not xla_client.pjrt_plugin_initialized(name):
                    xla_client.initialize_pjrt_plugin(name)
        except xla_client.XlaRuntimeError as error:
            raise DeviceError(f"{plugin} does not load ({plugin.path}): {error}") from error
        _loaded.add(name)


def is_loaded() -> bool:
    """Whether this process has loaded a plugin: its threads do not survive a fork."""
    return bool(_loaded)


@contextmanager
def _answers_for_libtpu(platform: str) -> Iterator[None]:
    """The environment with _NO_TPU for as long as libtpu starts; what the user has set counts."""
    added = [] if platform != "tpu" or has_tpu() else [name for name in _NO_TPU if name not in os.environ]
    os.environ.update({name: _NO_TPU[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def make_client(xla_client: ModuleType, platform: str, jaxlib: str) -> Any:
    """A client for the devices of this machine.

    Raises: DeviceError, which says what was found, where the plugin is missing or does not fit, the driver is missing,
    or there is no device.
    """
    if platform == "cuda":
        plugin = choose(platform, jaxlib, None if not installed(platform) else _driver(platform))
        options: Mapping[str, Any] = xla_client.generate_pjrt_gpu_plugin_options()
    else:
        plugin, options = choose(platform, jaxlib), {}
        if not has_tpu():
            raise DeviceError(f"{plugin} is installed, but no TPU is attached to this machine. {_instead(platform)}")
    load(xla_client, plugin)
    try:
        return xla_client.make_c_api_client(platform, options)
    except xla_client.XlaRuntimeError as error:
        raise DeviceError(f"{plugin} finds no device that it can use: {error}. {_instead(platform)}") from error


def _driver(platform: str) -> int:
    """The CUDA version of the NVIDIA driver, which has a device. Raises: DeviceError."""
    version, fault = cuda_libraries.driver()
    if fault:
        raise DeviceError(f"{installed(platform)[0]} is installed, but {fault}. {_instead(platform)}")
    return version


def _instead(platform: str) -> str:
    target = {"cuda": "cuda:h200", "tpu": "tpu:v5e"}[platform]
    return f"HLOC_PLATFORM=cpu runs on the CPU; `hloc compile … --target {target}` compiles without a device"


@functools.cache
def has_tpu() -> bool:
    """Whether a TPU is attached: a device file as they have, or a PCI device of Google's that is one."""
    if Path("/dev/accel0").exists() or any(Path("/dev/vfio").glob("[0-9]*")):
        return True
    for vendor in Path("/sys/bus/pci/devices").glob("*/vendor"):
        try:
            if vendor.read_text().strip() == "0x1ae0" and (vendor.parent / "device").read_text().strip() in _TPU_CHIPS:
                return True
        except OSError:
            continue
    return False
