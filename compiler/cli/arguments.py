"""Reads the arguments of a function from the command line: types for `compile`, values for `run`.

read_types("f64[100,100], i64, axis=0")         two abstract arguments and a value by keyword
read_values("np.ones(3), data.csv, k=2", {…})   values: Python expressions and files
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from hloc.api import type_spec
from hloc.program import TypeSpec

FILE_SUFFIXES = (".npy", ".npz", ".csv")
_TYPE_NAME = re.compile(r"b1|[iu](8|16|32|64)|f(16|32|64)|c(64|128)")
_PYTHON_TYPES = {"bool": "b1", "int": "i64", "float": "f64", "complex": "c128"}
_OPENING, _CLOSING = "([{", ")]}"


@dataclass
class Arguments:
    """The arguments of one call."""

    positional: list[Any] = field(default_factory=list)
    keywords: dict[str, Any] = field(default_factory=dict)


def read_types(text: str) -> Arguments:
    """Abstract arguments: types (`f64[3,4]`, `i64`), nested in tuples, lists and dicts, beside literal values.

    Raises click.UsageError for anything else.
    """
    try:
        call = ast.parse(f"_({text}\n)", mode="eval").body
    except SyntaxError as error:
        raise _no_types(text) from error
    if not isinstance(call, ast.Call) or None in [k.arg for k in call.keywords]:
        raise _no_types(text)
    keywords = {k.arg: _abstract(k.value) for k in call.keywords if k.arg}
    return Arguments([_abstract(node) for node in call.args], keywords)


def annotated_types(function: Callable[..., Any]) -> Arguments:
    """Abstract arguments from annotations: `x: "f64[3,4]"`, `n: int`; parameters with a default are left out.

    Raises click.UsageError where an annotation is missing or says no type.
    """
    types = Arguments()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            continue
        value = _annotated_type(parameter.annotation)
        if value is None:
            raise click.UsageError(f"the type of argument {parameter.name} is not known: annotate it or give --args")
        if parameter.kind is parameter.KEYWORD_ONLY:
            types.keywords[parameter.name] = value
        else:
            types.positional.append(value)
    return types


def read_values(text: str, names: Mapping[str, Any]) -> Arguments:
    """Values: Python expressions over `names`, and paths of .npy, .npz (`file.npz:name`) and .csv files.

    Raises click.UsageError for an expression that fails and a file that cannot be read.
    """
    arguments = Arguments()
    for item in split(text):
        keyword = re.match(r"([A-Za-z_]\w*)\s*=(?!=)\s*", item)
        value = _value(item[keyword.end() :] if keyword else item, names)
        if keyword:
            arguments.keywords[keyword[1]] = value
        else:
            arguments.positional.append(value)
    return arguments


def split(text: str) -> list[str]:
    """The parts between commas that are in no bracket and no string."""
    parts, depth, quote, start = [], 0, "", 0
    for i, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[i - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in _OPENING + _CLOSING:
            depth += 1 if character in _OPENING else -1
        elif character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def load_file(path: str) -> Any:
    """The array in a .npy file, a .npz file (`file.npz:name`) or a .csv file of numbers (a header is skipped)."""
    file, _, name = path.partition(".npz:")
    if name or path.endswith(".npz"):
        with np.load(file + ".npz" if name else path) as arrays:
            if not name and len(arrays.files) != 1:
                raise ValueError(f"it holds {', '.join(arrays.files)}: write {path}:NAME")
            return arrays[name or arrays.files[0]]
    if path.endswith(".npy"):
        return np.load(path)
    with open(path, encoding="utf-8-sig") as lines:
        header = not _numbers(lines.readline())
    return np.loadtxt(path, delimiter=",", skiprows=int(header), ndmin=2, encoding="utf-8-sig")


def _numbers(line: str) -> bool:
    try:
        return bool([float(cell) for cell in line.split(",")])
    except ValueError:
        return False


def _value(text: str, names: Mapping[str, Any]) -> Any:
    if text.endswith(FILE_SUFFIXES) or re.search(r"\.npz:\w+$", text):
        try:
            return load_file(text)
        except (OSError, ValueError, KeyError) as error:
            raise click.UsageError(f"{text} cannot be read: {error}") from error
    try:
        return eval(text, dict(names))
    except Exception as error:
        raise click.UsageError(f"--args: {text!r} fails with {type(error).__name__}: {error}") from error


def _abstract(node: ast.expr) -> Any:
    """What one argument of `--args` means: types become abstract arguments, literals stay."""
    text = ast.unparse(node)
    if isinstance(node, ast.Name | ast.Subscript) and _TYPE_NAME.match(text):
        return _type_spec(text)
    if isinstance(node, ast.Tuple):
        return tuple(map(_abstract, node.elts))
    if isinstance(node, ast.List):
        return list(map(_abstract, node.elts))
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {
            ast.literal_eval(key): _abstract(value) for key, value in zip(node.keys, node.values, strict=True) if key
        }
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise _no_types(text) from error


def _type_spec(text: str) -> TypeSpec:
    """The abstract argument that `f64[3,4]` means."""
    spec = type_spec(text.replace("(", "").replace(")", ""))
    if not isinstance(spec, TypeSpec):
        raise _no_types(text)
    return spec


def _annotated_type(annotation: Any) -> Any:
    """The abstract argument of an annotation; None where it says none."""
    name = annotation.__name__ if isinstance(annotation, type) else annotation
    if not isinstance(name, str):
        return None
    name = _PYTHON_TYPES.get(name, name.strip("'\""))
    return _type_spec(name) if _TYPE_NAME.match(name) else None


def _no_types(text: str) -> click.UsageError:
    return click.UsageError(f"--args: {text!r} is no list of types; write for example 'f64[1000,1000], i64'")


def existing_file(path: str) -> Path:
    """The path, where there is a file. Raises click.UsageError."""
    if not Path(path).is_file():
        raise click.UsageError(f"no file {path}")
    return Path(path)
