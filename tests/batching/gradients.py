"""Gradients under maps, and of maps: compared with a loop over lanes of the compiled gradient.

vmap(grad(f))(xs, c)             a gradient for each lane
grad(sum(w * vmap(f)(xs, c)))    the lanes' gradients times their weights: stacked for xs, added up for c
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import hloc
from tests.derivatives.agreement import float_arguments

from .batches import Batch, NoBatchError, batches
from .oracle import assert_same, children, lanes, outcome, with_children
from .trial import Verdict, judge, static_arguments

Case = tuple[Any, ...]


def judge_gradients(
    function: Callable[..., Any],
    cases: Sequence[Case],
    wrt: tuple[int, ...] | None,
    strategies: Iterable[str | None],
    size: int | None = None,
) -> Verdict:
    """Value and gradients of every lane. Raises: AssertionError."""
    wrt = float_arguments(cases[0]) if wrt is None else wrt
    gradient = hloc.value_and_grad(function, argnums=wrt)

    def batched(in_axes: Any, strategy: str | None) -> Any:
        return hloc.vmap(hloc.value_and_grad(function, argnums=wrt), in_axes, strategy=strategy)

    return judge(function, cases, strategies, batched, gradient, gradient, size)


def judge_gradient_of_map(
    function: Callable[..., Any],
    cases: Sequence[Case],
    wrt: tuple[int, ...] | None,
    strategies: Iterable[str | None],
    size: int | None = None,
) -> Verdict:
    """The gradient of a weighted sum over lanes. Raises: AssertionError."""
    wrt = float_arguments(cases[0]) if wrt is None else wrt
    gradient = hloc.grad(function, argnums=wrt)
    try:
        batch = batches(function, cases)[0]
        static = static_arguments(hloc.compile(function), batch)
        batch = batches(function, cases, static)[0]
        one_shared = batches(function, cases, static | share_one(wrt))[0]
        batch = batch if writes_to_shared(function, one_shared) else one_shared
        batch = batch if size is None else batch.of_size(size)
    except NoBatchError as error:
        return Verdict("skipped", str(error))
    if batch.fails:
        return Verdict("skipped", "lanes fail")
    expected_lanes = lanes(lambda *a: gradient(*copy.deepcopy(a)), batch.arguments, batch.in_axes)
    weights = 0.5 + np.arange(len(np.asarray(lanes(lambda *_: 0.0, batch.arguments, batch.in_axes)))) % 3
    expected = tuple(
        weighted(g, weights, batch.in_axes[place] is None) for g, place in zip(expected_lanes, wrt, strict=True)
    )
    for strategy in strategies:

        def total(*arguments: Any, strategy: str | None = strategy) -> Any:
            return np.sum(hloc.vmap(function, batch.in_axes, strategy=strategy)(*arguments) * weights)

        found = hloc.grad(total, argnums=wrt)(*copy.deepcopy(batch.arguments))
        assert_same(found, expected, f"strategy {strategy}")
    return Verdict("same")


def share_one(wrt: tuple[int, ...]) -> frozenset[int]:
    """The last of several arguments with gradients is shared by all lanes."""
    return frozenset(wrt[-1:]) if len(wrt) > 1 else frozenset()


def writes_to_shared(function: Callable[..., Any], batch: Batch) -> bool:
    """Whether lanes see what those before them wrote; their gradients are then not those of single calls."""
    after = outcome(lambda *a: lanes(function, a, batch.in_axes), batch.arguments).arguments
    shared = [j for j, axis in enumerate(batch.in_axes) if axis is None]
    return any(repr(batch.arguments[j]) != repr(after[j]) for j in shared)


def weighted(gradient: Any, weights: np.ndarray, shared: bool) -> Any:
    parts = children(gradient)
    if parts is not None:
        return with_children(gradient, [weighted(p, weights, shared) for p in parts])
    scaled = gradient * weights.reshape(-1, *[1] * (np.ndim(gradient) - 1)).astype(gradient.dtype)
    return scaled.sum(axis=0) if shared else scaled
