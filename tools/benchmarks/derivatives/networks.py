"""Losses of models: whole-array NumPy, and one loop over time. What jax runs unchanged has one form."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from tools.benchmarks.against_numpy import over_jax
from tools.benchmarks.derivatives.case import Case


def logistic_loss(w, x, y):
    return np.logaddexp(0.0, -y * (x @ w)).mean() + 0.01 * (w @ w)


def softmax_cross_entropy(w, x, labels):
    logits = x @ w
    highest = logits.max(axis=1)
    totals = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return (totals - logits[np.arange(labels.shape[0]), labels]).mean()


def mlp_loss(w1, b1, w2, b2, x, labels):
    hidden = np.maximum(x @ w1 + b1, 0.0)
    logits = hidden @ w2 + b2
    highest = logits.max(axis=1)
    totals = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return (totals - logits[np.arange(labels.shape[0]), labels]).mean()


def layer_norm(x):
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5)


def transformer_loss(wq, wk, wv, wo, w1, w2, x, target):
    steps, heads, width = x.shape[0], 4, x.shape[1] // 4
    h = layer_norm(x)
    q = (h @ wq).reshape(steps, heads, width).transpose(1, 0, 2)
    k = (h @ wk).reshape(steps, heads, width).transpose(1, 2, 0)
    v = (h @ wv).reshape(steps, heads, width).transpose(1, 0, 2)
    scores = q @ k / np.sqrt(width)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    x = x + (weights @ v).transpose(1, 0, 2).reshape(x.shape) @ wo
    x = x + np.tanh(layer_norm(x) @ w1) @ w2
    return ((x - target) ** 2).mean()


def lstm_loss(w, u, b, x, target):
    h = np.zeros((x.shape[1], u.shape[0]))
    c = np.zeros((x.shape[1], u.shape[0]))
    width = u.shape[0]
    for t in range(x.shape[0]):
        z = x[t] @ w + h @ u + b
        i = 1.0 / (1.0 + np.exp(-z[:, :width]))
        f = 1.0 / (1.0 + np.exp(-z[:, width : 2 * width]))
        o = 1.0 / (1.0 + np.exp(-z[:, 2 * width : 3 * width]))
        c = f * c + i * np.tanh(z[:, 3 * width :])
        h = o * np.tanh(c)
    return ((h - target) ** 2).mean()


def lstm_loss_jax(w, u, b, x, target):
    def step(carry, x_t):
        h, c = carry
        i, f, o, g = jnp.split(x_t @ w + h @ u + b, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zero = jnp.zeros((x.shape[1], u.shape[0]))
    (h, _), _ = jax.lax.scan(step, (zero, zero), x)
    return ((h - target) ** 2).mean()


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(1)

    def size(n: int, step: int = 1) -> int:
        return max(2, int(n * scale) // step) * step

    def weights(*shape: int) -> np.ndarray:
        return random.standard_normal(shape) / np.sqrt(shape[0])

    rows, wide = size(2000), size(50)
    x, y = random.standard_normal((rows, wide)), np.sign(random.standard_normal(rows))
    yield Case("logistic regression, 2000×50", logistic_loss, over_jax(logistic_loss), (weights(wide), x, y))
    labels = random.integers(0, 10, rows)
    yield Case(
        "softmax cross entropy, 2000×50×10",
        softmax_cross_entropy,
        over_jax(softmax_cross_entropy),
        (weights(wide, 10), x, labels),
    )
    rows, inputs, hidden = size(128), size(64), size(256)
    yield Case(
        "MLP, 128×64-256-10",
        mlp_loss,
        over_jax(mlp_loss),
        (
            *(weights(inputs, hidden), np.zeros(hidden), weights(hidden, 10), np.zeros(10)),
            *(random.standard_normal((rows, inputs)), random.integers(0, 10, rows)),
        ),
        (0, 1, 2, 3),
        not_slower=True,
    )
    steps, width = size(64), size(64, 4)
    square = [weights(width, width) for _ in range(4)]
    yield Case(
        "transformer block, 64×64, 4 heads",
        transformer_loss,
        _transformer_jax(),
        (
            *(*square, weights(width, 4 * width), weights(4 * width, width)),
            *(random.standard_normal((steps, width)), random.standard_normal((steps, width))),
        ),
        (0, 1, 2, 3, 4, 5),
        not_slower=True,
    )
    steps, batch, width = size(100), size(16), size(64)
    series = random.standard_normal((steps, batch, width))
    parameters = (weights(width, 4 * width), weights(width, 4 * width), np.zeros(4 * width))
    target = random.standard_normal((batch, width))
    yield Case(
        "LSTM, 100 steps, 16×64",
        lstm_loss,
        lstm_loss_jax,
        (*parameters, series, target),
        (0, 1, 2),
        (*parameters, np.tile(series, (10, 1, 1)), target),
        not_slower=True,
    )


def _transformer_jax():
    scope = transformer_loss.__globals__ | {"np": jnp, "layer_norm": over_jax(layer_norm)}
    return type(transformer_loss)(transformer_loss.__code__, scope)
