import numpy as np


def main(j, x):
    j = np.int64(j)
    x = np.float64(x)
    if j <= 0:
        x = np.sin(x)
    elif j == 1:
        pass
    else:
        x = -x
    return x
