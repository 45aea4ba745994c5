"""What is said where a plugin is missing or does not fit, and where there is no driver or no device."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hloc.runtime import DeviceError, cuda_libraries, plugins
from hloc.runtime.plugins import Plugin

CUDA13 = Plugin("cuda", "jax-cuda13-pjrt", "cuda13", Path("/plugins/13.so"), "0.12.0.1")
CUDA12 = Plugin("cuda", "jax-cuda12-pjrt", "cuda12", Path("/plugins/12.so"), "0.12.0.1")
TPU = Plugin("tpu", "libtpu", "tpu", Path("/plugins/libtpu.so"), "0.0.50")


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch):
    """Says which plugins are installed."""

    def install(*found: Plugin) -> None:
        monkeypatch.setattr(plugins, "installed", lambda platform: [p for p in found if p.platform == platform])

    return install


@pytest.mark.parametrize(("platform", "extras"), [("cuda", ["cuda13", "cuda12"]), ("tpu", ["tpu"])])
def test_a_missing_plugin_names_what_to_install(have, platform: str, extras: list[str]) -> None:
    have()
    with pytest.raises(DeviceError) as caught:
        plugins.choose(platform, "0.12.0.1")
    for extra in extras:
        assert f"pip install 'hloc[{extra}]'" in str(caught.value)


def test_the_newer_cuda_is_the_first_choice(have) -> None:
    have(CUDA13, CUDA12)
    assert plugins.choose("cuda", "0.12.0.1") is CUDA13
    assert plugins.choose("cuda", "0.12.0.1", 13000) is CUDA13


def test_an_older_driver_takes_the_plugin_that_it_supports(have) -> None:
    have(CUDA13, CUDA12)
    assert plugins.choose("cuda", "0.12.0.1", 12080) is CUDA12


def test_a_driver_that_is_too_old_says_what_would_work(have) -> None:
    have(CUDA13)
    with pytest.raises(
        DeviceError,
        match=r"jax-cuda13-pjrt 0.12.0.1 is for CUDA 13, the NVIDIA driver of this machine supports CUDA 12.8: "
        r"pip install 'hloc\[cuda12\]', or a newer driver",
    ):
        plugins.choose("cuda", "0.12.0.1", 12080)


def test_a_plugin_of_another_release_is_refused_with_the_right_one(have) -> None:
    have(CUDA13)
    with pytest.raises(
        DeviceError,
        match=r"jax-cuda13-pjrt 0.12.0.1 does not go with jaxlib 0.10.2: pip install 'jax-cuda13-plugin\[with-cuda\]==0.10.2'",
    ):
        plugins.choose("cuda", "0.10.2")


def test_plugins_of_the_same_release_fit(have) -> None:
    have(CUDA13, TPU)
    assert plugins.choose("cuda", "0.12.1") is CUDA13
    assert plugins.choose("tpu", "0.10.2") is TPU  # libtpu counts for itself


def test_without_driver_the_message_says_so(have, monkeypatch: pytest.MonkeyPatch) -> None:
    have(CUDA13)

    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(cuda_libraries.ctypes, "CDLL", missing)
    with pytest.raises(DeviceError) as caught:
        plugins.make_client(None, "cuda", "0.12.0.1")
    assert str(caught.value) == (
        "jax-cuda13-pjrt 0.12.0.1 is installed, but the NVIDIA driver is not: libcuda.so.1 was not found. "
        "HLOC_PLATFORM=cpu runs on the CPU; `hloc compile … --target cuda:h200` compiles without a device"
    )


class Driver:
    """libcuda as a machine without GPU may have it."""

    def __init__(self, status: int, count: int) -> None:
        self.status, self.count = status, count

    def cuDriverGetVersion(self, where) -> int:
        where._obj.value = 13000
        return 0

    def cuInit(self, flags: int) -> int:
        return self.status

    def cuGetErrorName(self, status: int, where) -> int:
        where._obj.value = b"CUDA_ERROR_NO_DEVICE"
        return 0

    def cuDeviceGetCount(self, where) -> int:
        where._obj.value = self.count
        return 0


@pytest.mark.parametrize(
    ("driver", "text"),
    [(Driver(100, 0), "cuInit answers CUDA_ERROR_NO_DEVICE"), (Driver(0, 0), "the NVIDIA driver shows no GPU")],
)
def test_a_driver_without_gpu_says_so(have, monkeypatch: pytest.MonkeyPatch, driver: Driver, text: str) -> None:
    have(CUDA13)
    monkeypatch.setattr(cuda_libraries.ctypes, "CDLL", lambda name: driver)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(DeviceError, match=text) as caught:
        plugins.make_client(None, "cuda", "0.12.0.1")
    assert "(CUDA_VISIBLE_DEVICES is '')" in str(caught.value)


def test_without_tpu_the_message_says_so(have, monkeypatch: pytest.MonkeyPatch) -> None:
    have(TPU)
    monkeypatch.setattr(plugins, "has_tpu", lambda: False)
    with pytest.raises(DeviceError, match=r"libtpu 0.0.50 is installed, but no TPU is attached to this machine"):
        plugins.make_client(None, "tpu", "0.12.0.1")


class Client:
    """jaxlib's functions on plugins, and the environment in which one starts."""

    XlaRuntimeError = RuntimeError

    def __init__(self) -> None:
        self.seen: dict[str, str | None] = {}

    def pjrt_plugin_loaded(self, name: str) -> bool:
        return False

    pjrt_plugin_initialized = pjrt_plugin_loaded

    def load_pjrt_plugin_dynamically(self, name: str, path: str) -> None:
        assert path == str(TPU.path)

    def initialize_pjrt_plugin(self, name: str) -> None:
        self.seen = {name: os.environ.get(name) for name in plugins._NO_TPU}


def test_libtpu_is_told_that_there_is_no_tpu_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "has_tpu", lambda: False)
    monkeypatch.setattr(plugins, "_loaded", set())
    for name in plugins._NO_TPU:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TPU_WORKER_HOSTNAMES", "mine")
    client = Client()
    plugins.load(client, TPU)
    assert client.seen == {**plugins._NO_TPU, "TPU_WORKER_HOSTNAMES": "mine"}
    assert {name for name in plugins._NO_TPU if name in os.environ} == {"TPU_WORKER_HOSTNAMES"}


def test_a_plugin_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_loaded", set())
    client = Client()

    def broken(name: str, path: str) -> None:
        raise RuntimeError("wrong ELF class")

    monkeypatch.setattr(client, "load_pjrt_plugin_dynamically", broken)
    with pytest.raises(DeviceError, match=r"libtpu 0.0.50 does not load \(/plugins/libtpu.so\): wrong ELF class"):
        plugins.load(client, TPU)
    assert not plugins.is_loaded()


def test_libraries_of_wheels_are_loaded_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have = {"nccl": ["libnccl.so.2"], "cu13": ["libcudart.so.13", "libcublas.so.13"]}
    for package, names in have.items():
        (tmp_path / package / "lib").mkdir(parents=True)
        for name in names:
            (tmp_path / package / "lib" / name).touch()
    monkeypatch.setattr(cuda_libraries, "_folders", lambda package: [tmp_path / package])

    def load(path: str) -> None:
        if not Path(path).exists():
            raise OSError(path)

    monkeypatch.setattr(cuda_libraries.ctypes, "CDLL", load)
    assert cuda_libraries.preload(13) == ["libcudart.so.13", "libcublas.so.13", "libnccl.so.2"]


def test_the_assembler_of_a_wheel_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_libraries, "_folders", lambda package: [tmp_path / package])
    cuda_libraries.toolkit.cache_clear()
    try:
        assert cuda_libraries.toolkit() is None
        cuda_libraries.toolkit.cache_clear()
        (tmp_path / "cuda_nvcc" / "bin").mkdir(parents=True)
        (tmp_path / "cuda_nvcc" / "bin" / "ptxas").touch()
        assert cuda_libraries.toolkit() == str(tmp_path / "cuda_nvcc")
    finally:
        cuda_libraries.toolkit.cache_clear()
