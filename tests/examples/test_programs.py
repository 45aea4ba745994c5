"""The compiled examples against what is known of their results without CPython running the same function."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import approx_fprime

import hloc
from examples import (
    digits,
    edit_distance,
    formulas,
    gauss,
    heat,
    kmeans,
    life,
    logistic,
    lotka_volterra,
    mandelbrot,
    nbody,
    nelder_mead,
    pendulum,
)
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


def test_softmax_regression_goes_downhill_along_the_gradient_of_the_loss() -> None:
    features, classes = logistic.generated_table(80)
    weights, losses = map(np.asarray, logistic.descend(features, classes, 4, 1e-3, 0.5, 60))
    assert losses[0] == pytest.approx(np.log(4))
    assert np.all(np.diff(losses) < 0)
    x = logistic.standardised(features, features)

    def loss(flat: np.ndarray) -> float:
        scores = x @ flat.reshape(weights.shape)
        right = scores[np.arange(80), classes]
        return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - right) + 0.5e-3 * np.sum(flat**2))

    first = np.asarray(logistic.descend(features, classes, 4, 1e-3, 1.0, 1)[0])
    np.testing.assert_allclose(first.ravel(), -approx_fprime(np.zeros(weights.size), loss), atol=1e-6)
    best, newton_losses, count = map(np.asarray, logistic.newton(features, classes, 4, 1e-3, 1e-12, 50))
    assert count < 12
    assert newton_losses[count - 1] < losses[-1]
    np.testing.assert_allclose(approx_fprime(best.ravel(), loss), 0.0, atol=1e-6)


def test_columns_are_scaled_like_the_known_rows() -> None:
    known = np.array([[1.0, 7.0], [3.0, 7.0]])
    found = logistic.standardised(np.array([[2.0, 7.0], [5.0, 9.0]]), known)
    np.testing.assert_array_equal(found, [[1.0, 0.0, 0.0], [1.0, 3.0, 2.0]])


def test_the_solver_keeps_its_tolerance_and_refuses_steps() -> None:
    times, start = np.linspace(0.0, 16.0, 9), np.array([10.0, 5.0])
    f = lotka_volterra.hunt(lotka_volterra.RATES)
    exact = solve_ivp(lambda _, y: f(y), (0.0, 16.0), start, "DOP853", times, rtol=1e-12, atol=1e-12).y.T
    solve = hloc.compile(lambda start, tolerance: lotka_volterra.solve(f, start, times, tolerance))
    counts = []
    for tolerance in (1e-4, 1e-6, 1e-8):
        path, (taken, refused) = solve(start, tolerance)
        np.testing.assert_allclose(path, exact, rtol=0.0, atol=1000 * tolerance)
        assert int(refused) > 0
        counts.append(int(taken))
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_the_misfit_has_the_derivative_that_differences_show() -> None:
    times, seen = lotka_volterra.observations(9, 0.05)
    logs = np.log(lotka_volterra.RATES) + 0.1
    value, slope = hloc.value_and_grad(lambda logs: lotka_volterra.misfit(logs, times, seen, 1e-6)[0])(logs)
    assert float(value) == pytest.approx(lotka_volterra.misfit(logs, times, seen, 1e-6)[0], rel=1e-9)
    steps = 1e-6 * np.eye(4)
    for k in range(4):
        above, below = (lotka_volterra.misfit(logs + h, times, seen, 1e-6)[0] for h in (steps[k], -steps[k]))
        assert float(slope[k]) == pytest.approx((above - below) / 2e-6, rel=1e-4)


def test_a_fit_finds_the_rates_behind_exact_observations() -> None:
    times, seen = lotka_volterra.observations(17, 0.0)
    guess = lotka_volterra.RATES * np.array([1.2, 0.9, 0.9, 1.2])
    rates, misfits, trials, _ = lotka_volterra.fit(guess, times, seen, 1e-7, 60)
    misfits = np.asarray(misfits)[: int(trials)]
    assert int(trials) < 60
    assert np.all(np.diff(misfits) <= 0)
    np.testing.assert_allclose(rates, lotka_volterra.RATES, rtol=1e-4)


def test_a_network_learns_digits_and_its_layers_change_in_place() -> None:
    pictures, shown = digits.drawn_pictures(600)
    assert pictures.shape == (600, 64)
    assert pictures.min() >= 0.0
    assert pictures.max() <= 1.0
    layers = digits.first_layers((64, 24, 10))
    before = float(digits.cross_entropy(layers, pictures, shown))
    for epoch in range(20):
        order = digits.batches(500, 25, epoch)
        assert order.shape == (20, 25)
        np.testing.assert_array_equal(np.sort(order, axis=None), np.arange(500))
        digits.train_epoch(layers, pictures, shown, order, 0.2)
    assert digits.cross_entropy(layers, pictures, shown) < 0.2 * before
    found = np.asarray(digits.recognise(layers, pictures[500:]))
    assert np.mean(found == shown[500:]) > 0.8


def test_a_step_of_training_is_one_along_the_slope_by_differences() -> None:
    pictures, shown = digits.drawn_pictures(10)
    layers = digits.first_layers((64, 6, 10))
    slope = approx_fprime(
        layers[1][0].ravel(),
        lambda flat: digits.cross_entropy([layers[0], (flat.reshape(6, 10), layers[1][1])], pictures, shown),
    )
    expected = layers[1][0] - 0.5 * slope.reshape(6, 10)
    digits.train_epoch(layers, pictures, shown, np.arange(10)[None], 0.5)
    np.testing.assert_allclose(layers[1][0], expected, atol=1e-6)


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


def truth(nodes: np.ndarray, node: int) -> bool:
    """Whether a formula is true, by its meaning."""
    kind, *parts = nodes[node]
    values = [truth(nodes, part) for part in parts if part >= 0]
    assert len(values) == formulas.PARTS[kind]
    return (False, True, not any(values), all(values), any(values))[kind]


def test_formulas_are_as_true_as_is_said() -> None:
    nodes, roots, truths = formulas.random_formulas(30, 5)
    assert [truth(nodes, root) for root in roots] == list(truths)
    assert set(np.concatenate((nodes[:, 1], nodes[:, 2], roots))) == {-1, *range(len(nodes))}


def test_formulas_are_judged_by_what_was_learned() -> None:
    nodes, roots, truths = formulas.random_formulas(200, 3)
    network, batches = formulas.first_network(6), np.arange(200).reshape(-1, 20)
    losses = [formulas.train_epoch(network, nodes, roots, truths, batches, 0.3) for _ in range(30)]
    assert losses[-1] < 0.1 * losses[0]
    deep, deep_roots, deep_truths = formulas.random_formulas(50, 5, seed=1)
    assert np.mean(np.asarray(formulas.judge(network, deep, deep_roots)) == deep_truths) > 0.9


def test_slope_of_the_loss_of_formulas() -> None:
    nodes, roots, truths = formulas.random_formulas(4, 3)
    network = formulas.first_network(2)
    sizes = np.cumsum([part.size for part in network])[:-1]

    def loss(flat: np.ndarray) -> float:
        parts = [x.reshape(part.shape) for x, part in zip(np.split(flat, sizes), network, strict=True)]
        return float(formulas.loss(parts, nodes, roots, truths))

    flat = np.concatenate([part.ravel() for part in network])
    found = np.concatenate([np.ravel(part) for part in hloc.grad(formulas.loss)(network, nodes, roots, truths)])
    np.testing.assert_allclose(found, approx_fprime(flat, loss), atol=1e-6)
