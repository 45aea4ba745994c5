"""Lloyd's k-means: assign points to the nearest centre, move the centres, stop when no point changes its cluster."""

import numpy as np

import hloc


def blobs(points, clusters, seed=1):
    """Points f64[points, 2] around `clusters` centres, and as many of the points to begin with, f64[clusters, 2]."""
    random = np.random.default_rng(seed)
    centres = random.uniform(-10.0, 10.0, (clusters, 2))
    data = centres[random.integers(clusters, size=points)] + random.normal(size=(points, 2))
    return data, data[random.choice(points, clusters, replace=False)].copy()


def nearest(point, centres):
    """The number of the centre nearest to a point, the first one where several are."""
    best, least = -1, np.inf
    for k in range(len(centres)):
        distance = 0.0
        for d in range(len(point)):
            distance += (point[d] - centres[k, d]) ** 2
        if distance < least:
            best, least = k, distance
    return best


@hloc.compile
def kmeans_loops(points, centres, limit):
    """Move `centres` f64[k, d] in place; gives back the cluster of each of `points` f64[n, d], and the rounds taken."""
    labels = np.full(len(points), -1)
    rounds, moved = 0, len(points)
    while moved > 0 and rounds < limit:
        rounds += 1
        moved = 0
        sums = np.zeros_like(centres)
        counts = np.zeros(len(centres), np.int64)
        for i in range(len(points)):
            k = nearest(points[i], centres)
            if k != labels[i]:
                labels[i] = k
                moved += 1
            sums[k] += points[i]
            counts[k] += 1
        for k in range(len(centres)):
            if counts[k] > 0:
                centres[k] = sums[k] / counts[k]
    return labels, rounds


@hloc.compile
def kmeans(points, centres, limit):
    """The same by array operations: centres are not changed, the new ones are given back too."""
    labels = np.full(len(points), -1)
    for rounds in range(1, limit + 1):  # noqa: B007 - given back
        offsets = points[:, None, :] - centres[None, :, :]
        new = np.argmin(np.sum(offsets**2, axis=2), axis=1)
        if np.all(new == labels):
            break
        labels = new
        members = labels[None, :] == np.arange(len(centres))[:, None]
        counts = np.maximum(members.sum(axis=1), 1)
        centres = np.where(members.any(axis=1)[:, None], members @ points / counts[:, None], centres)
    return centres, labels, rounds
