import numpy as np


def main(x):
    x = np.asarray(x, np.float64)
    y = np.copy(x)
    for k in range(9):
        v = y[k]
        y[k + 1] += v
    return y
