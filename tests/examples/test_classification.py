"""The classification report against what scikit-learn prints, and the rows that are held out."""

from __future__ import annotations

import numpy as np
import pytest

from examples.classification import classification_report, split

# The example in the documentation of sklearn.metrics.classification_report, and one with unequal classes.
DOCUMENTED = """\
              precision    recall  f1-score   support

     class 0       0.50      1.00      0.67         1
     class 1       0.00      0.00      0.00         1
     class 2       1.00      0.67      0.80         3

    accuracy                           0.60         5
   macro avg       0.50      0.56      0.49         5
weighted avg       0.70      0.60      0.61         5
"""
NUMBERED = """\
              precision    recall  f1-score   support

           0       1.00      0.67      0.80         3
           2       0.67      0.67      0.67         6
           3       0.00      0.00      0.00         0
          10       0.75      0.75      0.75         4

    accuracy                           0.69        13
   macro avg       0.60      0.52      0.55        13
weighted avg       0.77      0.69      0.72        13
"""
LONG_NAMES = """\
                        precision    recall  f1-score   support

                     a       0.50      1.00      0.67         1
an unusually long name       1.00      0.50      0.67         2

              accuracy                           0.67         3
             macro avg       0.75      0.75      0.67         3
          weighted avg       0.83      0.67      0.67         3
"""


@pytest.mark.parametrize(
    ("classes", "predicted", "names", "text"),
    [
        ([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], ["class 0", "class 1", "class 2"], DOCUMENTED),
        ([0] * 3 + [2] * 6 + [10] * 4, [0, 2, 0, 2, 2, 2, 2, 3, 10, 10, 10, 10, 2], None, NUMBERED),
        ([0, 1, 1], [0, 1, 0], ["a", "an unusually long name"], LONG_NAMES),
    ],
)
def test_report_is_laid_out_as_scikit_learn_prints_it(
    classes: list[int], predicted: list[int], names: list[str] | None, text: str
) -> None:
    assert classification_report(classes, predicted, names) == text


def test_rows_are_split_the_same_way_in_every_run() -> None:
    chosen, held_out = split(10)
    assert len(held_out) == 2
    np.testing.assert_array_equal(np.sort(np.concatenate((chosen, held_out))), np.arange(10))
    np.testing.assert_array_equal(held_out, split(10)[1])
    assert [len(part) for part in split(3)] == [2, 1]
