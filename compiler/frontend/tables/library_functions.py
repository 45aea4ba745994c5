"""NumPy functions that are written in plain Python in `hloc.library`, and compiled like user code."""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc.frontend.tables.registry import implements
from hloc.library import calculus, comparison, creation, matrices, polynomials, statistics

FUNCTIONS: dict[Any, Any] = {
    np.allclose: comparison.allclose,
    np.angle: comparison.angle,
    np.array_equal: comparison.array_equal,
    np.array_equiv: comparison.array_equiv,
    np.average: statistics.average,
    np.choose: calculus.choose,
    np.convolve: calculus.convolve,
    np.corrcoef: statistics.corrcoef,
    np.correlate: calculus.correlate,
    np.cov: statistics.cov,
    np.cross: calculus.cross,
    np.diff: calculus.diff,
    np.ediff1d: calculus.ediff1d,
    np.geomspace: creation.geomspace,
    np.histogram: statistics.histogram,
    np.fft.fftshift: calculus.fftshift,
    np.fft.ifftshift: calculus.ifftshift,
    np.histogram_bin_edges: statistics.histogram_bin_edges,
    np.interp: calculus.interp,
    np.isclose: comparison.isclose,
    np.iscomplex: comparison.iscomplex,
    np.isneginf: comparison.isneginf,
    np.isposinf: comparison.isposinf,
    np.isreal: comparison.isreal,
    np.linalg.cross: calculus.linalg_cross,
    np.linalg.matrix_norm: matrices.linalg_matrix_norm,
    np.linalg.norm: matrices.norm,
    np.linalg.vector_norm: matrices.linalg_vector_norm,
    np.logspace: creation.logspace,
    np.nan_to_num: comparison.nan_to_num,
    np.piecewise: comparison.piecewise,
    np.polyadd: polynomials.polyadd,
    np.polyder: polynomials.polyder,
    np.polysub: polynomials.polysub,
    np.polyval: polynomials.polyval,
    np.sinc: comparison.sinc,
    np.polyint: polynomials.polyint,
    np.ravel_multi_index: creation.ravel_multi_index,
    np.trapezoid: calculus.trapezoid,
    np.unravel_index: creation.unravel_index,
    np.unwrap: calculus.unwrap,
}

for _function, _meaning in FUNCTIONS.items():
    implements(_function)(_meaning)
if hasattr(np, "matvec"):
    implements(np.matvec)(calculus.matvec)
    implements(np.vecmat)(calculus.vecmat)
