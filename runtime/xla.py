"""The only door to jaxlib's client: versions, devices, compiling, loading.

Everything here is private API of jaxlib; the versions it was tried on are named in TESTED_JAXLIB. `jax` is never
imported, and no state that belongs to it is changed, so both can be used in one process.

jaxlib is imported at first use: `import hloc.runtime` costs nothing.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import threading
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from hloc.classes import dataclass
from hloc.runtime import cuda_libraries, plugins, wire
from hloc.runtime.errors import DeviceError, ForkError, JaxlibVersionError, XlaCompileError
from hloc.runtime.heap import keep_freed_memory
from hloc.runtime.interruption import interruptibly
from hloc.runtime.options import BuildOptions, is_for_llvm

TESTED_JAXLIB = ("0.10.2", "0.11.2", "0.12.0.1")
_FIRST, _LAST = (0, 10, 2), (0, 12)
PLATFORMS = ("cpu", "cuda", "tpu")
_MAX_RANK = 64  # NumPy's limit
_lock = threading.RLock()
_forked = False
_environments: dict[str, dict[str, str]] = {}


@functools.cache
def client_module() -> Any:
    """What stands for jaxlib.xla_client, after the version check. Raises: JaxlibVersionError."""
    check_version(jaxlib_version())
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # read when the library loads: hides informational log lines
    return _Client()


class _Client:
    """The names of jaxlib.xla_client.

    Those that a program from the cache needs are taken from where it has them, the extension modules: the module itself
    loads logging and more, which takes some milliseconds.
    """

    def __init__(self) -> None:
        self._xla: Any = importlib.import_module("jaxlib._jax")
        self.HloSharding = importlib.import_module("jaxlib._hlo").HloSharding
        self.XlaRuntimeError = self._xla.JaxRuntimeError
        for name in _OF_THE_EXTENSION:
            setattr(self, name, getattr(self._xla, name))

    def __getattr__(self, name: str) -> Any:
        from jaxlib import xla_client

        return getattr(xla_client, name)

    def make_cpu_client(self, **chosen: Any) -> Any:
        """As xla_client's, but for the handler of custom calls, which is made when there are any."""
        return self._xla.get_tfrt_cpu_client(**chosen)

    def register_custom_call_target(self, name: str, target: Any, *, platform: str, api_version: int) -> None:
        from jaxlib import xla_client

        xla_client.register_custom_call_handler(platform, self._xla.register_custom_call_target)
        xla_client.register_custom_call_target(name, target, platform=platform, api_version=api_version)


_OF_THE_EXTENSION = (
    "ArrayImpl",
    "CompileOptions",
    "DeviceAssignment",
    "DeviceList",
    "HostBufferSemantics",
    "SingleDeviceSharding",
    "array_result_handler",
    "batched_block_until_ready",
    "batched_device_put",
)


def profiler_module() -> ModuleType:
    """jaxlib's bindings of XLA's profiler."""
    client_module()
    return importlib.import_module("jaxlib._profiler")


@functools.cache
def jaxlib_version() -> str:
    """The version of the installed jaxlib, for example "0.12.0.1". Raises: JaxlibVersionError where there is none."""
    try:
        from jaxlib import version
    except ImportError as error:
        raise JaxlibVersionError(f"hloc needs jaxlib, which cannot be imported: {error}") from error
    return str(version.__version__)


def jaxlib_build() -> str:
    """The version and the revision that jaxlib was built from. Raises: JaxlibVersionError where there is none."""
    jaxlib_version()
    from jaxlib import version

    return f"{version.__version__} {getattr(version, '_git_hash', '')}"


def jaxlib_folder() -> str:
    """Where jaxlib's shared libraries are."""
    from jaxlib import version

    return os.path.dirname(version.__file__)


def environment_of(platform: str) -> Mapping[str, str]:
    """The environment as it was when the platform's client was made: XLA reads it then, and never again."""
    return _environments.get(platform, os.environ)


def flags_in_force() -> bytes:
    """XLA's debug options in this process, serialized: the defaults, and what XLA_FLAGS said when they were read."""
    options = client_module().CompileOptions()
    _ = options.executable_build_options.debug_options  # reading it creates the sub-message
    return bytes(options.SerializeAsString())


def check_version(version: str) -> None:
    """Raises: JaxlibVersionError for a jaxlib outside the supported range."""
    found = tuple(int(part) for part in version.split(".") if part.isdigit())
    if found < _FIRST or found[:2] > _LAST:
        raise JaxlibVersionError(
            f"jaxlib {version} is installed; hloc uses interfaces of jaxlib that change between versions and "
            f"was tested with {', '.join(TESTED_JAXLIB)}. Install one of these: "
            f"pip install 'jaxlib=={TESTED_JAXLIB[-1]}'"
        )


@dataclass(frozen=True, eq=False)
class Backend:
    """One device and what is needed to use it.

    platform: "cpu", "cuda" or "tpu".   index: its number among this process's devices of the platform.
    sharding: the jaxlib sharding that says "all of it on this device".
    """

    platform: str
    index: int
    client: Any
    device: Any
    devices: Any
    sharding: Any

    def __str__(self) -> str:
        return f"{self.platform}:{self.index}"

    @property
    def kind(self) -> str:
        """The device's model, for example "NVIDIA H200"; plain "cpu" for a CPU."""
        return str(self.device.device_kind)

    @property
    def version(self) -> str:
        """The version of the platform's own library, as XLA reports it."""
        return str(self.client.platform_version)


@functools.cache
def _sharding_class() -> type:
    """SingleDeviceSharding with the two members that jaxlib 0.10 expects jax to have added; harmless on 0.12."""
    xla_client = client_module()

    class DeviceSharding(xla_client.SingleDeviceSharding):  # type: ignore[misc, name-defined]
        memory_kind = None
        # Called with the array's rank at every transfer. Looking up a dict is quicker than calling a Python function.
        _to_xla_hlo_sharding = dict.fromkeys(range(_MAX_RANK + 1), xla_client.HloSharding.replicate()).__getitem__

    return DeviceSharding


def backend(platform: str | None = None, index: int = 0) -> Backend:
    """The device with this index of a platform; the platform is HLOC_PLATFORM's, else the CPU.

    "auto" takes the first of cuda, tpu and cpu that works here.
    Raises: DeviceError for an unknown platform, a missing plugin, or a device that is not there.
    """
    with _lock:
        return _make_backend(platform_of(platform), index)


@functools.cache
def _first_working() -> str:
    for platform in ("cuda", "tpu"):
        try:
            _client(platform)
        except DeviceError:
            continue
        return platform
    return "cpu"


@functools.cache
def _make_backend(platform: str, index: int) -> Backend:
    client = _client(platform)
    devices = client.local_devices()
    if not 0 <= index < len(devices):
        raise DeviceError(f"platform {platform} has {len(devices)} device(s) here; there is no number {index}")
    device = devices[index]
    made = Backend(platform, index, client, device, client_module().DeviceList((device,)), _sharding_class()(device))
    _made.append(made)
    if len(_made) > 1 or (platform, index) != (platform_of(None), 0):
        note_choice()
    return made


_made: list[Backend] = []
several = False
"""Whether a call has to choose a device: this process has used more than one, or said which is the default."""


def note_choice() -> None:
    """From now on, calls choose."""
    global several  # noqa: PLW0603 - a fact about the process
    several = True


def count(platform: str) -> int:
    """How many devices of a platform this process can use. Raises: DeviceError."""
    with _lock:
        return len(_client(platform).local_devices())


def platform_of(name: str | None) -> str:
    """The platform that a name means: HLOC_PLATFORM's where there is none, for "auto" the first that works here."""
    chosen = name or os.environ.get("HLOC_PLATFORM") or "cpu"
    with _lock:
        return _first_working() if chosen == "auto" else chosen


@functools.cache
def _client(platform: str) -> Any:
    if platform not in PLATFORMS:
        raise DeviceError(f"unknown platform {platform!r}; hloc knows {', '.join(PLATFORMS)} and auto")
    xla_client = client_module()
    _environments[platform] = dict(os.environ)
    if platform == "cpu":
        keep_freed_memory()
        # A program runs in the thread that calls it. Handing it to another, as is XLA's default, costs 20 to 70 µs for
        # the medium sizes where a program takes 2 to 20, and gains nothing where the cores are the same.
        return xla_client.make_cpu_client(asynchronous=False, num_devices=_cpu_devices())
    return plugins.make_client(xla_client, platform, jaxlib_version())


def _cpu_devices() -> int | None:
    """HLOC_CPU_DEVICES: as how many devices the CPU shows itself, to try programs for several."""
    text = os.environ.get("HLOC_CPU_DEVICES", "").strip()
    if not text:
        return None  # one, or what XLA_FLAGS says
    if not text.isdecimal() or int(text) < 1:
        raise DeviceError(f"HLOC_CPU_DEVICES must be a number of devices from 1 up, found {text!r}")
    return int(text)


def _note_fork() -> None:
    global _forked  # noqa: PLW0603 - a fact about the process
    _forked = _forked or _client.cache_info().currsize > 0 or plugins.is_loaded()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def is_forked() -> bool:
    """Whether this process was forked from one that had started XLA."""
    return _forked


def fork_error() -> ForkError:
    """The error of a process in which XLA would hang, because its threads stayed behind in the parent."""
    return ForkError(
        "this process was forked from one that had used hloc already, and XLA's threads do not survive that; "
        "start processes by multiprocessing.get_context('spawn')"
    )


def compile_options(options: BuildOptions, device: Any) -> Any:
    """jaxlib's CompileOptions for one program on one device, a Backend or an AbsentDevice."""
    xla_client = client_module()
    result = xla_client.CompileOptions()
    result.num_replicas = result.num_partitions = 1
    result.device_assignment = xla_client.DeviceAssignment.create(np.array([[device.device.id]]))
    result.env_option_overrides = list(_overrides(options, device.platform).items())
    extra = usable_extra(options)
    if not extra:
        return result
    _ = (
        result.executable_build_options.debug_options
    )  # reading it creates the sub-message, else it replaces the defaults
    return xla_client.CompileOptions.ParseFromString(result.SerializeAsString() + wire.extra_options(extra))


def _overrides(options: BuildOptions, platform: str) -> dict[str, Any]:
    """XLA's debug options: the program's, and where this machine keeps the assembler for NVIDIA's GPUs."""
    toolkit = cuda_libraries.toolkit() if platform == "cuda" else None
    return {**({"xla_gpu_cuda_data_dir": toolkit} if toolkit else {}), **options.overrides}


def usable_extra(options: BuildOptions) -> dict[str, str]:
    """`options.extra` without the LLVM options where this jaxlib was not tested with them."""
    tested = jaxlib_version() in TESTED_JAXLIB
    return {name: value for name, value in options.extra.items() if tested or not is_for_llvm(name)}


def compile_program(stablehlo: bytes | str, options: BuildOptions, device: Backend) -> Any:
    """Compile StableHLO (text, MLIR bytecode or portable artifact) for one device; gives jaxlib's LoadedExecutable.

    Raises: XlaCompileError, which quotes XLA; ForkError.
    """
    if _forked:
        raise fork_error()
    if b"lapack_" in (stablehlo.encode() if isinstance(stablehlo, str) else stablehlo):
        register_lapack()
    try:
        return _compile(stablehlo, options, device)
    except client_module().XlaRuntimeError as error:
        refuse_option(options, error)
        if not (options.fallback and options.extra):
            raise XlaCompileError(f"XLA cannot compile this program: {error}") from error
    return compile_program(stablehlo, BuildOptions(options.overrides, {}, False), device)


def refuse_option(options: BuildOptions, error: Exception) -> None:
    """Raise ValueError where XLA complains of a debug option: it has none of that name, or wants another type."""
    for name, value in options.overrides.items():
        if re.search(rf"compile option: '{re.escape(name)}'", str(error)):
            import difflib  # takes a millisecond or two, and only here

            near = difflib.get_close_matches(name, debug_option_names(), n=3)
            hint = f"; near names: {', '.join(near)}" if near else ""
            raise ValueError(f"options: XLA of jaxlib {jaxlib_version()} has no option {name}{hint}") from error
        if found := re.search(rf"setting option {re.escape(name)}, (.*)", str(error)):
            raise ValueError(f"options: XLA refuses {name}={value!r}: {found[1]}") from error


def debug_option_names() -> list[str]:
    """The names of XLA's debug options, as far as they have a default."""
    options = client_module().CompileOptions()
    build = options.executable_build_options  # kept: what belongs to it does not keep it
    return re.findall(r"^(xla_\w+):", str(build.debug_options), re.MULTILINE)


def _compile(stablehlo: bytes | str, options: BuildOptions, device: Backend) -> Any:
    chosen = compile_options(options, device)
    return interruptibly(device.client.compile_and_load, stablehlo, device.devices, chosen)


def read_module(stablehlo: bytes | str) -> Any:
    """StableHLO (text, MLIR bytecode or portable artifact) as a module of jaxlib's MLIR bindings."""
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import chlo, sdy
    from jaxlib.mlir.dialects import stablehlo as dialect

    context, registry = ir.Context(), ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    for known in (dialect, chlo, sdy):
        known.register_dialect(context)
    context.load_all_available_dialects()
    if isinstance(stablehlo, bytes) and b"StableHLO_v" in stablehlo[:64]:
        stablehlo = bytes(dialect.deserialize_portable_artifact_str(stablehlo))
    return ir.Module.parse(stablehlo, context)


def to_hlo(stablehlo: bytes | str) -> Any:
    """The program as a module of HLO, before any optimisation."""
    converter = client_module()._xla.mlir
    text = str(read_module(stablehlo)) if isinstance(stablehlo, bytes) else stablehlo
    return converter.mlir_module_to_xla_computation(text, use_tuple_args=False, return_tuple=False).get_hlo_module()


def load_program(serialized: bytes, device: Backend) -> Any:
    """A LoadedExecutable from what its `serialize` wrote with the same jaxlib on the same kind of machine.

    The bytes hold machine code: load only what this user wrote. Raises: XlaCompileError where they do not load.
    """
    if _forked:
        raise fork_error()
    if b"lapack_" in serialized:
        register_lapack()
    try:
        chosen = compile_options(BuildOptions(), device)
        return interruptibly(device.client.deserialize_executable, serialized, device.devices, chosen)
    except (client_module().XlaRuntimeError, ValueError) as error:
        raise XlaCompileError(f"XLA cannot load this compiled program: {error}") from error


@functools.cache
def register_lapack() -> None:
    """Make the LAPACK custom calls known to XLA's CPU client. It costs the import of SciPy's BLAS bindings, if any."""
    xla_client = client_module()
    from jaxlib.cpu import _lapack  # type: ignore[attr-defined]  # an extension module without type information

    _lapack.initialize()
    for name, target in _lapack.registrations().items():
        xla_client.register_custom_call_target(name, target, platform="cpu", api_version=int(name.endswith("_ffi")))


def to_dlpack(raw: Any, stream: Any = None) -> Any:
    """A DLPack capsule of a device array's memory. Raises: BufferError where DLPack cannot describe it."""
    try:
        return client_module()._xla.buffer_to_dlpack_managed_tensor(raw, stream)
    except client_module().XlaRuntimeError as error:
        raise BufferError(str(error)) from error


def from_dlpack(x: Any, device: Backend) -> Any:
    """jaxlib's array in the memory of `x`, which is on this device; of a type that is jax's or none. It may import jax.

    Raises: BufferError where the elements do not stand in order.
    """
    stream = device.device.get_stream_for_external_ready_events() if device.platform != "cpu" else None
    try:
        raw = client_module()._xla.dlpack_managed_tensor_to_buffer(x.__dlpack__(stream=stream), device.device, stream)
    except client_module().XlaRuntimeError as error:
        raise BufferError(str(error)) from error
    order = ",".join(map(str, reversed(range(len(x.shape)))))
    if not str(raw._pjrt_layout).startswith(f"{{{order}"):
        raise BufferError("the elements of this array do not stand in order; make it contiguous first")
    return raw
