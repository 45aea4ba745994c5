import numpy as np


def main(x, i):
    x = np.asarray(x, np.float64)
    i = np.int64(i)
    t = x + x
    y = np.copy(t)
    y[min(max(i, 0), 2)] = 1.0
    z = t * y
    return y, z
