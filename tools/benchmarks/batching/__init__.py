"""Batching beside `jax.vmap`, Numba's loops over lanes, and the program of one lane."""

from tools.benchmarks.batching.suite import tables

__all__ = ["tables"]
