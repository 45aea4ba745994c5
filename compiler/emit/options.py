"""What a caller may choose about emission."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EmitOptions:
    """How to write the StableHLO module; the meaning of the program does not depend on it (but for `strict`, rounding).

    platform: "cpu", "cuda" or "tpu".
    tune: add the layer that brings scalar loops on the CPU to the speed of compiled C (hloc.emit.tune and LLVM flags).
    strict: keep each product apart from the sum that uses it, so that no multiply-add rounds once.
    donate: pairs (parameter, result) that share a buffer; the caller gives the parameter's buffer up.
    workspace: bytes that the caller may lend for logs, as further parameters (hloc.emit.workspace); 0 on a GPU or TPU.
    """

    platform: str = "cpu"
    tune: bool = True
    strict: bool = False
    donate: tuple[tuple[int, int], ...] = ()
    workspace: int = 0
