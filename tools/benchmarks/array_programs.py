"""Array programs as one writes them with NumPy; those that jax cannot run unchanged have a second form for it."""

from __future__ import annotations

import numpy as np

# --- single operations at which XLA's own choice is slow


def sort(x):
    return np.sort(x)


def argsort(x):
    return np.argsort(x)


def argmax(x):
    return np.argmax(x)


def cumsum(x):
    return np.cumsum(x)


def compress(x):
    return x[x > 0.5]


def three_halves(x):
    return x**1.5


def matmul(a, b):
    return a @ b


# --- slices whose length depends on the loop variable


def forward_substitution(a, b):
    x = np.zeros(b.shape)
    for i in range(b.shape[0]):
        x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    return x


def triangular_product(a, x):
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        y[i] = a[i, i:] @ x[i:]
    return y


def cholesky(a):
    n = a.shape[0]
    low = np.zeros((n, n))
    for j in range(n):
        low[j, j] = np.sqrt(a[j, j] - low[j, :j] @ low[j, :j])
        low[j + 1 :, j] = (a[j + 1 :, j] - low[j + 1 :, :j] @ low[j, :j]) / low[j, j]
    return low


def prefix_maxima(x):
    out = np.zeros(x.shape)
    for i in range(x.shape[0]):
        out[i] = x[: i + 1].max()
    return out


# --- whole-array programs


def heat_step(u):
    v = u.copy()
    v[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.1 * (
        u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
    )
    return v


def heat_step_jax(u):
    return u.at[1:-1, 1:-1].set(
        u[1:-1, 1:-1] + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    )


def heat(u, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    return u


def heat_jax(u, steps):
    import jax

    return jax.lax.fori_loop(0, steps, lambda _, u: heat_step_jax(u), u)


def matmul_chain(a, b, c):
    return a @ b @ c


def reductions(x):
    return x.sum(0) + x.max(1) - x.mean() / x.std()


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def pairwise_distances(x):
    d = x[:, None, :] - x[None, :, :]
    return np.sqrt((d * d).sum(-1))


def polynomial(x):
    return ((1.5 * x - 2.0) * x + 0.5) * x + np.sin(x)


def logistic_gradient(w, x, y):
    p = 1.0 / (1.0 + np.exp(-(x @ w)))
    return x.T @ (p - y) / x.shape[0]
