"""Arrays that a call may use up: their memory becomes that of results.

    @hloc.compile(donate="state")           func @main(%state_u: f64[100] {aliases result 0}, %dt: f64) -> f64[100]
    def step(state, dt): …

Two kinds of arrays are given to a program with their memory. Those that the function writes to: an hloc.Array then has
the new content, in the same place. And those of the parameters in `donate`: the Arrays are gone afterwards, and any
result of the same type may take their place.

XLA itself sees to it that nobody else is harmed: memory that NumPy views or other libraries hold, or that is theirs, is
not taken but copied, and what is left after a call that cannot use it is freed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from hloc.ir.types import TensorType
from hloc.matching import Accessors, Of
from hloc.program import Guard, Path, Program, Recipe, TapeOverflow
from hloc.runtime.array import Array
from hloc.runtime.errors import ArgumentError

Pairs = tuple[tuple[int, int], ...]
"""(parameter, result) of the executable, which share their memory."""


def mark_donated(recipe: Recipe, names: Sequence[str]) -> None:
    """Note which inputs belong to these parameters. A program for arrays that are distinct then holds for no others."""
    recipe.donate = tuple(names)
    shared = [guard for guard in recipe.guards if guard.kind == "same" and _parameter(guard.path) in names]
    for entry in recipe.inputs:
        given = _parameter(entry.path) in names or any(_is_under(entry.path, guard.expected) for guard in shared)
        entry.donated = entry.kind == "array" and given
    if any(entry.donated for entry in recipe.inputs):
        arrays = tuple(entry.path for entry in recipe.inputs if entry.kind == "array")
        recipe.guards.append(Guard(Path(None, ()), "distinct", arrays))


def without_changes(program: Program) -> Program:
    """The program for a run that leaves its arguments as they are."""
    inputs = [dataclasses.replace(entry, donated=False) for entry in program.inputs]
    return program.replace(inputs=inputs, donate=(), write_backs=[])


def _parameter(path: Path) -> str | None:
    """The parameter of the function through which an object is reached."""
    return None if path.root is not None or not path.steps else str(path.steps[0][1])


def donation(recipe: Recipe, types: Sequence[TensorType], *, machines: bool) -> Pairs:
    """Which inputs and results of a program share memory; `types` are those of its results.

    A program that may have to run again, with more room, keeps its inputs. So does one that may raise: the arrays that
    it has written to until then have their old content after the error. Only what is in `donate` is lost then.
    """
    pairs = _lent(recipe, machines=machines)
    free = dict.fromkeys(j for j in recipe.output.indices() if j not in pairs.values())
    for j in taken(recipe, machines=machines):
        fitting = (result for result in free if types[result] == recipe.inputs[j].type)
        if j not in pairs and (result := next(fitting, None)) is not None:
            pairs[j] = result
            del free[result]
    return tuple(sorted(pairs.items()))


def taken(recipe: Recipe, *, machines: bool) -> tuple[int, ...]:
    """The inputs whose memory a run may take. Memory that is not the runtime's own XLA would copy, at some cost."""
    if _may_run_again(recipe, machines=machines):
        return ()
    donated = (j for j, entry in enumerate(recipe.inputs) if entry.donated)
    return tuple(sorted({*_lent(recipe, machines=machines), *donated}))


def lent(recipe: Recipe, *, machines: bool) -> tuple[int, ...]:
    """The inputs that the caller has again after a call, with the new content, and whose old one a run uses up."""
    pairs = () if recipe.error_words else _lent(recipe, machines=machines)
    return tuple(j for j in pairs if not recipe.inputs[j].donated)


def _may_run_again(recipe: Recipe, *, machines: bool) -> bool:
    overflows = recipe.error_words and any(issubclass(site.exception, TapeOverflow) for site in recipe.error_sites)
    return bool(machines or recipe.print_capacity or overflows)


def _lent(recipe: Recipe, *, machines: bool) -> dict[int, int]:
    """Inputs that the function writes to → the results that take their memory."""
    if _may_run_again(recipe, machines=machines):
        return {}
    pairs = _written(recipe)
    return {j: result for j, result in pairs.items() if not recipe.error_words or recipe.inputs[j].donated}


def _written(recipe: Recipe) -> dict[int, int]:
    """Inputs that the function writes to → the results that are their new content."""
    numbers = {entry.path: j for j, entry in enumerate(recipe.inputs) if entry.kind == "array"}
    contents = {write.path: write.output for write in recipe.write_backs}
    return {numbers[path]: made.index for path, made in contents.items() if path in numbers and made.kind == "array"}


class Given:
    """The Arrays that calls of one program use up.

    paths: where they are.
    """

    def __init__(self, recipe: Recipe, access: Accessors) -> None:
        self._name = recipe.name
        self.paths = tuple(entry.path for entry in recipe.inputs if entry.donated)
        self._labels = [f"{recipe.name}() as {path}" for path in self.paths]
        self._fetch: Of = access.objects(self.paths)
        self._twice = [guard for guard in recipe.guards if _is_conflict(guard, recipe.donate)]
        shared = [[e.path for e in recipe.inputs if _is_under(e.path, guard.expected)] for guard in self._twice]
        self._shared: list[Of] = [access.objects(paths) for paths in shared]

    def arrays(self, values: tuple[Any, ...]) -> list[tuple[Array, str]]:
        """Those of a call, each with a text that says where it went.

        Raises: ArgumentError where one is also reached in a way that is not donated.
        """
        for guard, fetch in zip(self._twice, self._shared, strict=True):
            if any(type(obj) is Array for obj in fetch(*values)):
                raise ArgumentError(
                    f"{self._name}(): {guard.path} and {guard.expected} are the same, and only one of them is donated; "
                    "pass a copy"
                )
        found = zip(self._fetch(*values), self._labels, strict=True)
        return [(obj, label) for obj, label in found if type(obj) is Array]


def _is_conflict(guard: Guard, names: Sequence[str]) -> bool:
    """Whether it says that one object is in a parameter that is donated and also elsewhere."""
    return guard.kind == "same" and (_parameter(guard.path) in names) != (_parameter(guard.expected) in names)


def _is_under(path: Path, other: Path) -> bool:
    return path.root is other.root and path.steps[: len(other.steps)] == other.steps
