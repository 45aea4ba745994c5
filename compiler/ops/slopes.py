"""Partial derivatives of binary operations that take more than a line."""

from __future__ import annotations

from hloc.ops.algebra import Term, log, mul0, stop_gradient, where


def slope_of_base(x: Term, y: Term, power: Term) -> Term:
    """y x^(y-1), exactly 0 for y = 0 also at x = 0, and so in all higher derivatives: 0 where y is 1, 2, …"""
    return mul0(y, x ** (y - 1))


def slope_of_exponent(x: Term, y: Term, power: Term) -> Term:
    """x^y log x; 0 at x = 0 and, where x^y is defined for whole y only, at x < 0."""
    outside = x.equals(0) if x.type.dtype.kind == "c" else x <= 0
    return where(outside, 0, mul0(power, log(x)))


def over_square(x: Term, y: Term) -> Term:
    """x / (x^2 + y^2), without overflow; 0 at the origin.

    Both are scaled by the greater one. The value does not depend on the scale, so neither do its derivatives. Scaling
    multiplies: XLA makes a / b / c into a / (b c).
    """
    size = x.apply("abs").apply("maximum", y.apply("abs"))
    scale = stop_gradient(1 / where(size.equals(0), 1, size))
    x, y = x * scale, y * scale
    square = x * x + y * y
    return where(square.equals(0), 0, x / square * scale)


def half_of_ties(x: Term, y: Term, factor: Term) -> Term:
    """Half of the factor where x equals y, else 0."""
    return where(x.equals(y), factor * 0.5, 0)
