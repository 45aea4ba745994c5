"""The heat equation on a square plate, by plain double loops that overwrite the plate in place.

The rim is held at its temperature. Each sweep visits the inner points row by row and uses the newest temperatures of
their neighbours (Gauss-Seidel), so no second plate is needed and the order of the visits matters.
"""

import numpy as np

import hloc


def hot_rim(size):
    """A cold plate, f64[size, size], whose upper rim is at 100 degrees and whose left rim falls from 100 to 0."""
    plate = np.zeros((size, size))
    plate[:, 0] = np.linspace(100.0, 0.0, size)
    plate[0, :] = 100.0
    return plate


def step(u, rate):
    """One sweep over the plate in place; gives back the largest change. `rate` is the step in time, at most 0.25."""
    rows, columns = u.shape
    largest = 0.0
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            change = rate * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
            u[i, j] += change
            largest = max(largest, abs(change))
    return largest


@hloc.compile
def settle(u, rate, tolerance, limit):
    """Sweep until nothing changes by more than `tolerance`, at most `limit` times; gives back the number of sweeps."""
    for sweeps in range(1, limit + 1):
        if step(u, rate) <= tolerance:
            return sweeps
    return limit
