"""Runs the examples: `python -m examples` all of them, `python -m examples heat --size 400` one, with its own size."""

from __future__ import annotations

import math
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

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
    nuts,
    pendulum,
)
from examples.classification import classification_report, split
from examples.plots import Panel, write
from examples.report import Differs, compare, console, duration, history, line, timed, title

COUNT = click.IntRange(min=2)


class Examples(click.Group):
    """The examples in the order of their definition; a difference from CPython ends the run with exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
        except Differs as error:
            raise click.ClickException(str(error)) from error


def size_option(name: str, default: int, text: str):
    """An option for a number that makes an example larger or smaller."""
    return click.option(f"--{name}", default=default, show_default=True, type=COUNT, help=text)


def picture_option(name: str):
    """An option for the file that a picture is written to."""
    return click.option("-o", "--output", default=name, type=click.Path(path_type=Path), help="The picture.")


def report(classes: np.ndarray, predicted: np.ndarray) -> None:
    """The classification report on rows that were not trained on."""
    console.print(f"\n{classification_report(classes, predicted)}")


@click.group(cls=Examples, invoke_without_command=True, context_settings={"show_default": True})
@click.pass_context
def main(ctx: click.Context) -> None:
    """Run the examples, each in CPython/NumPy and compiled by hloc, and compare results and times."""
    if ctx.invoked_subcommand is not None:
        return
    start = time.perf_counter()
    for command in main.commands.values():
        ctx.invoke(command)
    console.print(
        f"\n{len(main.commands)} examples agree with CPython; {time.perf_counter() - start:.0f} s in all. "
        "One alone, with its own sizes: add its name and --help."
    )


@main.command("heat")
@size_option("size", 128, "Points along each side of the plate.")
@size_option("sweeps", 40, "Sweeps at most.")
def run_heat(size: int, sweeps: int) -> None:
    """Heat equation: double loops over a plate, in place."""
    title("Heat equation: double loops over a plate, in place")
    plate = heat.hot_rim(size)
    compare(heat.step, plate, 0.25)
    compare(heat.settle, plate, 0.25, 1e-2, sweeps)


@main.command("mandelbrot")
@size_option("width", 240, "Points along the real axis.")
@size_option("limit", 200, "Steps after which a point counts as inside.")
@picture_option("mandelbrot.png")
def run_mandelbrot(width: int, limit: int, output: Path) -> None:
    """Mandelbrot set: a scalar `while` that stops early; writes a PNG."""
    title("Mandelbrot set: a scalar `while` that stops early")
    times = compare(mandelbrot.escape_times, width * 4 // 5, width, limit)
    picture = compare(mandelbrot.colours, np.asarray(times), limit)
    Image.fromarray(np.asarray(picture)).save(output)
    line("wrote", str(output))


@main.command("kmeans")
@size_option("points", 3000, "Points in the plane.")
@size_option("clusters", 8, "Clusters among them.")
def run_kmeans(points: int, clusters: int) -> None:
    """k-means: rounds until no point changes its cluster, by loops and by array operations."""
    title("k-means: rounds until no point changes its cluster, by loops and by array operations")
    data, centres = kmeans.blobs(points, clusters)
    compare(kmeans.kmeans_loops, data, centres, 100)
    compare(kmeans.kmeans, data, centres, 100)


@main.command("logistic")
@click.option(
    "--csv", "path", type=click.Path(exists=True, dir_okay=False), help="Numbers under a header, the class last."
)
@size_option("rows", 2000, "Rows of the generated table, used without --csv.")
@size_option("steps", 300, "Steps of gradient descent.")
@picture_option("logistic.png")
def run_logistic(path: str | None, rows: int, steps: int, output: Path) -> None:
    """Softmax regression: gradient descent and Newton's method on a CSV file or a generated table; plots the loss."""
    title("Softmax regression: gradient descent and Newton's method on " + (path or "a generated table"))
    features, classes = logistic.read_table(path) if path else logistic.generated_table(rows)
    count = int(classes.max()) + 1
    chosen, held_out = split(len(features))
    line("the table", f"{len(features)} rows, {features.shape[1]} features, {count} classes")
    line("held out", f"{len(held_out)} rows, chosen at random, for the report")
    known, right = features[chosen], classes[chosen]
    _, descent = compare(logistic.descend, known, right, count, 1e-3, 0.5, steps, rounding=1e-9, derivatives=True)
    history("step", "loss", descent)
    weights, losses, taken = compare(
        logistic.newton, known, right, count, 1e-3, 1e-8, 50, rounding=1e-6, derivatives=True
    )
    losses = np.asarray(losses)[: int(taken)]
    history("Newton step", "loss", losses, len(losses))
    write(
        output,
        "Softmax regression",
        Panel(
            "step",
            "loss",
            {
                "gradient descent": (np.arange(1, steps + 1), np.asarray(descent)),
                "Newton's method": (np.arange(1, len(losses) + 1), losses),
            },
        ),
    )
    line("wrote", str(output))
    predicted = compare(logistic.predict, features[held_out], known, np.asarray(weights))
    report(classes[held_out], np.asarray(predicted))


@main.command("nbody")
@size_option("planets", 8, "Planets around the star.")
@size_option("steps", 500, "Steps in time.")
def run_nbody(planets: int, steps: int) -> None:
    """N bodies: leapfrog steps over a dataclass of arrays."""
    title("N bodies: leapfrog steps over a dataclass of arrays")
    bodies = nbody.solar_system(planets)
    compare(nbody.accelerations, bodies.position, bodies.mass)
    compare(nbody.orbit, bodies, 0.01, steps, rounding=1e-9, inspected="as above, for the function it calls")


@main.command("gauss")
@size_option("size", 80, "Unknowns.")
def run_gauss(size: int) -> None:
    """Gaussian elimination with partial pivoting, rows swapped in place."""
    title("Gaussian elimination with partial pivoting, rows swapped in place")
    matrix, right = gauss.system(size)
    compare(gauss.eliminate, matrix, right, rounding=1e-9)
    compare(gauss.solve, matrix, right, rounding=1e-9)


@main.command("edit-distance")
@size_option("length", 400, "Elements of the longer sequence.")
def run_edit_distance(length: int) -> None:
    """Edit distance: dynamic programming on integers, and the way back through the table."""
    title("Edit distance: dynamic programming on integers, and the way back through the table")
    old, new = edit_distance.mutated(length)
    compare(edit_distance.distance, old, new)
    compare(edit_distance.edits, old, new)


@main.command("life")
@size_option("size", 256, "Cells along each side.")
@size_option("generations", 100, "Generations.")
def run_life(size: int, generations: int) -> None:
    """Game of life: shifted slices, a view written in place."""
    title("Game of life: shifted slices, a view written in place")
    compare(life.generations, life.soup(size), generations)


@main.command("pendulum")
@size_option("steps", 5000, "Steps in time.")
def run_pendulum(steps: int) -> None:
    """Driven pendulum: Runge-Kutta steps with functions as arguments, chosen by name."""
    title("Driven pendulum: Runge-Kutta steps with functions as arguments, chosen by name")
    for method in ("rk4", "euler"):
        compare(pendulum.swing, math.pi / 8, 0.5, 0.2, 0.01, steps, method, rounding=1e-9)


@main.command("nelder-mead")
@size_option("variables", 4, "Variables of Rosenbrock's function.")
@size_option("rounds", 2000, "Rounds at most.")
def run_nelder_mead(variables: int, rounds: int) -> None:
    """Nelder-Mead: a minimum without derivatives, with closures and a loop that stops early."""
    title("Nelder-Mead: a minimum without derivatives, with closures and a loop that stops early")
    compare(nelder_mead.valley, np.full(variables, -1.0), 0.25, rounds, rounding=1e-6)


@main.command("lotka-volterra")
@size_option("count", 33, "Times at which hares and lynxes are counted.")
@size_option("trials", 60, "Trials of the search at most.")
@picture_option("lotka-volterra.png")
def run_lotka_volterra(count: int, trials: int, output: Path) -> None:
    """Fitting an ODE: derivatives through a solver that chooses its steps, in a search by BFGS; plots the fit."""
    title("Fitting an ODE: derivatives through a solver that chooses its steps, in a search by BFGS")
    times, seen = lotka_volterra.observations(count, noise=0.05)
    guess = lotka_volterra.RATES * np.array([1.3, 0.8, 0.8, 1.3])
    rates, misfits, found, (taken, refused) = compare(
        lotka_volterra.fit, guess, times, seen, 1e-6, trials, rounding=1e-6, derivatives=True
    )
    history("trial", "misfit", np.asarray(misfits)[: int(found)])
    line("the solver", f"{taken} steps taken, {refused} refused, for {count} times")
    for name, *values in zip(
        ("growth", "hunting", "death", "breeding"), lotka_volterra.RATES, guess, rates, strict=True
    ):
        line(name, "{:.4f} in truth, {:.4f} guessed, {:.4f} found".format(*values))
    fine = np.linspace(times[0], times[-1], 400)
    paths = [lotka_volterra.solve(lotka_volterra.hunt(r), seen[0], fine, 1e-6)[0] for r in (guess, np.asarray(rates))]
    write(
        output,
        "Hares and lynxes",
        *(
            Panel(
                "time",
                animal,
                {"guessed rates": (fine, paths[0][:, k]), "found rates": (fine, paths[1][:, k])},
                {"seen": (times, seen[:, k])},
            )
            for k, animal in enumerate(("hares", "lynxes"))
        ),
    )
    line("wrote", str(output))


@main.command("digits")
@click.option(
    "--csv",
    "path",
    type=click.Path(exists=True, dir_okay=False),
    help="64 values from 0 to 16 and the digit a row, without header, as in UCI's data; .gz may follow .csv.",
)
@size_option("pictures", 2000, "Pictures drawn, without --csv.")
@size_option("epochs", 20, "Times that each picture is seen.")
@size_option("batch", 32, "Pictures in a batch.")
@picture_option("digits.png")
def run_digits(path: str | None, pictures: int, epochs: int, batch: int, output: Path) -> None:
    """Digits: a network of neurons, trained on batches of a CSV file or of drawn pictures; plots the training."""
    title("Digits: a network of neurons, trained on batches of " + (path or "drawn pictures"))
    x, y = digits.read_pictures(path) if path else digits.drawn_pictures(pictures)
    chosen, held_out = split(len(x))
    known, right = x[chosen], y[chosen]
    line("held out", f"{len(held_out)} of {len(x)} pictures, chosen at random, for the report")
    layers = digits.first_layers((x.shape[1], 32, 32, 10))
    orders = [digits.batches(len(known), batch, seed) for seed in range(epochs)]
    compare(digits.train_epoch, layers, known, right, orders[0], 0.2, rounding=1e-9, derivatives=True)
    losses, shares = np.zeros(epochs), np.zeros(epochs)
    for epoch, order in enumerate(orders):
        losses[epoch] = digits.train_epoch(layers, known, right, order, 0.2)
        shares[epoch] = np.mean(np.asarray(digits.recognise(layers, x[held_out])) == y[held_out])
        line(f"epoch {epoch + 1}", f"loss {losses[epoch]:.4f}, {shares[epoch]:.1%} of the held-out pictures right")
    numbers = np.arange(1, epochs + 1)
    write(
        output,
        "Digits",
        Panel("epoch", "loss", {"in training": (numbers, losses)}, log=True),
        Panel("epoch", "share of digits recognised", {"held out": (numbers, shares)}),
    )
    line("wrote", str(output))
    predicted = compare(digits.recognise, layers, x[held_out])
    report(y[held_out], np.asarray(predicted))


@main.command("formulas")
@size_option("count", 1000, "Formulas to learn from and to hold out.")
@size_option("epochs", 8, "Times that each formula is seen.")
@size_option("batch", 20, "Formulas in a batch.")
@picture_option("formulas.png")
def run_formulas(count: int, epochs: int, batch: int, output: Path) -> None:
    """Formulas of logic: a recursive network with the shape of a tree, on arrays of nodes; plots the training."""
    title("Formulas of logic: a recursive network with the shape of a tree, trained on arrays of nodes")
    nodes, roots, truths = formulas.random_formulas(count, depth=4)
    deep_nodes, deep_roots, deep_truths = formulas.random_formulas(count, depth=7, seed=1)
    chosen, held_out = split(count)
    line("formulas", f"{count} with {len(nodes)} nodes; deeper ones for the report: {len(deep_nodes)} nodes")
    known, right = roots[chosen], truths[chosen]
    network = formulas.first_network(8)
    orders = [digits.batches(len(known), batch, seed) for seed in range(epochs)]
    compare(formulas.train_epoch, network, nodes, known, right, orders[0], 0.3, rounding=1e-9, derivatives=True)
    losses, shares = np.zeros(epochs), np.zeros(epochs)
    for epoch, order in enumerate(orders):
        losses[epoch] = formulas.train_epoch(network, nodes, known, right, order, 0.3)
        shares[epoch] = np.mean(np.asarray(formulas.judge(network, nodes, roots[held_out])) == truths[held_out])
        line(f"epoch {epoch + 1}", f"loss {losses[epoch]:.4f}, {shares[epoch]:.1%} of the held-out formulas right")
    numbers = np.arange(1, epochs + 1)
    write(
        output,
        "Formulas of logic",
        Panel("epoch", "loss", {"in training": (numbers, losses)}, log=True),
        Panel("epoch", "share of formulas judged right", {"held out": (numbers, shares)}),
    )
    line("wrote", str(output))
    report(deep_truths, np.asarray(compare(formulas.judge, network, deep_nodes, deep_roots)))


@main.command("nuts")
@click.option(
    "--csv", "path", type=click.Path(exists=True, dir_okay=False), help="Numbers under a header, the class last."
)
@size_option("rows", 2000, "Rows of the generated table, used without --csv.")
@size_option("chains", 4, "Chains at once.")
@size_option("draws", 500, "Draws of each chain that are kept.")
@size_option("warmup", 150, "Draws before them that find the length of a step.")
@picture_option("nuts.png")
def run_nuts(path: str | None, rows: int, chains: int, draws: int, warmup: int, output: Path) -> None:
    """No-U-Turn sampler: recursion and derivatives in many chains at once; plots the traces of two weights."""
    title(
        "No-U-Turn sampler: chains at once for the weights of a logistic regression on " + (path or "a generated table")
    )
    features, classes = logistic.read_table(path) if path else logistic.generated_table(rows)
    x = logistic.standardised(features, features)
    signs = np.where(2 * classes > classes.max(), 1.0, -1.0)
    line("the table", f"{len(x)} rows, {x.shape[1]} weights, {np.mean(signs > 0.0):.1%} in the upper classes")
    starts, momenta, seeds = nuts.chances(chains, warmup + draws, x.shape[1])
    first = min(12, warmup + draws)
    compare(
        nuts.chain, starts[0], momenta[0, :first], int(seeds[0]), first // 2, x, signs, rounding=1e-6, derivatives=True
    )
    call = timed(nuts.sample, (starts, momenta, seeds, warmup, x, signs))
    later = timed(nuts.sample, (starts, momenta, seeds, warmup, x, signs)).seconds
    positions, acceptance, steps, lengths = map(np.asarray, call.result)
    line("sample", f"{chains} chains of {warmup} + {draws} draws by vmap")
    line("hloc, first call", f"{duration(call.seconds)}, compiles or loads what an earlier run compiled")
    line("hloc, next call", f"{duration(later)}, {np.sum(steps) / later:,.0f} gradients a second")
    for k in range(chains):
        means = acceptance[k, warmup:].mean(), steps[k, warmup:].mean(), lengths[k]
        line(f"chain {k + 1}", "acceptance {:.2f}, {:.1f} steps a draw, their length {:.3f}".format(*means))
    kept = positions[:, warmup:]
    compare(nuts.diagnosis, kept[:, :, 0], rounding=1e-9)
    found = [np.asarray(numbers) for numbers in nuts.diagnoses(kept)]
    for k, (mean, spread, r_hat, size) in enumerate(zip(*found, strict=True)):
        line(
            f"weight {k}",
            f"{mean:8.3f} ± {spread:.3f}, R-hat {r_hat:.3f}, {size:.0f} effective of {kept[..., 0].size} draws",
        )
    widest = np.argsort(found[1])[-2:]
    numbers = np.arange(1, warmup + draws + 1)
    write(
        output,
        "No-U-Turn sampler, each chain from its start",
        *(
            Panel("draw", f"weight {k}", {f"chain {c + 1}": (numbers, positions[c, :, k]) for c in range(chains)})
            for k in sorted(widest)
        ),
    )
    line("wrote", str(output))


if __name__ == "__main__":
    main(prog_name="python -m examples")
