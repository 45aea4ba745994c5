"""What the latest programs of a function depended on, so that a miss can be explained.

scale: was float 2.0, is float 3.0        helper: its code has changed        x: was f64[100], is f64[200]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hloc.classes import dataclass
from hloc.persistence.codecs import Json
from hloc.persistence.naming import World
from hloc.program import Guard, Recipe
from hloc.runtime.cache import Cache
from hloc.runtime.entries import Entry
from hloc.runtime.hashing import sha256

if TYPE_CHECKING:
    from hloc.options import CompileOptions

MOST = 8
"""Programs of one function that are remembered."""

_CHANGED = {"function": "its code has changed", "class": "what it defines has changed"}


@dataclass(frozen=True)
class Snapshot:
    """What one program depends on.

    settings: how it was compiled, by name.   nodes: [label, kind, digest, parts by name] of what the function reaches.
    answers: what its guards expect, by what they ask.
    """

    settings: dict[str, str]
    nodes: list[Json]
    answers: dict[str, str]

    @classmethod
    def of(cls, settings: Mapping[str, str], world: World, recipe: Recipe) -> Snapshot:
        nodes = [[node.label, node.kind, node.own, node.parts] for node in world.nodes]
        arrays = [entry for entry in recipe.inputs if entry.kind == "array"]  # of one given by its type, no guard tells
        types = {str(entry.path): str(entry.type) for entry in arrays}
        return cls({**settings}, nodes, {**types, **dict(map(_answer, recipe.guards))})

    def differences(self, then: Snapshot) -> list[str]:
        """What is not as it was then, in words."""
        found = [*_differences(self.settings, then.settings), *self._reached(then)]
        return list(dict.fromkeys([*found, *_differences(self.answers, then.answers)]))

    def _reached(self, then: Snapshot) -> Iterator[str]:
        before = {node[0]: node for node in then.nodes}
        for label, kind, own, parts in self.nodes:
            if label not in before:
                continue
            _, old_kind, old, old_parts = before[label]
            if kind != old_kind:
                yield f"{label}: was a {old_kind}, is a {kind}"
            elif own != old:
                yield f"{label}: {_CHANGED.get(kind, 'it has changed')}"
            shared = {name: _short(token) for name, token in parts.items() if name in old_parts}
            yield from _differences(shared, {name: _short(old_parts[name]) for name in shared})
        if [node[0] for node in self.nodes] != [*before]:
            new = [node[0] for node in self.nodes if node[0] not in before]
            gone = sorted(before.keys() - {node[0] for node in self.nodes})
            yield from (f"{label}: is used now" for label in new)
            yield from (f"{label}: is not used any more" for label in gone)


def settings_of(options: CompileOptions, versions: Mapping[str, str]) -> dict[str, str]:
    """How a program is compiled, for people."""
    return {**versions, **{f"option {field.name}": repr(getattr(options, field.name)) for field in fields(options)}}


def remember(cache: Cache, name: str, parameters: Sequence[str], snapshot: Snapshot) -> None:
    """Add what a new program depends on."""
    known = [item for item in recall(cache, name, parameters) if item != snapshot]
    kept = [[item.settings, item.nodes, item.answers] for item in (snapshot, *known)][:MOST]
    cache.store(_key(name, parameters), Entry({"function": name, "history": kept}))


def recall(cache: Cache, name: str, parameters: Sequence[str]) -> list[Snapshot]:
    """What programs of functions of this name depend on, the latest first."""
    entry = cache.load(_key(name, parameters))
    if entry is None:
        return []
    try:
        return [Snapshot(*item) for item in entry.metadata["history"]]
    except (LookupError, TypeError):
        return []


def nearest(now: Snapshot, known: Sequence[Snapshot]) -> list[str] | None:
    """How the nearest of the programs differs; None where there is none."""
    return min((now.differences(then) for then in known), key=len, default=None)


def _key(name: str, parameters: Sequence[str]) -> str:
    return sha256(json.dumps(["history", 1, name, *parameters]).encode()).hexdigest()


def _differences(now: Mapping[str, str], then: Mapping[str, str]) -> Iterator[str]:
    for name, value in now.items():
        old = then.get(name)
        if old is not None and old != value:
            yield f"{name}: was {old}, is {value}"


def _answer(guard: Guard) -> tuple[str, str]:
    """What a guard asks, and what it expects."""
    name, expected = str(guard.path), guard.expected
    match guard.kind:
        case "type" | "elements":
            return name, getattr(expected, "__name__", str(expected))
        case "keys":
            cls, keys = expected
            return (
                f"{name} as a container",
                f"{cls.__name__} of {keys if isinstance(keys, int) else ', '.join(map(str, keys))}",
            )
        case "array":
            return name, str(expected)
        case "is" | "equal":
            return f"{name}{'' if guard.kind == 'equal' else ' itself'}", _shown(expected)
    return f"{name} {guard.kind}", "yes"


def _shown(obj: Any) -> str:
    """An object in a few words that are the same in every process."""
    if obj is None or isinstance(obj, bool | int | float | complex | str | bytes):
        text = repr(obj)
        return text if len(text) < 60 else f"{text[:56]} ..."
    return str(getattr(obj, "__name__", type(obj).__name__))


def _short(token: str) -> str:
    """The name of an object of a library without what it belongs to."""
    return token.rpartition(" ")[2].removeprefix("builtins:").replace(":", ".")
