"""The least costly set of vertices that separates a source from a sink: maximum flow by Dinic's algorithm.

E. A. Dinic, Algorithm for solution of a problem of maximum flow in networks with power estimation (1970).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from typing import TypeVar

V = TypeVar("V", bound=Hashable)
INFINITE = 1 << 62


def minimum_vertex_cut(
    cost: dict[V, int], edges: Iterable[tuple[V, V]], sources: Iterable[V], sinks: Iterable[V]
) -> set[V]:
    """Vertices without which no path leads from `sources` to `sinks`; of the least costly sets the one nearest to the
    sinks. `sources` and `sinks` themselves may be in it. Each vertex v is an edge from 2v to 2v + 1 of a flow network.
    """
    number = {v: j for j, v in enumerate(cost)}
    network = _Network(2 * len(cost) + 2)
    start, end = 2 * len(cost), 2 * len(cost) + 1
    for v, j in number.items():
        network.edge(2 * j, 2 * j + 1, cost[v])
    for u, v in edges:
        network.edge(2 * number[u] + 1, 2 * number[v], INFINITE)
    for v in sources:
        network.edge(start, 2 * number[v], INFINITE)
    for v in sinks:
        network.edge(2 * number[v] + 1, end, INFINITE)
    network.saturate(start, end)
    reaching = network.reaching(end)
    return {v for v, j in number.items() if 2 * j + 1 in reaching and 2 * j not in reaching}


class _Network:
    """Edges in pairs: number e and its reverse e ^ 1."""

    def __init__(self, size: int) -> None:
        self.out: list[list[int]] = [[] for _ in range(size)]
        self.head: list[int] = []
        self.room: list[int] = []

    def edge(self, tail: int, head: int, room: int) -> None:
        for u, v, capacity in ((tail, head, room), (head, tail, 0)):
            self.out[u].append(len(self.head))
            self.head.append(v)
            self.room.append(capacity)

    def saturate(self, start: int, end: int) -> None:
        """Push flow until there is no way left."""
        while (level := self.levels(start))[end] >= 0:
            turn = [0] * len(self.out)
            while self.push(start, end, level, turn):
                pass

    def levels(self, start: int) -> list[int]:
        level = [-1] * len(self.out)
        level[start] = 0
        pending = deque([start])
        while pending:
            u = pending.popleft()
            for e in self.out[u]:
                if self.room[e] > 0 and level[self.head[e]] < 0:
                    level[self.head[e]] = level[u] + 1
                    pending.append(self.head[e])
        return level

    def push(self, start: int, end: int, level: list[int], turn: list[int]) -> bool:
        """One way from start to end along growing levels, filled; False when there is none."""
        way: list[int] = []
        u = start
        while u != end:
            if turn[u] == len(self.out[u]):
                if not way:
                    return False
                u = self.head[way.pop() ^ 1]
                turn[u] += 1
                continue
            e = self.out[u][turn[u]]
            if self.room[e] > 0 and level[self.head[e]] == level[u] + 1:
                way.append(e)
                u = self.head[e]
            else:
                turn[u] += 1
        flow = min(self.room[e] for e in way)
        for e in way:
            self.room[e] -= flow
            self.room[e ^ 1] += flow
        return True

    def reaching(self, end: int) -> set[int]:
        """Vertices from which there is still a way to `end`."""
        found = {end}
        pending = [end]
        while pending:
            for e in self.out[pending.pop()]:
                u = self.head[e]
                if self.room[e ^ 1] > 0 and u not in found:
                    found.add(u)
                    pending.append(u)
        return found
