"""`hloc cache list|stats|clear|verify|path`: what is in the program cache, and whether it is sound."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from hloc.cli.programs import Row, rows
from hloc.runtime import private
from hloc.runtime.cache import Cache, configured_cache, is_on
from hloc.runtime.inventory import Item, items, verified

_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = 60  # characters of argument types in a table
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("cache")
def cache_group() -> None:
    """Show, check or clear the cache of compiled programs."""


@cache_group.command()
def path() -> None:
    """Print the folder of the cache."""
    click.echo(_cache().folder)


@cache_group.command("list")
@click.argument("functions", metavar="[FUNCTION]...", nargs=-1)
@as_json
def list_command(functions: tuple[str, ...], as_json: bool) -> None:
    """List the programs.

    The one used last comes first; where functions are named, theirs only. FUNCTION is a name, with or without its
    class, or a pattern such as 'train*'.
    """
    cache = _cache()
    found = [row for row in rows(items(cache)) if not functions or row.is_of(functions)]
    if as_json:
        click.echo(json.dumps([_described(row) for row in found], indent=1))
        return
    _print_rows([row for row in found if row.kind != "function"])


@cache_group.command()
@as_json
def stats(as_json: bool) -> None:
    """Say where the cache is and how full."""
    cache = _cache()
    facts = _facts(cache)
    click.echo(json.dumps(facts, indent=1) if as_json else "\n".join(stats_lines(facts)))


@cache_group.command()
@click.argument("functions", metavar="[FUNCTION]...", nargs=-1)
@click.option("--older-than", "age", metavar="AGE", help="Only what was not used for so long: 12h, 30d, 8w.")
@as_json
def clear(functions: tuple[str, ...], age: str | None, as_json: bool) -> None:
    """Remove programs.

    All of them, or those of some functions, or those not used for some time.
    """
    before = time.time() - _seconds(age) if age else None
    chosen = [
        row
        for row in rows(items(_cache()))
        if (not functions or row.is_of(functions)) and (before is None or row.used < before)
    ]
    _remove([item for row in chosen for item in row.items], as_json)


@cache_group.command()
@click.option("--repair", is_flag=True, help="Remove what is damaged.")
@as_json
def verify(repair: bool, as_json: bool) -> None:
    """Check that no entry is damaged.

    Each is read and compared with its checksum, and its owner looked at. The exit code is 1 where some are damaged
    and stay.
    """
    cache = _cache()
    problem = cache.problem()
    if problem:
        raise click.ClickException(problem)
    found = verified(cache)
    damaged = [item for item in found if item.is_damaged]
    removed = {item.key for item in damaged if repair and private.remove(item.file.path)}
    if as_json:
        named = [
            {"path": str(item.file.path), "problem": item.problem, "removed": item.key in removed} for item in damaged
        ]
        click.echo(json.dumps({"entries": len(found), "damaged": named}, indent=1))
    else:
        for item in damaged:
            click.echo(f"{item.file.path}: {item.problem}{' (removed)' if item.key in removed else ''}")
        click.echo(f"{len(found)} entries read, {len(damaged)} damaged, {len(removed)} removed")
    if len(removed) < len(damaged):
        sys.exit(1)


def _cache() -> Cache:
    cache = configured_cache()
    if cache is None:
        raise click.ClickException("there is no place for the cache: set HLOC_CACHE_DIR")
    return cache


def _remove(chosen: Sequence[Item], as_json: bool) -> None:
    removed = [item for item in chosen if private.remove(item.file.path)]
    size = sum(item.file.size for item in removed)
    if as_json:
        click.echo(json.dumps({"removed": len(removed), "bytes": size, "failed": len(chosen) - len(removed)}))
    else:
        click.echo(f"removed {len(removed)} files, {in_bytes(size)}")
    if len(removed) < len(chosen):
        raise click.ClickException(f"{len(chosen) - len(removed)} of {len(chosen)} files cannot be removed")


def _facts(cache: Cache) -> dict[str, Any]:
    """What `stats` tells."""
    found = rows(items(cache))
    kinds = Counter(row.kind for row in found)
    programs = [row for row in found if row.kind == "program"]
    return {
        "folder": str(cache.folder),
        "on": is_on(),
        "problem": cache.problem(),
        "limit": cache.limit,
        "bytes": sum(row.size for row in found),
        "files": sum(len(row.items) for row in found),
        "programs": len(programs),
        "functions": kinds["function"],
        "unused": kinds["unused"],
        "damaged": kinds["damaged"],
        "platforms": dict(Counter(row.platform for row in programs)),
        "oldest_use": _iso(min(row.used for row in found)) if found else None,
        "latest_use": _iso(max(row.used for row in found)) if found else None,
    }


def stats_lines(facts: dict[str, Any]) -> list[str]:
    """The same, to be read."""
    limit, size = facts["limit"], facts["bytes"]
    share = f" ({size / limit:.1%})" if limit else ""
    lines = [
        f"folder     {facts['folder']}{'' if facts['on'] else '  (switched off by HLOC_CACHE)'}",
        f"size       {in_bytes(size)} of {in_bytes(limit)}{share}, {facts['files']} files",
        f"programs   {facts['programs']}, of {facts['functions']} known functions",
    ]
    if facts["problem"]:
        lines.append(f"problem    {facts['problem']}")
    if set(facts["platforms"]) - {""}:
        lines.append("platforms  " + ", ".join(f"{name or '?'} {n}" for name, n in facts["platforms"].items()))
    if facts["unused"]:
        lines.append(f"unused     {facts['unused']} (other versions, evicted or unfinished; they go with time)")
    if facts["damaged"]:
        lines.append(f"damaged    {facts['damaged']} (hloc cache verify --repair removes them)")
    if facts["latest_use"]:
        lines.append(f"last use   {facts['oldest_use']} to {facts['latest_use']}")
    return lines


def _described(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "functions": row.functions,
        "arguments": row.arguments,
        "platform": row.platform,
        "jaxlib": row.jaxlib,
        "bytes": row.size,
        "last_use": _iso(row.used),
        "keys": [item.key for item in row.items],
        "problem": row.problem,
    }


def _print_rows(found: Sequence[Row]) -> None:
    """A table on a terminal; else lines with tabs between the columns, of which nothing is cut off."""
    terminal = is_terminal()
    cells = [_cells(row, terminal) for row in found]
    if not terminal:
        for line in cells:
            click.echo("\t".join(line))
        return
    if not cells:
        click.echo("Nothing of that is in the cache.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold", box=None, pad_edge=False)
    for title in ("function", "arguments", "platform", "size", "last use", ""):
        table.add_column(title, justify="right" if title == "size" else "left", overflow="fold")
    for line in cells:
        table.add_row(*line)
    Console(highlight=False, markup=False).print(table)


def is_terminal() -> bool:
    """Whether somebody looks at what is printed."""
    return sys.stdout.isatty()


def _cells(row: Row, terminal: bool) -> list[str]:
    functions = ", ".join(row.functions) or ("?" if terminal else "")
    if not terminal:
        return [functions, row.arguments, row.platform, str(row.size), _iso(row.used), row.problem]
    arguments = row.arguments if len(row.arguments) <= _LONGEST else row.arguments[: _LONGEST - 1] + "…"
    return [functions, arguments, row.platform, in_bytes(row.size), ago(time.time() - row.used), row.problem]


def in_bytes(size: int) -> str:
    """A size for people: `1.5 MB`; units are powers of 1000."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{amount:.3g} {unit}"


def ago(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `3 h ago`."""
    if seconds < 0:
        return "in the future"
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):  # a date that no clock shows
        return ""


def _seconds(age: str) -> float:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", age)
    if not found:
        raise click.UsageError(f"--older-than: {age!r} is no age; write for example 12h, 30d or 8w")
    return float(found[1]) * _AGES[found[2]]
