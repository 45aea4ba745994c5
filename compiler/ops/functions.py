"""Roots, exponentials, logarithms, trigonometric and special functions, element by element."""

from __future__ import annotations

import math

import numpy as np

from hloc.ir.opdef import register
from hloc.ops import prelude
from hloc.ops.algebra import cos, exp, rsqrt, sin
from hloc.ops.families import Unary
from hloc.ops.sampling import Domain

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


class Analytic(Unary):
    """A smooth function of a float or complex number. Angles are in radians."""

    kinds = "fc"


@register
class Sine(Analytic):
    name = "sine"
    reference = np.sin
    text = "np.sin({0})"
    partials = (lambda x, y: cos(x),)


@register
class Cosine(Analytic):
    name = "cosine"
    reference = np.cos
    text = "np.cos({0})"
    partials = (lambda x, y: -sin(x),)


@register
class Tan(Analytic):
    name = "tan"
    reference = np.tan
    text = "np.tan({0})"
    domains = (Domain(-1.3, 1.3),)
    partials = (lambda x, y: y * y + 1,)


@register
class Sinh(Analytic):
    name = "sinh"
    reference = np.sinh
    text = "np.sinh({0})"
    builder = "chlo.sinh"
    partials = (lambda x, y: x.apply("cosh"),)


@register
class Cosh(Analytic):
    name = "cosh"
    reference = np.cosh
    text = "np.cosh({0})"
    builder = "chlo.cosh"
    partials = (lambda x, y: x.apply("sinh"),)


@register
class Tanh(Analytic):
    name = "tanh"
    reference = np.tanh
    text = "np.tanh({0})"
    partials = (lambda x, y: 1 - y * y,)


@register
class Asin(Analytic):
    name = "asin"
    reference = np.arcsin
    text = "np.arcsin({0})"
    builder = "chlo.asin"
    domains = (Domain(-0.9, 0.9),)
    partials = (lambda x, y: rsqrt((1 - x) * (x + 1)),)


@register
class Acos(Analytic):
    name = "acos"
    reference = np.arccos
    text = "np.arccos({0})"
    builder = "chlo.acos"
    domains = (Domain(-0.9, 0.9),)
    partials = (lambda x, y: -rsqrt((1 - x) * (x + 1)),)


@register
class Atan(Analytic):
    name = "atan"
    reference = np.arctan
    text = "np.arctan({0})"
    builder = "chlo.atan"
    partials = (lambda x, y: 1 / (x * x + 1),)


@register
class Asinh(Analytic):
    name = "asinh"
    reference = np.arcsinh
    text = "np.arcsinh({0})"
    builder = "chlo.asinh"
    partials = (lambda x, y: rsqrt(x * x + 1),)


@register
class Acosh(Analytic):
    name = "acosh"
    reference = np.arccosh
    text = "np.arccosh({0})"
    builder = "chlo.acosh"
    domains = (Domain(1.1, 4.0),)
    partials = (lambda x, y: rsqrt(x - 1) * rsqrt(x + 1),)


@register
class Atanh(Analytic):
    name = "atanh"
    reference = np.arctanh
    text = "np.arctanh({0})"
    builder = "chlo.atanh"
    domains = (Domain(-0.9, 0.9),)
    partials = (lambda x, y: 1 / ((1 - x) * (x + 1)),)


@register
class Exponential(Analytic):
    name = "exponential"
    reference = np.exp
    text = "np.exp({0})"
    partials = (lambda x, y: y,)


@register
class ExponentialMinusOne(Analytic):
    """exp(x) - 1, exact to rounding near 0."""

    name = "exponential_minus_one"
    reference = np.expm1
    text = "np.expm1({0})"
    partials = (lambda x, y: exp(x),)


@register
class Log(Analytic):
    name = "log"
    reference = np.log
    text = "np.log({0})"
    domains = (Domain(0.1, 4.0),)
    partials = (lambda x, y: 1 / x,)


@register
class LogPlusOne(Analytic):
    """log(1 + x), exact to rounding near 0."""

    name = "log_plus_one"
    reference = np.log1p
    text = "np.log1p({0})"
    domains = (Domain(-0.8, 4.0),)
    partials = (lambda x, y: 1 / (x + 1),)


@register
class Sqrt(Analytic):
    name = "sqrt"
    reference = np.sqrt
    text = "np.sqrt({0})"
    domains = (Domain(0.1, 4.0),)
    partials = (lambda x, y: 0.5 / y,)


@register
class Rsqrt(Analytic):
    """1 / sqrt(x)."""

    name = "rsqrt"
    reference = staticmethod(prelude.op_rsqrt)
    text = "op_rsqrt({0})"
    domains = (Domain(0.1, 4.0),)
    partials = (lambda x, y: -0.5 * y / x,)


@register
class Cbrt(Analytic):
    """Real cube root, negative for negative numbers."""

    name = "cbrt"
    kinds = "f"
    reference = np.cbrt
    text = "np.cbrt({0})"
    domains = (Domain(0.1, 4.0),)
    partials = (lambda x, y: 1 / (3 * y * y),)


@register
class Logistic(Analytic):
    """1 / (1 + exp(-x))."""

    name = "logistic"
    reference = staticmethod(prelude.op_logistic)
    text = "op_logistic({0})"
    partials = (lambda x, y: y * (1 - y),)


class Special(Unary):
    """A special function of a float; NumPy has none of them."""

    kinds = "f"


@register
class Erf(Special):
    """Error function."""

    name = "erf"
    reference = staticmethod(prelude.op_erf)
    text = "op_erf({0})"
    builder = "chlo.erf"
    partials = (lambda x, y: TWO_OVER_ROOT_PI * exp(-(x * x)),)


@register
class Erfc(Special):
    """1 - erf(x), exact to rounding for large x."""

    name = "erfc"
    reference = staticmethod(prelude.op_erfc)
    text = "op_erfc({0})"
    builder = "chlo.erfc"
    partials = (lambda x, y: -TWO_OVER_ROOT_PI * exp(-(x * x)),)


@register
class ErfInv(Special):
    """Inverse of the error function on (-1, 1)."""

    name = "erf_inv"
    reference = staticmethod(prelude.op_erf_inv)
    text = "op_erf_inv({0})"
    builder = "chlo.erf_inv"
    domains = (Domain(-0.95, 0.95),)
    partials = (lambda x, y: exp(y * y) / TWO_OVER_ROOT_PI,)


@register
class Lgamma(Special):
    """Logarithm of |gamma(x)|."""

    name = "lgamma"
    reference = staticmethod(prelude.op_lgamma)
    text = "op_lgamma({0})"
    builder = "chlo.lgamma"
    domains = (Domain(0.2, 6.0),)
    partials = (lambda x, y: x.apply("digamma"),)


@register
class Digamma(Special):
    """Derivative of lgamma."""

    name = "digamma"
    reference = staticmethod(prelude.op_digamma)
    text = "op_digamma({0})"
    builder = "chlo.digamma"
    domains = (Domain(0.2, 6.0),)
    partials = (lambda x, y: x.apply("polygamma", order=1),)
