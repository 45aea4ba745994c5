"""Calls of NumPy on an array `a`, by family: one expression each. Those that NumPy itself refuses for a shape are left out."""

from __future__ import annotations

REDUCTIONS = """
np.sum(a) | a.sum(axis=0) | np.sum(a, axis=-1, keepdims=True) | np.sum(a, dtype=np.float32) | np.sum(a, axis=())
np.sum(a, axis=(0, 1)) | np.sum(a, where=a != 0) | np.sum(a, initial=3) | np.prod(a) | np.prod(a, axis=0) | a.prod(-1)
np.max(a) | a.max(axis=0) | np.amax(a, axis=-1, keepdims=True) | np.max(a, initial=1) | np.min(a) | a.min(axis=-1)
np.amin(a, axis=(0, 1)) | np.min(a, where=a != 0, initial=2) | np.any(a) | a.any(axis=0) | np.all(a) | np.all(a, axis=-1, keepdims=True)
np.mean(a) | a.mean(axis=0) | np.mean(a, axis=-1, keepdims=True) | np.mean(a, where=a != 0) | np.mean(a, dtype=np.float32)
np.std(a) | a.std(axis=0) | np.std(a, ddof=1) | np.var(a) | a.var(axis=-1, keepdims=True) | np.var(a, axis=0, correction=1)
np.count_nonzero(a) | np.count_nonzero(a, axis=0) | np.ptp(a) | np.ptp(a, axis=-1)
np.argmax(a) | a.argmax(axis=0) | np.argmin(a, axis=-1, keepdims=True) | a.argmin() | np.argmax(a, keepdims=True)
np.cumsum(a) | a.cumsum(axis=0) | np.cumprod(a, axis=-1) | a.cumprod() | np.cumsum(a, dtype=np.float32)
np.nansum(a) | np.nanprod(a, axis=0) | np.nanmean(a) | np.nanmax(a, axis=-1) | np.nanmin(a) | np.nanstd(a) | np.nanvar(a, axis=0)
np.nanargmax(a) | np.nanargmin(a, axis=0) | np.nancumsum(a) | np.nancumprod(a, axis=0)
np.median(a) | np.median(a, axis=0) | np.nanmedian(a, axis=-1, keepdims=True) | np.quantile(a, 0.3) | np.percentile(a, [10, 50], axis=0)
np.quantile(a, 0.4, method="lower") | np.quantile(a, 0.4, method="higher") | np.quantile(a, 0.4, method="midpoint") | np.nanquantile(a, 0.7)
np.add.reduce(a) | np.maximum.reduce(a, axis=-1) | np.add.accumulate(a) | np.maximum.accumulate(a, axis=-1) | np.multiply.accumulate(a)
np.cumulative_sum(a, axis=0, include_initial=True) | np.cumulative_prod(a, axis=-1) | np.average(a) | np.average(a, axis=0)
np.average(a, weights=np.abs(a) + 1)
"""

ORDER = """
np.sort(a) | np.sort(a, axis=0) | np.sort(a, axis=None) | np.argsort(a, kind="stable") | a.argsort(axis=0, stable=True)
np.lexsort((a, a), axis=-1) | np.searchsorted([0, 1, 2], a) | np.searchsorted([0.0, 0.5], a, side="right") | np.digitize(a, [-1, 0, 2])
np.digitize(a, [2, 0, -1], right=True) | np.isin(a, [0, 1]) | np.isin(a, 0, invert=True) | np.take(a, [0, -1]) | np.take(a, 0, axis=0)
np.take(a, [5, -7], mode="wrap") | np.take(a, [[50, -70]], mode="clip") | a.take([0, 0], axis=-1)
np.take_along_axis(a, np.argsort(a, axis=-1, kind="stable"), axis=-1) | np.compress([True], a, axis=0) | np.select([a > 1, a < 0], [a, a * a], 1)
np.where(a > 0, a, 0) | np.where(a != 0, a, 1.5) | np.clip(a, 0, 1) | a.clip(1) | np.clip(a, None, 1) | np.clip(a, a_min=0, a_max=a)
np.round(a, 1) | a.round() | np.around(a, -1) | np.isclose(a, a + 1e-9) | np.allclose(a, a) | np.array_equal(a, a)
np.array_equal(a, a[..., None]) | np.array_equiv(a, a) | np.nan_to_num(a) | np.real(a) | np.imag(a) | np.angle(a) | np.isreal(a) | np.iscomplex(a)
np.sinc(a) | np.partition(np.sort(a), 0) | np.piecewise(a, [a < 0, a > 1], [lambda x: x * 2, 3]) | np.iscomplexobj(a) | np.isrealobj(a)
np.histogram(a, 3) | np.histogram(a, 4, range=(-1, 2)) | np.histogram(a, np.array([-1.0, 0.0, 1.0])) | np.histogram(a, 3, density=True)
np.bincount(np.ravel(a != 0).astype(np.int64), minlength=3) | np.nonzero(np.arange(4) % 2) | np.where(np.eye(2)) | np.unique(np.arange(6) % 3)
"""

SHAPES = """
np.concatenate([a, a]) | np.concatenate((a, a), axis=-1) | np.concatenate((a, a), axis=None) | np.concatenate([a, a], dtype=np.float64)
np.stack([a, a]) | np.stack((a, a), axis=-1) | np.vstack((a, a)) | np.hstack((a, a)) | np.dstack((a, a)) | np.column_stack((a, a))
np.append(a, 1) | np.append(a, a, axis=0) | np.block([[a, a], [a, a]]) | np.delete(a, 0, axis=0) | np.insert(a, 0, 1, axis=-1)
np.tile(a, 2) | np.tile(a, (2, 1, 2)) | np.repeat(a, 2) | a.repeat(2, axis=0) | np.roll(a, 1) | np.roll(a, -2, axis=0) | np.roll(a, (1, 2), axis=(0, -1))
np.pad(a, 1) | np.pad(a, (1, 2), mode="edge") | np.pad(a, 1, mode="reflect") | np.pad(a, 2, mode="wrap") | np.pad(a, 2, mode="symmetric")
np.pad(a, 1, constant_values=1) | np.pad(a, 1, mode="maximum") | np.resize(a, (2, 3)) | np.swapaxes(a, 0, -1) | np.moveaxis(a, 0, -1) | np.rollaxis(a, -1)
np.squeeze(a) | np.expand_dims(a, (0, -1)) | np.atleast_1d(a) | np.atleast_2d(a) | np.atleast_3d(a) | np.broadcast_to(a, (2, *a.shape))
np.broadcast_arrays(a, a[None]) | np.flip(a) | np.flip(a, 0) | np.fliplr(a) | np.flipud(a) | np.rot90(a) | np.rot90(a, 2) | np.rot90(a, -1)
np.split(a, 1) | np.array_split(a, 2) | np.split(a, [1], axis=-1) | np.hsplit(a, [1]) | np.vsplit(a, [1]) | np.matrix_transpose(a) | a.mT
np.diagonal(a) | a.diagonal(1) | np.diag(a) | np.diag(a, -1) | np.diagflat(a, 1) | np.trace(a) | a.trace(-1) | np.tril(a) | np.triu(a, 1) | np.tril(a, -1)
np.meshgrid(a, a) | np.meshgrid(a, a, indexing="ij", sparse=True) | np.tri(2, 3) | np.fft.fftshift(a) | np.fft.ifftshift(a, axes=0) | np.unravel_index(1, (2, 3)) | a.flat[0] | np.indices((2, 2)) | np.mgrid[0:2, 0:3] | np.ogrid[0:2]
np.ravel(a) | np.reshape(a, -1) | np.transpose(a) | a.flatten() | np.size(a) | np.shape(a) | np.ndim(a) | np.full_like(a, 1) | np.vander(a, 3)
"""

PRODUCTS = """
np.dot(a, a) | a.dot(a.T) | np.matmul(a, a) | a @ a.T | np.inner(a, a) | np.outer(a, a) | np.vdot(a, a) | np.tensordot(a, a, axes=(-1, -1))
np.tensordot(a, a, 0) | np.kron(a, a) | np.vecdot(a, a) | np.einsum("...->...", a) | np.einsum("i...->...", a) | np.einsum("...i,...i->...", a, a)
np.einsum("ij,kj->ik", a, a) | np.einsum("ij->ji", a) | np.einsum("i,j", a, a) | np.einsum("ii", a @ a.T) | np.einsum("ij,ij", a, a)
np.linalg.norm(a) | np.linalg.norm(a, axis=-1) | np.linalg.norm(a, np.inf) | np.linalg.norm(a, 1) | np.linalg.norm(a, axis=0, keepdims=True)
np.linalg.norm(a, 3, axis=0) | np.linalg.norm(a, -np.inf, axis=-1) | np.linalg.norm(a, 0, axis=0) | np.linalg.matrix_norm(a) | np.linalg.vector_norm(a)
np.diff(a) | np.diff(a, 2, axis=0) | np.diff(a, prepend=0) | np.ediff1d(a) | np.trapezoid(a) | np.trapezoid(a, dx=0.5, axis=0) | np.gradient(a)
np.gradient(a, 0.5, axis=0) | np.unwrap(a) | np.convolve(a, a) | np.convolve(a, [1, 2], "same") | np.correlate(a, a, "full") | np.interp(a, [0, 1, 2], [1.0, 3.0, 2.0])
np.cov(a) | np.cov(a, rowvar=False) | np.corrcoef(a) | np.polyval([1, 2, 3], a) | np.polyadd(a, [1]) | np.polyder(a[0]) | np.polyint(a) | np.cross(a[..., :3], a[..., :3])
np.linalg.matrix_power(a @ a.T, 3) | np.linalg.multi_dot([a, a.T, a])
"""


def expressions(table: str) -> list[str]:
    return [part.strip() for line in table.strip().splitlines() for part in line.split(" | ")]
