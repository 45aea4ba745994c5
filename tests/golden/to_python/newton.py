import numpy as np


def main(x):
    x = np.float64(x)
    y = np.float64(1.0)
    k = 0
    while np.abs(y * y - x) > 1e-12:
        y = 0.5 * (y + x / y)
        k += 1
    return y, np.int64(k)
