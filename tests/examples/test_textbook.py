"""Textbook programs, written before anyone looked whether they compile: compiled, they give what CPython gives."""

import copy
import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import hloc
from examples.report import agreement

pytestmark = pytest.mark.slow


def thomas(lower, diag, upper, rhs):
    n = len(diag)
    c, d = upper.copy(), rhs.copy()
    c[0] /= diag[0]
    d[0] /= diag[0]
    for i in range(1, n):
        m = 1.0 / (diag[i] - lower[i - 1] * c[i - 1])
        if i < n - 1:
            c[i] *= m
        d[i] = (d[i] - lower[i - 1] * d[i - 1]) * m
    for i in range(n - 2, -1, -1):
        d[i] -= c[i] * d[i + 1]
    return d


def newton(f, df, x, tol=1e-12, maxiter=50):
    for i in range(maxiter):
        step = f(x) / df(x)
        x -= step
        if abs(step) < tol:
            return x, i
    raise RuntimeError(f"no convergence after {maxiter} steps, x = {x}")


def newton_root(a):
    return newton(lambda x: x**3 - a, lambda x: 3 * x**2, 1.0)


def bisect(lo, hi):
    def f(x):
        return math.cos(x) - x

    flo = f(lo)
    if flo * f(hi) > 0:
        raise ValueError("no sign change")
    while hi - lo > 1e-12:
        mid = 0.5 * (lo + hi)
        if (fm := f(mid)) == 0:
            return mid
        if fm * flo < 0:
            hi = mid
        else:
            lo, flo = mid, fm
    return 0.5 * (lo + hi)


def knapsack(weights, values, capacity):
    best = [0] * (capacity + 1)
    for w, v in zip(weights, values):
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]


def sieve2(n):
    is_prime = np.ones(n + 1, dtype=bool)
    is_prime[:2] = False
    i = 2
    while i * i <= n:
        if is_prime[i]:
            for j in range(i * i, n + 1, i):
                is_prime[j] = False
        i += 1
    return np.flatnonzero(is_prime).size if False else is_prime.sum()


def power_iteration(a, tol):
    v = np.ones(a.shape[0]) / np.sqrt(a.shape[0])
    lam = 0.0
    while True:
        w = a @ v
        new = v @ w
        v = w / np.linalg.norm(w)
        if abs(new - lam) < tol:
            break
        lam = new
    return new, v


def simpson(a, b, n):
    h = (b - a) / n
    total = math.exp(a) + math.exp(b)
    for i in range(1, n):
        total += (4 if i % 2 else 2) * math.exp(a + i * h)
    return total * h / 3


class Welford(NamedTuple):
    n: int
    mean: float
    m2: float

    def add(self, x):
        n = self.n + 1
        d = x - self.mean
        mean = self.mean + d / n
        return Welford(n, mean, self.m2 + d * (x - mean))


def variance(x):
    w = Welford(0, 0.0, 0.0)
    for v in x:
        w = w.add(v)
    return w.m2 / (w.n - 1)


@dataclass
class Rng:
    state: int

    def next(self):
        self.state = (1103515245 * self.state + 12345) % 2**31
        return self.state / 2**31


def monte_carlo(seed, n):
    rng = Rng(seed)
    inside = 0
    for _ in range(n):
        x, y = rng.next(), rng.next()
        inside += x * x + y * y < 1
    return 4 * inside / n


def heap_sort(a):
    def sift(start, end):
        root = start
        while (child := 2 * root + 1) <= end:
            if child + 1 <= end and a[child] < a[child + 1]:
                child += 1
            if a[root] < a[child]:
                a[root], a[child] = a[child], a[root]
                root = child
            else:
                return

    n = len(a)
    for s in range((n - 2) // 2, -1, -1):
        sift(s, n - 1)
    for e in range(n - 1, 0, -1):
        a[e], a[0] = a[0], a[e]
        sift(0, e - 1)


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def lcm_of(xs):
    return functools.reduce(lambda a, b: a * b // gcd(a, b), xs)


def dijkstra(w, s):
    n = len(w)
    dist = np.full(n, np.inf)
    done = np.zeros(n, bool)
    prev = np.full(n, -1)
    dist[s] = 0
    for _ in range(n):
        u = -1
        for v in range(n):
            if not done[v] and (u < 0 or dist[v] < dist[u]):
                u = v
        if u < 0 or math.isinf(dist[u]):
            break
        done[u] = True
        for v in range(n):
            if w[u, v] > 0 and dist[u] + w[u, v] < dist[v]:
                dist[v] = dist[u] + w[u, v]
                prev[v] = u
    return dist, prev


def jacobi_eig(a, sweeps):
    n = a.shape[0]
    a = a.copy()
    v = np.eye(n)
    for _ in range(sweeps):
        off = 0.0
        for p in range(n - 1):
            for q in range(p + 1, n):
                off += a[p, q] ** 2
                if abs(a[p, q]) < 1e-15:
                    continue
                theta = (a[q, q] - a[p, p]) / (2 * a[p, q])
                t = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                for k in range(n):
                    a[k, p], a[k, q] = c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q]
                for k in range(n):
                    a[p, k], a[q, k] = c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k]
                v[:, [p, q]] = v[:, [p, q]] @ np.array([[c, s], [-s, c]])
        if off < 1e-20:
            break
    return np.sort(np.diag(a)), v


def levinson(r, n):
    a = np.zeros(n + 1)
    a[0] = 1.0
    e = r[0]
    for i in range(1, n + 1):
        acc = r[i]
        for j in range(1, i):
            acc += a[j] * r[i - j]
        k = -acc / e
        new = a.copy()
        for j in range(1, i):
            new[j] = a[j] + k * a[i - j]
        new[i] = k
        a = new
        e *= 1 - k * k
    return a, e


def cg(A, b):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    for k in range(len(b)):
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        rs_new = r @ r
        if np.sqrt(rs_new) < 1e-10:
            break
        p = r + rs_new / rs * p
        rs = rs_new
    return x, k


def fft_radix2(x):
    n = len(x)
    X = x.astype(complex)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            X[i], X[j] = X[j], X[i]
    length = 2
    while length <= n:
        w = np.exp(-2j * np.pi / length)
        for i in range(0, n, length):
            wk = 1 + 0j
            for k in range(length // 2):
                u = X[i + k]
                t = wk * X[i + k + length // 2]
                X[i + k] = u + t
                X[i + k + length // 2] = u - t
                wk *= w
        length *= 2
    return X


def lu_doolittle(A):
    n = len(A)
    L = np.eye(n)
    U = np.zeros((n, n))
    for i in range(n):
        for j in range(i, n):
            U[i, j] = A[i, j] - sum(L[i, k] * U[k, j] for k in range(i))
        for j in range(i + 1, n):
            L[j, i] = (A[j, i] - sum(L[j, k] * U[k, i] for k in range(i))) / U[i, i]
    return L, U


def lcs(a, b):
    t = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            t[i][j] = t[i - 1][j - 1] + 1 if x == y else max(t[i - 1][j], t[i][j - 1])
    return t[-1][-1]


def binsearch1(a, x):
    lo, hi = 0, len(a)
    while lo < hi:
        mid = (lo + hi) // 2
        if a[mid] < x:
            lo = mid + 1
        else:
            hi = mid
    return lo


def ising(spins, beta, seed, sweeps):
    rng = Rng(seed)
    n = len(spins)
    energy = 0
    for _ in range(sweeps):
        for i in range(n):
            for j in range(n):
                nb = spins[(i + 1) % n, j] + spins[i - 1, j] + spins[i, (j + 1) % n] + spins[i, j - 1]
                dE = 2 * spins[i, j] * nb
                if dE <= 0 or rng.next() < math.exp(-beta * dE):
                    spins[i, j] *= -1
                    energy += dE
    return energy


def horner(c, x):
    return functools.reduce(lambda acc, k: acc * x + k, c)


def quicksort_iter(a):
    stack = np.zeros(2 * len(a), dtype=int)
    top = 0
    stack[0], stack[1] = 0, len(a) - 1
    top = 2
    while top > 0:
        top -= 2
        lo, hi = stack[top], stack[top + 1]
        if lo >= hi:
            continue
        pivot = a[(lo + hi) // 2]
        i, j = lo, hi
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        stack[top : top + 4] = lo, j, i, hi
        top += 4


def kalman(zs, q, r):
    x, p = 0.0, 1.0
    out = []
    for z in zs:
        p += q
        k = p / (p + r)
        x += k * (z - x)
        p *= 1 - k
        out.append(x)
    return out


def markov(P, v):
    steps = 0
    while True:
        w = v @ P
        steps += 1
        if np.abs(w - v).max() < 1e-9:
            return w, steps
        v = w


def game(board):
    lines = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    for a, b, c in lines:
        if board[a] != 0 and board[a] == board[b] == board[c]:
            return board[a]
    return 0


class Vec(NamedTuple):
    x: float
    y: float


def vadd(a, b):
    return Vec(a.x + b.x, a.y + b.y)


def path(n):
    p, v = Vec(0.0, 0.0), Vec(1.0, 0.5)
    for i in range(n):
        p = vadd(p, v)
        v = v._replace(y=v.y - 0.1 * i)
    return p


def adaptive(f, a, b, tol):
    h = (b - a) / 10
    x = a
    total = 0.0
    n = 0
    while x < b:
        h = min(h, b - x)
        coarse = h * (f(x) + f(x + h)) / 2
        fine = h * (f(x) + 2 * f(x + h / 2) + f(x + h)) / 4
        if abs(fine - coarse) <= tol * h:
            x += h
            total += fine
            h *= 1.5
            n += 1
        else:
            h /= 2
    return total, n


def integrate(c):
    return adaptive(lambda x: math.sin(c * x) ** 2, 0.0, 2.0, 1e-4)


def conv2d(img, ker):
    H, W = img.shape
    kh, kw = ker.shape
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(img[i : i + kh, j : j + kw] * ker)
    return out


def mlp(x, y, w1, b1, w2, b2, lr, epochs):
    for e in range(epochs):
        h = np.tanh(x @ w1 + b1)
        p = h @ w2 + b2
        err = p - y
        loss = (err**2).mean()
        gp = 2 * err / err.size
        gw2 = h.T @ gp
        gb2 = gp.sum(axis=0)
        gh = gp @ w2.T * (1 - h**2)
        w1 -= lr * (x.T @ gh)
        b1 -= lr * gh.sum(0)
        w2 -= lr * gw2
        b2 -= lr * gb2
    return loss


def union_find(n, edges):
    parent = list(range(n))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    comps = n
    for u, v in edges:
        ru, rv = find(u), find(v)
        if ru != rv:
            parent[ru] = rv
            comps -= 1
    return comps


def matrix_chain(p):
    n = len(p) - 1
    m = np.zeros((n, n), dtype=np.int64)
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            m[i, j] = 2**62
            for k in range(i, j):
                m[i, j] = min(m[i, j], m[i, k] + m[k + 1, j] + p[i] * p[k + 1] * p[j + 1])
    return m[0, n - 1]


def primes_upto(n):
    primes = []
    for c in range(2, n):
        for p in primes:
            if c % p == 0:
                break
        else:
            primes.append(c)
    return len(primes)


def perceptron(X, y):
    w = np.zeros(X.shape[1])
    b = 0.0
    for epoch in range(100):
        errors = 0
        for xi, yi in zip(X, y):
            if yi * (np.dot(w, xi) + b) <= 0:
                w += yi * xi
                b += yi
                errors += 1
        if not errors:
            break
    return w, b, epoch


def qr_gs(A):
    m, n = A.shape
    Q = np.zeros((m, n))
    R = np.zeros((n, n))
    for j in range(n):
        v = A[:, j].copy()
        for i in range(j):
            R[i, j] = Q[:, i] @ A[:, j]
            v -= R[i, j] * Q[:, i]
        R[j, j] = np.linalg.norm(v)
        Q[:, j] = v / R[j, j]
    return Q, R


def cholesky(A):
    n = A.shape[0]
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = np.dot(L[i, :j], L[j, :j])
            L[i, j] = math.sqrt(A[i, i] - s) if i == j else (A[i, j] - s) / L[j, j]
    return L


def black_scholes(s, k, t, r, v):
    def N(x):
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    d1 = (math.log(s / k) + (r + v * v / 2) * t) / (v * math.sqrt(t))
    d2 = d1 - v * math.sqrt(t)
    return s * N(d1) - k * math.exp(-r * t) * N(d2)


def sir(beta, gamma, days):
    s, i, r = 0.99, 0.01, 0.0
    history = np.empty((days, 3))
    for d in range(days):
        history[d] = s, i, r
        new, rec = beta * s * i, gamma * i
        s, i, r = s - new, i + new - rec, r + rec
    peak = int(history[:, 1].argmax())
    return history, peak


@dataclass
class Stack:
    data: np.ndarray
    size: int = 0

    def push(self, v):
        if self.size >= len(self.data):
            raise OverflowError(f"full at {self.size}")
        self.data[self.size] = v
        self.size += 1

    def pop(self):
        self.size -= 1
        return self.data[self.size]


def rpn(tokens):
    s = Stack(np.zeros(8))
    for t in tokens:
        if t == -1:
            s.push(s.pop() + s.pop())
        elif t == -2:
            s.push(s.pop() * s.pop())
        else:
            s.push(t)
    return s.pop()


def bellman(n, edges, w):
    d = [math.inf] * n
    d[0] = 0.0
    for _ in range(n - 1):
        changed = False
        for (u, v), c in zip(edges, w):
            if d[u] + c < d[v]:
                d[v] = d[u] + c
                changed = True
        if not changed:
            break
    return d


def gray(n):
    return [i ^ (i >> 1) for i in range(n)]


def bits(n):
    c = 0
    while n:
        n &= n - 1
        c += 1
    return c


def crc(data):
    c = 0xFFFFFFFF
    for b in data:
        c ^= b
        for _ in range(8):
            c = (c >> 1) ^ (0xEDB88320 if c & 1 else 0)
    return c ^ 0xFFFFFFFF


R = np.random.default_rng(0)
A = R.normal(size=(8, 8))
S = A @ A.T + 8 * np.eye(8)
X = R.normal(size=(20, 3))
PROGRAMS = [
    (thomas, R.random(5), R.random(6) + 3, R.random(5), R.random(6)),
    (newton_root, 7.0),
    (bisect, 0.0, 2.0),
    (knapsack, [3, 4, 5, 9], [3, 4, 4, 10], 11),
    (sieve2, 1000),
    (power_iteration, S, 1e-10),
    (simpson, 0.0, 1.0, 100),
    (variance, R.random(50)),
    (monte_carlo, 42, 1000),
    (heap_sort, R.random(33)),
    (lcm_of, (4, 6, 10)),
    (dijkstra, np.where(R.random((12, 12)) < 0.3, R.random((12, 12)), 0), 0),
    (jacobi_eig, S[:4, :4].copy(), 10),
    (levinson, np.array([4.0, 2, 1, 0.5, 0.2]), 4),
    (cg, S, R.random(8)),
    (fft_radix2, R.random(16)),
    (lu_doolittle, S),
    (lcs, R.integers(0, 4, 20), R.integers(0, 4, 15)),
    (binsearch1, np.arange(0, 20, 3), 9),
    (ising, R.choice([-1, 1], size=(6, 6)), 0.4, 7, 5),
    (horner, (1.0, 2.0, 3.0), 0.5),
    (quicksort_iter, R.random(30)),
    (kalman, R.random(5), 0.1, 0.2),
    (markov, np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([1.0, 0])),
    (game, np.array([1, 1, 1, 0, 2, 2, 0, 0, 0])),
    (path, 5),
    (integrate, 3.0),
    (conv2d, R.random((6, 6)), R.random((3, 3))),
    (mlp, X, R.normal(size=(20, 1)), R.normal(size=(3, 4)), np.zeros(4), R.normal(size=(4, 1)), np.zeros(1), 0.1, 20),
    (union_find, 6, [(0, 1), (2, 3), (1, 2), (4, 5)]),
    (matrix_chain, [10, 30, 5, 60, 20]),
    (primes_upto, 30),
    (perceptron, X, np.where(X[:, 0] + X[:, 1] > 0, 1.0, -1.0)),
    (qr_gs, X),
    (cholesky, S),
    (black_scholes, 100.0, 110.0, 0.5, 0.02, 0.3),
    (sir, 0.4, 0.1, 50),
    (rpn, np.array([3.0, 4, -1, 5, -2])),
    (bellman, 4, ((0, 1), (1, 2), (2, 3), (0, 3)), [1.0, 2.0, 3.0, 10.0]),
    (gray, 8),
    (bits, 1234567),
    (crc, np.frombuffer(b"123456789", np.uint8).astype(int)),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program[0].__name__)
def test_textbook_program(program: tuple) -> None:
    function, *arguments = program
    plain, compiled = copy.deepcopy(arguments), copy.deepcopy(arguments)
    expected = function(*plain), plain
    found = hloc.compile(function)(*compiled), compiled
    verdict = agreement(found, expected, 1e-9)
    assert verdict.startswith("yes"), verdict


def test_an_error_after_steps_of_newton_has_its_message() -> None:
    def unreachable(a):
        return newton(lambda x: x * x + a, lambda x: 2 * x, 0.75, maxiter=1)

    with pytest.raises(RuntimeError, match=r"no convergence after 1 steps, x = -0\.29166"):
        hloc.compile(unreachable)(1.0)


def test_a_method_that_raises_leaves_the_arguments_alone() -> None:
    tokens = np.arange(9.0)
    with pytest.raises(OverflowError, match="full at 8"):
        hloc.compile(rpn)(tokens)
    np.testing.assert_array_equal(tokens, np.arange(9.0))
