"""Compiling for a device that is not there, with the plugin of its platform.

A plugin makes a "topology", devices without a machine: a TPU's from its name, a GPU's from its description. Their
client compiles only, and wants modules of the MLIR bindings rather than bytes.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import Any

from hloc.runtime import plugins, xla
from hloc.runtime.errors import DeviceError, XlaCompileError
from hloc.runtime.options import BuildOptions

_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class AbsentDevice:
    """One such device: jaxlib's object for it, and a list of it."""

    platform: str
    device: Any
    devices: Any


def absent_device(plugin: plugins.Plugin, topology: str, gpu: str | None) -> AbsentDevice:
    """The device of a plugin to compile for: a TPU by the name of its topology, a GPU by XLA's description as text.

    Raises: DeviceError where the plugin does not load, or does not take this device; ForkError.
    """
    if xla.is_forked():
        raise xla.fork_error()
    xla_client = xla.client_module()
    plugins.load(xla_client, plugin)
    described = {"target_config": gpu, "topology": "1x1x1"} if gpu else {}
    try:
        with _lock:
            found = xla_client._xla.get_default_c_api_topology(plugin.platform, topology, described)
            device = found._make_compile_only_devices()[0]
    except xla_client.XlaRuntimeError as error:
        raise DeviceError(f"{plugin} does not know this device: {error}") from error
    return AbsentDevice(plugin.platform, device, xla_client.DeviceList((device,)))


def compile_only(stablehlo: bytes | str, options: BuildOptions, device: AbsentDevice) -> Any:
    """Compile StableHLO for a device that is not there; gives jaxlib's Executable, which cannot run.

    Raises: XlaCompileError, which quotes XLA; ValueError for a debug option that XLA does not have.
    """
    module = xla.read_module(stablehlo)
    try:
        return device.device.client.compile(module, device.devices, xla.compile_options(_untimed(options), device))
    except xla.client_module().XlaRuntimeError as error:
        xla.refuse_option(options, error)
        raise XlaCompileError(f"XLA cannot compile this program: {error}") from error


def _untimed(options: BuildOptions) -> BuildOptions:
    """The options, where XLA must not choose kernels by timing them: then it knows of none of its own for a matrix
    product on a GPU that is not there ("No supported config found", jaxlib 0.12), but of those of cuBLAS."""
    if not options.overrides.get("xla_gpu_deterministic_ops"):
        return options
    return BuildOptions({"xla_gpu_enable_triton_gemm": False, **options.overrides}, options.extra, options.fallback)


def operations(compiled: Any, stablehlo: bytes | str) -> dict[str, float]:
    """XLA's estimates for a compiled program; where its plugin makes none, as that for GPUs, a count of operations.

    stablehlo: what was compiled. XLA does not know what calls of NVIDIA's libraries compute and move, and has -1 for
    each: then flops and bytes are counted before it has chosen them, and before operations are fused.
    """
    xla_client = xla.client_module()
    try:
        return dict(compiled.cost_analysis())
    except xla_client.XlaRuntimeError:
        (module,) = compiled.hlo_modules()
    count = functools.partial(xla_client._xla.hlo_module_cost_analysis, xla.backend("cpu").client)
    found = dict(count(module))
    if "custom-call(" in module.to_string():
        before = count(xla.to_hlo(stablehlo))
        found |= {name: before[name] for name in ("flops", "bytes accessed")}
    return found
