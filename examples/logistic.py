"""Softmax regression on a table, trained by plain gradient descent: which class does a row belong to?"""

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


def standardised(features):
    """Columns with mean 0 and spread 1, and a column of ones in front; constant columns become 0."""
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    return np.concatenate((np.ones((len(features), 1)), scaled), axis=1)


def softmax(scores):
    """Rows of probabilities from rows of scores."""
    shifted = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return shifted / np.sum(shifted, axis=1, keepdims=True)


@hloc.compile
def train(features, classes, class_count, rate, steps):
    """Weights f64[columns + 1, class_count] after `steps` steps of gradient descent, and the loss before each."""
    x = standardised(features)
    rows = len(x)
    wanted = np.zeros((rows, class_count))
    wanted[np.arange(rows), classes] = 1.0
    weights = np.zeros((x.shape[1], class_count))
    losses = np.zeros(steps)
    for step in range(steps):
        probabilities = softmax(x @ weights)
        losses[step] = -np.mean(np.log(np.sum(probabilities * wanted, axis=1)))
        weights -= rate * (x.T @ (probabilities - wanted) / rows)
    return weights, losses


@hloc.compile
def accuracy(features, classes, weights):
    """The share of rows whose most probable class is the right one."""
    return np.mean(np.argmax(standardised(features) @ weights, axis=1) == classes)
