"""Devices that programs can be compiled for without having them, by name: "cuda:h200", "tpu:v5e".

    found = target("cuda:h200")                         Target: platform, name, memory, …
    compiled = compile_for(found, stablehlo, options)   TargetExecutable: optimized_hlo(), cost(), memory(), serialize()

XLA's own code generators run, those of the plugin of the platform, which has to be installed; no device and no driver
is needed. What they make of a program is described to them by the device's record: here for GPUs, in libtpu for TPUs.

`serialize()` gives the machine code for the device, with which `Executable.load` runs it there, with the same version
of jaxlib and plugin. It was not tried on devices: who stores such code keeps the StableHLO beside it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hloc.runtime import absent, plugins, xla
from hloc.runtime.errors import DeviceError
from hloc.runtime.executable import Memory, Signature
from hloc.runtime.gpus import GPUS, Gpu
from hloc.runtime.options import BuildOptions


@dataclass(frozen=True)
class Tpu:
    """A model. topology: one chip, as libtpu calls it; bandwidth: bytes a second of its memory, for each device."""

    topology: str
    bandwidth: float


TPUS: Mapping[str, Tpu] = {
    "v2": Tpu("v2:1x1", 3.5e11),
    "v3": Tpu("v3:1x1", 4.5e11),
    "v4": Tpu("v4:1x1x1", 6.14e11),
    "v5e": Tpu("v5e:1x1", 8.19e11),
    "v5p": Tpu("v5p:1x1x1", 2.765e12),
    "v6e": Tpu("v6e:1x1", 1.64e12),
    "v7x": Tpu("tpu7x:1x1x1", 3.685e12),
}
"""TPUs by name. Up to v4, and in v7x, the two cores of a chip are two devices and share its memory's bandwidth."""


@dataclass(frozen=True)
class Target:
    """A device to compile for. model: what is known about it; None for the CPU of this machine."""

    platform: str
    name: str
    model: Gpu | Tpu | None = None

    def __str__(self) -> str:
        return f"{self.platform}:{self.name}" if self.name else self.platform


def names() -> list[str]:
    """What `target` knows."""
    return ["cpu", *(f"cuda:{name}" for name in GPUS), *(f"tpu:{name}" for name in TPUS)]


def target(name: str) -> Target:
    """The device of this name. "cpu" is the one of this machine. Raises: DeviceError, with the names that are known."""
    platform, _, model = name.strip().lower().partition(":")
    if platform == "cpu" and not model:
        return Target("cpu", "")
    if platform == "cuda" and model in GPUS:
        return Target("cuda", model, GPUS[model])
    if platform == "tpu" and model in TPUS:
        return Target("tpu", model, TPUS[model])
    near = difflib.get_close_matches(name, names(), n=1)
    hint = f" (near: {near[0]})" if near else ""
    raise DeviceError(f"unknown target {name!r}{hint}; hloc knows {', '.join(names())}")


class TargetExecutable:
    """A program compiled for a device that need not be here: to look at, to estimate, to carry there.

    kind: what such devices say to be, as Backend.kind.
    """

    def __init__(self, target: Target, compiled: Any, stablehlo: bytes | str, kind: str) -> None:
        self.target = target
        self.kind = kind
        self._stablehlo = stablehlo
        self.compiled = compiled
        self.signature = Signature.of(compiled)

    def optimized_hlo(self) -> str:
        """The program after XLA's optimisations, as HLO text."""
        return "\n\n".join(module.to_string() for module in self.compiled.hlo_modules())

    def cost(self) -> dict[str, float]:
        """Estimates of one run, loop bodies counted once: "flops", "transcendentals", "bytes accessed", and
        "optimal_seconds": what the device needs to move these bytes, or to compute the flops where that takes longer.
        For a TPU it is XLA's own estimate, where XLA has one for each operation of the program."""
        found = absent.operations(self.compiled, self._stablehlo)
        cost = {name: max(found.get(name, 0.0), 0.0) for name in ("flops", "transcendentals", "bytes accessed")}
        return {**cost, "optimal_seconds": self._seconds(cost, found.get("optimal_seconds", -1.0))}

    def _seconds(self, cost: Mapping[str, float], estimate: float) -> float:
        """XLA counts -1 seconds for each operation that it cannot estimate."""
        model = self.target.model
        if model is None or estimate >= 0:
            return max(estimate, 0.0)
        seconds = cost["bytes accessed"] / model.bandwidth
        if isinstance(model, Gpu):
            seconds = max(seconds, cost["flops"] / model.flops(_widest(self.optimized_hlo())))
        return seconds

    def memory(self) -> Memory:
        """The bytes that one run needs on the device."""
        return Memory.of(self.compiled.get_compiled_memory_stats())

    def serialize(self) -> bytes:
        """The machine code and what is needed to load it, for the jaxlib and plugin of this process."""
        return bytes(self.compiled.serialize())


def _widest(hlo: str) -> int:
    """Bits of the widest float that a program computes with."""
    return next((bits for bits in (64, 32) if re.search(rf"\b(?:f{bits}|c{2 * bits})\[", hlo)), 16)


def compile_for(target: Target, stablehlo: bytes | str, options: BuildOptions | None = None) -> TargetExecutable:
    """Compile StableHLO that was emitted for the target's platform; for "cpu", xla.compile_program is what to use.

    Raises: DeviceError where the plugin is missing or does not fit; XlaCompileError, which quotes XLA.
    """
    plugin = plugins.choose(target.platform, xla.jaxlib_version())
    model = target.model
    topology = model.topology if isinstance(model, Tpu) else ""
    description = model.config() if isinstance(model, Gpu) else None
    device = absent.absent_device(plugin, topology, description)
    compiled = absent.compile_only(stablehlo, options or BuildOptions(), device)
    return TargetExecutable(target, compiled, stablehlo, str(device.device.device_kind))
