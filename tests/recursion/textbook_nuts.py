"""The tree of the No-U-Turn sampler (Hoffman and Gelman 2014, algorithm 6), with given random numbers."""

from __future__ import annotations

import numpy as np


def gaussian(theta):
    """The logarithm of a density and its gradient."""
    scale = np.array([1.0, 4.0])
    return -0.5 * np.sum(scale * theta * theta), -scale * theta


def banana(theta):
    x, y = theta[0], theta[1]
    bend = y - 0.5 * x * x
    return -0.5 * (x * x + bend * bend / 0.25), np.array([-x + bend / 0.25 * x, -bend / 0.25])


def leapfrog(density, theta, r, gradient, step):
    r = r + 0.5 * step * gradient
    theta = theta + step * r
    log_density, gradient = density(theta)
    r = r + 0.5 * step * gradient
    return theta, r, gradient, log_density


def uniform(seed):
    """The next state of a generator, and a number in [0, 1)."""
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed, seed / 2147483648.0


def no_turn(minus, plus, r_minus, r_plus):
    way = plus - minus
    return np.dot(way, r_minus) >= 0 and np.dot(way, r_plus) >= 0


def build_tree(density, theta, r, gradient, log_u, direction, depth, step, joint_0, seed):
    if depth == 0:
        theta, r, gradient, log_density = leapfrog(density, theta, r, gradient, direction * step)
        joint = log_density - 0.5 * np.dot(r, r)
        n = 1 if log_u < joint else 0
        going = bool(log_u - 1000.0 < joint)
        alpha = min(1.0, np.exp(joint - joint_0))
        return theta, r, gradient, theta, r, gradient, theta, log_density, n, going, alpha, 1, seed
    minus, r_minus, g_minus, plus, r_plus, g_plus, chosen, log_density, n, going, alpha, tried, seed = build_tree(
        density, theta, r, gradient, log_u, direction, depth - 1, step, joint_0, seed
    )
    if going:
        if direction == -1:
            minus, r_minus, g_minus, _, _, _, other, log_other, n_2, going_2, alpha_2, tried_2, seed = build_tree(
                density, minus, r_minus, g_minus, log_u, direction, depth - 1, step, joint_0, seed
            )
        else:
            _, _, _, plus, r_plus, g_plus, other, log_other, n_2, going_2, alpha_2, tried_2, seed = build_tree(
                density, plus, r_plus, g_plus, log_u, direction, depth - 1, step, joint_0, seed
            )
        seed, chance = uniform(seed)
        if chance < n_2 / max(n + n_2, 1):
            chosen, log_density = other, log_other
        n += n_2
        going = bool(going_2 and no_turn(minus, plus, r_minus, r_plus))
        alpha += alpha_2
        tried += tried_2
    return minus, r_minus, g_minus, plus, r_plus, g_plus, chosen, log_density, n, going, alpha, tried, seed


def tree_of_gaussian(theta, r, direction, depth, step, seed):
    log_density, gradient = gaussian(theta)
    joint = log_density - 0.5 * np.dot(r, r)
    return build_tree(gaussian, theta, r, gradient, joint - 0.7, direction, depth, step, joint, seed)


def tree_of_banana(theta, r, direction, depth, step, seed):
    log_density, gradient = banana(theta)
    joint = log_density - 0.5 * np.dot(r, r)
    return build_tree(banana, theta, r, gradient, joint - 0.7, direction, depth, step, joint, seed)


def sample(theta, momenta, step, seed, samples, deepest):
    """A chain: `samples` gets its states."""
    for k in range(len(samples)):
        r = momenta[k]
        log_density, gradient = banana(theta)
        joint = log_density - 0.5 * np.dot(r, r)
        seed, chance = uniform(seed)
        log_u = joint + np.log(chance + 1e-12)
        minus = plus = theta
        r_minus = r_plus = r
        g_minus = g_plus = gradient
        depth, n, going = 0, 1, True
        while going and depth < deepest:
            seed, chance = uniform(seed)
            if chance < 0.5:
                minus, r_minus, g_minus, _, _, _, other, _, n_2, going_2, _, _, seed = build_tree(
                    banana, minus, r_minus, g_minus, log_u, -1, depth, step, joint, seed
                )
            else:
                _, _, _, plus, r_plus, g_plus, other, _, n_2, going_2, _, _, seed = build_tree(
                    banana, plus, r_plus, g_plus, log_u, 1, depth, step, joint, seed
                )
            seed, chance = uniform(seed)
            if going_2 and chance < n_2 / n:
                theta = other
            n += n_2
            going = bool(going_2 and no_turn(minus, plus, r_minus, r_plus))
            depth += 1
        samples[k] = theta
    return seed


START, MOMENTUM = np.array([0.3, -0.2]), np.array([1.1, 0.4])
CASES = {
    "nuts on a gaussian": (
        tree_of_gaussian,
        [(START, MOMENTUM, v, depth, 0.25, 7) for v, depth in ((1, 0), (-1, 0), (1, 3), (-1, 3), (1, 6))],
    ),
    "nuts on a banana": (
        tree_of_banana,
        [
            (START, MOMENTUM, v, depth, step, 3)
            for v, depth, step in ((1, 0, 0.1), (1, 4, 0.1), (-1, 4, 0.3), (1, 3, 2.5))
        ],
    ),
    "nuts chain": (sample, [(START, np.random.default_rng(1).normal(size=(6, 2)), 0.3, 5, np.zeros((6, 2)), 5)]),
}
