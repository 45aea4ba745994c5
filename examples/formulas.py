"""Is a formula of logic true? A recursive network that has the shape of the formula, trained on formulas as trees.

A formula such as (1 and not (0 or 1)) is a node of arrays: its kind, and its parts or -1. The network gives a vector
for each node, from its kind and the vectors of its parts; the vector of the whole formula tells whether it is true.
"""

import numpy as np

import hloc

FALSE, TRUE, NOT, AND, OR = range(5)
PARTS = (0, 0, 1, 2, 2)
"""How many parts a formula of each kind has."""


def random_formulas(count, depth, seed=0):
    """Formulas of at most this depth, every second one true: their nodes i64[nodes, 3] (kind, first and second part),
    the numbers of their roots i64[count], and whether they are true, i64[count]."""
    random = np.random.default_rng(seed)
    nodes, roots = [], []

    def grow(depth):
        """A formula: the number of its node, and whether it is true."""
        kind = random.integers(5 if depth > 0 else 2)
        parts = [grow(depth - 1) for _ in range(PARTS[kind])]
        values = [value for _, value in parts]
        nodes.append([kind, *(number for number, _ in parts), *[-1] * (2 - len(parts))])
        return len(nodes) - 1, (False, True, not any(values), all(values), any(values))[kind]

    while len(roots) < count:
        begin = len(nodes)
        root, truth = grow(depth)
        if nodes[root][0] >= NOT and truth == len(roots) % 2:
            roots.append(root)
        else:
            del nodes[begin:]
    return np.array(nodes), np.array(roots), np.arange(count) % 2


def first_network(features, seed=0):
    """Random weights: for each kind of node a matrix f64[5, features, 2 * features] and a vector f64[5, features], and
    f64[features] for the answer."""
    random = np.random.default_rng(seed)
    return [
        random.normal(scale=(2 * features) ** -0.5, size=(5, features, 2 * features)),
        random.normal(scale=0.5, size=(5, features)),
        random.normal(scale=features**-0.5, size=features),
    ]


def meaning(network, nodes, node):
    """The vector f64[features] of the formula that begins at a node."""
    mixes, words, _ = network
    kind, first, second = nodes[node]
    if PARTS[kind] == 0:
        return np.tanh(words[kind])
    a = meaning(network, nodes, first)
    b = meaning(network, nodes, second) if PARTS[kind] == 2 else np.zeros(len(a))
    return np.tanh(mixes[kind] @ np.concatenate((a, b)) + words[kind])


def loss(network, nodes, roots, truths):
    """The mean of -log(probability that the network gives to the truth)."""
    total = 0.0
    for root, truth in zip(roots, truths, strict=True):
        score = meaning(network, nodes, root) @ network[2]
        total += np.log1p(np.exp(-score if truth == 1 else score))
    return total / len(roots)


@hloc.compile
def train_epoch(network, nodes, roots, truths, batches, rate):
    """A step of gradient descent, in place, for each batch i64[rows of roots]; the mean of the losses before."""
    mean = 0.0
    for rows in batches:
        value, slopes = hloc.value_and_grad(loss)(network, nodes, roots[rows], truths[rows])
        for weights, slope in zip(network, slopes, strict=True):
            weights -= rate * slope
        mean += value / len(batches)
    return mean


@hloc.compile
def judge(network, nodes, roots):
    """Whether the network takes each formula for true, i64[count]."""
    found = np.zeros(len(roots), np.int64)
    for k in range(len(roots)):
        found[k] = meaning(network, nodes, roots[k]) @ network[2] > 0.0
    return found
