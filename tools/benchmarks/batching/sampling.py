"""The No-U-Turn sampler with its recursion, for many chains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import hloc
from tools.benchmarks.batching.case import ONE, Case


def log_density(position, features, signs):
    """That of the weights of a logistic regression, up to a constant: their prior is a standard normal."""
    return -np.sum(np.log1p(np.exp(-signs * (features @ position)))) - 0.5 * np.sum(position * position)


def leapfrog(position, momentum, slope, step, features, signs):
    momentum = momentum + 0.5 * step * slope
    position = position + step * momentum
    value, slope = hloc.value_and_grad(log_density)(position, features, signs)
    momentum = momentum + 0.5 * step * slope
    return position, momentum, slope, value - 0.5 * np.sum(momentum * momentum)


def turns(minus, plus):
    """Whether the ends (position, momentum, slope) of a path move towards each other."""
    way = plus[0] - minus[0]
    return way @ minus[1] < 0 or way @ plus[1] < 0


def build_tree(end, step, depth, log_slice, seed, features, signs):
    """2**depth leapfrog steps from an end: both ends, a state chosen among them, how many count, whether to go on, the
    gradients that were computed, and the state of the random numbers."""
    if depth == 0:
        position, momentum, slope, joint = leapfrog(*end, step, features, signs)
        end = (position, momentum, slope)
        return end, end, position, 1 if log_slice <= joint else 0, bool(log_slice - 1000.0 < joint), 1, seed
    near, far, chosen, count, going, tried, seed = build_tree(end, step, depth - 1, log_slice, seed, features, signs)
    if going:
        _, far, other, more, going, tried_2, seed = build_tree(far, step, depth - 1, log_slice, seed, features, signs)
        seed = seed * 48271 % 2147483647
        if seed / 2147483647 * (count + more) < more:
            chosen = other
        count += more
        tried += tried_2
        going = going and not (turns(near, far) if step > 0 else turns(far, near))
    return near, far, chosen, count, going, tried, seed


def chain(position, momenta, seed, step, features, signs):
    """The last state of a chain with these momenta f64[draws, n], and the gradients computed for each draw."""
    tried = np.zeros(len(momenta), np.int64)
    for k in range(len(momenta)):
        value, slope = hloc.value_and_grad(log_density)(position, features, signs)
        seed = seed * 48271 % 2147483647
        log_slice = value - 0.5 * np.sum(momenta[k] * momenta[k]) + np.log(seed / 2147483647)
        minus = plus = (position, momenta[k], slope)
        depth, count, going = 0, 1, True
        while going and depth < 8:
            seed = seed * 48271 % 2147483647
            forward = seed < 1073741824
            way = step if forward else -step
            _, far, other, more, going, gradients, seed = build_tree(
                plus if forward else minus, way, depth, log_slice, seed, features, signs
            )
            if forward:
                plus = far
            else:
                minus = far
            tried[k] += gradients
            seed = seed * 48271 % 2147483647
            if going and seed / 2147483647 * count < more:
                position = other
            count += more
            going = going and not turns(minus, plus)
            depth += 1
    return position, tried


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(24)

    def size(n: int) -> int:
        return max(2, int(n * scale))

    draws, n, rows = size(5), size(10), size(100)
    features = random.normal(size=(rows, n))
    signs = np.where(features @ random.normal(size=n) + random.normal(size=rows) > 0.0, 1.0, -1.0)
    for lanes in (size(16), size(128)):
        starts = 0.1 * random.normal(size=(lanes, n))
        momenta, seeds = random.normal(size=(lanes, draws, n)), random.integers(1, 2147483647, lanes)
        yield Case(
            f"NUTS, {lanes} chains of {draws} draws",
            lanes,
            chain,
            (starts, momenta, seeds, 0.1, features, signs),
            (0, 0, 0, None, None, None),
            strategies=("serial", "pc"),
            bars={ONE: 1.0},
            trips=lambda *xs: np.asarray(xs[-1][1]).sum(axis=1),
            alone=True,
        )
