"""What a caller may choose about emission."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EmitOptions:
    """How to write the StableHLO module; the meaning of the program does not depend on it (but for rounding).

    platform: "cpu", "cuda" or "tpu".
    tune: add the layer that brings scalar loops on the CPU to the speed of compiled C (hloc.emit.tune and LLVM flags).
    strict: keep each product apart from the sum that uses it, so that no multiply-add rounds once.
    donate: pairs (parameter, result) that share a buffer; the caller gives the parameter's buffer up.
    workspace: bytes that the caller may lend for logs, as further parameters (hloc.emit.workspace); 0 on a GPU or TPU.
    precision: of products of float matrices, "default", "high" or "highest"; None: as exact as NumPy.
    fast_math: sums may be reordered, and no float is NaN or infinite.
    deterministic: each run gives the same bits.
    overrides: XLA's debug options that the user chose, pairs of name and value.
    """

    platform: str = "cpu"
    tune: bool = True
    strict: bool = False
    donate: tuple[tuple[int, int], ...] = ()
    workspace: int = 0
    precision: str | None = None
    fast_math: bool = False
    deterministic: bool = False
    overrides: tuple[tuple[str, str | bool], ...] = ()
