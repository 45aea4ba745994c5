"""gast → core gast: exits become structured.

In the core language `return` stands only in tail position, every path of a function ends in `return` or `raise`, and
loops contain no break, continue or return and have no else. An exit from within a loop sets a flag; the loop names its
flags in `exit_flags` and stops before the next trip once one of them is True (without evaluating `while`'s test).

    for i in range(n):             $return_1 = False
        if a[i] < 0:               for i in range(n):                exit_flags: [$return_1]
            continue                   if not a[i] < 0:
        if a[i] > t:                       if a[i] > t:
            return i                           $value_1 = i
        s += a[i]                              $return_1 = True
    return -1                              else:
                                               s += a[i]
                                   if $return_1:
                                       return $value_1
                                   else:
                                       return -1

An `if` of which one branch never falls through takes the statements after it into the other branch; so guards need no
flags. Only where both branches may fall through, the statements after it are guarded by flags. Flags are initialised
before the outermost statement that sets them. A `raise` sets no flag: after it the status of the program says that it
failed, loops stop, and nothing is handed out. A `return` that is only reached so has `never=True`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import gast

from hloc.frontend.core import (
    asserting,
    assign,
    branch,
    constant,
    is_constant_expression,
    name,
    negated,
    placed,
    returning,
    set_flag,
)
from hloc.frontend.exits import LOOPS, falls, is_assert, is_endless, leaves

Flags = list[str]  # names of the flags that may be True at the end of a piece of code, without repetition


@dataclass
class Region:
    """The flags of one statement that is left by flags, in the order of their creation."""

    return_flag: str = ""
    value: str = ""
    continue_flag: str = ""

    def flags(self) -> Flags:
        return [name for name in (self.return_flag, self.continue_flag) if name]


@dataclass
class Loop:
    """The loop around the current statement: its break flag, and the region of its `continue`, once there are any."""

    break_flag: str = ""
    region: Region | None = None


@dataclass
class Desugar:
    """State while one function is rewritten: names given, the region left by return and raise, the innermost loop."""

    names: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    region: Region | None = None
    loop: Loop | None = None

    def block(self, stmts: list[gast.stmt], tail: bool, origin: gast.AST) -> tuple[list[gast.stmt], Flags]:
        """Core statements for `stmts`, and the flags that may be set at their end.

        `tail`: nothing follows in the function or, inside a loop, in the trip. `origin` gives places to what is added.
        """
        out: list[gast.stmt] = []
        for index, stmt in enumerate(stmts):
            if not leaves(stmt):
                out += self.plain(stmt)
                continue
            more, flags = self.leaving(stmt, stmts[index + 1 :], tail)
            return out + more, flags
        if tail and self.loop is None:
            out.append(returning(constant(None, origin), origin))
        return out, []

    def plain(self, stmt: gast.stmt) -> list[gast.stmt]:
        """A statement that always falls through."""
        if isinstance(stmt, gast.If):
            body, _ = self.block(stmt.body, False, stmt)
            orelse, _ = self.block(stmt.orelse, False, stmt)
            return [branch(stmt.test, body, orelse, stmt)]
        if isinstance(stmt, LOOPS):
            return self.looping(stmt, [], False)[0]
        if isinstance(stmt, gast.FunctionDef):
            desugar(stmt)
            return self.decorated(stmt)
        if isinstance(stmt, gast.AnnAssign):
            return [] if stmt.value is None else [assign(stmt.target, stmt.value, stmt)]
        dropped = isinstance(stmt, gast.Pass | gast.Nonlocal | gast.Assert)
        return [] if dropped or is_constant_expression(stmt) else [stmt]

    def decorated(self, function: gast.FunctionDef) -> list[gast.stmt]:
        """A function definition, and the calls of its decorators, which are evaluated before it."""
        before: list[gast.stmt] = []
        after: list[gast.stmt] = []
        for decorator in function.decorator_list:
            kept = self.fresh("decorator")
            before.append(assign(name(kept, gast.Store(), decorator), decorator, decorator))
            given = [name(function.name, gast.Load(), decorator)]
            call = placed(gast.Call(name(kept, gast.Load(), decorator), given, []), decorator)
            after.insert(0, assign(name(function.name, gast.Store(), decorator), call, decorator))
        function.decorator_list = []
        return [*before, function, *after]

    def leaving(self, stmt: gast.stmt, rest: list[gast.stmt], tail: bool) -> tuple[list[gast.stmt], Flags]:
        """A statement that may not fall through, and the statements after it."""
        if is_assert(stmt):
            stmt = asserting(stmt)
        if isinstance(stmt, gast.If):
            return self.branching(stmt, rest, tail)
        if isinstance(stmt, LOOPS):
            return self.looping(stmt, rest, tail)
        if tail and self.loop is None:
            if isinstance(stmt, gast.Return):
                return [returning(stmt.value or constant(None, stmt), stmt)], []
            return [stmt], []
        return self.exit(stmt, tail)

    def exit(self, stmt: gast.stmt, tail: bool) -> tuple[list[gast.stmt], Flags]:
        """break, continue, return or raise where control cannot simply end: set a flag."""
        if isinstance(stmt, gast.Continue):
            if tail:
                return [], []
            assert self.loop
            assert self.loop.region
            flag = self.loop.region.continue_flag = self.loop.region.continue_flag or self.fresh("continue")
            return [set_flag(flag, True, stmt)], [flag]
        if isinstance(stmt, gast.Break):
            assert self.loop
            flag = self.loop.break_flag = self.loop.break_flag or self.fresh("break")
            return [set_flag(flag, True, stmt)], [flag]
        if isinstance(stmt, gast.Raise):
            return [stmt], []
        assert self.region
        flag = self.region.return_flag = self.region.return_flag or self.fresh("return")
        self.region.value = self.region.value or self.fresh("value")
        value = assign(name(self.region.value, gast.Store(), stmt), stmt.value or constant(None, stmt), stmt)
        return [value, set_flag(flag, True, stmt)], [flag]

    def branching(self, stmt: gast.If, rest: list[gast.stmt], tail: bool) -> tuple[list[gast.stmt], Flags]:
        """An `if` that may leave. The rest goes into the branch that falls through; if both may, it is guarded."""
        body_falls, else_falls = falls(stmt.body), falls(stmt.orelse)
        if body_falls and else_falls and rest:
            return self.guarded(stmt, rest, tail)
        body, flags = self.block(stmt.body + (rest if body_falls else []), tail, stmt)
        orelse, else_flags = self.block(stmt.orelse + (rest if else_falls else []), tail, stmt)
        return [branch(stmt.test, body, orelse, stmt)], union(flags, else_flags)

    def guarded(self, stmt: gast.If, rest: list[gast.stmt], tail: bool) -> tuple[list[gast.stmt], Flags]:
        """`stmt` sets flags; `rest` runs if none is set."""
        region = self.open(tail)
        code, flags = self.block([stmt], False, stmt)
        return self.close(region, code, flags, rest, tail, stmt)

    def looping(self, stmt: gast.stmt, rest: list[gast.stmt], tail: bool) -> tuple[list[gast.stmt], Flags]:
        """A loop, its else and the statements after it."""
        region = self.open(tail and self.loop is None)
        around, self.loop = self.loop, Loop()
        body, flags = self.block(stmt.body, True, stmt)
        stopped, self.loop = self.loop.break_flag, around
        ends = not is_endless(stmt) or bool(stopped)
        if stmt.orelse and not is_endless(stmt):
            other = stmt.orelse
            if stopped:
                other = [branch(negated([stopped], stmt), other, [], stmt)]
            rest = other + rest
        stmt.body, stmt.orelse, stmt.exit_flags = body or [placed(gast.Pass(), stmt)], [], flags
        before = [set_flag(stopped, False, stmt)] if stopped else []
        outer = [flag for flag in flags if flag != stopped]
        return self.close(region, [*before, stmt], outer, rest if ends else None, tail, stmt)

    def open(self, here: bool) -> Region | None:
        """Begin a region where the flags set from now on are initialised, unless an outer one serves already."""
        if not here:
            return None
        region = Region()
        if self.loop is not None:
            self.loop.region = region
        else:
            self.region = region
        return region

    def close(
        self,
        region: Region | None,
        code: list[gast.stmt],
        flags: Flags,
        rest: list[gast.stmt] | None,
        tail: bool,
        origin: gast.AST,
    ) -> tuple[list[gast.stmt], Flags]:
        """`code`, its flags initialised, then `rest` unless one is set; `rest` is None where `code` never falls."""
        returned = Region()
        if region is not None:
            code = [*(set_flag(flag, False, origin) for flag in region.flags()), *code]
            if self.loop is not None:
                self.loop.region = None
            else:
                returned, self.region = region, None
        if tail and self.loop is None:
            return code + self.after_region(returned, rest, origin), []
        if rest is None:
            return code, flags
        more, more_flags = self.block(rest, tail, origin)
        if more and flags:
            more = [branch(negated(flags, origin), more, [], origin)]
        return code + more, [f for f in union(flags, more_flags) if not (region and f == region.continue_flag)]

    def after_region(self, region: Region, rest: list[gast.stmt] | None, origin: gast.AST) -> list[gast.stmt]:
        """The end of a function after a statement that is left by flags."""
        if rest is None:
            code = [returning(constant(None, origin), origin, never=True)]
        else:
            code, _ = self.block(rest, True, origin)
        if region.return_flag:
            value = returning(name(region.value, gast.Load(), origin), origin)
            code = [branch(name(region.return_flag, gast.Load(), origin), [value], code, origin)]
        return code

    def fresh(self, kind: str) -> str:
        self.counts[kind] += 1
        self.names.append(f"${kind}_{self.counts[kind]}")
        return self.names[-1]


def desugar(function: gast.AST) -> None:
    """Rewrite a function in place, and the functions nested in it; the new names enter its scope."""
    if isinstance(function, gast.FunctionDef):
        state = Desugar()
        function.body, _ = state.block(function.body, True, function)
        function.scope.locals.update(state.names)


def union(flags: Flags, more: Flags) -> Flags:
    return list(dict.fromkeys(flags + more))
