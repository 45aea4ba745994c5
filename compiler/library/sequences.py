"""Builtins over iterables in plain Python; the front end compiles them like user code."""

from __future__ import annotations


def sum_of(iterable, start):  # type: ignore[no-untyped-def]
    """`sum(iterable, start)`, from left to right."""
    total = start
    for item in iterable:
        total = total + item
    return total


def first_min(items):  # type: ignore[no-untyped-def]
    """`min` of a vector: the first item that no later one is below."""
    best = items[0]
    for i in range(1, len(items)):
        if items[i] < best:
            best = items[i]
    return best


def first_max(items):  # type: ignore[no-untyped-def]
    """`max` of a vector: the first item that no later one is above."""
    best = items[0]
    for i in range(1, len(items)):
        if items[i] > best:
            best = items[i]
    return best
