"""Levenshtein's distance between two sequences by dynamic programming, and a way of edits that has that length."""

import numpy as np

import hloc

KEEP, REPLACE, INSERT, DELETE = range(4)


def mutated(length, seed=2):
    """Two like sequences of small integers, i64[about length]: the second is the first with a tenth of it edited."""
    random = np.random.default_rng(seed)
    old = random.integers(0, 4, length)
    new = np.where(random.random(length) < 0.05, random.integers(0, 4, length), old)
    return old, np.delete(new, random.choice(length, length // 20, replace=False))


@hloc.compile
def distance(a, b):
    """The least number of replacements, insertions and deletions that make `b` of `a`, with one row of the table."""
    row = np.arange(len(b) + 1)
    for i in range(len(a)):
        diagonal, row[0] = row[0], i + 1
        for j in range(len(b)):
            best = min(diagonal + (a[i] != b[j]), row[j] + 1, row[j + 1] + 1)
            diagonal, row[j + 1] = row[j + 1], best
    return int(row[-1])


@hloc.compile
def edits(a, b):
    """How often the best way from `a` to `b` keeps, replaces, inserts and deletes, i64[4]."""
    table = np.zeros((len(a) + 1, len(b) + 1), np.int64)
    table[:, 0] = np.arange(len(a) + 1)
    table[0, :] = np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            replaced = table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            table[i, j] = min(replaced, table[i, j - 1] + 1, table[i - 1, j] + 1)
    counts = np.zeros(4, np.int64)
    i, j = len(a), len(b)
    while i > 0 or j > 0:
        if i > 0 and j > 0 and table[i, j] == table[i - 1, j - 1] + (a[i - 1] != b[j - 1]):
            counts[KEEP if a[i - 1] == b[j - 1] else REPLACE] += 1
            i, j = i - 1, j - 1
        elif j > 0 and table[i, j] == table[i, j - 1] + 1:
            counts[INSERT] += 1
            j -= 1
        else:
            counts[DELETE] += 1
            i -= 1
    return counts
