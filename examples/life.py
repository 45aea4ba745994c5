"""Conway's game of life by slices: the neighbours of all cells are eight shifted views of one array."""

import numpy as np

import hloc


def soup(size, seed=4):
    """A random start, b1[size, size], a third of the cells alive."""
    return np.random.default_rng(seed).random((size, size)) < 1 / 3


def neighbours(world):
    """The number of living neighbours of each inner cell of a world with a rim, i64[h - 2, w - 2]."""
    alive = world.astype(np.int64)
    height, width = alive.shape
    total = -alive[1:-1, 1:-1]
    for down in range(3):
        for right in range(3):
            total += alive[down : height - 2 + down, right : width - 2 + right]
    return total


@hloc.compile
def generations(cells, count):
    """The cells after `count` generations and the population before each; nothing lives outside the array."""
    world = np.pad(cells, 1)
    inner = world[1:-1, 1:-1]
    population = np.zeros(count, np.int64)
    for generation in range(count):
        population[generation] = np.count_nonzero(inner)
        around = neighbours(world)
        inner[:] = (around == 3) | (inner & (around == 2))
    return inner.copy(), population
