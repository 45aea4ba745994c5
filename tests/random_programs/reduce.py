"""Makes a failing program smaller: statements dropped, blocks replaced by their bodies, expressions by a part of them.

python -m tests.random_programs.reduce 1234            # the program of a seed, or a file with its source
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import random
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .check import compare
from .generator import Program, generate

SECONDS = 20
UNFIT = (ast.Slice, ast.Starred, ast.FormattedValue, ast.JoinedStr)


def _stop(*_: object) -> None:
    raise TimeoutError


def reduce(program: Program, fails: Callable[[Program], bool]) -> Program:
    """A program that fails still, and from which no single step takes anything away."""
    for arguments in program.arguments:
        single = dataclasses.replace(program, arguments=(arguments,))
        if fails(single):
            program = single
            break
    for statements in (True, False):
        while (candidate := _step(program, fails, statements)) is not None:
            program = candidate
    return program


def _step(program: Program, fails: Callable[[Program], bool], statements: bool) -> Program | None:
    """The first smaller program that fails still, whole statements taken away or parts of expressions."""
    for source in smaller(program.source, statements):
        candidate = dataclasses.replace(program, source=source)
        if fails(candidate):
            return candidate
    return None


def smaller(source: str, statements: bool) -> Iterator[str]:
    """Texts of programs with one thing taken away, smallest first."""
    tree = ast.parse(source)
    count = sum(1 for _ in _edits(tree, statements))
    edits = set()
    for j in range(count):
        changed = copy.deepcopy(tree)
        next(edit for i, edit in enumerate(_edits(changed, statements)) if i == j)()
        edits.add(ast.unparse(ast.fix_missing_locations(changed)) + "\n")
    plain = ast.unparse(tree)
    yield from sorted((e for e in edits if len(e) <= len(plain)), key=len)


def _edits(tree: ast.AST, statements: bool) -> Iterator[Callable[[], Any]]:
    for node in ast.walk(tree):
        for name, value in () if isinstance(node, ast.JoinedStr) else ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                for j, stmt in enumerate(value if statements else ()):
                    yield from _statement_edits(node, name, value, j, stmt)
            elif statements:
                continue
            elif isinstance(value, ast.expr) and isinstance(getattr(value, "ctx", ast.Load()), ast.Load):
                for part in _parts(value):
                    yield lambda node=node, name=name, part=part: setattr(node, name, part)
            elif isinstance(value, list) and not isinstance(node, ast.arguments):
                for j, item in enumerate(value):
                    if isinstance(item, ast.expr) and isinstance(getattr(item, "ctx", ast.Load()), ast.Load):
                        for part in _parts(item):
                            yield lambda value=value, j=j, part=part: value.__setitem__(j, part)


def _statement_edits(
    node: ast.AST, name: str, body: list[ast.stmt], j: int, stmt: ast.stmt
) -> Iterator[Callable[[], Any]]:
    rest = [*body[:j], *body[j + 1 :]]
    yield lambda: setattr(node, name, rest or ([] if name == "orelse" else [ast.Pass()]))
    for inner in ("body", "orelse"):
        block = getattr(stmt, inner, None)
        if isinstance(block, list) and block and not isinstance(stmt, ast.FunctionDef):
            yield lambda block=block: setattr(node, name, [*body[:j], *block, *body[j + 1 :]])


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    """Expressions that may stand for this one."""
    if isinstance(value, ast.Constant | ast.Name | ast.JoinedStr):
        return
    for child in ast.walk(value):
        if child is not value and isinstance(child, ast.expr) and not isinstance(child, UNFIT):
            if isinstance(getattr(child, "ctx", ast.Load()), ast.Load):
                yield child
    yield ast.Constant(1)


def reduce_like(program: Program, printed: bool = False) -> Program:
    """The smallest program found with the same sort of fault."""
    wanted = compare(program, printed).sort

    def fails(candidate: Program) -> bool:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            return compare(candidate, printed).sort == wanted
        except TimeoutError:  # it may no longer end
            return False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, _stop)

    return reduce(program, fails)


if __name__ == "__main__":
    given = sys.argv[1]
    found = reduce_like(generate(random.Random(int(given))), printed="--printed" in sys.argv)
    print(found.source, found.arguments, compare(found), sep="\n")
