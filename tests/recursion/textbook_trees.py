"""Trees held in arrays: walks, searches, orders, expressions, games."""

from __future__ import annotations

import numpy as np


def tree_sum(left, right, value, node):
    if node < 0:
        return 0.0
    return value[node] + tree_sum(left, right, value, left[node]) + tree_sum(left, right, value, right[node])


def depth(left, right, node):
    if node == -1:
        return 0
    return 1 + max(depth(left, right, left[node]), depth(left, right, right[node]))


def count_leaves(left, right, node):
    if left[node] < 0 and right[node] < 0:
        return 1
    count = 0
    if left[node] >= 0:
        count += count_leaves(left, right, left[node])
    if right[node] >= 0:
        count += count_leaves(left, right, right[node])
    return count


def find(left, right, key, node, wanted):
    """Where a search tree holds the key, or -1."""
    if node < 0 or key[node] == wanted:
        return node
    if wanted < key[node]:
        return find(left, right, key, left[node], wanted)
    return find(left, right, key, right[node], wanted)


def insert(left, right, key, node, new):
    """Hang a node into a search tree, once."""
    if new == node:
        return
    if key[new] < key[node]:
        if left[node] < 0:
            left[node] = new
        else:
            insert(left, right, key, left[node], new)
    elif right[node] < 0:
        right[node] = new
    else:
        insert(left, right, key, right[node], new)


def in_order(left, right, key, node, out, k):
    if node < 0:
        return k
    k = in_order(left, right, key, left[node], out, k)
    out[k] = key[node]
    return in_order(left, right, key, right[node], out, k + 1)


def tree_sort(keys):
    n = len(keys)
    left, right, out = np.full(n, -1), np.full(n, -1), np.empty_like(keys)
    for new in range(1, n):
        insert(left, right, keys, 0, new)
    in_order(left, right, keys, 0, out, 0)
    return out


def invert(left, right, node):
    if node >= 0:
        left[node], right[node] = right[node], left[node]
        invert(left, right, left[node])
        invert(left, right, right[node])


def same_tree(left, right, value, p, q):
    if p < 0 or q < 0:
        return p < 0 and q < 0
    return (
        value[p] == value[q]
        and same_tree(left, right, value, left[p], left[q])
        and same_tree(left, right, value, right[p], right[q])
    )


def common_ancestor(left, right, node, p, q):
    if node < 0 or node == p or node == q:
        return node
    a = common_ancestor(left, right, left[node], p, q)
    b = common_ancestor(left, right, right[node], p, q)
    if a >= 0 and b >= 0:
        return node
    return a if a >= 0 else b


def is_search_tree(left, right, key, node, low, high):
    if node < 0:
        return True
    if not low < key[node] < high:
        return False
    return is_search_tree(left, right, key, left[node], low, key[node]) and is_search_tree(
        left, right, key, right[node], key[node], high
    )


def balanced(left, right, node):
    """(whether it is balanced, its height)."""
    if node < 0:
        return True, 0
    fine, height = balanced(left, right, left[node])
    fine_right, height_right = balanced(left, right, right[node])
    return fine and fine_right and abs(height - height_right) <= 1, 1 + max(height, height_right)


def widths(left, right, node, level, width):
    if node >= 0:
        width[level] += 1
        widths(left, right, left[node], level + 1, width)
        widths(left, right, right[node], level + 1, width)


def diameter(left, right, node):
    if node < 0:
        return 0, -1
    best_l, down_l = diameter(left, right, left[node])
    best_r, down_r = diameter(left, right, right[node])
    return max(best_l, best_r, down_l + down_r + 2), max(down_l, down_r) + 1


def subtree_sums(children, weights, node, sums):
    """Any number of children: rows of a table, ended by -1."""
    sums[node] = weights[node]
    for j in range(children.shape[1]):
        child = children[node, j]
        if child < 0:
            break
        subtree_sums(children, weights, child, sums)
        sums[node] += sums[child]


def evaluate(operator, left, right, value, node):
    """An expression as a tree: 0 is a number, 1 +, 2 -, 3 *, 4 /."""
    if operator[node] == 0:
        return value[node]
    a = evaluate(operator, left, right, value, left[node])
    b = evaluate(operator, left, right, value, right[node])
    if operator[node] == 1:
        return a + b
    elif operator[node] == 2:
        return a - b
    elif operator[node] == 3:
        return a * b
    return a / b


def minimax(score, node, level, maximize):
    if level == 0:
        return score[node]
    a = minimax(score, 2 * node, level - 1, not maximize)
    b = minimax(score, 2 * node + 1, level - 1, not maximize)
    return max(a, b) if maximize else min(a, b)


def alpha_beta(score, node, level, alpha, beta, visited):
    if level == 0:
        visited[0] += 1
        return score[node]
    for child in range(2 * node, 2 * node + 2):
        alpha = max(alpha, -alpha_beta(score, child, level - 1, -beta, -alpha, visited))
        if alpha >= beta:
            break
    return alpha


def random_tree(n, seed):
    """A tree of n nodes by inserting numbers; left, right and the numbers."""
    key = np.random.default_rng(seed).permutation(n) * 1.5
    left, right = np.full(n, -1), np.full(n, -1)
    for new in range(1, n):
        insert(left, right, key, 0, new)
    return left, right, key


LEFT, RIGHT, KEY = random_tree(20, 0)
CHILDREN = np.array([[1, 2, 3], [4, -1, -1], [-1, -1, -1], [5, 6, -1], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1]])
OPERATOR, VALUE = np.array([3, 1, 2, 0, 0, 4, 0, 0, 0]), np.array([0, 0, 0, 2.0, 3.0, 0, 1.5, 7.0, 4.0])
OPERAND_LEFT, OPERAND_RIGHT = np.array([1, 3, 5, 0, 0, 7, 0, 0, 0]), np.array([2, 4, 6, 0, 0, 8, 0, 0, 0])
SCORES = np.random.default_rng(3).integers(-9, 10, 32)
CASES = {
    "tree sum": (tree_sum, [(LEFT, RIGHT, KEY, node) for node in (0, 3, -1)]),
    "depth": (depth, [(LEFT, RIGHT, node) for node in (0, 5, -1)]),
    "leaves": (count_leaves, [(LEFT, RIGHT, node) for node in (0, 5)]),
    "find": (find, [(LEFT, RIGHT, KEY, 0, x) for x in (0.0, 12.0, 28.5, 5.0)]),
    "insert": (
        insert,
        [(np.full(9, -1), np.full(9, -1), np.array([5, 2, 8, 1, 9, 3, 4, 7, 6]), 0, new) for new in (1, 2)],
    ),
    "in order": (in_order, [(LEFT, RIGHT, KEY, node, np.zeros(20), 0) for node in (0, 2, -1)]),
    "tree sort": (tree_sort, [(np.array([5, 2, 8, 1, 9, 3]),), (np.arange(7),), (np.array([3.5]),)]),
    "invert": (invert, [(LEFT, RIGHT, node) for node in (0, 2, -1)]),
    "same tree": (same_tree, [(LEFT, RIGHT, KEY, p, q) for p, q in ((0, 0), (1, 2), (-1, -1), (-1, 3))]),
    "common ancestor": (common_ancestor, [(LEFT, RIGHT, 0, p, q) for p, q in ((3, 17), (19, 18), (4, 4), (5, 40))]),
    "search tree": (
        is_search_tree,
        [(LEFT, RIGHT, KEY, 0, -1e9, 1e9), (RIGHT, LEFT, KEY, 0, -1e9, 1e9), (LEFT, RIGHT, KEY, 0, 3.0, 1e9)],
    ),
    "balanced": (balanced, [(LEFT, RIGHT, node) for node in (0, 9, 19, -1)]),
    "widths": (widths, [(LEFT, RIGHT, node, 0, np.zeros(12, int)) for node in (0, -1)]),
    "diameter": (diameter, [(LEFT, RIGHT, node) for node in (0, 9, -1)]),
    "subtree sums": (subtree_sums, [(CHILDREN, np.arange(7) + 1.5, node, np.zeros(7)) for node in (0, 3, 6)]),
    "expression": (evaluate, [(OPERATOR, OPERAND_LEFT, OPERAND_RIGHT, VALUE, node) for node in (0, 1, 2, 4)]),
    "minimax": (minimax, [(SCORES, 1, 4, True), (SCORES, 1, 4, False), (SCORES, 5, 0, True)]),
    "alpha beta": (alpha_beta, [(SCORES, 1, level, -100, 100, np.zeros(1, int)) for level in (0, 1, 4)]),
}
