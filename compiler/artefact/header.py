"""What the header of an artefact says, as data, and as JSON by the codecs of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hloc.classes import dataclass
from hloc.persistence.codecs import (
    COUNT,
    FLAG,
    TEXT,
    Json,
    Many,
    Maybe,
    OneOf,
    Record,
    RecordError,
    References,
    Row,
    expect,
)
from hloc.persistence.guards import read_guards, write_guards
from hloc.persistence.record import MACHINES, RECIPE, STATUS
from hloc.persistence.values import CONSTANT
from hloc.program import HostStatus, Machine, Recipe
from hloc.runtime.executable import Signature
from hloc.runtime.options import BuildOptions

Needs = tuple[tuple[str, str], ...]
"""What an executable needs to run: names and values, compared with those of the process (hloc.artefact.needs)."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the function. kind: as in inspect.Parameter.   required: it has no default that can be kept."""

    name: str
    kind: str
    required: bool
    default: Any = None


@dataclass(frozen=True)
class FrozenValue:
    """A captured value: `value`, or an array of this element type and shape in a blob."""

    label: str
    value: Any = None
    dtype: str | None = None
    shape: tuple[int, ...] = ()
    blob: int = 0


@dataclass(frozen=True)
class Portable:
    """A portable StableHLO module in a blob, written for a platform, and what its results mean besides the recipe.

    version: StableHLO's, that a reader must know at least.
    """

    platform: str
    version: str
    options: BuildOptions
    blob: int
    status: HostStatus | None = None
    machines: tuple[Machine, ...] = ()


@dataclass(frozen=True)
class Code:
    """An executable in a blob, for a target, with the results of the module of its platform."""

    target: str
    platform: str
    needs: Needs
    signature: Signature
    blob: int


@dataclass(frozen=True)
class Header:
    """All but the blobs. writer: the versions that wrote the file, for people."""

    name: str
    doc: str | None
    writer: str
    parameters: tuple[Parameter, ...]
    recipe: Recipe
    frozen: tuple[FrozenValue, ...]
    modules: tuple[Portable, ...]
    codes: tuple[Code, ...]


def write_header(header: Header, references: References) -> dict[str, Json]:
    """The header as JSON. Raises Unportable."""
    written: dict[str, Json] = _HEADER.write(header, references)
    return written | {"guards": write_guards(header.recipe.guards, references)}


def read_header(data: Mapping[str, Json], references: References) -> Header:
    """The header that was written. Raises RecordError."""
    given = dict(data)
    guards = read_guards(given.pop("guards", None), references)
    header: Header = _HEADER.read(given, references)
    header.recipe.guards = guards
    return header


class _Options:
    """Build options, with the checks that they make themselves."""

    def write(self, obj: BuildOptions, references: References) -> Json:
        return _OPTIONS.write((obj.overrides.items(), obj.extra.items(), obj.fallback), references)

    def read(self, data: Json, references: References) -> BuildOptions:
        overrides, extra, fallback = _OPTIONS.read(data, references)
        try:
            return BuildOptions(dict(overrides), dict(extra), fallback)
        except ValueError as error:
            raise RecordError(str(error)) from None


class _OverrideValue:
    """The value of a debug option."""

    def write(self, obj: Any, references: References) -> Json:
        return CONSTANT.write(obj, references)

    def read(self, data: Json, references: References) -> Any:
        found = CONSTANT.read(data, references)
        if type(found) not in (str, bool, int, float):
            raise RecordError(f"the value of an option is needed, found {data!r}")
        return found


class _Default:
    """The default of a parameter: a constant, or lists and dicts of constants, which are made anew when it is read."""

    def write(self, obj: Any, references: References) -> Json:
        if type(obj) is list:
            return {"list": [self.write(item, references) for item in obj]}
        if type(obj) is dict:
            pairs = obj.items()
            return {"dict": [[CONSTANT.write(key, references), self.write(item, references)] for key, item in pairs]}
        return CONSTANT.write(obj, references)

    def read(self, data: Json, references: References) -> Any:
        if type(data) is not dict:
            return CONSTANT.read(data, references)
        if data.keys() == {"list"}:
            return Many(self, list).read(data["list"], references)
        expect(data.keys() == {"dict"}, "a default", data)
        return dict(Many(Row(CONSTANT, self)).read(data["dict"], references))


DEFAULT = _Default()
_KINDS = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD", "VAR_POSITIONAL", "KEYWORD_ONLY", "VAR_KEYWORD")
_TYPES = Many(Row(Many(COUNT), TEXT))
_OPTIONS = Row(Many(Row(TEXT, _OverrideValue())), Many(Row(TEXT, TEXT)), FLAG)
_HEADER = Record(
    Header,
    name=TEXT,
    doc=Maybe(TEXT),
    writer=TEXT,
    parameters=Many(Record(Parameter, name=TEXT, kind=OneOf(*_KINDS), required=FLAG, default=DEFAULT)),
    recipe=RECIPE,
    frozen=Many(Record(FrozenValue, label=TEXT, value=CONSTANT, dtype=Maybe(TEXT), shape=Many(COUNT), blob=COUNT)),
    modules=Many(
        Record(Portable, platform=TEXT, version=TEXT, options=_Options(), blob=COUNT, status=STATUS, machines=MACHINES)
    ),
    codes=Many(
        Record(
            Code,
            target=TEXT,
            platform=TEXT,
            needs=Many(Row(TEXT, TEXT)),
            signature=Record(Signature, inputs=_TYPES, outputs=_TYPES),
            blob=COUNT,
        )
    ),
)
