"""Graphs held in arrays: searches, components, orders, union-find."""

from __future__ import annotations

import numpy as np


def visit(graph, node, seen, order, k):
    """Depth first; the order in which nodes are seen."""
    seen[node] = True
    order[k] = node
    k += 1
    for other in range(len(graph)):
        if graph[node, other] and not seen[other]:
            k = visit(graph, other, seen, order, k)
    return k


def components(graph):
    n = len(graph)
    seen, order = np.zeros(n, bool), np.zeros(n, int)
    count, k = 0, 0
    for node in range(n):
        if not seen[node]:
            count += 1
            k = visit(graph, node, seen, order, k)
    return count, order


def finish(graph, node, state, order, k):
    """Nodes after all that they point to; raises where there is a circle."""
    if state[node] == 1:
        raise ValueError(f"a circle through {node}")
    if state[node] == 2:
        return k
    state[node] = 1
    for other in range(len(graph)):
        if graph[node, other]:
            k = finish(graph, other, state, order, k)
    state[node] = 2
    order[k] = node
    return k + 1


def topological_order(graph):
    n = len(graph)
    state, order, k = np.zeros(n, int), np.zeros(n, int), 0
    for node in range(n):
        k = finish(graph, node, state, order, k)
    return order[::-1].copy()


def has_path(graph, start, end, seen):
    if start == end:
        return True
    seen[start] = True
    for other in range(len(graph)):
        if graph[start, other] and not seen[other] and has_path(graph, other, end, seen):
            return True
    return False


def count_paths(graph, start, end):
    if start == end:
        return 1
    return sum(count_paths(graph, other, end) if graph[start, other] else 0 for other in range(len(graph)))


def root(parent, x):
    """The root of x, with path compression."""
    if parent[x] != x:
        parent[x] = root(parent, parent[x])
    return parent[x]


def union(parent, pairs):
    count = len(parent)
    for a, b in pairs:
        p, q = root(parent, a), root(parent, b)
        if p != q:
            parent[p] = q
            count -= 1
    return count


def strong_component(graph, v, index, low, stack, on_stack, component, counters):
    """Tarjan's algorithm; counters are the next index, the height of the stack and the number of components."""
    index[v] = low[v] = counters[0]
    counters[0] += 1
    stack[counters[1]] = v
    counters[1] += 1
    on_stack[v] = True
    for w in range(len(graph)):
        if graph[v, w]:
            if index[w] < 0:
                strong_component(graph, w, index, low, stack, on_stack, component, counters)
                low[v] = min(low[v], low[w])
            elif on_stack[w]:
                low[v] = min(low[v], index[w])
    if low[v] == index[v]:
        while True:
            counters[1] -= 1
            w = stack[counters[1]]
            on_stack[w] = False
            component[w] = counters[2]
            if w == v:
                break
        counters[2] += 1


def strong_components(graph):
    n = len(graph)
    index, low, component = np.full(n, -1), np.zeros(n, int), np.zeros(n, int)
    stack, on_stack, counters = np.zeros(n, int), np.zeros(n, bool), np.zeros(3, int)
    for v in range(n):
        if index[v] < 0:
            strong_component(graph, v, index, low, stack, on_stack, component, counters)
    return component, counters[2]


def random_graph(n, edges, seed, acyclic=False):
    rng = np.random.default_rng(seed)
    graph = rng.random((n, n)) < edges / n
    return np.triu(graph, 1) if acyclic else graph


GRAPHS = [random_graph(8, 1.0, 1), random_graph(8, 2.0, 2), random_graph(8, 0.0, 3)]
ACYCLIC = [random_graph(8, edges, seed, acyclic=True) for edges, seed in ((3.0, 1), (5.0, 2))]
PAIRS = np.array([[0, 1], [2, 3], [1, 3], [0, 2], [5, 6], [7, 5]])
CASES = {
    "visit": (visit, [(g, node, np.zeros(8, bool), np.zeros(8, int), 0) for g in GRAPHS for node in (0, 7)]),
    "components": (components, [(g | g.T,) for g in GRAPHS]),
    "topological order": (topological_order, [(g,) for g in [*ACYCLIC, *GRAPHS]]),
    "path": (has_path, [(g, a, b, np.zeros(8, bool)) for g in GRAPHS for a, b in ((0, 7), (3, 5), (2, 2))]),
    "paths": (count_paths, [(g, 0, 7) for g in ACYCLIC]),
    "root": (root, [(np.array([1, 2, 3, 4, 4, 4]), x) for x in (0, 3, 4)]),
    "union": (union, [(np.arange(8), PAIRS), (np.arange(8), PAIRS[::-1].copy())]),
    "strong components": (strong_components, [(g,) for g in [*GRAPHS, *ACYCLIC]]),
}
