"""The format of files does not change by accident: what a header may say is compared with a golden text.

A change needs a new number: raise `hloc.artefact.file.FORMAT`, then `pytest --update-golden`. Files of other formats
are refused with a message instead of read wrongly.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hloc.artefact import header
from hloc.artefact.file import FORMAT
from hloc.persistence import guards, record
from hloc.persistence.codecs import Many, Maybe, OneOf, Plain, Record, Row
from hloc.persistence.values import _READERS
from hloc.program import LinearProgram, Recipe


def described(codec: Any, seen: set[int]) -> Iterator[str]:
    """The lines of what a codec reads, each class once."""
    match codec:
        case Record() if id(codec) not in seen:
            seen.add(id(codec))
            yield codec.cls.__name__
            for name, part in codec.fields.items():
                lines = list(described(part, seen))
                yield f"  {name}: {lines[0]}"
                yield from (f"  {line}" for line in lines[1:])
        case Record():
            yield f"{codec.cls.__name__} as above"
        case Many() | Maybe():
            first, *rest = described(codec.codec, seen)
            yield f"{type(codec).__name__.lower()} {first}"
            yield from rest
        case Row():
            parts = [list(described(part, seen)) for part in codec.codecs]
            yield f"row of {', '.join(lines[0] for lines in parts)}"
            for lines in parts:
                yield from lines[1:]
        case OneOf():
            yield " | ".join(codec.words)
        case Plain():
            yield codec.cls.__name__ + (f" >= {codec.least}" if codec.cls is int and codec.least >= 0 else "")
        case _:
            yield type(codec).__name__.lstrip("_").lower()


def test_the_format(golden: Callable[[str, str], None]) -> None:
    text = list(described(header._HEADER, set()))
    text += ["guards:", *(f"  {kind}: {next(described(codec, set()))}" for kind, codec in guards._EXPECTED.items())]
    text += [f"constants: {', '.join(sorted(_READERS))}"]
    golden(f"artefact-format-{FORMAT}.txt", "\n".join(text) + "\n")


def records(codec: Any, seen: set[int]) -> Iterator[Record]:
    parts = (
        getattr(codec, "codecs", None) or list(getattr(codec, "fields", {}).values()) or [getattr(codec, "codec", None)]
    )
    if isinstance(codec, Record):
        if id(codec) in seen:
            return
        seen.add(id(codec))
        yield codec
    for part in parts:
        if part is not None:
            yield from records(part, seen)


LEFT_OUT = {Recipe: {"guards"}, LinearProgram: {"run", "shelf"}}
"""Guards are written apart; what runs a linear program is found again."""


@pytest.mark.parametrize("codec", [header._HEADER, record._KEPT, record._LINEAR], ids=["header", "kept", "linear"])
def test_every_field_is_written(codec: Record) -> None:
    """A field that a class gets later must be written, or lost with a reason."""
    for found in records(codec, set()):
        names = {field.name for field in dataclasses.fields(found.cls)}
        assert set(found.fields) == names - LEFT_OUT.get(found.cls, set()), found.cls
