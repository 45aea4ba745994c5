"""Functions and arrays that tests of refusals map; their lines are part of the messages."""

from __future__ import annotations

import numpy as np

A = np.arange(6.0).reshape(2, 3)
X = np.arange(3.0)
N = np.array([2, 1])


def add(x, y):
    return x + y


def model(parameters, x):
    return parameters["w"] @ x


def identity(x):
    return x


def pair(x):
    return x, x


def text(x):
    return "a"


def positive(x):
    return x[x > 1]


def zeros(n):
    return np.zeros(n)


def summed(a, n):
    return a.sum(axis=n)


def nothing():
    return 1.0
