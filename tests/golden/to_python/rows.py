import numpy as np


def main(a, i):
    a = np.asarray(a, np.float32)
    i = np.int64(i)
    row = a[min(max(i, 0), 2)]
    a_1 = np.copy(a)
    a_1[min(max(i, 0), 2)] = row * 0.1
    i_1 = min(max(i, 0), 1)
    i = min(max(i, 0), 2)
    b = a_1[i_1:i_1 + 2, i:i + 2]
    a_1[0:2, 0:2] += b
    return a_1, row
