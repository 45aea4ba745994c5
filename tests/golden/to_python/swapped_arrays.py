import numpy as np


def main(a, b, n):
    a = np.asarray(a, np.float64)
    b = np.asarray(b, np.float64)
    n = np.int64(n)
    a_2 = a
    for k in reversed(range(n)):
        t = np.copy(a_2)
        t[min(k, 3)] = 2.0
        a_2 = b
        b = t
    return a_2, b, a
