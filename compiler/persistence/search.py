"""One search for the program of a function, for these arguments and what the function reaches now.

    key of the function   environment, build of hloc, options, all that the function reaches    → questions, room
    key of the program    that key, questions, their answers                                    → record, code's key

So a hit reads three files and parses nothing: the questions of the function, the record of the program, the executable.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.calling import BoundProgram
from hloc.classes import dataclass
from hloc.persistence import record
from hloc.persistence.codecs import Json
from hloc.persistence.digest import Unportable
from hloc.persistence.history import Snapshot, nearest, recall, remember, settings_of
from hloc.persistence.learned import Learned
from hloc.persistence.lookup import ask, reply
from hloc.persistence.naming import World
from hloc.persistence.own_build import own_build
from hloc.persistence.references import WorldReferences
from hloc.program import Guard, LinearProgram, Output, Recipe
from hloc.runtime.cache import Cache
from hloc.runtime.compile import load_program, program_key
from hloc.runtime.entries import Entry
from hloc.runtime.workspace import lending

if TYPE_CHECKING:
    from hloc.options import CompileOptions

MOST_QUESTIONS = 64
"""Lists of questions that are kept for a function; the oldest go first."""


@dataclass
class Manifest:
    """What is kept about a function: the lists of questions that its programs ask, newest first, and learned room."""

    questions: list[list[Json]] = field(default_factory=list)
    learned: Learned = field(default_factory=Learned)

    def as_json(self) -> dict[str, Json]:
        learned = self.learned
        return {
            "questions": self.questions,
            "capacities": [*learned.capacities.items()],
            "rows": learned.rows,
            "print_capacity": learned.print_capacity,
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Json]) -> Manifest:
        """Raises LookupError, TypeError, ValueError for what is none."""
        learned = Learned(
            {int(site): int(room) for site, room in data["capacities"]},
            {str(name): int(room) for name, room in data["rows"].items()},
            int(data["print_capacity"]),
        )
        return cls([list(questions) for questions in data["questions"]], learned)


class Search:
    """Finds or keeps programs of one function.

    Raises: Unportable, where the function has no key.
    """

    def __init__(
        self, function: Any, name: str, arguments: Mapping[str, Any], options: CompileOptions, cache: Cache
    ) -> None:
        self.arguments = arguments
        self.world = World.of(function, name)
        self._cache = cache
        self._name = name
        self._options = options
        self.key = program_key("function", own_build(), repr(options), json.dumps([*arguments]), self.world.digest())
        self.manifest = self._read_manifest()

    def _read_manifest(self) -> Manifest:
        entry = self._cache.load(self.key)
        if entry is None:
            return Manifest()
        try:
            return Manifest.of_json(entry.metadata)
        except (LookupError, AttributeError, TypeError, ValueError) as error:
            self._cache.discard(self.key, str(error))
            return Manifest()

    def load(self) -> BoundProgram | None:
        """A program that holds now; None where there is none, or it cannot be used."""
        for questions in self.manifest.questions:
            world = self.world.copy()
            references = WorldReferences(world)
            found = reply(questions, world, references, self.arguments)
            if found is not None:
                guards, answers = found
                key = self._program_key(questions, answers, world)
                bound = Shelf(key, self._cache, references).load(guards)
                if bound is not None and bound.matches(*self.arguments.values()):
                    return bound
        return None

    def keep(self, bound: BoundProgram, learned: Learned) -> None:
        """Keep a new program. Raises Unportable, which says why that is not possible."""
        world = self.world.copy()
        references = WorldReferences(world)
        questions, answers = ask(bound.recipe.guards, world, references)
        Shelf(self._program_key(questions, answers, world), self._cache, references).keep(bound)
        manifest = self._read_manifest()  # another process may have written it meanwhile
        manifest.learned.merge(learned)
        manifest.questions = [questions, *(known for known in manifest.questions if known != questions)]
        del manifest.questions[MOST_QUESTIONS:]
        self._cache.store(self.key, Entry({**manifest.as_json(), "function": self._name}))
        remember(self._cache, self._name, [*self.arguments], self._snapshot(bound.recipe))

    def explain(self, program: Recipe) -> list[str]:
        """Whether a program for these arguments is there; if not, what differs from the nearest, or why it cannot be.

        program: what the front end makes of them.
        """
        if any(self._is_there(questions) for questions in self.manifest.questions):
            return ["hit"]
        world = self.world.copy()
        references = WorldReferences(world)
        try:
            ask(program.guards, world, references)
            record.write(record.Kept(program.replace(guards=[])), references)
        except Unportable as error:
            return [f"not kept: {error}"]
        differences = nearest(self._snapshot(program), recall(self._cache, self._name, [*self.arguments]))
        if differences is None:
            return ["miss: the cache has no program of this function"]
        return [f"miss: {difference}" for difference in differences or ["the program was removed or is damaged"]]

    def _is_there(self, questions: list[Json]) -> bool:
        world = self.world.copy()
        found = reply(questions, world, WorldReferences(world), self.arguments)
        entry = None if found is None else self._cache.load(self._program_key(questions, found[1], world))
        return entry is not None and self._cache.path(entry.metadata["executable"]).exists()

    def _snapshot(self, recipe: Recipe) -> Snapshot:
        versions = {
            "Python": sys.version.split()[0],
            "NumPy": np.__version__,
            "the build of hloc": own_build()[:12],
            "jaxlib, device, processor and their settings": program_key()[:12],
        }
        return Snapshot.of(settings_of(self._options, versions), self.world, recipe)

    def _program_key(self, questions: Sequence[Json], answers: Sequence[str], world: World) -> str:
        return program_key(self.key, json.dumps(questions), json.dumps(answers), world.digest())


class Shelf:
    """The place of one program in the cache."""

    def __init__(self, key: str, cache: Cache, references: WorldReferences) -> None:
        self.key = key
        self._cache = cache
        self._references = references

    def load(self, guards: Sequence[Guard] = ()) -> BoundProgram | None:
        """The program; None where there is none, or it cannot be used."""
        entry = self._cache.load(self.key)
        if entry is None:
            return None
        try:
            kept = record.read(entry.metadata["record"], self._references)
            executable = entry.metadata["executable"]
            found = load_program(executable, cache=self._cache)
        except (LookupError, AttributeError, TypeError, ValueError) as error:
            self._cache.discard(self.key, str(error))
            return None
        if found is None:
            return None
        recipe = kept.recipe.replace(guards=[*guards])
        self._label_linear(recipe.output)
        return BoundProgram(
            recipe, lending(found.executable, len(recipe.inputs)), kept.status, kept.machines, executable
        )

    def keep(self, bound: BoundProgram) -> None:
        """Put a program here, in place of what is here. Raises Unportable."""
        if bound.key is None:
            raise Unportable("its executable is not in the cache")
        kept = record.Kept(bound.recipe, bound.status, tuple(bound.machines))
        metadata = {"record": record.write(kept, self._references), "executable": bound.key}
        self._cache.store(self.key, Entry({**metadata, "function": bound.recipe.name}))
        self._label_linear(bound.recipe.output)

    def clear(self) -> None:
        """Take away the program."""
        self._cache.remove(self.key)

    def _label_linear(self, output: Output) -> None:
        """Tell the second half of hloc.vjp and hloc.linearize where its place is."""
        for part in output.parts:
            if isinstance(part.value, LinearProgram):
                part.value.shelf = Shelf(program_key(self.key, "linear"), self._cache, self._references)
