"""Prints stages side by side: one row for each source line, in each column what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hloc.cli.stages import READERS, Line, align, source_lines
from hloc.cli.texts import source_of

if TYPE_CHECKING:
    from hloc.cli.arguments import Arguments
    from hloc.cli.interface import CompiledFunction


def print_stages(function: CompiledFunction, types: Arguments, stages: Sequence[str], width: int | None) -> None:
    """Print stages side by side. In each column the number is the source line that a line comes from."""
    columns = list(stage_columns(function, types, stages))
    table = Table(title=None, header_style="bold", row_styles=["", "dim"] if len(columns) > 1 else [""])
    for stage in stages:
        table.add_column(stage, overflow="fold", ratio=1)
    for row in align(columns):
        table.add_row(*(_cell(stage, cell) for stage, cell in zip(stages, row.cells, strict=True)))
    Console(width=width, highlight=False).print(table)


def stage_columns(function: CompiledFunction, types: Arguments, stages: Sequence[str]) -> Iterator[list[Line]]:
    """The lines of each stage with their source lines."""
    text, first, file = source_of(function)
    lowered = function.lower(*types.positional, **types.keywords) if set(stages) != {"source"} else None
    for stage in stages:
        if lowered is None or stage == "source":
            yield source_lines(text, first)
        elif stage == "hlo":
            yield READERS[stage](lowered.compile().optimized_hlo, file)
        else:
            yield READERS[stage](lowered.with_places(stage), file)


def _cell(stage: str, lines: Iterable[Line]) -> Text:
    """Lines with the number of the source line before them; it is not repeated for neighbours."""
    text, before = Text(), 0
    for line in lines:
        number = str(line.source) if line.source and line.source != before else ""
        before = line.source or before
        text.append(f"{number:>4} ", style="cyan")
        text.append(line.text + "\n", style="" if stage != "source" else "bold")
    text.rstrip()
    return text
