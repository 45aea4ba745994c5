import numpy as np


def main(n):
    n = np.int64(n)
    a = np.int64(0)
    b = np.int64(1)
    for _ in range(n):
        a, b = b, a + b
    return a
