"""NVIDIA's GPUs as XLA's code generators see them: one record per model.

The numbers are those that devices report about themselves, as in the specifications that come with XLA
(xla/backends/gpu/target_config/specs); for models that it has none of, those of NVIDIA's data sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KB = 1 << 10
MB = 1 << 20
_F8 = (2, 6, 19, 20, 23, 24, 25, 28, 29, 33, 35, 36)
"""XLA's numbers of the element types of 8 bits; below, 10 and 16 are the floats of 16 bits, 11 is f32, 12 is f64."""


@dataclass(frozen=True)
class Gpu:
    """One model. Sizes are in bytes, rates in GHz and bytes a second; a core is a streaming multiprocessor.

    capability: CUDA's compute capability.   f32, f64: units of a core for these types.
    f16: what a core's matrix units multiply and add in a clock, in numbers of 16 bits.
    accelerated: it has instructions of its capability alone (sm_90a); then XLA is told the rates of its matrix units,
      which have a clock of their own.
    """

    description: str
    capability: tuple[int, int]
    cores: int
    clock: float
    f32: int
    f64: int
    f16: int
    bandwidth: float
    memory: int
    l2: int
    shared: int
    shared_optin: int
    threads: int = 2048
    accelerated: bool = False
    matrix_clock: float = 0.0

    def flops(self, bits: int) -> float:
        """Additions and multiplications a second of floats of so many bits, at most."""
        units = {64: self.f64, 32: self.f32, 16: self.f16}[bits]
        return 2e9 * (self.matrix_clock if bits == 16 and self.accelerated else self.clock) * self.cores * units

    def config(self) -> str:
        """XLA's GpuTargetConfigProto, as text."""
        major, minor = self.capability
        return f"""
gpu_device_info {{
  threads_per_block_limit: 1024 threads_per_warp: 32 threads_per_core_limit: {self.threads}
  shared_memory_per_block: {48 * KB} shared_memory_per_core: {self.shared}
  shared_memory_per_block_optin: {self.shared_optin}
  core_count: {self.cores} fpus_per_core: {self.f32} clock_rate_ghz: {self.clock}
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  thread_dim_limit_x: 1024 thread_dim_limit_y: 1024 thread_dim_limit_z: 64
  memory_bandwidth: {self.bandwidth:.0f} l2_cache_size: {self.l2} device_memory_size: {self.memory}
  cuda_compute_capability {{
    major: {major} minor: {minor} feature_extension: {"ACCELERATED_FEATURES" if self.accelerated else "NONE"}
  }}
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  {"".join(self._units()) if self.accelerated else ""}
  device_vendor: "NVIDIA Corporation" device_address_bits: 64 ecc_enabled: true name: "{self.description}"
  driver_version: "13.0.0" runtime_version: "12.8.0" compile_time_toolkit_version: "12.8.0" dnn_version: "9.10.0"
}}
platform_name: "CUDA"
dnn_version_info {{ major: 9 minor: 10 }}
device_description_str: "{self.description}"
"""

    def _units(self) -> Iterator[str]:
        """The rates of the units for scalars and for matrices (4 a core), by element type."""
        halves = 2 if self.capability[0] == 9 else 1
        scalar = [((4, 8), 64, 1), ((10, 16), 128, halves), ((11,), self.f32, 1), ((12,), self.f64, 1)]
        yield from _rates("scalar", scalar, self.clock)
        half = self.f16 // 4
        yield from _rates("matrix", [(_F8, 4, 2 * half), ((10, 16), 4, half), ((11,), 4, half // 2)], self.matrix_clock)


def _rates(kind: str, rates: list[tuple[tuple[int, ...], int, int]], clock: float) -> Iterator[str]:
    yield f"{kind}_unit_description {{"
    for types, units, ops in rates:
        for number in types:
            value = f"clock_rate_ghz: {clock} units_per_core: {units} ops_per_clock: {ops}"
            yield f"  rate_infos {{ key: {number} value {{ {value} }} }}\n"
    yield "}\n"


GPUS: Mapping[str, Gpu] = {
    "b200": Gpu(
        description="NVIDIA B200",
        capability=(10, 0),
        cores=148,
        clock=1.965,
        f32=128,
        f64=64,
        f16=4096,
        bandwidth=7.67232e12,
        memory=191514411008,
        l2=132644864,
        shared=228 * KB,
        shared_optin=227 * KB,
        accelerated=True,
        matrix_clock=1.8353101,
    ),
    "h200": Gpu(
        description="NVIDIA H200",
        capability=(9, 0),
        cores=132,
        clock=1.98,
        f32=128,
        f64=64,
        f16=2048,
        bandwidth=4.8e12,
        memory=151397597184,
        l2=50 * MB,
        shared=228 * KB,
        shared_optin=227 * KB,
        accelerated=True,
        matrix_clock=1.8295201,
    ),
    "h100": Gpu(
        description="NVIDIA H100 80GB HBM3",
        capability=(9, 0),
        cores=132,
        clock=1.98,
        f32=128,
        f64=64,
        f16=2048,
        bandwidth=3.35232e12,
        memory=84942979072,
        l2=50 * MB,
        shared=228 * KB,
        shared_optin=227 * KB,
        accelerated=True,
        matrix_clock=1.8295201,
    ),
    "h100-pcie": Gpu(
        description="NVIDIA H100 PCIe",
        capability=(9, 0),
        cores=114,
        clock=1.755,
        f32=128,
        f64=64,
        f16=2048,
        bandwidth=2.03904e12,
        memory=84942979072,
        l2=50 * MB,
        shared=228 * KB,
        shared_optin=227 * KB,
        accelerated=True,
        matrix_clock=1.62162,
    ),
    "a100": Gpu(
        description="NVIDIA A100-SXM4-80GB",
        capability=(8, 0),
        cores=108,
        clock=1.41,
        f32=64,
        f64=32,
        f16=1024,
        bandwidth=2.03904e12,
        memory=85100068864,
        l2=40 * MB,
        shared=164 * KB,
        shared_optin=163 * KB,
    ),
    "a100-40gb": Gpu(
        description="NVIDIA A100-SXM4-40GB",
        capability=(8, 0),
        cores=108,
        clock=1.41,
        f32=64,
        f64=32,
        f16=1024,
        bandwidth=1.5552e12,
        memory=42331013120,
        l2=40 * MB,
        shared=164 * KB,
        shared_optin=163 * KB,
    ),
    "a6000": Gpu(
        description="NVIDIA RTX A6000",
        capability=(8, 6),
        cores=84,
        clock=1.8,
        f32=128,
        f64=2,
        f16=512,
        bandwidth=7.68096e11,
        memory=51041271808,
        l2=6 * MB,
        shared=100 * KB,
        shared_optin=99 * KB,
        threads=1536,
    ),
    "l4": Gpu(
        description="NVIDIA L4",
        capability=(8, 9),
        cores=58,
        clock=2.04,
        f32=128,
        f64=2,
        f16=512,
        bandwidth=3.0e11,
        memory=23660068864,
        l2=48 * MB,
        shared=100 * KB,
        shared_optin=99 * KB,
        threads=1536,
    ),
    "l40s": Gpu(
        description="NVIDIA L40S",
        capability=(8, 9),
        cores=142,
        clock=2.52,
        f32=128,
        f64=2,
        f16=512,
        bandwidth=8.64e11,
        memory=47810936832,
        l2=96 * MB,
        shared=100 * KB,
        shared_optin=99 * KB,
        threads=1536,
    ),
    "rtx4090": Gpu(
        description="NVIDIA GeForce RTX 4090",
        capability=(8, 9),
        cores=128,
        clock=2.52,
        f32=128,
        f64=2,
        f16=512,
        bandwidth=1.008e12,
        memory=25393692672,
        l2=72 * MB,
        shared=100 * KB,
        shared_optin=99 * KB,
        threads=1536,
    ),
    "t4": Gpu(
        description="Tesla T4",
        capability=(7, 5),
        cores=40,
        clock=1.59,
        f32=64,
        f64=2,
        f16=512,
        bandwidth=3.2e11,
        memory=15655829504,
        l2=4 * MB,
        shared=64 * KB,
        shared_optin=64 * KB,
        threads=1024,
    ),
}
"""The models by name."""
