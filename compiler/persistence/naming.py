"""Numbers for all that a function reaches, the same in every process as long as the program text does the same.

    import helpers                                 0  function  area  (code, defaults, globals → 1, helpers.scaled → 2)
    def double(x): return 2 * x                    1  function  double
    def area(x): return double(helpers.scaled(x))  2  function  helpers.scaled

The way goes from the entry through globals and attributes of modules that code mentions, closures, defaults, members
of classes, and the parts of partials, methods and transformations. Objects of libraries have names instead of numbers.
Data (numbers, arrays, containers, attributes of instances) is not looked into: programs have guards for what they use
of it. Neither files nor names of the user's modules count.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from hloc.classes import dataclass
from hloc.persistence.digest import Unportable
from hloc.persistence.library import find_by_name, is_installed, library_name
from hloc.persistence.parts import describe
from hloc.runtime.hashing import sha256

LIMIT = 5000
"""Objects that a function may reach; what reaches more is not kept."""


@dataclass(eq=False)
class Node:
    """An object with a number, for people.

    label: the way to it.   kind: what it is.   own: a digest of what it is itself.   parts: those that have no numbers.
    """

    label: str
    kind: str
    own: str = ""
    parts: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class World:
    """The objects reached so far, by number, and a digest of them all."""

    objects: list[Any] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, entry: Any, label: str) -> World:
        """All that the entry reaches. Raises Unportable where that is too much."""
        world = cls()
        world.token(entry, label)
        return world

    def copy(self) -> World:
        """One that grows on its own."""
        return World(list(self.objects), list(self.nodes), dict(self.numbers), list(self.texts))

    def digest(self) -> str:
        """Equal digests mean: the same objects in the same places, by number."""
        return sha256("\n".join(self.texts).encode()).hexdigest()

    def token(self, obj: Any, label: str) -> str:
        """What stands for an object: its number, its name in a library, or its class, for data that has no identity.

        An object met for the first time gets a number, and so does all that it reaches.
        """
        found = self._known(obj)
        if found is not None:
            return found
        start = len(self.objects)
        number = self._enter(obj, label)
        while start < len(self.objects):
            self._describe(start)
            start += 1
        return f"#{number}"

    def find(self, token: str) -> Any:
        """The object that a token stands for. Raises LookupError."""
        if token.startswith("#"):
            return self.objects[int(token[1:])]
        return find_by_name(token.removeprefix("@"))

    def number(self, obj: Any) -> str | None:
        """The token of an object that has one already; None for others, and for data that has no identity."""
        number = self.numbers.get(id(obj))
        if number is not None:
            return f"#{number}"
        named = library_name(obj)
        return None if named is None else f"@{named}"

    def _known(self, obj: Any) -> str | None:
        if is_atom(obj):
            return type(obj).__name__
        number = self.numbers.get(id(obj))
        if number is not None:
            return f"#{number}"
        named = library_name(obj)
        return f"@{named}" if named is not None and not is_installed(obj) else None

    def _enter(self, obj: Any, label: str) -> int:
        number = len(self.objects)
        if number >= LIMIT:
            raise Unportable(f"{self.nodes[0].label} reaches more than {LIMIT} functions, classes and objects")
        self.numbers[id(obj)] = number
        self.objects.append(obj)
        self.nodes.append(Node(label, "object"))
        self.texts.append("")
        return number

    def _describe(self, number: int) -> None:
        """Fill in a node; its parts that are new get the next numbers."""
        obj, node = self.objects[number], self.nodes[number]
        node.kind, own, edges = describe(obj)
        texts = [node.kind, own]
        for name, part in edges:
            token = self._known(part)
            if token is None:
                token = f"#{self._enter(part, f'{node.label}.{name}' if number else name)}"
            elif not token.startswith("#"):
                node.parts[name] = token
            texts.append(f"{name}={token}")
        node.own = sha256(own.encode()).hexdigest()[:16]
        self.texts[number] = "\0".join(texts)


def is_atom(obj: Any) -> bool:
    """Data without parts and without identity."""
    return obj is None or isinstance(obj, bool | int | float | complex | str | bytes | np.generic)
