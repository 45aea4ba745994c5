"""A program without the function that it was made of: what it reads of globals and closures becomes part of it.

    def f(x): return x * SCALE        f(x) with SCALE = 2.0 from then on

Numbers and arrays are parameters of the compiled entry, so they are kept beside it, and given at each call as the parts
of one more argument, FROZEN. What functions and classes were reached is in the code already. Of guards, those about
arguments remain.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.artefact.names import Importable
from hloc.classes import dataclass
from hloc.ir.types import TensorType
from hloc.matching import Accessors
from hloc.persistence.digest import Unportable, is_constant
from hloc.program import Guard, Input, LinearProgram, Output, Path, Program, Recipe, WriteBack

FROZEN = "(frozen)"
"""The parameter that no function can have."""

_NUMBERS = {"b": bool, "i": int, "f": float, "c": complex}


@dataclass(frozen=True)
class Frozen:
    """recipe: of arguments, and of FROZEN where there is something.   values, labels: its parts, and their names."""

    recipe: Recipe
    values: tuple[Any, ...]
    labels: tuple[str, ...]


def freeze(program: Program) -> Frozen:
    """The recipe of a program that stands alone. Raises Unportable, which says what it cannot do without."""
    _check_present(program)
    values: list[Any] = []
    labels: list[str] = []
    inputs = []
    for entry in program.inputs:
        if entry.path.root is not None:
            values.append(_value(entry))
            labels.append(str(entry.path))
            place = Path(None, (("item", FROZEN), ("item", len(values) - 1)))
            kind = "array" if entry.kind == "list" else entry.kind
            entry = dataclasses.replace(entry, path=place, kind=kind, donated=False)
        inputs.append(entry)
    recipe = program.recipe.replace(
        parameters=(*program.parameters, FROZEN) if values else program.parameters,
        inputs=inputs,
        guards=_guards(program),
        output=_output(program.output),
        write_backs=[WriteBack(_written(write.path), _output(write.output)) for write in program.write_backs],
    )
    return Frozen(recipe, tuple(values), tuple(labels))


def _check_present(program: Program) -> None:
    """Raises Unportable where a global has changed since the program was made."""
    accessors = Accessors(())
    for guard in program.guards:
        if all(path.root is not None for path in _paths(guard)) and not accessors.matches([guard])():
            raise Unportable(f"{guard.path} has changed since the function was lowered: lower it again")


def _value(entry: Input) -> Any:
    """What is there now; arrays as copies."""
    value = entry.path.fetch({})
    if entry.kind in ("array", "list"):
        return np.array(value, entry.type.dtype, order="C")
    return value


def _written(path: Path) -> Path:
    if path.root is not None:
        raise Unportable(f"it changes {path}, which is no argument: pass it as one")
    return path


def _output(output: Output) -> Output:
    """The recipe of a result; a global that is returned becomes a new object."""
    if isinstance(output.value, LinearProgram):
        raise Unportable(
            "the function that it returns continues what the call has computed, and lives as long as that; "
            "save one that calls it, such as lambda x, y_bar: hloc.vjp(f, x)[1](y_bar)"
        )
    if output.kind == "input" and output.path is not None and output.path.root is not None:
        return _output(output.parts[0]) if output.parts else Output("array", output.index)
    return dataclasses.replace(output, parts=tuple(map(_output, output.parts)))


# --- guards


def _guards(program: Program) -> list[Guard]:
    """The conditions on arguments. An argument that was given as a type has them from its input."""
    found = [kept for guard in program.guards if (kept := _about_arguments(guard)) is not None]
    known = {guard.path for guard in found}
    typed = [entry for entry in program.inputs if entry.path.root is None and entry.path not in known]
    return found + [_of_type(entry.path, entry.type, entry.kind) for entry in typed]


def _of_type(path: Path, type: TensorType, kind: str) -> Guard:
    return Guard(path, "array", type) if kind == "array" else Guard(path, "type", _NUMBERS[type.dtype.kind])


def _paths(guard: Guard) -> Sequence[Path]:
    if guard.kind == "distinct":
        return tuple(guard.expected)
    return (guard.path, guard.expected) if isinstance(guard.expected, Path) else (guard.path,)


def _about_arguments(guard: Guard) -> Guard | None:
    """What of a guard can be asked without the globals. Raises Unportable where an argument is one of them."""
    paths = _paths(guard)
    inner = tuple(path for path in paths if path.root is None)
    if guard.kind == "distinct":
        return Guard(guard.path, guard.kind, inner) if len(inner) > 1 else None
    if not inner:
        return None
    if len(inner) < len(paths) and guard.kind != "same":
        raise Unportable(f"what it does with {paths[0]} depends on {paths[1]}, which is no argument")
    if len(inner) < len(paths):
        return _one_object(inner[0], *(path for path in paths if path.root is not None))
    return _by_value(guard) if guard.kind in ("is", "equal") else guard


def _one_object(argument: Path, captured: Path) -> Guard:
    """An argument that is what the function finds elsewhere, such as a member of an enumeration."""
    obj = captured.fetch({})
    try:
        Importable().name(obj)
    except Unportable:
        raise Unportable(
            f"the argument {argument} is the same object as {captured}: lower it with a copy, or with a type"
        ) from None
    return Guard(argument, "is", obj)


def _by_value(guard: Guard) -> Guard:
    """A static argument: one that has a value, or an object that is known by its name."""
    if is_constant(guard.expected):
        return Guard(guard.path, "equal", guard.expected)
    if isinstance(guard.expected, types.FunctionType | types.MethodType | types.CodeType):
        raise Unportable(
            f"the argument {guard.path} is a function, whose code would be frozen: save a function that has it as a "
            "global, such as lambda x: solve(f, x)"
        )
    return guard
