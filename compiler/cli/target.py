"""Loads what a command works on: `FILE:FUNCTION`, or every decorated function of `FILE`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import click

from hloc.api import CompiledFunction, compile
from hloc.cli.arguments import existing_file
from hloc.runtime import targets
from hloc.runtime.errors import DeviceError


def load_function(target: str) -> tuple[CompiledFunction, ModuleType]:
    """The function that FILE:FUNCTION names, compiled by hloc.compile with its defaults where it is not decorated."""
    file, function = split_target(target)
    if not function:
        raise click.UsageError(f"which function of {file}? Write {file}:FUNCTION")
    module = load_module(existing_file(file))
    return named_function(module, file, function), module


def load_functions(target: str) -> list[CompiledFunction]:
    """The function that the target names, or all decorated functions of the file in order of definition."""
    file, function = split_target(target)
    module = load_module(existing_file(file))
    if function:
        return [named_function(module, file, function)]
    functions = decorated_functions(module)
    if not functions:
        raise click.UsageError(f"{file} has no function decorated with hloc.compile; name one: {file}:FUNCTION")
    return functions


def split_target(target: str) -> tuple[str, str]:
    """File and function; a drive letter is no file."""
    file, colon, function = target.rpartition(":")
    return (file, function) if colon and function.replace(".", "").isidentifier() and file else (target, "")


def load_module(path: Path) -> ModuleType:
    """Import a file as a module named after it, its folder first on the path as `python FILE` has it."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise click.UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def named_function(module: ModuleType, file: str, name: str) -> CompiledFunction:
    """A function or `Class.method` of a module. Raises click.UsageError where there is none."""
    value: object = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise click.UsageError(f"{file} defines no {name}")
        value = getattr(value, part)
    if isinstance(value, CompiledFunction):
        return value
    if not callable(value):
        raise click.UsageError(f"{name} in {file} is no function")
    return compile(value)


def known_targets(context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The devices that --target names. Raises click.BadParameter for one that is not known."""
    try:
        return tuple(str(targets.target(name)) for name in names)
    except DeviceError as error:
        raise click.BadParameter(str(error)) from error


def decorated_functions(module: ModuleType) -> list[CompiledFunction]:
    """The functions of a module that hloc.compile decorates there, each once."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, CompiledFunction) and getattr(value, "__module__", None) == module.__name__
    ]
    return list({id(value): value for value in found}.values())
