"""Hares and lynxes: the rates of an ODE from observations, by derivatives through a solver that chooses its steps.

The solver is Dormand and Prince's pair of orders 5 and 4: the difference of both is the error of a step, which decides
whether the step is taken and how long the next one is. The search for the minimum is BFGS with limited memory.
"""

import numpy as np

import hloc

RATES = np.array([1.1, 0.4, 0.4, 0.1])
"""The rates that the observations are made with: growth of hares, hunting, death of lynxes, their growth by hunting."""

STAGES = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0],
        [1 / 5, 0, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
    ]
)
DIFFERENCE = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])


def dormand_prince(f, y, h):
    """One step of length h of y' = f(y): the new y, and how much the two orders differ."""
    slopes = np.zeros((7, len(y)))
    for i in range(7):
        slopes[i] = f(y + h * (STAGES[i] @ slopes))
    return y + h * (STAGES[6] @ slopes), h * (DIFFERENCE @ slopes)


def solve(f, start, times, tolerance):
    """y' = f(y) from `start` at times[0]: y at all times f64[times, n], and how many steps were taken and refused."""
    y = start
    path = np.zeros((len(times), len(start)))
    path[0] = y
    h = times[1] - times[0]
    taken = refused = 0
    for i in range(1, len(times)):
        t = times[i - 1]
        while t < times[i]:
            step = min(h, times[i] - t)
            new, difference = dormand_prince(f, y, step)
            allowed = tolerance * (1.0 + np.maximum(np.abs(y), np.abs(new)))
            error = max(np.sqrt(np.mean((difference / allowed) ** 2)), 1e-8)
            proposed = step * min(5.0, max(0.2, 0.9 * error**-0.2))
            if error <= 1.0:
                t, y = t + step, new
                h = max(h, proposed)
                taken += 1
            else:
                h = proposed
                refused += 1
        path[i] = y
    return path, (taken, refused)


def hunt(rates):
    """The right side of Lotka and Volterra's equations for (hares, lynxes)."""
    growth, hunting, death, breeding = rates
    return lambda y: np.array([growth * y[0] - hunting * y[0] * y[1], breeding * y[0] * y[1] - death * y[1]])


def misfit(logs, times, seen, tolerance):
    """The mean square of log(computed / seen) for rates e**logs, which are positive; and the solver's steps."""
    path, steps = solve(hunt(np.exp(logs)), seen[0], times, tolerance)
    return np.mean(np.log(path / seen) ** 2), steps


def observations(count, noise, seed=2):
    """Times f64[count] and noisy numbers of hares and lynxes f64[count, 2]; the first row is exact."""
    times = np.linspace(0.0, 16.0, count)
    path, _ = solve(hunt(RATES), np.array([10.0, 5.0]), times, 1e-9)
    path[1:] *= np.exp(noise * np.random.default_rng(seed).normal(size=(count - 1, 2)))
    return times, path


def bfgs_direction(slope, moves, turns, newest, count):
    """-H·slope, where H is the inverse Hessian that the last `count` moves of x and turns of the slope tell of."""
    direction = -slope
    memory = len(moves)
    shares = np.zeros(memory)
    for back in range(count):
        i = (newest - back) % memory
        shares[i] = (moves[i] @ direction) / (moves[i] @ turns[i])
        direction -= shares[i] * turns[i]
    if count > 0:
        direction *= (moves[newest] @ turns[newest]) / (turns[newest] @ turns[newest])
    for ahead in range(count):
        i = (newest - count + 1 + ahead) % memory
        direction += (shares[i] - (turns[i] @ direction) / (moves[i] @ turns[i])) * moves[i]
    return direction


def minimise(f, x, memory, tolerance, limit):
    """A minimum of f from x by BFGS with limited memory: x, the lowest value after each trial f64[limit], their number.

    A trial that does not lower f by a part of what the slope promises is repeated with half the step.
    """
    best, low, best_slope = x, np.inf, np.zeros(len(x))
    direction, scale, promised = np.zeros(len(x)), 1.0, 0.0
    moves, turns = np.zeros((memory, len(x))), np.zeros((memory, len(x)))
    newest = known = 0
    values = np.zeros(limit)
    for trial in range(limit):
        value, slope = hloc.value_and_grad(f)(x)
        if value <= low + 1e-4 * scale * promised:
            move, turn = x - best, slope - best_slope
            if move @ turn > 1e-14:
                newest, known = (newest + 1) % memory, min(known + 1, memory)
                moves[newest], turns[newest] = move, turn
            best, low, best_slope = x, value, slope
            direction = bfgs_direction(slope, moves, turns, newest, known)
            promised = slope @ direction
            scale = 1.0 if known > 0 else min(1.0, 0.1 / np.linalg.norm(slope))
        else:
            scale *= 0.5
        values[trial] = low
        if np.max(np.abs(best_slope)) < tolerance:
            return best, values, trial + 1
        x = best + scale * direction
    return best, values, limit


@hloc.compile
def fit(guess, times, seen, tolerance, limit):
    """Rates f64[4] for what was seen, from a guess: the rates, the lowest misfit after each trial f64[limit], how many
    trials there were, and the steps that the solver took and refused for the rates found."""
    logs, values, trials = minimise(lambda logs: misfit(logs, times, seen, tolerance)[0], np.log(guess), 5, 1e-6, limit)
    return np.exp(logs), values, trials, misfit(logs, times, seen, tolerance)[1]
