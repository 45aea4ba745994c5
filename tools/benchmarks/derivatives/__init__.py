"""Derivatives beside jax's, and beside adjoints written by hand."""

from tools.benchmarks.derivatives.suite import tables

__all__ = ["tables"]
