"""Which weights may a logistic regression have, given the data? Many chains of the No-U-Turn sampler at once.

A chain moves a point through the weights as if it rolled over the logarithm of their density. Each draw gives it a
random momentum and follows it in leapfrog steps, forwards or backwards at random, twice as far each time, until the
path turns back. `build_tree` does so by calling itself. How far depends on the data, so the chains that `hloc.vmap`
runs at once part in each draw.
Source: Hoffman and Gelman, The No-U-Turn Sampler, JMLR 15 (2014), algorithm 6.
"""

import math
from dataclasses import dataclass

import numpy as np

import hloc

DEEPEST = 8
"""A draw takes less than 2**DEEPEST leapfrog steps."""
WANTED = 0.8
"""What the acceptance is to be when the length of a step is found."""


@dataclass
class Point:
    """Where the path is, its momentum, and the slope of the log density there; each f64[weights]."""

    position: np.ndarray
    momentum: np.ndarray
    slope: np.ndarray


@dataclass
class Tree:
    """Leapfrog steps from one end of a path on.

    near, far: the first point and the last.   chosen: a position drawn from those that the slice admits.
    admitted: how many it admits.   going: whether the path goes on.
    acceptance, steps: the sum of the acceptance probabilities of all points, and how many these are.
    seed: the state of the random numbers.
    """

    near: Point
    far: Point
    chosen: np.ndarray
    admitted: int
    going: bool
    acceptance: float
    steps: int
    seed: int


def uniform(seed):
    """A number in (0, 1) and the next state: the minimal standard generator of Park and Miller."""
    seed = seed * 48271 % 2147483647
    return seed / 2147483647, seed


def log_density(weights, x, signs):
    """Of the weights, but for a constant: independent standard normal ones, and rows x f64[rows, weights] of which
    each is in its class, 1 or -1, with probability 1 / (1 + exp(-sign * x @ weights))."""
    return -np.sum(np.logaddexp(0.0, -signs * (x @ weights))) - 0.5 * np.sum(weights * weights)


def kinetic(momentum):
    return 0.5 * np.sum(momentum * momentum)


def leapfrog(point, step, x, signs):
    """The point after a step, and the logarithm of its joint density with the momentum."""
    momentum = point.momentum + 0.5 * step * point.slope
    position = point.position + step * momentum
    value, slope = hloc.value_and_grad(log_density)(position, x, signs)
    momentum = momentum + 0.5 * step * slope
    return Point(position, momentum, slope), value - kinetic(momentum)


def turns(first, last):
    """Whether the ends of a path, in the direction of time, move towards each other."""
    way = last.position - first.position
    return bool(way @ first.momentum < 0.0 or way @ last.momentum < 0.0)


def build_tree(end, step, depth, slice_height, joint, seed, x, signs):
    """2**depth leapfrog steps from an end of the path, or less if a part of them turns back or diverges."""
    if depth == 0:
        point, height = leapfrog(end, step, x, signs)
        admitted = 1 if slice_height <= height else 0
        going = bool(slice_height < height + 1000.0)
        return Tree(
            point, point, point.position, admitted, going, min(1.0, math.exp(min(0.0, height - joint))), 1, seed
        )
    tree = build_tree(end, step, depth - 1, slice_height, joint, seed, x, signs)
    if tree.going:
        more = build_tree(tree.far, step, depth - 1, slice_height, joint, tree.seed, x, signs)
        chance, seed = uniform(more.seed)
        first, last = (tree.near, more.far) if step > 0.0 else (more.far, tree.near)
        admitted = tree.admitted + more.admitted
        return Tree(
            tree.near,
            more.far,
            more.chosen if chance * admitted < more.admitted else tree.chosen,
            admitted,
            more.going and not turns(first, last),
            tree.acceptance + more.acceptance,
            tree.steps + more.steps,
            seed,
        )
    return tree


def draw(position, momentum, step, seed, x, signs):
    """The next position of a chain, the mean acceptance, the leapfrog steps taken, and the next random state."""
    value, slope = hloc.value_and_grad(log_density)(position, x, signs)
    joint = value - kinetic(momentum)
    chance, seed = uniform(seed)
    slice_height = joint + math.log(chance)
    first = last = Point(position, momentum, slope)
    depth, admitted, going, acceptance, steps = 0, 1, True, 0.0, 0
    while going and depth < DEEPEST:
        chance, seed = uniform(seed)
        forwards = chance < 0.5
        end, way = (last, step) if forwards else (first, -step)
        tree = build_tree(end, way, depth, slice_height, joint, seed, x, signs)
        if forwards:
            last = tree.far
        else:
            first = tree.far
        chance, seed = uniform(tree.seed)
        if tree.going and chance * admitted < tree.admitted:
            position = tree.chosen
        admitted += tree.admitted
        acceptance += tree.acceptance
        steps += tree.steps
        going = tree.going and not turns(first, last)
        depth += 1
    return position, acceptance / steps, steps, seed


def chain(position, momenta, seed, warmup, x, signs):
    """A chain with given normal momenta f64[draws, weights]; `warmup` draws find the length of the steps.

    Gives positions f64[draws, weights], acceptance f64[draws] and leapfrog steps i64[draws] of each, and the length.
    """
    positions = np.zeros(momenta.shape)
    acceptance, steps = np.zeros(len(momenta)), np.zeros(len(momenta), np.int64)
    length = best = 0.1
    missing = 0.0
    for k in range(len(momenta)):
        if k == warmup:
            length = best
        position, acceptance[k], steps[k], seed = draw(position, momenta[k], length, seed, x, signs)
        positions[k] = position
        if k < warmup:
            m = k + 1.0
            missing += (WANTED - acceptance[k] - missing) / (m + 10.0)
            length = math.exp(-20.0 * math.sqrt(m) * missing)
            best = math.exp(m**-0.75 * math.log(length) + (1.0 - m**-0.75) * math.log(best))
    return positions, acceptance, steps, length


def chances(chains, draws, weights, seed=0):
    """Random starts f64[chains, weights], momenta f64[chains, draws, weights] and states i64[chains]."""
    random = np.random.default_rng(seed)
    starts, momenta = random.normal(size=(chains, weights)), random.normal(size=(chains, draws, weights))
    return starts, momenta, random.integers(1, 2147483647, chains)


@hloc.compile
def sample(starts, momenta, seeds, warmup, x, signs):
    """As `chain`, for starts f64[chains, weights], momenta f64[chains, draws, weights] and seeds i64[chains]."""
    return hloc.vmap(chain, in_axes=(0, 0, 0, None, None, None))(starts, momenta, seeds, warmup, x, signs)


def diagnosis(draws):
    """Of one weight f64[chains, draws]: mean, spread, R-hat, and how many independent draws tell as much of the mean.

    R-hat compares the spread of all chains with that within the halves of each: 1 if they agree. The effective number
    counts correlations until two in a row add up to less than nothing.
    Source: Gelman and others, Bayesian Data Analysis, third edition, section 11.4; Geyer 1992.
    """
    halves = draws[:, : draws.shape[1] // 2 * 2].reshape(-1, draws.shape[1] // 2)
    count, length = halves.shape
    means = halves.mean(axis=1)
    parts = halves - means[:, None]
    within = np.sum(parts * parts) / (count * (length - 1))
    spread = (length - 1) / length * within + np.var(means, ddof=1)

    def correlation(lag):
        total = 0.0
        for part in parts:
            for i in range(length - lag):
                total += part[i] * part[i + lag]
        return 1.0 - (within - total / (count * length)) / spread

    time, lag, pair = -1.0, 0, 1.0 + correlation(1)
    while pair > 0.0 and lag + 3 < length:
        time += 2.0 * pair
        lag += 2
        pair = min(pair, correlation(lag) + correlation(lag + 1))
    return np.mean(draws), np.sqrt(spread), np.sqrt(spread / within), count * length / time


@hloc.compile
def diagnoses(draws):
    """The same for all weights of draws f64[chains, draws, weights]: arrays f64[weights]."""
    return hloc.vmap(diagnosis, in_axes=2)(draws)
