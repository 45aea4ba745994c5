"""Turns the report of an error into plain text: message, place, source with carets, labels, notes, help.

    dot: inner dimensions differ, 4 and 5
      --> mlp.py:12, in layer
       12 |     h = np.dot(w, x) + b
          |         ^^^^^^^^^^^^
      w: f32[3,4], argument of layer (mlp.py:10)     x: f32[5], from x[0] (mlp.py:11)
      help: np.dot contracts the last dimension of w with the first of x

Python's traceback and the command line put the class before it: `hloc.ShapeError: dot: …`.
"""

from __future__ import annotations

import linecache
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hloc.diagnostics.errors import Label, Report
    from hloc.diagnostics.span import Span

WIDTH = 100  # columns of source shown of one line, and of labels put side by side
TAB = 4  # columns of a tab stop
_WHOLE_LINES = 4  # a longer span is shown by its first two lines and its last
_MARGIN = 5  # columns of the line number
_LABEL_GAP = " " * 5


def render(report: Report) -> str:
    """The text of an error, first line the message; no trailing newline."""
    lines = [_hanging(report.message, "  ")]
    if report.span is not None and report.span.line > 0:
        lines += [_place_line(report.span), *_source_lines(report.span)]
    lines += _label_lines(report.labels, report.span)
    lines += [_hanging(f"  note: {note}", " " * 8) for note in report.notes]
    if report.help:
        lines.append(_hanging(f"  help: {report.help}", " " * 8))
    return "\n".join(lines)


def display_path(file: str) -> str:
    """How a source file is named to the user: relative to the working directory where it lies below it."""
    cell = re.match(r"<ipython-input-(\d+)-", file)
    if cell:
        return f"In[{cell[1]}]"
    if re.search(r"[/\\]ipykernel_\d+[/\\]", file):
        return "notebook cell"
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return file


def _hanging(text: str, indent: str) -> str:
    """Text whose second and later lines start with `indent`."""
    return text.replace("\n", "\n" + indent)


def _place_line(span: Span) -> str:
    function = f", in {span.function}" if span.function else ""
    return f"  --> {display_path(span.file)}:{span.line}{function}"


def _label_lines(labels: Sequence[Label], main: Span | None) -> list[str]:
    """Labels side by side where one line holds them, else one a line."""
    texts = [_hanging(_label_text(label, main), "  ") for label in labels]
    joined = "  " + _LABEL_GAP.join(texts)
    if len(joined) <= WIDTH and "\n" not in joined:
        return [joined] if texts else []
    return ["  " + text for text in texts]


def _label_text(label: Label, main: Span | None) -> str:
    """A label and its place; in the file of the error itself the file's last name is enough."""
    span = label.span
    if span is None or span.line <= 0:
        return label.text
    path = display_path(span.file)
    same_file = main is not None and main.file == span.file
    return f"{label.text} ({Path(path).name if same_file else path}:{span.line})"


def _source_lines(span: Span) -> Iterator[str]:
    """The numbered source lines of a span with carets under it; nothing where the source is not to be had."""
    # As the front end read them: no check whether the file has changed since, notebook cells included.
    # exec() and `python -c` share the name <string>: the text under it may be another's
    source = [] if span.file == "<string>" else linecache.getlines(span.file)
    last = min(max(span.end_line, span.line), len(source))
    margin = max(_MARGIN, len(str(last)) + 3)
    numbers = range(span.line, last + 1)
    shown = numbers if len(numbers) <= _WHOLE_LINES else [span.line, span.line + 1, last]
    previous = span.line - 1
    for number in shown:
        if number != previous + 1:
            yield f"{'...':>{margin}} |"
        previous = number
        text = source[number - 1].rstrip()
        if text:
            line, carets = _underlined(text, *_columns(span, number, text))
            yield f"{number:>{margin}} | {line}"
            yield f"{'':>{margin}} | {carets}"


def _columns(span: Span, number: int, text: str) -> tuple[int, int]:
    """Where on line `number`, as characters from and to, the span lies; at least one character."""
    indent = len(text) - len(text.lstrip())
    start = min(span.column if number == span.line else indent, len(text))
    end = min(span.end_column if number == span.end_line else len(text), len(text))
    return start, max(end, start + 1)


def _underlined(text: str, start: int, end: int) -> tuple[str, str]:
    """A source line as shown, at most WIDTH columns of it, and the carets under characters start to end."""
    cells = _cells(text)
    first, cells, more = _window(cells, start, end)
    before = sum(width for _, width in cells[: start - first])
    under = sum(width for _, width in cells[start - first : end - first])
    left = "…" if first else ""
    shown = left + "".join(character for character, _ in cells) + ("…" if more else "")
    return shown.rstrip(), " " * (len(left) + before) + "^" * max(under, 1)


def _cells(text: str) -> list[tuple[str, int]]:
    """What is printed for each character, and its columns: tabs expanded, wide and combining characters measured."""
    cells: list[tuple[str, int]] = []
    column = 0
    for character in text:
        if character == "\t":
            width = TAB - column % TAB
            cells.append((" " * width, width))
        elif unicodedata.category(character) in ("Mn", "Me", "Cf"):
            width = 0
            cells.append((character, width))
        else:
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            cells.append((character if character.isprintable() else "�", width))
        column += width
    return cells


def _window(cells: list[tuple[str, int]], start: int, end: int) -> tuple[int, list[tuple[str, int]], bool]:
    """The stretch of a long line around its marked characters: first character, cells, whether more follow."""
    if sum(width for _, width in cells) <= WIDTH:
        return 0, cells, False
    spare = max(WIDTH - sum(width for _, width in cells[start:end]), WIDTH // 4)
    first = start
    while first > 0 and sum(width for _, width in cells[first:start]) < spare // 2:
        first -= 1
    last = first
    columns = 0
    while last < len(cells) and columns + cells[last][1] <= WIDTH:
        columns += cells[last][1]
        last += 1
    return first, cells[first:last], last < len(cells)
