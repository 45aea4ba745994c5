"""A damped pendulum that is pushed, by Runge and Kutta's method of fourth order; steppers and forces are functions."""

import math
from functools import partial

import numpy as np

import hloc


def rk4(f, t, y, h):
    """One step of length h of y' = f(t, y); y is a tuple of numbers."""
    k1 = f(t, y)
    k2 = f(t + h / 2, along(y, k1, h / 2))
    k3 = f(t + h / 2, along(y, k2, h / 2))
    k4 = f(t + h, along(y, k3, h))
    return tuple(v + h / 6 * (a + 2 * b + 2 * c + d) for v, a, b, c, d in zip(y, k1, k2, k3, k4, strict=True))


def euler(f, t, y, h):
    """The same with Euler's method, for comparison."""
    return along(y, f(t, y), h)


def along(y, slope, h):
    """From y by a step h along a slope."""
    return tuple(v + h * s for v, s in zip(y, slope, strict=True))


def motion(force, damping, t, state):
    """The derivatives of angle and speed."""
    angle, speed = state
    return speed, -math.sin(angle) - damping * speed + force(t)


@hloc.compile
def swing(angle, push, damping, h, steps, method="rk4"):
    """The angle at each of `steps` steps of length h from rest, f64[steps]; `push` is the strength of the driving."""
    stepper = {"rk4": rk4, "euler": euler}[method]
    f = partial(motion, lambda t: push * math.cos(2.0 / 3.0 * t), damping)
    angles = np.empty(steps)
    state = (angle, 0.0)
    for k in range(steps):
        state = stepper(f, k * h, state, h)
        angles[k] = state[0]
    return angles
