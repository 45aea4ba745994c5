import numpy as np


def fib(n):
    if not n < 2:
        n = fib(n - 1) + fib(n - 2)
    return n


def main(n):
    n = np.int64(n)
    r = fib(n)
    return r
