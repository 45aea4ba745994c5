"""Softmax regression on a table: which class does a row belong to? By gradient descent, and by Newton's method."""

import csv

import numpy as np

import hloc


def read_table(path):
    """Features f64[rows, columns] and classes i64[rows] (0, 1, 2, …) of a CSV file with a header, class last."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))[1:]
    table = np.array([row for row in rows if row], dtype=np.float64)
    return table[:, :-1], np.unique(table[:, -1], return_inverse=True)[1].astype(np.int64)


def generated_table(rows, seed=0):
    """A table as `read_table` gives it: 8 normal features of unlike scale, 4 classes.

    The class is the quarter in which a fixed weighted sum of the features lies, with a tenth of its spread as noise:
    a linear model can learn it, but not perfectly.
    """
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, 8))
    score = features @ np.linspace(-1.0, 1.0, 8) + 0.2 * random.normal(size=rows)
    classes = np.searchsorted(np.quantile(score, (0.25, 0.5, 0.75)), score)
    return features * 10.0 ** np.arange(-3.0, 5.0) + 5.0, classes.astype(np.int64)


def standardised(features, known):
    """Features in units in which those of the known rows have mean 0 and spread 1, and a column of ones in front.

    A column that is constant in the known rows is only shifted.
    """
    spread = known.std(axis=0)
    scaled = (features - known.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    return np.concatenate((np.ones((len(features), 1)), scaled), axis=1)


def loss(weights, x, classes, penalty):
    """The mean of -log(probability of the right class), plus a penalty on weights, which makes the minimum unique."""
    scores = x @ weights
    top = np.max(scores, axis=1)
    total = top + np.log(np.sum(np.exp(scores - top[:, None]), axis=1))
    return np.mean(total - scores[np.arange(len(x)), classes]) + 0.5 * penalty * np.sum(weights**2)


@hloc.compile
def descend(features, classes, class_count, penalty, rate, steps):
    """Weights f64[columns + 1, class_count] after `steps` steps of gradient descent, and the loss before each."""
    x = standardised(features, features)
    weights = np.zeros((x.shape[1], class_count))
    losses = np.zeros(steps)
    for step in range(steps):
        losses[step], slope = hloc.value_and_grad(loss)(weights, x, classes, penalty)
        weights -= rate * slope
    return weights, losses


@hloc.compile
def newton(features, classes, class_count, penalty, tolerance, limit):
    """Weights by Newton's method, the loss before each step in f64[limit], and how many of these there are.

    A step that leads uphill is halved; the decrement, twice what a further step could gain, ends the search.
    """
    x = standardised(features, features)
    weights = np.zeros((x.shape[1], class_count))
    losses = np.zeros(limit)
    for step in range(limit):
        losses[step], slope = hloc.value_and_grad(loss)(weights, x, classes, penalty)
        curvature = hloc.hessian(loss)(weights, x, classes, penalty).reshape(slope.size, slope.size)
        direction = np.linalg.solve(curvature, slope.ravel()).reshape(slope.shape)
        if np.sum(slope * direction) < tolerance:
            return weights, losses, step + 1
        scale = 1.0
        while loss(weights - scale * direction, x, classes, penalty) > losses[step]:
            scale /= 2.0
        weights -= scale * direction
    return weights, losses, limit


@hloc.compile
def predict(features, known, weights):
    """The most probable class of each row, i64[rows]; `known` are the features that the weights were trained on."""
    return np.argmax(standardised(features, known) @ weights, axis=1)
