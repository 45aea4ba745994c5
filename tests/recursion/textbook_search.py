"""Backtracking: queens, mazes, flood fill, sudoku, tours, colourings, with undo writes or with bits."""

from __future__ import annotations

import numpy as np


def queens(n, row, columns, rising, falling):
    if row == n:
        return 1
    count = 0
    for column in range(n):
        if not columns[column] and not rising[row + column] and not falling[row - column + n - 1]:
            columns[column] = rising[row + column] = falling[row - column + n - 1] = True
            count += queens(n, row + 1, columns, rising, falling)
            columns[column] = rising[row + column] = falling[row - column + n - 1] = False
    return count


def safe(board, row, column):
    for k in range(row):
        if board[k] == column or abs(board[k] - column) == row - k:
            return False
    return True


def place_queens(board, row):
    """Fill in the first solution."""
    n = len(board)
    if row == n:
        return True
    for column in range(n):
        if safe(board, row, column):
            board[row] = column
            if place_queens(board, row + 1):
                return True
    board[row] = -1
    return False


def queens_by_bits(every, columns, rising, falling):
    if columns == every:
        return 1
    count = 0
    free = every & ~(columns | rising | falling)
    while free:
        place = free & -free
        free ^= place
        count += queens_by_bits(every, columns | place, (rising | place) << 1, (falling | place) >> 1)
    return count


def flood_fill(grid, i, j, old, new):
    if i < 0 or i >= grid.shape[0] or j < 0 or j >= grid.shape[1]:
        return
    if grid[i, j] != old:
        return
    grid[i, j] = new
    flood_fill(grid, i + 1, j, old, new)
    flood_fill(grid, i - 1, j, old, new)
    flood_fill(grid, i, j + 1, old, new)
    flood_fill(grid, i, j - 1, old, new)


def area(grid, i, j):
    """The size of the island at (i, j), which sinks."""
    rows, columns = grid.shape
    if not (0 <= i < rows and 0 <= j < columns) or grid[i, j] == 0:
        return 0
    grid[i, j] = 0
    return 1 + area(grid, i - 1, j) + area(grid, i + 1, j) + area(grid, i, j - 1) + area(grid, i, j + 1)


def largest_island(grid):
    best = 0
    for i in range(grid.shape[0]):
        for j in range(grid.shape[1]):
            best = max(best, area(grid, i, j))
    return best


def maze(walls, i, j, path, k):
    """A way to the lower right corner: path gets its places; its length, or 0."""
    n, m = walls.shape
    if i < 0 or j < 0 or i == n or j == m or walls[i, j]:
        return 0
    walls[i, j] = True
    path[k, 0], path[k, 1] = i, j
    if i == n - 1 and j == m - 1:
        return k + 1
    for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        length = maze(walls, i + di, j + dj, path, k + 1)
        if length > 0:
            return length
    return 0


def fits(board, i, j, digit):
    for k in range(4):
        if board[i, k] == digit or board[k, j] == digit:
            return False
        if board[i // 2 * 2 + k // 2, j // 2 * 2 + k % 2] == digit:
            return False
    return True


def sudoku(board, place):
    """Solve a board of 4 by 4."""
    if place == 16:
        return True
    i, j = divmod(place, 4)
    if board[i, j] != 0:
        return sudoku(board, place + 1)
    for digit in range(1, 5):
        if fits(board, i, j, digit):
            board[i, j] = digit
            if sudoku(board, place + 1):
                return True
            board[i, j] = 0
    return False


KNIGHT = np.array([[1, 2], [2, 1], [2, -1], [1, -2], [-1, -2], [-2, -1], [-2, 1], [-1, 2]])


def knight(board, i, j, step, budget):
    """A tour of a knight within so many trials."""
    board[i, j] = step
    budget[0] -= 1
    if step == board.size:
        return True
    for move in KNIGHT:
        p, q = i + move[0], j + move[1]
        if 0 <= p < board.shape[0] and 0 <= q < board.shape[1] and board[p, q] == 0 and budget[0] > 0:
            if knight(board, p, q, step + 1, budget):
                return True
    board[i, j] = 0
    return False


def colour(graph, colours, node, count):
    if node == len(graph):
        return True
    for c in range(1, count + 1):
        free = True
        for other in range(node):
            if graph[node, other] and colours[other] == c:
                free = False
        if free:
            colours[node] = c
            if colour(graph, colours, node + 1, count):
                return True
            colours[node] = 0
    return False


def shortest_tour(distance, visited, last, count, length, best):
    """The length of the shortest tour through all, with a bound."""
    n = len(distance)
    if count == n:
        return min(best, length + distance[last, 0])
    for other in range(1, n):
        if not visited[other] and length + distance[last, other] < best:
            visited[other] = True
            best = shortest_tour(distance, visited, other, count + 1, length + distance[last, other], best)
            visited[other] = False
    return best


def brackets(n, opened, closed):
    if closed == n:
        return 1
    count = 0
    if opened < n:
        count += brackets(n, opened + 1, closed)
    if closed < opened:
        count += brackets(n, opened, closed + 1)
    return count


def count_subsets(a, k, target, chosen, best):
    """All subsets of a[k:] with this sum; the largest one stays in `best`."""
    if k == len(a):
        if target != 0:
            return 0
        if np.sum(chosen) >= np.sum(best):
            best[:] = chosen
        return 1
    chosen[k] = 1
    count = count_subsets(a, k + 1, target - a[k], chosen, best)
    chosen[k] = 0
    return count + count_subsets(a, k + 1, target, chosen, best)


def life_or_death(cells, depth):
    """A win for the one to move on a strip: take a cell and its neighbours."""
    for i in range(len(cells)):
        if cells[i]:
            rest = cells.copy()
            rest[i] = False
            if i + 1 < len(cells):
                rest[i + 1] = False
            if not life_or_death(rest, depth + 1):
                return True
    return False


def pattern(*rows):
    return np.array([[int(c) for c in row] for row in rows])


ISLANDS = pattern("1100", "0111", "1001", "0101")
WALLS = pattern("00100", "10101", "00000", "11110", "00000").astype(bool)
SHUT = pattern("00100", "10101", "00001", "11110", "00000").astype(bool)
BOARD = pattern("0030", "4000", "0001", "0200")
NO_BOARD = pattern("1100", "4000", "0001", "0200")
RING = (np.eye(5, k=1) + np.eye(5, k=-1) + np.eye(5, k=4) + np.eye(5, k=-4)).astype(bool)
PLACES = np.random.default_rng(5).random((6, 2))
DISTANCE = np.sqrt(((PLACES[:, None] - PLACES) ** 2).sum(axis=2))


def free_board(n):
    return np.zeros(n, bool), np.zeros(2 * n - 1, bool), np.zeros(2 * n - 1, bool)


CASES = {
    "queens": (queens, [(n, 0, *free_board(6)) for n in (6, 4, 1)]),
    "place queens": (place_queens, [(np.full(6, -1), 0)]),
    "no place for queens": (place_queens, [(np.full(3, -1), 0), (np.full(3, -1), 3)]),
    "queens by bits": (queens_by_bits, [((1 << n) - 1, 0, 0, 0) for n in (1, 2, 6, 7)]),
    "flood fill": (flood_fill, [(ISLANDS, i, j, 1, 7) for i, j in ((0, 0), (2, 0), (0, 2), (-1, 0), (9, 9))]),
    "area": (area, [(ISLANDS, i, j) for i, j in ((0, 0), (2, 0), (0, 2), (4, 4))]),
    "largest island": (largest_island, [(ISLANDS,), (np.zeros((4, 4), int),), (np.ones((4, 4), int),)]),
    "maze": (maze, [(WALLS, 0, 0, np.zeros((25, 2), int), 0), (SHUT, 0, 0, np.zeros((25, 2), int), 0)]),
    "sudoku": (sudoku, [(BOARD, 0), (NO_BOARD, 0), (np.zeros((4, 4), int), 0)]),
    "knight": (knight, [(np.zeros((5, 5), int), 0, 0, 1, np.array([b])) for b in (3000, 40)]),
    "colouring": (colour, [(RING, np.zeros(5, int), 0, k) for k in (2, 3, 0)]),
    "shortest tour": (shortest_tour, [(DISTANCE, np.arange(6) == 0, 0, 1, 0.0, 1e9)]),
    "brackets": (brackets, [(n, 0, 0) for n in (0, 1, 6)]),
    "subsets": (
        count_subsets,
        [(np.array([1, 2, 3, 4, 5]), 0, s, np.zeros(5, int), np.zeros(5, int)) for s in (5, 0, 16, 15)],
    ),
    "strip game": (
        life_or_death,
        [(np.ones(n, bool), 0) for n in (1,)] + [(np.arange(4) != 1, 0), (np.zeros(4, bool), 0)],
    ),
}
