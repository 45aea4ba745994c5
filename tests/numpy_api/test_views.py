"""Functions that give views: writes go through to the array, reads see what was written; read-only ones refuse writes."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from tests.numpy_api.agreement import agree


def matrix() -> np.ndarray:
    return np.arange(12.0).reshape(3, 4)


def order_of_axes(a):
    np.swapaxes(a, 0, 1)[0] = 5
    m = np.moveaxis(a, 0, 1)
    m[1, :] += 3
    a.T[2] *= 2
    np.rollaxis(a, 1)[3, 1] = -7
    return a


def unit_axes(a):
    np.expand_dims(a, 0)[0, 0, 0] = 99
    b = a[:1].squeeze()
    b += 1
    np.atleast_3d(a)[1, 1, 0] = 55
    np.atleast_2d(a[2])[0, 3] = 66
    c = a[1].reshape(2, 2)
    c[1] = 7
    return a, b


def flips_and_parts(a):
    np.flip(a, 0)[0] = -1
    np.rot90(a)[0, 0] = 77
    np.fliplr(a)[1, 0] = 33
    for part in np.split(a, 2, axis=1):
        part *= 2
    first, rest = np.vsplit(a, [1])
    first[0, 1] = rest[1, 1] + 100
    np.array_split(a, 2)[1][0, 0] = -3
    return a


def read_only_views_follow(a):
    d, e = np.diagonal(a), np.broadcast_to(a[0], (2, 4))
    a[1, 1] = 44
    a[0, 0] = 12
    return d, e, d.sum(), e[1] + 1


def copies_do_not_follow(a):
    r, t, s = np.roll(a, 1), np.tile(a, 1), np.sort(a)
    r[0] = -1
    t[1] = -2
    s[2] = -3
    a[0, 0] = 8
    return r, t, s


def in_place_functions(a):
    np.fill_diagonal(a, 7)
    np.fill_diagonal(a[:, 1:], [1, 2, 3])
    np.copyto(a, -a, where=a > 6)
    np.put(a, [2, 5], [20, 50])
    np.put_along_axis(a, np.argmax(a, axis=1, keepdims=True), 0, axis=1)
    np.putmask(a, a < 0, -1)
    np.add.at(a, ([0, 0, 1], [1, 1, 2]), 10)
    a[1].sort()
    a.T.sort(axis=1)
    np.clip(a, 0, 15, out=a)
    np.cumsum(a, axis=0, out=a)
    return a.sum()


def shape_in_place(a):
    b = a * 2
    b.shape = (4, 3)
    b.shape = -1
    c = b.copy()
    c.shape = (2, 6)
    return b, c


@pytest.mark.parametrize(
    "function",
    [
        order_of_axes,
        unit_axes,
        flips_and_parts,
        read_only_views_follow,
        copies_do_not_follow,
        in_place_functions,
        shape_in_place,
    ],
)
def test_views(function):
    agree(function, matrix())


def write_diagonal(a):
    a.diagonal()[0] = 1
    return a


def write_broadcast(a):
    b = np.broadcast_to(a, (2, 3, 4))
    b[0] = 1
    return a


def write_inside_broadcast(a):
    b = np.broadcast_to(a, (2, 3, 4))[1]
    b += 1
    return a


@pytest.mark.parametrize("function", [write_diagonal, write_broadcast, write_inside_broadcast])
def test_read_only_views_are_not_written(function):
    with pytest.raises(ValueError, match="read-only"):
        function(matrix())
    with pytest.raises(hloc.ShapeError, match="assignment destination is read-only"):
        hloc.compile(function)(matrix())


def reshape_shared(a):
    b = a * 2
    c = (b, 1)
    b.shape = (4, 3)
    return c[0]


def reshape_argument(a):
    a.shape = (4, 3)
    return a


@pytest.mark.parametrize("function", [reshape_shared, reshape_argument])
def test_shape_of_a_shared_array_is_refused(function):
    with pytest.raises(hloc.UnsupportedError, match=r"assignment to \.shape"):
        hloc.compile(function)(matrix())
