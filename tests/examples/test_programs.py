"""The compiled examples against what is known of their results without CPython running the same function."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import approx_fprime

import hloc
from examples import edit_distance, gauss, heat, kmeans, life, logistic, mandelbrot, nbody, nelder_mead, pendulum
from hloc.emit.lint import find_copies


def test_heat_settles_where_each_point_is_the_mean_of_its_neighbours() -> None:
    plate = heat.hot_rim(12)
    sweeps = heat.settle(plate, 0.25, 1e-10, 10_000)
    means = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    assert 100 < sweeps < 10_000
    np.testing.assert_allclose(plate[1:-1, 1:-1], means, atol=1e-8)


def test_mandelbrot_set_is_symmetric_and_holds_its_circle() -> None:
    times = np.asarray(mandelbrot.escape_times(48, 60, 100))
    np.testing.assert_array_equal(times, times[::-1])
    x = -2.25 + (np.arange(60) + 0.5) * 0.05
    y = (24 - np.arange(48) - 0.5) * 0.05
    assert np.all(times[np.hypot(x[None, :] + 1.0, y[:, None]) < 0.24] == 100)
    assert np.all(times[np.hypot(x[None, :], y[:, None]) > 2.0] < 4)


@pytest.mark.parametrize("seed", [1, 2])
def test_both_forms_of_kmeans_find_the_same_clusters(seed: int) -> None:
    points, start = kmeans.blobs(200, 4, seed)
    centres, labels, rounds = map(np.asarray, kmeans.kmeans(points, start, 100))
    moved = start.copy()
    loop_labels, loop_rounds = kmeans.kmeans_loops(points, moved, 100)
    np.testing.assert_array_equal(np.asarray(loop_labels), labels)
    assert loop_rounds == rounds
    np.testing.assert_allclose(moved, centres)
    distances = np.linalg.norm(points[:, None] - centres[None], axis=2)
    np.testing.assert_array_equal(labels, distances.argmin(axis=1))


def test_training_goes_downhill_along_the_gradient_of_the_loss() -> None:
    features, classes = logistic.generated_table(80)
    weights, losses = map(np.asarray, logistic.train(features, classes, 4, 0.5, 60))
    assert losses[0] == pytest.approx(np.log(4))
    assert np.all(np.diff(losses) < 0)
    x = logistic.standardised(features)

    def loss(flat: np.ndarray) -> float:
        scores = x @ flat.reshape(weights.shape)
        return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(80), classes]))

    first = np.asarray(logistic.train(features, classes, 4, 1.0, 1)[0])
    np.testing.assert_allclose(first.ravel(), -approx_fprime(np.zeros(weights.size), loss), atol=1e-6)


def test_leapfrog_keeps_momentum_and_nearly_the_energy() -> None:
    bodies = nbody.solar_system(4)
    momentum = bodies.mass @ bodies.velocity
    before, after = nbody.orbit(bodies, 0.01, 500)
    assert float(after) == pytest.approx(float(before), rel=1e-3)
    np.testing.assert_allclose(bodies.mass @ bodies.velocity, momentum, atol=1e-15)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_gauss_solves_as_lapack_does(size: int) -> None:
    matrix, right = gauss.system(size) if size > 1 else (np.array([[4.0]]), np.array([2.0]))
    np.testing.assert_allclose(np.asarray(gauss.solve(matrix, right)), np.linalg.solve(matrix, right), rtol=1e-10)
    determinant = np.linalg.det(matrix)
    assert float(hloc.compile(gauss.eliminate)(matrix, right)) == pytest.approx(determinant, rel=1e-10)


def test_gauss_names_the_column_of_a_singular_matrix_and_keeps_the_arguments() -> None:
    matrix = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [4.0, 8.0, 5.0]])
    before = matrix.copy()
    with pytest.raises(ValueError, match="column 1 has no pivot"):
        hloc.compile(gauss.eliminate)(matrix, np.ones(3))
    np.testing.assert_array_equal(matrix, before)


def test_edit_distance_is_the_length_of_the_shortest_way() -> None:
    words = [np.array([ord(c) for c in word]) for word in ("kitten", "sitting", "sunday", "saturday", "kit")]
    known = {(0, 1): 3, (2, 3): 3, (0, 4): 3}
    for i, j in itertools.product(range(5), repeat=2):
        steps = edit_distance.distance(words[i], words[j])
        kept, *changes = np.asarray(edit_distance.edits(words[i], words[j]))
        assert steps == sum(changes) == edit_distance.distance(words[j], words[i])
        assert kept + changes[0] + changes[1] == len(words[j])
        assert steps == known.get((i, j), steps)
        assert (steps == 0) == (i == j)


def test_a_glider_moves_by_one_cell_in_four_generations() -> None:
    cells = np.zeros((8, 8), bool)
    cells[1, 2] = cells[2, 3] = cells[3, 1:4] = True
    after, population = life.generations(cells, 4)
    np.testing.assert_array_equal(np.asarray(after), np.roll(cells, (1, 1), (0, 1)))
    np.testing.assert_array_equal(np.asarray(population), [5, 5, 5, 5])


def test_pendulum_agrees_with_scipy() -> None:
    def motion(t: float, y: np.ndarray) -> tuple[float, float]:
        return y[1], -np.sin(y[0]) - 0.2 * y[1] + 0.5 * np.cos(2 / 3 * t)

    times = 0.01 * np.arange(1, 1001)
    expected = solve_ivp(motion, (0.0, 10.0), (0.4, 0.0), t_eval=times, rtol=1e-10, atol=1e-10).y[0]
    errors = {
        method: np.abs(np.asarray(pendulum.swing(0.4, 0.5, 0.2, 0.01, 1000, method)) - expected).max()
        for method in ("rk4", "euler")
    }
    assert errors["rk4"] < 1e-7 < 1e-3 < errors["euler"] < 1e-1


def test_nelder_mead_finds_the_minimum() -> None:
    point, rounds = nelder_mead.valley(np.array([-1.2, 1.0]), 0.25, 1000)
    assert 20 < rounds < 1000
    np.testing.assert_allclose(np.asarray(point), 1.25, atol=1e-4)


def subtract_first_column(a):
    """As in elimination: the first element is read, overwritten, and used for the rest of the row."""
    for i in range(1, len(a)):
        first = a[i, 0]
        a[i, 0] = 0.0
        for j in range(1, len(a)):
            a[i, j] -= first * a[0, j]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (heat.settle, ("f64[64,64]", "f64", "f64", "i64")),
        (subtract_first_column, ("f64[64,64]",)),
        (edit_distance.distance, ("i64[500]", "i64[400]")),
        (kmeans.nearest, ("f64[300]", "f64[40,300]")),
        (nbody.accelerations, ("f64[200,3]", "f64[200]")),
    ],
)
def test_loops_copy_no_array(function, arguments: tuple[str, ...]) -> None:
    hlo = hloc.compile(function).lower(*arguments).compile().optimized_hlo
    assert find_copies(hlo) == []
