"""A program as a Python function for people: the user's parameters, the user's results, and what computes them."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hloc.ir.core import Module, walk
from hloc.ir.names import Namer, identifier
from hloc.ir.to_python import Face, to_python
from hloc.ir.types import TensorType
from hloc.program import Input, Output, Path, Program


def readable(program: Program) -> str:
    """The text of a program that computes only results (see `hloc.pipeline.make_program`, status)."""
    entry = face(program)
    _make_room(program.module, entry.name)
    return to_python(program.module, comments=True, clamp=False, face=entry)


def _make_room(module: Module, name: str) -> None:
    """Give another name to a function that is called as the entry is to be: it calls itself and not the entry."""
    if name not in module.functions or name == module.main:
        return
    new = Namer(module.functions).unique(name)
    for function in module.functions.values():
        for op in walk(function.block):
            op.attrs = {key: new if value == name else value for key, value in op.attrs.items()}
    module.functions[name].name = new
    module.functions = {function.name: function for function in module.functions.values()}


def face(program: Program) -> Face:
    """The signature of a program."""
    captured = {_root(entry.path): None for entry in program.inputs if entry.path.root is not None}
    return Face(
        name=_name(program.name),
        parameters=program.parameters,
        captured=tuple(name for name in captured if name not in program.parameters),
        documentation=_documentation(program.inputs),
        inputs=tuple(_text(entry.path) for entry in program.inputs),
        conversions=tuple(map(_conversion, program.inputs)),
        numbers=tuple(entry.kind == "number" for entry in program.inputs),
        result=_result(program.output),
    )


def _name(name: str) -> str:
    found = identifier(name.strip("<>")) or "function"
    return f"{found}_" if keyword.iskeyword(found) else found


def _root(path: Path) -> str:
    """The name of the parameter by which an object comes in."""
    found = [str(key) for kind, key in path.steps if kind in ("global", "closure", "item", "attr")]
    return identifier(found[0]) if found else "captured"


def _text(path: Path) -> str:
    """`params[0][1]`."""
    name, rest = _root(path), path.steps[1:]
    return name + "".join(f".{key}" if kind == "attr" else f"[{key!r}]" for kind, key in rest)


def _conversion(entry: Input) -> str:
    name = "bool_" if entry.type.dtype.kind == "b" else entry.type.dtype.name
    if entry.kind == "list":
        return f"np.array({{}}, np.{name})"
    return f"np.{name}({{}})" if not entry.type.rank else ""


# --- types


@dataclass
class _Node:
    """Types by the way to them."""

    type: TensorType | None = None
    parts: dict[tuple[str, object], _Node] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.type is not None:
            return str(self.type)
        named = any(kind == "attr" or isinstance(key, str) for kind, key in self.parts)
        texts = [f"{key}: {part}" if named else str(part) for (_, key), part in self.parts.items()]
        return "{" + ", ".join(texts) + "}" if named else "(" + ", ".join(texts) + ")"


def _documentation(inputs: Iterable[Input]) -> str:
    """`params: (f64[3,2], f64[2]), x: f64[3]`."""
    roots: dict[str, _Node] = {}
    for entry in inputs:
        node = roots.setdefault(_root(entry.path), _Node())
        for step in entry.path.steps[1:]:
            node = node.parts.setdefault(step, _Node())
        node.type = entry.type
    return ", ".join(f"{name}: {node}" for name, node in roots.items())


# --- results


def _result(output: Output) -> str:
    parts = [_result(part) for part in output.parts]
    if output.kind in ("array", "scalar", "number"):
        return f"_{output.index}_"
    if output.kind == "list_array":
        return f"_{output.index}_.tolist()"
    if output.kind == "input" and output.path is not None:
        return _text(output.path)
    if output.kind == "tuple":
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if output.kind == "list":
        return f"[{', '.join(parts)}]"
    if output.kind in ("dict", "object"):
        return "{" + ", ".join(_items(output, parts)) + "}"
    return repr(output.value) if isinstance(output.value, bool | int | float | complex | str | None) else "..."


def _items(output: Output, parts: list[str]) -> Iterator[str]:
    for key, part in zip(output.keys, parts, strict=True):
        yield f"{key!r}: {part}"
