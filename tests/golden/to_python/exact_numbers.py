import numpy as np


def main(n, x, p):
    n = np.int64(n)
    x = np.float32(x)
    p = np.asarray(p, np.bool_)
    last = n
    for k in range(n):
        last = np.int64(k)
    return last, np.sin(np.float32(0.1)), x * 0.1, np.int8(127) + 127, ~p, np.complex64(complex(-0.0, np.inf)), np.array([np.nan, -2.5])
