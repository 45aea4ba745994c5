"""Jacobians from derivatives in one direction: a loop over the basis of one side."""

import numpy as np


def rows(pullback, y, xs):
    """∂y/∂x for each x: a row for each element of y, from pullback(cotangent of y) → cotangents of xs."""
    jacobians = tuple([np.empty((y.size, *x.shape), x.dtype) for x in xs])
    for i in range(y.size):
        basis = np.zeros(y.size, y.dtype)
        basis[i] = 1
        for jacobian, row in zip(jacobians, pullback(basis.reshape(y.shape)), strict=True):
            jacobian[i] = row
    return tuple([j.reshape(y.shape + x.shape) for j, x in zip(jacobians, xs, strict=True)])


def columns(pushforward, x, ys):
    """∂y/∂x for each y: a column for each element of x, from pushforward(tangent of x) → tangents of ys."""
    jacobians = tuple([np.empty((x.size, *y.shape), y.dtype) for y in ys])
    for i in range(x.size):
        basis = np.zeros(x.size, x.dtype)
        basis[i] = 1
        for jacobian, column in zip(jacobians, pushforward(basis.reshape(x.shape)), strict=True):
            jacobian[i] = column
    return tuple([np.moveaxis(j, 0, -1).reshape(y.shape + x.shape) for j, y in zip(jacobians, ys, strict=True)])
