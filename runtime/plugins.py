"""Clients of PJRT plugins: CUDA and TPU, each a shared library in a wheel of its own.

cuda   wheel jax-cuda13-pjrt or jax-cuda12-pjrt   jax_plugins/xla_cuda13/xla_cuda_plugin.so
tpu    wheel libtpu                               libtpu/libtpu.so
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hloc.runtime.errors import DeviceError

_LIBRARIES = {
    "cuda": (("jax_plugins.xla_cuda13", "xla_cuda_plugin.so"), ("jax_plugins.xla_cuda12", "xla_cuda_plugin.so")),
    "tpu": (("libtpu", "libtpu.so"),),
}
_WHEELS = {"cuda": "jax-cuda13-pjrt", "tpu": "libtpu"}


def library(platform: str) -> Path | None:
    """Where the plugin of this platform is installed; None where it is not. Nothing is imported or loaded."""
    for package, name in _LIBRARIES[platform]:
        for folder in _folders(package):
            if (folder / name).is_file():
                return folder / name
    return None


def _folders(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def make_client(xla_client: ModuleType, platform: str) -> Any:
    """Load, initialise and open the plugin. Raises: DeviceError where it is not installed or finds no device."""
    path = library(platform)
    if path is None:
        raise DeviceError(f"platform {platform} needs its plugin: pip install {_WHEELS[platform]}")
    options = xla_client.generate_pjrt_gpu_plugin_options() if platform == "cuda" else {}
    try:
        if not xla_client.pjrt_plugin_loaded(platform):
            xla_client.load_pjrt_plugin_dynamically(platform, str(path))
        if not xla_client.pjrt_plugin_initialized(platform):
            xla_client.initialize_pjrt_plugin(platform)
        return xla_client.make_c_api_client(platform, options)
    except xla_client.XlaRuntimeError as error:
        raise DeviceError(f"platform {platform} cannot be used here: {error}") from error
