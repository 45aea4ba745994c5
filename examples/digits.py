"""Which digit does a picture of 8 by 8 points show? Two hidden layers of neurons, trained on random batches."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import hloc

SIDE = 8


def read_pictures(path):
    """Pictures f64[count, 64] with values from 0 to 1 and digits i64[count] of a CSV file (or .csv.gz) without header.

    A row is 64 values from 0 to 16, then the digit, as in the optical recognition data of UCI.
    """
    table = np.loadtxt(path, delimiter=",")
    return table[:, :-1] / 16.0, table[:, -1].astype(np.int64)


def drawn_pictures(count, seed=0):
    """Such pictures without a file: the digits of a font in several sizes, shifted, turned, and with noise."""
    random = np.random.default_rng(seed)
    digits = np.arange(count) % 10
    pictures = np.empty((count, SIDE * SIDE))
    fonts = [ImageFont.load_default(size) for size in (32, 36, 40, 44)]
    for k in range(count):
        large = Image.new("L", (4 * SIDE, 4 * SIDE))
        place = tuple(2 * SIDE + random.normal(scale=1.5, size=2))
        ImageDraw.Draw(large).text(place, str(digits[k]), fill=255, font=fonts[random.integers(4)], anchor="mm")
        large = large.rotate(random.normal(scale=10.0), Image.Resampling.BILINEAR)
        small = np.asarray(large.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255.0
        pictures[k] = np.clip(small + random.normal(scale=0.05, size=small.shape), 0.0, 1.0).ravel()
    return pictures, digits.astype(np.int64)


def first_layers(sizes, seed=0):
    """Random layers from sizes[0] inputs to sizes[-1] outputs: a list of (weights f64[inputs, outputs], bias)."""
    random = np.random.default_rng(seed)
    return [
        (random.normal(scale=np.sqrt(2.0 / inputs), size=(inputs, outputs)), np.zeros(outputs))
        for inputs, outputs in pairwise(sizes)
    ]


def batches(count, size, seed):
    """Row numbers i64[count // size, size] in random order; the rows left over are not in this epoch."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // size * size].reshape(-1, size)


def scores(layers, x):
    """A score f64[count, outputs] for each picture and digit."""
    for weights, bias in layers[:-1]:
        x = np.maximum(x @ weights + bias, 0.0)
    weights, bias = layers[-1]
    return x @ weights + bias


def cross_entropy(layers, x, digits):
    """The mean of -log(probability of the right digit), with probabilities by softmax."""
    found = scores(layers, x)
    top = np.max(found, axis=1)
    total = top + np.log(np.sum(np.exp(found - top[:, None]), axis=1))
    return np.mean(total - found[np.arange(len(x)), digits])


@hloc.compile
def train_epoch(layers, pictures, digits, batches, rate):
    """A step of gradient descent, in place, for each batch i64[rows of pictures]; the mean of the losses before."""
    mean = 0.0
    for rows in batches:
        loss, slopes = hloc.value_and_grad(cross_entropy)(layers, pictures[rows], digits[rows])
        for (weights, bias), (weights_slope, bias_slope) in zip(layers, slopes, strict=True):
            weights -= rate * weights_slope
            bias -= rate * bias_slope
        mean += loss / len(batches)
    return mean


@hloc.compile
def recognise(layers, pictures):
    """The digit with the highest score for each picture, i64[count]."""
    return np.argmax(scores(layers, pictures), axis=1)
