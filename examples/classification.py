"""What the classifying examples share: rows held out of training, and the report on them."""

import numpy as np


def split(rows, share=0.2, seed=0):
    """Row numbers for training and for the test, i64 each, at random but the same in every run."""
    order = np.random.default_rng(seed).permutation(rows)
    held_out = max(1, round(share * rows))
    return order[held_out:], order[:held_out]


def classification_report(classes, predicted, names=None):
    """Precision, recall, F1 and support for each class that occurs, and means of them, as scikit-learn prints them.

    classes, predicted: i64[rows]. names: one for each class, in ascending order. A share of nothing counts as 0.
    Source: the table of sklearn.metrics.classification_report.
    """
    classes, predicted = np.asarray(classes), np.asarray(predicted)
    labels = np.unique(np.concatenate((classes, predicted)))
    names = [str(label) for label in labels] if names is None else list(names)
    right = np.array([np.sum((classes == label) & (predicted == label)) for label in labels])
    support = np.array([np.sum(classes == label) for label in labels])
    chosen = np.array([np.sum(predicted == label) for label in labels])
    scores = np.stack((share(right, chosen), share(right, support), share(2 * right, chosen + support)))
    accuracy = np.sum(right) / len(classes)

    width = max(len("weighted avg"), *map(len, names))
    head = f"{'':>{width}} " + "".join(f" {title:>9}" for title in ("precision", "recall", "f1-score", "support"))
    return "\n".join(
        (
            head,
            "",
            *(row(name, width, *numbers) for name, *numbers in zip(names, scores.T, support, strict=True)),
            "",
            f"{'accuracy':>{width}} " + f" {'':>9}" * 2 + f" {accuracy:>9.2f} {len(classes):>9}",
            row("macro avg", width, np.mean(scores, axis=1), len(classes)),
            row("weighted avg", width, np.average(scores, axis=1, weights=support), len(classes)),
            "",
        )
    )


def share(part, whole):
    """part / whole for each element, 0 where the whole is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0.0)


def row(name, width, scores, support):
    """One line of the report."""
    return f"{name:>{width}} " + "".join(f" {score:>9.2f}" for score in scores) + f" {support:>9}"
