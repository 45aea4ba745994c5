"""Programs of textbooks, written as a textbook writes them: scalar losses of floats and arrays."""

from __future__ import annotations

import math

import numpy as np


def gauss_seidel(u, f, sweeps):
    """Sweeps of a five-point stencil in place."""
    n, m = u.shape
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + f[i, j]) / 4
    return np.sum(u * u)


def jacobi_until_converged(a, b, tolerance):
    x = np.zeros(len(b))
    error = 1.0
    while error > tolerance:
        new = (b - (a @ x - np.diag(a) * x)) / np.diag(a)
        error = np.max(np.abs(new - x))
        x = new
    return np.sum(np.sin(x))


def thomas(lower, diagonal, upper, right):
    """A tridiagonal system, solved in place."""
    n = len(diagonal)
    for i in range(1, n):
        w = lower[i] / diagonal[i - 1]
        diagonal[i] -= w * upper[i - 1]
        right[i] -= w * right[i - 1]
    x = np.empty(n)
    x[-1] = right[-1] / diagonal[-1]
    for i in range(n - 2, -1, -1):
        x[i] = (right[i] - upper[i] * x[i + 1]) / diagonal[i]
    return np.sum(x * x)


def lu_by_loops(a):
    """The logarithm of the determinant by elimination with pivots."""
    n = len(a)
    total = 0.0
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        if p != k:
            for j in range(n):
                a[k, j], a[p, j] = a[p, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
        total += np.log(np.abs(a[k, k]))
    return total


def cholesky_by_loops(m):
    n = len(m)
    a = m @ m.T + np.eye(n)
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j] - np.sum(low[i, :] * low[j, :])
            low[i, j] = np.sqrt(s) if i == j else s / low[j, j]
    return np.sum(low * np.cos(low))


def gram_schmidt(a):
    q = a.copy()
    for k in range(a.shape[1]):
        for j in range(k):
            q[:, k] -= (q[:, j] @ q[:, k]) * q[:, j]
        q[:, k] /= np.sqrt(q[:, k] @ q[:, k])
    return np.sum(np.sin(q) * np.arange(1.0, q.size + 1).reshape(q.shape))


def power_iteration(a, v, steps):
    for _ in range(steps):
        v = a @ v
        v = v / np.linalg.norm(v)
    return v @ a @ v


def conjugate_gradient(m, b, tolerance):
    a = m @ m.T + np.eye(len(b))
    x = np.zeros(len(b))
    r = b - a @ x
    p = r
    rr = r @ r
    while rr > tolerance:
        ap = a @ p
        alpha = rr / (p @ ap)
        x = x + alpha * p
        r = r - alpha * ap
        old, rr = rr, r @ r
        p = r + (rr / old) * p
    return np.sum(x * x * x)


def kalman_filter(f, q, r, measurements):
    """The negative log likelihood of a linear Gaussian state."""
    x, p = np.zeros(2), np.eye(2)
    h = np.array([[1.0, 0.5]])
    total = 0.0
    for z in measurements:
        x = f @ x
        p = f @ p @ f.T + q * np.eye(2)
        s = h @ p @ h.T + r
        gain = np.linalg.solve(s, h @ p).T
        error = z - h @ x
        x = x + gain @ error
        p = (np.eye(2) - gain @ h) @ p
        total += 0.5 * (np.log(np.linalg.det(s)) + error @ np.linalg.solve(s, error))
    return total


def runge_kutta(theta, y, steps, dt):
    """Lotka-Volterra by the classical method."""

    def f(y):
        return np.array([theta[0] * y[0] - theta[1] * y[0] * y[1], theta[2] * y[0] * y[1] - theta[3] * y[1]])

    loss = 0.0
    for i in range(steps):
        k1 = f(y)
        k2 = f(y + dt / 2 * k1)
        k3 = f(y + dt / 2 * k2)
        k4 = f(y + dt * k3)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        loss += (y[0] - 1.0) ** 2 * (i + 1)
    return loss


def adaptive_euler(k, y, tolerance, end):
    """Euler steps with Richardson's error estimate; steps shrink and grow by two."""
    t, h, steps = 0.0, 0.1, 0
    while t < end:
        steps += 1
        whole = y + h * (-k * y + math.sin(t))
        half = y + h / 2 * (-k * y + math.sin(t))
        half = half + h / 2 * (-k * half + math.sin(t + h / 2))
        if abs(whole - half) > tolerance:
            h = h / 2
            continue
        t, y = t + h, 2 * half - whole
        if abs(whole - half) < tolerance / 8:
            h = h * 2
        if steps > 500:
            break
    return y * y


def leapfrog(positions, velocities, masses, steps, dt):
    """Bodies that attract each other; the energy at the end."""
    n = len(masses)

    def acceleration(x):
        a = np.zeros((n, 2))
        for i in range(n):
            for j in range(n):
                if i != j:
                    d = x[j] - x[i]
                    a[i] += masses[j] * d / (d @ d + 0.1) ** 1.5
        return a

    x, v = positions * 1.0, velocities * 1.0
    a = acceleration(x)
    for _ in range(steps):
        v = v + dt / 2 * a
        x = x + dt * v
        a = acceleration(x)
        v = v + dt / 2 * a
    return 0.5 * np.sum(masses[:, None] * v * v) + np.sum(x * x)


def dynamic_time_warping(a, b):
    n, m = len(a), len(b)
    d = np.full((n + 1, m + 1), 1e3)
    d[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            d[i, j] = cost + min(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1])
    return d[n, m]


def viterbi(start, transition, emission, symbols):
    """The score of the best path, and a weight on where it starts."""
    score = start + emission[:, symbols[0]]
    for s in symbols[1:]:
        score = np.max(score[:, None] + transition, axis=0) + emission[:, s]
    return np.max(score)


def forward_algorithm(start, transition, emission, symbols):
    alpha = np.exp(start) * np.exp(emission[:, symbols[0]])
    total = 0.0
    for k in range(1, len(symbols)):
        alpha = (alpha @ np.exp(transition)) * np.exp(emission[:, symbols[k]])
        scale = np.sum(alpha)
        alpha = alpha / scale
        total += np.log(scale)
    return total


def horner(coefficients, x):
    result = 0.0
    for c in coefficients:
        result = result * x + c
    return result * result


def continued_fraction(a, x):
    value = a[-1] + x
    for k in range(len(a) - 2, -1, -1):
        value = a[k] + k / value
    return value


def bisection(c, low, high):
    """A root of x**3 + c*x - 1, polished by a Newton step so that its slope is that of the root."""
    while high - low > 1e-3:
        middle = (low + high) / 2
        if middle**3 + c * middle - 1 > 0:
            high = middle
        else:
            low = middle
    x = (low + high) / 2
    for _ in range(4):
        x = x - (x**3 + c * x - 1) / (3 * x * x + c)
    return x * x


def square_root(x, tolerance):
    """Heron's method."""
    y = x
    while abs(y * y - x) > tolerance:
        y = 0.5 * (y + x / y)
    return y


def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-12:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


def k_means_step(points, centres):
    n, k = len(points), len(centres)
    sums, counts = np.zeros((k, 2)), np.zeros(k)
    loss = 0.0
    for i in range(n):
        best, nearest = np.inf, 0
        for j in range(k):
            d = np.sum((points[i] - centres[j]) ** 2)
            if d < best:
                best, nearest = d, j
        sums[nearest] += points[i]
        counts[nearest] += 1
        loss += best
    for j in range(k):
        if counts[j] > 0:
            centres[j] = sums[j] / counts[j] + 0.1 * centres[j]
    return loss + np.sum(centres**3)


def logistic_regression(w, x, y, steps):
    """Steps of gradient descent with the slope written by hand; the loss after them."""
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(x @ w)))
        w = w - 0.5 * x.T @ (p - y) / len(y)
    z = x @ w
    return np.mean(np.logaddexp(0.0, z) - y * z)


def softmax_regression(w, x, labels):
    z = x @ w
    z = z - np.max(z, axis=1, keepdims=True)
    logs = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(logs[np.arange(len(labels)), labels])


def perceptron(weights, biases, x, y):
    """A multilayer perceptron with lists of weights."""
    h = x
    for i, (w, b) in enumerate(zip(weights, biases)):
        h = h @ w + b
        if i < len(weights) - 1:
            h = np.maximum(h, 0.0) + 0.1 * np.tanh(h)
    return np.mean((h - y) ** 2)


def lstm(w, b, xs, n):
    h, c = np.zeros(n), np.zeros(n)
    for x in xs:
        z = w @ np.concatenate([x, h]) + b
        i, f, g, o = 1 / (1 + np.exp(-z[:n])), 1 / (1 + np.exp(-z[n : 2 * n])), np.tanh(z[2 * n : 3 * n]), z[3 * n :]
        c = f * c + i * g
        h = np.tanh(c) / (1 + np.exp(-o))
    return np.sum(h * c)


def attention(q, k, v):
    """One head, causal."""
    n, d = q.shape
    scores = q @ k.T / np.sqrt(d)
    scores = np.where(np.tri(n) > 0, scores, -np.inf)
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.sum((weights @ v) ** 2)


def layer_norm(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    return np.sum(np.sin((x - mean) / np.sqrt(variance + 1e-5) * gain + bias))


def convolution(image, kernel):
    h, w = image.shape
    kh, kw = kernel.shape
    out = np.zeros((h - kh + 1, w - kw + 1))
    for i in range(h - kh + 1):
        for j in range(w - kw + 1):
            for a in range(kh):
                for b in range(kw):
                    out[i, j] += image[i + a, j + b] * kernel[a, b]
    return np.sum(np.maximum(out, 0.0) ** 2)


def pricing_tree(s, strike, sigma, r, steps):
    """An American put by a binomial tree in place."""
    dt = 1.0 / steps
    up = np.exp(sigma * np.sqrt(dt))
    p = (np.exp(r * dt) - 1 / up) / (up - 1 / up)
    v = np.zeros(16)
    for i in range(steps + 1):
        v[i] = max(strike - s * up ** (2 * i - steps), 0.0)
    for k in range(steps - 1, -1, -1):
        for i in range(k + 1):
            hold = np.exp(-r * dt) * (p * v[i + 1] + (1 - p) * v[i])
            v[i] = max(hold, strike - s * up ** (2 * i - k))
    return v[0]


def black_scholes(s, strike, t, r, sigma):
    d1 = (math.log(s / strike) + (r + sigma * sigma / 2) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    return s * (1 + math.erf(d1 / math.sqrt(2))) / 2 - strike * math.exp(-r * t) * (1 + math.erf(d2 / math.sqrt(2))) / 2


def ising(spins, coupling, field):
    n, m = spins.shape
    energy = 0.0
    for i in range(n):
        for j in range(m):
            energy -= coupling[i, j] * spins[i, j] * (spins[(i + 1) % n, j] + spins[i, (j + 1) % m])
            energy -= field * spins[i, j]
    return energy * energy


def lennard_jones(x, cutoff):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            d = x[i] - x[j]
            r2 = d[0] * d[0] + d[1] * d[1]
            if r2 > cutoff * cutoff:
                continue
            s = 1 / r2**3
            energy += 4 * (s * s - s)
    return energy


def floyd_warshall(d):
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return np.sum(d * d)


def mandelbrot(x, y, limit):
    """Trips until the orbit leaves, smoothed."""
    u, v, k = 0.0, 0.0, 0
    while u * u + v * v < 100.0 and k < limit:
        u, v = u * u - v * v + x, 2 * u * v + y
        k += 1
    return k - math.log(math.log(math.sqrt(u * u + v * v))) if u * u + v * v > 100.0 else u * v


def simpson_adaptive(c, a, b, tolerance):
    """Adaptive quadrature with a stack of intervals in arrays."""
    left, right = np.zeros(64), np.zeros(64)
    left[0], right[0], top, total = a, b, 1, 0.0
    while top > 0:
        top -= 1
        lo, hi = left[top], right[top]
        mid = (lo + hi) / 2
        f0, f1, f2 = np.exp(-c * lo * lo), np.exp(-c * mid * mid), np.exp(-c * hi * hi)
        f3, f4 = np.exp(-c * ((lo + mid) / 2) ** 2), np.exp(-c * ((mid + hi) / 2) ** 2)
        whole = (hi - lo) / 6 * (f0 + 4 * f1 + f2)
        halves = (hi - lo) / 12 * (f0 + 4 * f3 + 2 * f1 + 4 * f4 + f2)
        if abs(whole - halves) < tolerance or top > 60:
            total += halves
        else:
            left[top], right[top] = lo, mid
            left[top + 1], right[top + 1] = mid, hi
            top += 2
    return total * total


def exponential_series(x):
    term, total, k = 1.0, 1.0, 0
    while abs(term) > 1e-14:
        k += 1
        term = term * x / k
        total = total + term
    return total


def gaussian_process(x, y, length, noise):
    d = x[:, None] - x[None, :]
    k = np.exp(-d * d / (2 * length * length)) + noise * np.eye(len(x))
    low = np.linalg.cholesky(k)
    return 0.5 * y @ np.linalg.solve(k, y) + np.sum(np.log(np.diag(low)))


def heat_equation(u, k, steps):
    for _ in range(steps):
        u[1:-1] += k * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0], u[-1] = u[1], u[-2]
    return np.sum(u * u) + u[2]


def spline_by_loops(y, t):
    """A natural cubic spline through y at 0, 1, …, read at t."""
    n = len(y)
    m, z = np.zeros(n), np.zeros(n)
    second = np.zeros(n)
    for i in range(1, n - 1):
        low = 4 - m[i - 1]
        m[i] = 1 / low
        z[i] = (6 * (y[i + 1] - 2 * y[i] + y[i - 1]) - z[i - 1]) / low
    for i in range(n - 2, 0, -1):
        second[i] = z[i] - m[i] * second[i + 1]
    k = min(max(int(t), 0), n - 2)
    u, v = t - k, k + 1 - t
    return (
        (second[k] * v**3 + second[k + 1] * u**3) / 6 + (y[k + 1] - second[k + 1] / 6) * u + (y[k] - second[k] / 6) * v
    )


def insertion_sort(a):
    for i in range(1, len(a)):
        key, j = a[i], i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    total = 0.0
    for i in range(len(a)):
        total += a[i] ** 2 * (i + 1)
    return total


def edit_distance(costs, a, b):
    """The smoothed cost of turning one word into another."""
    n, m = len(a), len(b)
    d = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        d[i, 0] = i * costs[0]
    for j in range(1, m + 1):
        d[0, j] = j * costs[1]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = 0.0 if a[i - 1] == b[j - 1] else costs[2]
            options = np.array([d[i - 1, j] + costs[0], d[i, j - 1] + costs[1], d[i - 1, j - 1] + swap])
            d[i, j] = -np.log(np.sum(np.exp(-3 * options))) / 3
    return d[n, m]


def page_rank(links, damping, steps):
    n = len(links)
    rank = np.ones(n) / n
    weights = links / np.sum(links, axis=0)
    for _ in range(steps):
        rank = (1 - damping) / n + damping * weights @ rank
    return np.sum(rank * rank * np.arange(n))


def momentum_descent(x, rate, decay):
    """Rosenbrock's valley until the step is short; differentiated through the steps."""
    v = np.zeros(2)
    for k in range(200):
        slope = np.array([-2 * (1 - x[0]) - 40 * x[0] * (x[1] - x[0] ** 2), 20 * (x[1] - x[0] ** 2)])
        v = decay * v - rate / 100 * slope
        x = x + v
        if v @ v < 1e-3:
            break
    return (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2


def projectile(v, angle, drag):
    """How far a ball flies, the last step cut where it meets the ground."""
    x, y = 0.0, 0.0
    vx, vy = v * math.cos(angle), v * math.sin(angle)
    dt = 0.05
    while True:
        nx, ny = x + dt * vx, y + dt * vy
        if ny < 0:
            return x + (nx - x) * y / (y - ny)
        speed = math.sqrt(vx * vx + vy * vy)
        vx, vy = vx - dt * drag * speed * vx, vy - dt * (9.81 + drag * speed * vy)
        x, y = nx, ny


def option_by_paths(s, sigma, draws):
    """A lookback payoff over simulated paths."""
    total = 0.0
    for path in draws:
        price, best = s, s
        for z in path:
            price = price * np.exp(sigma * 0.2 * z - sigma * sigma * 0.02)
            if price > best:
                best = price
        total += max(best - 1.02 * price, 0.0)
    return total / len(draws)


def game_of_sand(heights, threshold):
    """Sand falls to neighbours until no cell is too high."""
    n = len(heights)
    moved = True
    while moved:
        moved = False
        for i in range(n):
            if heights[i] > threshold:
                excess = heights[i] - threshold
                heights[i] = threshold
                if i > 0:
                    heights[i - 1] += 0.4 * excess
                if i < n - 1:
                    heights[i + 1] += 0.4 * excess
                moved = excess > 0.05
    return np.sum(heights**2)


def unrolled_equilibrium(w, x):
    """The fixed point of tanh(w z + x)."""
    z = np.zeros(len(x))
    for k in range(100):
        new = np.tanh(w @ z + x)
        done = np.max(np.abs(new - z)) < 1e-6
        z = new
        if done:
            break
    return np.sum(z * z)


def _cases():
    rng = np.random.default_rng(7)
    normal, uniform = rng.standard_normal, rng.uniform

    def dominant(n):
        return normal((n, n)) * 0.3 + 3 * np.eye(n)

    sequence = np.array([0, 2, 1, 1, 0])
    return {
        gauss_seidel: (normal((6, 5)), normal((6, 5)), 3),
        jacobi_until_converged: (dominant(4), normal(4), 1e-9),
        thomas: (normal(6) * 0.3, 3 + uniform(size=6), normal(6) * 0.3, normal(6)),
        lu_by_loops: (normal((4, 4)),),
        cholesky_by_loops: (normal((4, 4)),),
        gram_schmidt: (normal((4, 3)),),
        power_iteration: (dominant(3), normal(3), 5),
        conjugate_gradient: (normal((4, 4)), normal(4), 1e-2),
        kalman_filter: (np.array([[1.0, 0.3], [-0.2, 0.9]]), 0.3, 0.5, normal(6)),
        runge_kutta: (np.array([1.1, 0.4, 0.3, 0.6]), np.array([1.2, 0.8]), 6, 0.1),
        adaptive_euler: (1.7, 0.9, 1e-3, 2.03),
        leapfrog: (normal((3, 2)), normal((3, 2)), uniform(0.5, 1.5, 3), 3, 0.05),
        dynamic_time_warping: (normal(5), normal(4)),
        viterbi: (normal(3), normal((3, 3)), normal((3, 3)), sequence),
        forward_algorithm: (normal(3), normal((3, 3)), normal((3, 3)), sequence),
        horner: (normal(6), 0.8),
        continued_fraction: (uniform(1, 2, 5), 0.4),
        bisection: (1.3, 0.0, 1.001),
        square_root: (2.3, 1e-9),
        arithmetic_geometric_mean: (1.0, 2.7),
        k_means_step: (normal((7, 2)), normal((3, 2))),
        logistic_regression: (normal(3), normal((8, 3)), (uniform(size=8) > 0.5) * 1.0, 4),
        softmax_regression: (normal((3, 4)), normal((6, 3)), np.array([0, 3, 1, 2, 1, 0])),
        perceptron: (
            [normal((3, 4)), normal((4, 4)), normal((4, 2))],
            [normal(4), normal(4), normal(2)],
            normal((5, 3)),
            normal((5, 2)),
        ),
        lstm: (normal((12, 5)), normal(12), normal((4, 2)), 3),
        attention: (normal((4, 3)), normal((4, 3)), normal((4, 3))),
        layer_norm: (normal((3, 5)), normal(5), normal(5)),
        convolution: (normal((5, 6)), normal((3, 2))),
        pricing_tree: (1.0, 1.08, 0.3, 0.05, 8),
        black_scholes: (1.0, 1.08, 0.7, 0.05, 0.3),
        ising: (normal((3, 4)), normal((3, 4)), 0.3),
        lennard_jones: (np.array([[0.0, 0.1], [1.2, 0.0], [0.4, 1.3], [3.0, 2.0]]), 2.5),
        floyd_warshall: (uniform(0.1, 3.0, (5, 5)),),
        mandelbrot: (0.6, 0.5, 50),
        simpson_adaptive: (1.3, 0.0, 2.0, 1e-4),
        exponential_series: (1.3,),
        gaussian_process: (normal(5), normal(5), 0.8, 0.2),
        heat_equation: (normal(8), 0.2, 5),
        spline_by_loops: (normal(6), 2.4),
        insertion_sort: (normal(7),),
        edit_distance: (np.array([1.0, 1.2, 1.5]), np.array([1, 2, 3, 2]), np.array([1, 3, 3, 2, 4])),
        page_rank: (uniform(0.1, 1.0, (4, 4)), 0.85, 6),
        momentum_descent: (np.array([0.5, 0.6]), 0.4, 0.5),
        projectile: (12.0, 0.8, 0.02),
        option_by_paths: (1.0, 0.3, normal((4, 5))),
        game_of_sand: (uniform(0.0, 3.0, 6), 1.5),
        unrolled_equilibrium: (normal((3, 3)) * 0.3, normal(3)),
    }


TOLERANCES = {
    jacobi_until_converged: (0, 1),
    conjugate_gradient: (0, 1),
    adaptive_euler: (0, 1, 3),
    bisection: (0,),
    square_root: (0,),
    simpson_adaptive: (0, 1, 2),
}
"""Places of the arguments to differentiate by, where others say when to stop."""
PROGRAMS = {f.__name__: (f, arguments, TOLERANCES.get(f)) for f, arguments in _cases().items()}
