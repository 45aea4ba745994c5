"""Programs whose printed derivatives people look at; the names are those of the golden texts."""

from __future__ import annotations

import numpy as np

import hloc


def mlp(params, x, y):
    (w1, b1), (w2, b2) = params
    h = np.tanh(x @ w1 + b1)
    z = h @ w2 + b2
    z = z - np.max(z, axis=1, keepdims=True)
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(np.sum(logp * y, axis=1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(w, b, xs):
    n = len(b) // 4
    h = np.zeros(n)
    c = np.zeros(n)
    for x in xs:
        z = w @ np.concatenate([x, h]) + b
        i = sigmoid(z[:n])
        f = sigmoid(z[n : 2 * n])
        o = sigmoid(z[2 * n : 3 * n])
        g = np.tanh(z[3 * n :])
        c = f * c + i * g
        h = o * np.tanh(c)
    return np.sum(h * h)


def rnn(w, u, xs):
    h = np.zeros(len(w))
    for x in xs:
        z = w @ h + u @ x
        h = np.tanh(z)
    return np.sum(h)


def while_if(x, p, end):
    y = x
    t = 0.0
    while t < end:
        if y < 0.8:
            y = y + 0.1 * np.sin(y) * p
        else:
            y = y * np.cos(p * t)
        t = t + 0.07
    return y * y


def nested(a, n, m):
    s = 0.0
    for i in range(n):
        t = a[i % 5]
        for j in range(m):
            t = np.sin(t) * a[j % 5]
        s = s + t * t
    return s


def stencil(u, steps):
    n = len(u)
    for _ in range(steps):
        for i in range(1, n - 1):
            u[i] = 0.25 * u[i - 1] + 0.5 * u[i] + 0.25 * u[i + 1] * u[i]
    return np.sum(u * u)


def heat(u, kappa, steps):
    for _ in range(steps):
        u[1:-1] += kappa * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def triangular(l, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s = s - l[i, j] * x[j]
        x[i] = s / l[i, i]
    return np.sum(x * x)


def masks(x, lo, hi):
    y = np.where(x > hi, hi, np.where(x < lo, lo, x))
    m = x > 0
    y[m] = y[m] * 2
    return np.sum(np.sqrt(np.abs(y)))


def runge_kutta(y, p, n, h):
    def f(y):
        return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    for _ in range(n):
        k1 = f(y)
        k2 = f(y + 0.5 * h * k1)
        k3 = f(y + 0.5 * h * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(y)


def lu(a):
    n = len(a)
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return np.sum(np.log(np.abs(np.diag(a))))


def softplus(x):
    return np.log(1 + np.exp(x))


def helpers(x, y):
    a = softplus(x) * y
    b = softplus(a) + softplus(y)
    return np.sum(a * b)


def newton(x, tolerance):
    y = x
    while abs(y * y - x) > tolerance:
        y = 0.5 * (y + x / y)
    return y


def newton_of_grad(p, x, n):
    def g(x):
        return np.exp(x) + p * x * x - 3.0

    for _ in range(n):
        x = x - g(x) / hloc.grad(g)(x)
    return x


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def hessian_times(x, v):
    return hloc.hvp(rosenbrock, (x,), (v,))


def cubic(x):
    return x * x * np.sin(x)


def step(h, w):
    for _ in range(3):
        h = np.tanh(w @ h)
    return h


def checkpointed(w, h, n):
    f = hloc.checkpoint(step)
    for _ in range(n):
        h = f(h, w)
    return np.sum(h)


def quadratic_form(a, x):
    return x @ a @ x


def attention(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[1])
    s = np.exp(s - np.max(s, axis=1, keepdims=True))
    p = s / np.sum(s, axis=1, keepdims=True)
    return np.sum((p @ v) ** 2)


def batches(a, b, c):
    return np.sum(np.tanh(np.matmul(a, b)) * np.einsum("bik,jkb->bij", a, c))


def layer_norm(x, g, b):
    mu = np.mean(x, axis=1, keepdims=True)
    var = np.mean((x - mu) ** 2, axis=1, keepdims=True)
    return np.sum(((x - mu) / np.sqrt(var + 1e-5) * g + b) ** 3)


def embedding(table, indices, w):
    e = table[indices]
    return np.sum(np.tanh(e @ w))


def leaves_early(x, n):
    s = 0.0
    for i in range(n):
        s = s + x * np.sin(s + i)
        if s > 2.0:
            break
    return s


def checked(x, n):
    if n < 1:
        raise ValueError("n")
    if np.any(x <= 0):
        raise ValueError(f"x must be positive, not {np.min(x)}")
    s = 0.0
    for i in range(n):
        s = s + np.log(x[i]) * s + x[i]
        if s > 1e9:
            raise OverflowError(s)
    return s


def of_a_dict(p, x):
    y = p["w"] * x + p["b"]
    return np.sum(y * y)


def single_precision(x, y):
    z = 0.5 * x + y / x
    for k in range(3):
        z = z * 0.1 + k
    return np.sum(z * z)


def _cases():
    rng = np.random.default_rng(0)
    normal = rng.standard_normal
    grad, both = hloc.grad, hloc.value_and_grad
    layers = [(normal((7, 6)), normal(6)), (normal((6, 3)), normal(3))]
    return {
        "mlp": (both(mlp), (layers, normal((4, 7)), np.eye(3)[[0, 2, 1, 0]])),
        "lstm": (grad(lstm, argnums=(0, 1)), (normal((32, 13)) * 0.3, normal(32), normal((6, 5)))),
        "rnn": (grad(rnn, argnums=(0, 1)), (normal((8, 8)) * 0.3, normal((8, 5)), normal((6, 5)))),
        "while_if": (grad(while_if, argnums=(0, 1)), (0.5, 1.3, 2.0)),
        "nested": (grad(nested), (normal(5), 3, 4)),
        "stencil": (grad(stencil), (normal(20), 4)),
        "heat": (grad(heat, argnums=(0, 1)), (normal(20), 0.2, 5)),
        "triangular": (grad(triangular, argnums=(0, 1)), (normal((5, 5)) + 4 * np.eye(5), normal(5))),
        "masks": (grad(masks, argnums=(0, 1, 2)), (normal(9), -0.5, 0.7)),
        "runge_kutta": (
            both(runge_kutta, argnums=(0, 1)),
            (np.array([1.0, 0.5]), np.array([1.1, 0.4, 0.3, 0.6]), 7, 0.1),
        ),
        "lu": (grad(lu), (normal((5, 5)) + 4 * np.eye(5),)),
        "helpers": (grad(helpers, argnums=(0, 1)), (normal(5), normal(5))),
        "newton": (grad(newton), (2.3, 1e-9)),
        "newton_of_grad": (grad(newton_of_grad), (0.4, 1.0, 6)),
        "hessian": (hloc.hessian(rosenbrock), (normal(4),)),
        "rosenbrock": (grad(rosenbrock), (normal(4),)),
        "second": (grad(grad(cubic)), (0.7,)),
        "hvp": (hloc.compile(hessian_times), (normal(4), normal(4))),
        "checkpointed": (grad(checkpointed, argnums=(0, 1)), (normal((4, 4)) * 0.4, normal(4), 5)),
        "quadratic_form": (grad(quadratic_form, argnums=(0, 1)), (normal((4, 4)), normal(4))),
        "attention": (grad(attention, argnums=(0, 1, 2)), (normal((4, 3)), normal((5, 3)), normal((5, 2)))),
        "batches": (grad(batches, argnums=(0, 1, 2)), (normal((2, 3, 4)), normal((2, 4, 5)), normal((5, 4, 2)))),
        "layer_norm": (grad(layer_norm, argnums=(0, 1, 2)), (normal((3, 6)), normal(6), normal(6))),
        "embedding": (grad(embedding, argnums=(0, 2)), (normal((7, 3)), np.array([1, 4, -1]), normal((3, 2)))),
        "leaves_early": (grad(leaves_early), (0.7, 20)),
        "checked": (both(checked), (np.abs(normal(6)) + 1, 4)),
        "of_a_dict": (both(of_a_dict), ({"w": normal(3), "b": normal(3)}, normal(3))),
        "single_precision": (
            both(single_precision, argnums=(0, 1)),
            (normal(4).astype(np.float32), normal(4).astype(np.float32)),
        ),
        "jacobian": (hloc.jacfwd(step), (normal(3), normal((3, 3)))),
    }


PROGRAMS = _cases()
GOLDEN = ("mlp", "lstm", "while_if", "stencil", "newton_of_grad", "hessian")
