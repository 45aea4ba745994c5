"""Prints stages side by side: one row for each source line, in each column what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hloc.cli.stages import READERS, Line, align, source_lines
from hloc.cli.texts import source_of

if TYPE_CHECKING:
    from hloc.api import CompiledFunction
    from hloc.cli.arguments import Arguments

NUMBER = 5  # columns of the line number and the space after it
FRAME = 3  # columns of the frame and the padding of one column
LEAST = 20  # columns of text that are shown even where the terminal is too narrow


def print_stages(function: CompiledFunction, types: Arguments, stages: Sequence[str], width: int | None) -> None:
    """Print stages side by side. In each column the number is the source line that a line comes from."""
    console = Console(width=width, highlight=False)
    columns = list(stage_columns(function, types, stages))
    needed = [max((len(line.text) for line in lines), default=0) + NUMBER for lines in columns]
    widths = share(needed, console.width - FRAME * len(columns) - 1)
    table = Table(
        header_style="bold", show_lines=len(columns) > 1, box=box.HORIZONTALS if len(columns) == 1 else box.SQUARE
    )
    for stage, column_width in zip(stages, widths, strict=True):
        table.add_column(stage, width=column_width)
    for row in align(columns):
        table.add_row(*map(_cell, row.cells, widths))
    console.width = max(console.width, sum(widths) + FRAME * len(columns) + 1)
    console.print(table)


def share(needed: Sequence[int], width: int) -> list[int]:
    """Widths of columns: what each needs where that fits, else equal shares of what the narrow ones leave."""
    widths = list(needed)
    wide = sorted(range(len(widths)), key=lambda i: -needed[i])
    while wide and sum(widths) > width:
        narrow = sum(needed[i] for i in range(len(widths)) if i not in wide)
        each = max((width - narrow) // len(wide), LEAST)
        if needed[wide[-1]] <= each:
            wide.pop()
            continue
        for i in wide:
            widths[i] = each
        break
    return widths


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


def _cell(lines: Iterable[Line], width: int) -> Text:
    """Lines with the number of the source line before them, not repeated for neighbours; long lines are broken."""
    text, before = Text(), 0
    for line in lines:
        number = str(line.source) if line.source and line.source != before else ""
        before = line.source or before
        indent = " " * (len(line.text) - len(line.text.lstrip()) + 4)
        parts = wrap(line.text, width - NUMBER, subsequent_indent=indent[: width // 2], break_on_hyphens=False) or [""]
        for i, part in enumerate(parts):
            text.append(f"{number if i == 0 else '':>{NUMBER - 1}} ", style="cyan")
            text.append(part.rstrip() + "\n")
    text.rstrip()
    return text
