"""The minimum of a function of several variables without derivatives: Nelder and Mead's simplex, as in the textbook."""

import numpy as np

import hloc


def rosenbrock(x):
    """A curved valley with its minimum 0 at (1, 1, …)."""
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def along(centre, worst, step):
    """The point on the line from the centre (step 0) to the worst corner (step 1)."""
    return centre + step * (worst - centre)


def minimise(f, start, size, tolerance, limit):
    """The best point f64[n] and the rounds taken, from a simplex of edge length `size` at `start`."""
    n = len(start)
    simplex = np.array([start] * (n + 1))
    for i in range(n):
        simplex[i + 1, i] += size
    values = np.array([f(point) for point in simplex])
    rounds = 0
    while rounds < limit and np.max(values) - np.min(values) > tolerance:
        rounds += 1
        order = np.argsort(values)
        simplex, values = simplex[order], values[order]
        centre, worst = simplex[:-1].mean(axis=0), simplex[-1].copy()
        point = along(centre, worst, -1.0)
        value = f(point)
        if value < values[0]:
            further = along(centre, worst, -2.0)
            if f(further) < value:
                point, value = further, f(further)
        elif value >= values[-2]:
            point = along(centre, worst, -0.5 if value < values[-1] else 0.5)
            value = f(point)
        if value < values[-1]:
            simplex[-1], values[-1] = point, value
        else:
            for i in range(1, n + 1):
                simplex[i] = simplex[0] + 0.5 * (simplex[i] - simplex[0])
                values[i] = f(simplex[i])
    return simplex[np.argmin(values)], rounds


@hloc.compile
def valley(start, shift, limit):
    """Minimise `rosenbrock` shifted so that its minimum is at (1 + shift, …), from a start f64[n]."""
    return minimise(lambda x: rosenbrock(x - shift), start, 0.5, 1e-10, limit)
