"""Programs whose first result is waited for when a process starts. They need NumPy alone; jax runs them as they are,
with `np` replaced, but for the scalar loop."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

LAYERS, WIDTH, LENGTH, WORDS = 12, 64, 32, 100


def collatz(n):  # type: ignore[no-untyped-def] # programs as users write them
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def mlp_loss(model, x, y):  # type: ignore[no-untyped-def]
    for layer in model[:-1]:
        x = np.tanh(x @ layer["w"] + layer["b"])
    error = x @ model[-1]["w"] + model[-1]["b"] - y
    return np.mean(error * error)


def transformer_loss(model, words, targets):  # type: ignore[no-untyped-def]
    x = model["words"][words] + model["places"]
    for layer in model["layers"]:
        x = x + attention(layer, normalise(x, layer["before"]))
        x = x + feed_forward(layer, normalise(x, layer["between"]))
    logits = normalise(x, model["after"]) @ model["words"].T
    logits = logits - np.max(logits, axis=1, keepdims=True)
    logs = np.log(np.sum(np.exp(logits), axis=1))
    return np.mean(logs - logits[np.arange(len(targets)), targets])


def normalise(x, scale):  # type: ignore[no-untyped-def]
    centred = x - np.mean(x, axis=1, keepdims=True)
    return scale * centred / np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + 1e-5)


def attention(layer, x):  # type: ignore[no-untyped-def]
    length, width = x.shape
    q, k, v = split(x @ layer["q"]), split(x @ layer["k"]), split(x @ layer["v"])
    scores = q @ np.transpose(k, (0, 2, 1)) / q.shape[2] ** 0.5
    scores = np.where(np.tril(np.ones((length, length))) > 0, scores, -1e9)
    weights = np.exp(scores - np.max(scores, axis=2, keepdims=True))
    weights = weights / np.sum(weights, axis=2, keepdims=True)
    return np.reshape(np.transpose(weights @ v, (1, 0, 2)), (length, width)) @ layer["o"]


def split(x):  # type: ignore[no-untyped-def]
    length, width = x.shape
    heads = 4
    return np.transpose(np.reshape(x, (length, heads, width // heads)), (1, 0, 2))


def feed_forward(layer, x):  # type: ignore[no-untyped-def]
    return np.maximum(x @ layer["up"], 0.0) @ layer["down"]


def weights(*shape: int) -> Any:
    """Made without numpy.random, whose import takes time of its own."""
    return (np.sin(np.arange(prod(shape)) * 12.9898) / shape[0] ** 0.5).astype(np.float32).reshape(shape)


def collatz_arguments() -> tuple[Any, ...]:
    return (837799,)


def mlp_arguments() -> tuple[Any, ...]:
    sizes = [(16, 64), (64, 64), (64, 1)]
    return [{"w": weights(m, n), "b": weights(n)} for m, n in sizes], weights(32, 16), weights(32, 1)


def transformer_arguments() -> tuple[Any, ...]:
    def layer() -> dict[str, Any]:
        square = {name: weights(WIDTH, WIDTH) for name in ("q", "k", "v", "o")}
        wide = {"up": weights(WIDTH, 4 * WIDTH), "down": weights(4 * WIDTH, WIDTH)}
        return {**square, **wide, "before": np.ones(WIDTH, np.float32), "between": np.ones(WIDTH, np.float32)}

    model = {
        "words": weights(WORDS, WIDTH),
        "places": weights(LENGTH, WIDTH),
        "layers": [layer() for _ in range(LAYERS)],
        "after": np.ones(WIDTH, np.float32),
    }
    words = np.arange(LENGTH) * 7 % WORDS
    return model, words, (words + 1) % WORDS


def leaves(x: Any) -> list[Any]:
    """The arrays and numbers in containers, depth first."""
    if isinstance(x, dict):
        x = list(x.values())
    return [leaf for part in x for leaf in leaves(part)] if isinstance(x, list | tuple) else [x]
