"""Recursive programs as SSA text, beside the same functions in Python, which say what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.core import Module
from hloc.ir.parser import parse_module
from hloc.ir.verifier import verify


@dataclass(frozen=True)
class Recursive:
    """A module in text, what `main` computes, and arguments to try; the oracle may change the arrays it is given."""

    text: str
    oracle: Callable[..., Sequence[Any]]
    arguments: Sequence[tuple[Any, ...]]

    def module(self) -> Module:
        module = parse_module(dedent(self.text))
        verify(module)
        return module

    def expected(self, arguments: tuple[Any, ...]) -> list[np.ndarray]:
        return [np.asarray(r) for r in self.oracle(*(np.copy(a) if np.ndim(a) else a for a in arguments))]


def _fib(n: int) -> int:
    return n if n < 2 else _fib(n - 1) + _fib(n - 2)


FIB = Recursive(
    """
    func @fib(%n: i64) -> i64 {
      %2: i64 = constant {value = i64(2)}
      %p: b1 = compare %n, %2 {direction = "LT"}
      %r: i64 = if %p then {
        yield %n
      } else {
        %1: i64 = constant {value = i64(1)}
        %m: i64 = subtract %n, %1
        %a: i64 = call @fib %m
        %l: i64 = subtract %n, %2
        %b: i64 = call @fib %l
        %s: i64 = add %a, %b
        yield %s
      }
      return %r
    }

    func @main(%n: i64) -> i64 {
      %r: i64 = call @fib %n
      return %r
    }
    """,
    lambda n: [_fib(n)],
    [(-1,), (0,), (1,), (2,), (9,)],
)


EVEN_ODD = Recursive(
    """
    func @main(%n: i64) -> (b1, b1) {
      %e: b1 = call @even %n
      %o: b1 = call @odd %n
      return %e, %o
    }

    func @even(%n: i64) -> b1 {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "LE"}
      %r: b1 = if %p then {
        yield %p
      } else {
        %m: i64 = subtract %n, %1
        %q: b1 = call @odd %m
        yield %q
      }
      return %r
    }

    func @odd(%n: i64) -> b1 {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "GT"}
      %r: b1 = if %p then {
        %m: i64 = subtract %n, %1
        %q: b1 = call @even %m
        yield %q
      } else {
        yield %p
      }
      return %r
    }
    """,
    lambda n: [n <= 0 or n % 2 == 0, n > 0 and n % 2 == 1],
    [(0,), (1,), (6,), (7,)],
)


def _power(x: float, n: int) -> float:
    if n == 0:
        return 1.0
    half = _power(x, n // 2)
    return half * half * (x if n % 2 else 1.0)


POWER = Recursive(
    """
    func @power(%x: f64, %n: i64) -> f64 {
      %0: i64 = constant {value = i64(0)}
      %p: b1 = compare %n, %0 {direction = "EQ"}
      %one: f64 = constant {value = f64(1.0)}
      %r: f64 = if %p then {
        yield %one
      } else {
        %2: i64 = constant {value = i64(2)}
        %m: i64 = floor_divide %n, %2
        %half: f64 = call @power %x, %m
        %square: f64 = multiply %half, %half
        %rest: i64 = floor_mod %n, %2
        %j: i64 = switch %rest case 0 {
          yield %0
        } case 1 {
          yield %rest
        }
        %odd: b1 = compare %j, %0 {direction = "NE"}
        %factor: f64 = select %odd, %x, %one
        %y: f64 = multiply %square, %factor
        yield %y
      }
      return %r
    }

    func @main(%x: f64, %n: i64) -> f64 {
      %r: f64 = call @power %x, %n
      return %r
    }
    """,
    lambda x, n: [_power(x, n)],
    [(2.0, 0), (1.5, 1), (1.25, 13)],
)


def _hanoi(n: int, a: int, b: int, c: int, moves: np.ndarray, count: int) -> int:
    if n == 0:
        return count
    count = _hanoi(n - 1, a, c, b, moves, count)
    moves[min(count, 30)] = 10 * a + b
    return _hanoi(n - 1, c, b, a, moves, count + 1)


def _hanoi_main(n: int, moves: np.ndarray) -> Sequence[Any]:
    before = moves.copy()
    count = _hanoi(n, 0, 1, 2, moves, 0)
    return moves, count, before.sum()


HANOI = Recursive(
    """
    func @hanoi(%moves: i64[31], %n: i64, %a: i64, %b: i64, %c: i64, %count: i64) -> (i64[31], i64) {
      %0: i64 = constant {value = i64(0)}
      %p: b1 = compare %n, %0 {direction = "EQ"}
      %moves_4: i64[31], %count_4: i64 = if %p then {
        yield %moves, %count
      } else {
        %1: i64 = constant {value = i64(1)}
        %ten: i64 = constant {value = i64(10)}
        %m: i64 = subtract %n, %1
        %moves_1: i64[31], %count_1: i64 = call @hanoi %moves, %m, %a, %c, %b, %count
        %from: i64 = multiply %a, %ten
        %move: i64 = add %from, %b
        %moves_2: i64[31] = upd %moves_1, %move, %count_1 {drop = (0), mode = "set"}
        %count_2: i64 = add %count_1, %1
        %moves_3: i64[31], %count_3: i64 = call @hanoi %moves_2, %m, %c, %b, %a, %count_2
        yield %moves_3, %count_3
      }
      return %moves_4, %count_4
    }

    func @main(%n: i64, %moves: i64[31]) -> (i64[31], i64, i64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %2: i64 = constant {value = i64(2)}
      %moves_1: i64[31], %count: i64 = call @hanoi %moves, %n, %0, %1, %2, %0
      %before: i64 = reduce_sum %moves {axes = (0)}
      return %moves_1, %count, %before
    }
    """,
    _hanoi_main,
    [(0, np.arange(31)), (1, np.arange(31)), (4, np.zeros(31, np.int64))],
)


def _ackermann(m: int, n: int) -> int:
    if m == 0:
        return n + 1
    return _ackermann(m - 1, 1 if n == 0 else _ackermann(m, n - 1))


ACKERMANN = Recursive(
    """
    func @ack(%m: i64, %n: i64) -> i64 {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %m, %0 {direction = "EQ"}
      %r: i64 = if %p then {
        %next: i64 = add %n, %1
        yield %next
      } else {
        %less: i64 = subtract %m, %1
        %q: b1 = compare %n, %0 {direction = "EQ"}
        %k: i64 = if %q then {
          yield %1
        } else {
          %n1: i64 = subtract %n, %1
          %inner: i64 = call @ack %m, %n1
          yield %inner
        }
        %outer: i64 = call @ack %less, %k
        yield %outer
      }
      return %r
    }

    func @main(%m: i64, %n: i64) -> i64 {
      %r: i64 = call @ack %m, %n
      return %r
    }
    """,
    lambda m, n: [_ackermann(m, n)],
    [(0, 3), (1, 2), (2, 3)],
)


def _tree(children: np.ndarray, values: np.ndarray, node: int) -> float:
    total = values[node]
    for j in range(2):
        if children[node, j] >= 0:
            total += _tree(children, values, children[node, j])
    return total


TREE = Recursive(
    """
    func @tree(%children: i64[5,2], %values: f64[5], %node: i64) -> f64 {
      %value: f64 = read %values, %node {drop = (0), sizes = (1)}
      %2: i64 = constant {value = i64(2)}
      %0: i64 = constant {value = i64(0)}
      %total: f64 = for %2, %value {direction = 1} body(%j: i64, %s: f64) {
        %child: i64 = read %children, %node, %j {drop = (0, 1), sizes = (1, 1)}
        %p: b1 = compare %child, %0 {direction = "GE"}
        %s2: f64 = if %p then {
          %below: f64 = call @tree %children, %values, %child
          %s1: f64 = add %s, %below
          yield %s1
        } else {
          yield %s
        }
        yield %s2
      }
      return %total
    }

    func @main(%children: i64[5,2], %values: f64[5]) -> (f64, f64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %all: f64 = call @tree %children, %values, %0
      %part: f64 = call @tree %children, %values, %1
      return %all, %part
    }
    """,
    lambda children, values: [_tree(children, values, 0), _tree(children, values, 1)],
    [
        (np.array([[1, 2], [3, 4], [-1, -1], [-1, -1], [-1, -1]]), np.arange(5.0)),
        (np.array([[-1, 1], [2, -1], [-1, 3], [-1, -1], [0, 0]]), np.array([1.5, 2.0, -1.0, 0.25, 8.0])),
    ],
)


def _sort(a: np.ndarray, low: int, high: int) -> None:
    if low < high:
        i = low
        for j in range(low, high):
            if a[j] < a[high]:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[high] = a[high], a[i]
        _sort(a, low, i - 1)
        _sort(a, i + 1, high)


def _sort_main(a: np.ndarray) -> Sequence[Any]:
    first = a[0]
    _sort(a, 0, len(a) - 1)
    return a, first


QUICKSORT = Recursive(
    """
    func @sort(%a: f64[9], %low: i64, %high: i64) -> (f64[9]) {
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %low, %high {direction = "LT"}
      %r: f64[9] = if %p then {
        %pivot: f64 = read %a, %high {drop = (0), sizes = (1)}
        %n: i64, %j1: i64, %i1: i64, %a1: f64[9] = while %low, %low, %a cond(%j: i64, %i: i64, %b: f64[9]) {
          %go: b1 = compare %j, %high {direction = "LT"}
          yield %go
        } body(%k: i64, %j: i64, %i: i64, %b: f64[9]) {
          %x: f64 = read %b, %j {drop = (0), sizes = (1)}
          %less: b1 = compare %x, %pivot {direction = "LT"}
          %b2: f64[9], %i2: i64 = if %less then {
            %y: f64 = read %b, %i {drop = (0), sizes = (1)}
            %b0: f64[9] = upd %b, %x, %i {drop = (0), mode = "set"}
            %b1_: f64[9] = upd %b0, %y, %j {drop = (0), mode = "set"}
            %i0: i64 = add %i, %1
            yield %b1_, %i0
          } else {
            yield %b, %i
          }
          %j2: i64 = add %j, %1
          yield %j2, %i2, %b2
        }
        %z: f64 = read %a1, %i1 {drop = (0), sizes = (1)}
        %a2: f64[9] = upd %a1, %pivot, %i1 {drop = (0), mode = "set"}
        %a3: f64[9] = upd %a2, %z, %high {drop = (0), mode = "set"}
        %left: i64 = subtract %i1, %1
        %right: i64 = add %i1, %1
        %a4: f64[9] = call @sort %a3, %low, %left
        %a5: f64[9] = call @sort %a4, %right, %high
        yield %a5
      } else {
        yield %a
      }
      return %r
    }

    func @main(%a: f64[9]) -> (f64[9], f64) {
      %0: i64 = constant {value = i64(0)}
      %8: i64 = constant {value = i64(8)}
      %b: f64[9] = call @sort %a, %0, %8
      %first: f64 = read %a, %0 {drop = (0), sizes = (1)}
      return %b, %first
    }
    """,
    _sort_main,
    [(np.array([3.0, 1, 2, 5, 4, 9, 7, 8, 6]),), (np.arange(9.0),), (np.zeros(9),)],
)


def _checked(a: np.ndarray, n: int) -> Sequence[Any]:
    """The sum of a[n], a[n - 1], …, a[0]; code 7 where an index is too large, code 8 for n < -1; then 0."""
    if n == -1:
        return 0.0, 0, 0
    if n < -1:
        return 0.0, 8, n
    if n >= len(a):
        return 0.0, 7, n
    return a[: n + 1][::-1].cumsum()[-1], 0, 0


STATUS = Recursive(
    """
    func @total(%a: f64[6], %n: i64, %error: i64, %word: i64) -> (f64, i64, i64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %6: i64 = constant {value = i64(6)}
      %7: i64 = constant {value = i64(7)}
      %8: i64 = constant {value = i64(8)}
      %zero: f64 = constant {value = f64(0.0)}
      %end: i64 = constant {value = i64(-1)}
      %p: b1 = compare %n, %end {direction = "EQ"}
      %r: f64, %error_9: i64, %word_9: i64 = if %p then {
        yield %zero, %error, %word
      } else {
        %fine: b1 = compare %error, %0 {direction = "EQ"}
        %negative: b1 = compare %n, %0 {direction = "LT"}
        %bad: b1 = and %fine, %negative
        %error_1: i64 = select %bad, %8, %error
        %word_1: i64 = select %bad, %n, %word
        %fine_1: b1 = compare %error_1, %0 {direction = "EQ"}
        %large: b1 = compare %n, %6 {direction = "GE"}
        %bad_1: b1 = and %fine_1, %large
        %error_2: i64 = select %bad_1, %7, %error_1
        %word_2: i64 = select %bad_1, %n, %word_1
        %x: f64 = read %a, %n {drop = (0), sizes = (1)}
        %m: i64 = subtract %n, %1
        %fine_2: b1 = compare %error_2, %0 {direction = "EQ"}
        %s: f64, %error_3: i64, %word_3: i64 = if %fine_2 then {
          %t: f64, %error_4: i64, %word_4: i64 = call @total %a, %m, %error_2, %word_2
          yield %t, %error_4, %word_4
        } else {
          yield %zero, %error_2, %word_2
        }
        %y: f64 = add %x, %s
        yield %y, %error_3, %word_3
      }
      return %r, %error_9, %word_9
    }

    func @main(%a: f64[6], %n: i64) -> (f64, i64, i64) {
      %0: i64 = constant {value = i64(0)}
      %r: f64, %error: i64, %word: i64 = call @total %a, %n, %0, %0
      %fine: b1 = compare %error, %0 {direction = "EQ"}
      %zero: f64 = constant {value = f64(0.0)}
      %r1: f64 = select %fine, %r, %zero
      return %r1, %error, %word
    }
    """,
    _checked,
    [(np.arange(6.0), 5), (np.arange(6.0), 2), (np.arange(6.0), -1), (np.arange(6.0), 6), (np.arange(6.0), -2)],
)


WAYS = Recursive(
    """
    func @ways(%a: i64[3], %n: i64, %log: i64[8], %depth: i64) -> (i64, i64[8]) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %3: i64 = constant {value = i64(3)}
      %visited: i64[8] = upd %log, %1, %depth {drop = (0), mode = "add"}
      %deeper: i64 = add %depth, %1
      %p: b1 = compare %n, %0 {direction = "EQ"}
      %r: i64, %log_9: i64[8] = if %p then {
        yield %1, %visited
      } else {
        %trips: i64, %i: i64, %go: b1, %sum: i64, %log_4: i64[8] = while %0, %p, %0, %visited cond(%i0: i64, %over0: b1, %s0: i64, %log_0: i64[8]) {
          %more: b1 = compare %i0, %3 {direction = "LT"}
          %on: b1 = not %over0
          %both: b1 = and %more, %on
          yield %both
        } body(%k: i64, %i0: i64, %over0: b1, %s0: i64, %log_0: i64[8]) {
          %x: i64 = read %a, %i0 {drop = (0), sizes = (1)}
          %over: b1 = compare %x, %n {direction = "GT"}
          %s2: i64, %log_3: i64[8] = if %over then {
            yield %s0, %log_0
          } else {
            %rest: i64 = subtract %n, %x
            %found: i64, %log_2: i64[8] = call @ways %a, %rest, %log_0, %deeper
            %s1: i64 = add %s0, %found
            yield %s1, %log_2
          }
          %i1: i64 = add %i0, %1
          yield %i1, %over, %s2, %log_3
        }
        yield %sum, %log_4
      }
      return %r, %log_9
    }

    func @main(%a: i64[3], %n: i64) -> (i64, i64[8]) {
      %0: i64 = constant {value = i64(0)}
      %log: i64[8] = broadcast_in_dim %0 {dims = (), shape = (8)}
      %r: i64, %log_1: i64[8] = call @ways %a, %n, %log, %0
      return %r, %log_1
    }
    """,
    lambda a, n: _ways(a, n),
    [(np.array([1, 2, 3]), 5), (np.array([2, 3, 5]), 7), (np.array([2, 4, 6]), 0)],
)


def _ways(a: np.ndarray, n: int) -> Sequence[Any]:
    log = np.zeros(8, np.int64)

    def visit(n: int, depth: int) -> int:
        log[min(depth, 7)] += 1
        return 1 if n == 0 else sum(visit(n - x, depth + 1) for x in a if x <= n)

    return visit(n, 0), log


def _ping(a: np.ndarray, n: int, m: float) -> float:
    if n < 0:
        return m
    a[n] = 2 * a[n]
    return _pong(a, n - 1, m + a[n])


def _pong(a: np.ndarray, n: int, m: float) -> float:
    if n < 0:
        return -m
    before = a.copy()
    m = _ping(a, n - 1, m)
    return m + (a - before).sum()


PING_PONG = Recursive(
    """
    func @ping(%a: f64[4], %n: i64, %m: f64) -> (f64[4], f64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "LT"}
      %a3: f64[4], %m3: f64 = if %p then {
        yield %a, %m
      } else {
        %x: f64 = read %a, %n {drop = (0), sizes = (1)}
        %y: f64 = add %x, %x
        %a1: f64[4] = upd %a, %y, %n {drop = (0), mode = "set"}
        %m1: f64 = add %m, %y
        %l: i64 = subtract %n, %1
        %a2: f64[4], %m2: f64 = call @pong %a1, %l, %m1
        yield %a2, %m2
      }
      return %a3, %m3
    }

    func @pong(%a: f64[4], %n: i64, %m: f64) -> (f64[4], f64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "LT"}
      %a3: f64[4], %m3: f64 = if %p then {
        %m0: f64 = negate %m
        yield %a, %m0
      } else {
        %l: i64 = subtract %n, %1
        %a2: f64[4], %m2: f64 = call @ping %a, %l, %m
        %d: f64[4] = subtract %a2, %a
        %s: f64 = reduce_sum %d {axes = (0)}
        %m4: f64 = add %m2, %s
        yield %a2, %m4
      }
      return %a3, %m3
    }

    func @main(%a: f64[4], %n: i64) -> (f64[4], f64, f64) {
      %zero: f64 = constant {value = f64(0.0)}
      %b: f64[4], %x: f64 = call @ping %a, %n, %zero
      %c: f64[4], %y: f64 = call @pong %b, %n, %x
      return %c, %x, %y
    }
    """,
    lambda a, n: _ping_pong(a, n),
    [(np.arange(1.0, 5.0), 3), (np.arange(1.0, 5.0), 2), (np.ones(4), -1)],
)


def _ping_pong(a: np.ndarray, n: int) -> Sequence[Any]:
    x = _ping(a, n, 0.0)
    y = _pong(a, n, x)
    return a, x, y


def _walk(a: np.ndarray, n: int) -> float:
    total = 0.0
    for k in range(3):
        if n > 0:
            total += a[k] * _walk(a, n - 1)
        else:
            total += a.sum() * k
    return total


INVARIANTS = Recursive(
    """
    func @walk(%a: f64[3], %n: i64, %scale: f64, %unused: i64, %mode: i64) -> (f64, i64, f64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %3: i64 = constant {value = i64(3)}
      %zero: f64 = constant {value = f64(0.0)}
      %total: f64, %mode_3: i64, %scale_3: f64 = for %3, %zero, %mode, %scale {direction = 1} body(%k: i64, %s: f64, %mode_0: i64, %scale_0: f64) {
        %more: b1 = compare %n, %0 {direction = "GT"}
        %x: f64 = read %a, %k {drop = (0), sizes = (1)}
        %y: f64, %mode_2: i64, %scale_2: f64 = if %more then {
          %m: i64 = subtract %n, %1
          %w: f64, %mode_1: i64, %scale_1: f64 = call @walk %a, %m, %scale_0, %k, %mode_0
          %xw: f64 = multiply %x, %w
          yield %xw, %mode_1, %scale_1
        } else {
          %all: f64 = reduce_sum %a {axes = (0)}
          %kf: f64 = convert %k {dtype = f64}
          %ak: f64 = multiply %all, %kf
          yield %ak, %mode_0, %scale_0
        }
        %y1: f64 = multiply %y, %scale_2
        %s1: f64 = add %s, %y1
        yield %s1, %mode_2, %scale_2
      }
      return %total, %mode_3, %scale_3
    }

    func @main(%a: f64[3], %n: i64) -> (f64, i64, f64) {
      %0: i64 = constant {value = i64(0)}
      %one: f64 = constant {value = f64(1.0)}
      %r: f64, %mode: i64, %scale: f64 = call @walk %a, %n, %one, %n, %0
      return %r, %mode, %scale
    }
    """,
    lambda a, n: [_walk(a, n), 0, 1.0],
    [(np.array([1.0, 2.0, 0.5]), 0), (np.array([1.0, 2.0, 0.5]), 3)],
)


PROGRAMS = {
    "fib": FIB,
    "even_odd": EVEN_ODD,
    "power": POWER,
    "hanoi": HANOI,
    "ackermann": ACKERMANN,
    "tree": TREE,
    "quicksort": QUICKSORT,
    "status": STATUS,
    "ways": WAYS,
    "ping_pong": PING_PONG,
    "invariants": INVARIANTS,
}
