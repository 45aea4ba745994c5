"""NVIDIA's libraries: those of its wheels, loaded before the plugin looks for them, and the driver.

The plugin finds the wheels' libraries by its own search path where they are installed in the same folder as itself.
Loading them here serves also where they are not, such as a virtual environment that sees the system's packages.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
from pathlib import Path

_OF_WHEELS: dict[int, tuple[tuple[str, str], ...]] = {
    12: (
        ("cuda_runtime", "libcudart.so.12"),
        ("cuda_nvrtc", "libnvrtc.so.12"),
        ("nvjitlink", "libnvJitLink.so.12"),
        ("cublas", "libcublasLt.so.12"),
        ("cublas", "libcublas.so.12"),
        ("nccl", "libnccl.so.2"),
        ("cuda_cupti", "libcupti.so.12"),
        ("cusparse", "libcusparse.so.12"),
        ("cusolver", "libcusolver.so.11"),
        ("cufft", "libcufft.so.11"),
        ("cudnn", "libcudnn.so.9"),
    ),
    13: (
        ("cu13", "libcudart.so.13"),
        ("cu13", "libnvrtc.so.13"),
        ("cu13", "libnvJitLink.so.13"),
        ("cu13", "libcublasLt.so.13"),
        ("cu13", "libcublas.so.13"),
        ("nccl", "libnccl.so.2"),
        ("cu13", "libcupti.so.13"),
        ("cu13", "libcusparse.so.12"),
        ("cu13", "libcusolver.so.12"),
        ("cu13", "libcufft.so.12"),
        ("cudnn", "libcudnn.so.9"),
    ),
}
"""For each CUDA version (package below `nvidia`, library), each after those that it needs."""


def preload(cuda: int) -> list[str]:
    """Load the libraries of the wheels that are installed; the names of those that were. Others are left to the
    plugin, which asks the system for them (LD_LIBRARY_PATH) when it needs them."""
    loaded: list[str] = []
    for package, name in _OF_WHEELS[cuda]:
        for folder in _folders(package):
            try:
                ctypes.CDLL(str(folder / "lib" / name))
            except OSError:
                continue
            loaded.append(name)
            break
    return loaded


@functools.cache
def toolkit() -> str | None:
    """The folder with NVIDIA's assembler (bin/ptxas) from a wheel; None where XLA has to find one by itself."""
    for package in ("cu13", "cuda_nvcc"):
        for folder in _folders(package):
            if (folder / "bin" / "ptxas").is_file():
                return str(folder)
    return None


def _folders(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(f"nvidia.{package}")
    except ModuleNotFoundError:
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def driver() -> tuple[int, str]:
    """The CUDA version that the driver supports (13000 is 13.0), and why no device can be used, empty where one can."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        missing = "No such file" in str(error)
        return 0, f"the NVIDIA driver is not: libcuda.so.1 {'was not found' if missing else f'does not load ({error})'}"
    version = ctypes.c_int()
    library.cuDriverGetVersion(ctypes.byref(version))
    status = library.cuInit(0)
    if status:
        return version.value, f"the NVIDIA driver gives no GPU: cuInit answers {_name(library, status)}{_visible()}"
    count = ctypes.c_int()
    library.cuDeviceGetCount(ctypes.byref(count))
    return version.value, "" if count.value else f"the NVIDIA driver shows no GPU{_visible()}"


def _name(library: ctypes.CDLL, status: int) -> str:
    text = ctypes.c_char_p()
    library.cuGetErrorName(status, ctypes.byref(text))
    return text.value.decode() if text.value else str(status)


def _visible() -> str:
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if chosen is None else f" (CUDA_VISIBLE_DEVICES is {chosen!r})"
