"""Results of peers: waiting for them, comparing them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np


def wait(result: Any) -> Any:
    """A result once it is computed."""
    for leaf in jax.tree_util.tree_leaves(result):
        if hasattr(leaf, "block_until_ready"):
            leaf.block_until_ready()
    return result


def assert_same(found: Any, wanted: Any, what: str) -> None:
    """Results agree, each array in proportion to its largest element."""
    pairs = zip(jax.tree_util.tree_leaves(found), jax.tree_util.tree_leaves(wanted), strict=True)
    for mine, other in pairs:
        other = np.asarray(other)
        largest = float(np.abs(other).max(initial=0.0))
        np.testing.assert_allclose(np.asarray(mine), other, rtol=1e-7, atol=1e-8 * largest, err_msg=what)
