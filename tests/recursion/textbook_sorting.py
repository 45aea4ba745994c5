"""Searching and sorting in place by index ranges; sums and extremes by halves."""

from __future__ import annotations

import numpy as np


def binary_search(a, x, low, high):
    if low > high:
        return -1
    middle = (low + high) // 2
    if a[middle] == x:
        return middle
    if a[middle] < x:
        return binary_search(a, x, middle + 1, high)
    return binary_search(a, x, low, middle - 1)


def search(a, x):
    return binary_search(a, x, 0, len(a) - 1)


def partition(a, low, high):
    pivot = a[high]
    i = low
    for j in range(low, high):
        if a[j] < pivot:
            a[i], a[j] = a[j], a[i]
            i += 1
    a[i], a[high] = a[high], a[i]
    return i


def quicksort(a, low, high):
    if low < high:
        p = partition(a, low, high)
        quicksort(a, low, p - 1)
        quicksort(a, p + 1, high)


def sort_quickly(a):
    quicksort(a, 0, len(a) - 1)
    return a


def quicksort_from_both_ends(a, low, high, seed):
    """The pivot is chosen by a congruential generator."""
    if low >= high:
        return seed
    seed = (seed * 1103515245 + 12345) % 2147483648
    pivot = a[low + seed % (high - low + 1)]
    i, j = low, high
    while i <= j:
        while a[i] < pivot:
            i += 1
        while a[j] > pivot:
            j -= 1
        if i <= j:
            a[i], a[j] = a[j], a[i]
            i += 1
            j -= 1
    seed = quicksort_from_both_ends(a, low, j, seed)
    return quicksort_from_both_ends(a, i, high, seed)


def mergesort(a, scratch, low, high):
    """Sort a[low:high] in place."""
    if high - low < 2:
        return
    middle = (low + high) // 2
    mergesort(a, scratch, low, middle)
    mergesort(a, scratch, middle, high)
    i, j = low, middle
    for k in range(low, high):
        if i < middle and (j >= high or a[i] <= a[j]):
            scratch[k] = a[i]
            i += 1
        else:
            scratch[k] = a[j]
            j += 1
    for k in range(low, high):
        a[k] = scratch[k]


def sort_by_merging(a):
    mergesort(a, np.empty_like(a), 0, len(a))
    return a


def select_kth(a, low, high, k):
    """The element that would stand at k if a were sorted."""
    p = partition(a, low, high)
    if p == k:
        return a[p]
    if p < k:
        return select_kth(a, p + 1, high, k)
    return select_kth(a, low, p - 1, k)


def insertion_sort(a, n):
    if n <= 1:
        return
    insertion_sort(a, n - 1)
    last = a[n - 1]
    j = n - 2
    while j >= 0 and a[j] > last:
        a[j + 1] = a[j]
        j -= 1
    a[j + 1] = last


def sift_down(heap, root, size):
    largest = root
    for child in (2 * root + 1, 2 * root + 2):
        if child < size and heap[child] > heap[largest]:
            largest = child
    if largest != root:
        heap[root], heap[largest] = heap[largest], heap[root]
        sift_down(heap, largest, size)


def heapsort(a):
    n = len(a)
    for root in range(n // 2 - 1, -1, -1):
        sift_down(a, root, n)
    for end in range(n - 1, 0, -1):
        a[0], a[end] = a[end], a[0]
        sift_down(a, 0, end)


def reverse(a, low, high):
    if low < high:
        a[low], a[high] = a[high], a[low]
        reverse(a, low + 1, high - 1)


def total(a, low, high):
    """The sum of a[low:high] by halves."""
    if high - low == 0:
        return 0.0
    if high - low == 1:
        return a[low]
    middle = (low + high) // 2
    return total(a, low, middle) + total(a, middle, high)


def extremes(a, low, high):
    if low == high:
        return a[low], a[low]
    middle = (low + high) // 2
    least, most = extremes(a, low, middle)
    low_right, high_right = extremes(a, middle + 1, high)
    return min(least, low_right), max(most, high_right)


def best_slice(a, low, high):
    """(best sum of a slice, of a prefix, of a suffix, of all) of a[low:high + 1]."""
    if low == high:
        return a[low], a[low], a[low], a[low]
    middle = (low + high) // 2
    best_l, prefix_l, suffix_l, all_l = best_slice(a, low, middle)
    best_r, prefix_r, suffix_r, all_r = best_slice(a, middle + 1, high)
    best = max(best_l, best_r, suffix_l + prefix_r)
    return best, max(prefix_l, all_l + prefix_r), max(suffix_r, all_r + suffix_l), all_l + all_r


def count_inversions(a, scratch, low, high):
    if high - low <= 1:
        return 0
    middle = (low + high) // 2
    count = count_inversions(a, scratch, low, middle) + count_inversions(a, scratch, middle, high)
    i, j = low, middle
    for k in range(low, high):
        if j == high or (i < middle and a[i] <= a[j]):
            scratch[k] = a[i]
            i += 1
        else:
            scratch[k] = a[j]
            count += middle - i
            j += 1
    a[low] = scratch[low]
    for k in range(low + 1, high):
        a[k] = scratch[k]
    return count


def lower_bound(a, x, low, high):
    if low == high:
        return low
    middle = low + (high - low) // 2
    return lower_bound(a, x, middle + 1, high) if a[middle] < x else lower_bound(a, x, low, middle)


def find_peak(a, low, high):
    if low == high:
        return low, a[low]
    middle = (low + high) // 2
    if a[middle] < a[middle + 1]:
        return find_peak(a, middle + 1, high)
    return find_peak(a, low, middle)


def shuffled(n, seed=0):
    return np.random.default_rng(seed).permutation(n)


def equal_ones(n, seed=0):
    return np.random.default_rng(seed).integers(0, 4, n)


SORTED = np.array([1, 3, 3, 7, 12, 20, 31])
NUMBERS = np.random.default_rng(1).normal(size=23)
RANGES = [(shuffled(12), 0, 11), (equal_ones(12), 0, 11), (np.arange(12), 2, 9), (np.arange(12)[::-1].copy(), 0, -1)]
CASES = {
    "binary search": (binary_search, [(SORTED, x, 0, 6) for x in (0, 1, 3, 12, 31, 32)] + [(SORTED, 3, 5, 4)]),
    "search": (search, [(SORTED, x) for x in (1, 5, 31)] + [(np.array([]), 1.0), (np.array([1.5]), 1.5)]),
    "quicksort": (quicksort, RANGES),
    "quicksort of all": (
        sort_quickly,
        [(shuffled(50),), (NUMBERS,), (np.array([]),), (np.array([2.0]),), (NUMBERS.astype(np.float32),)],
    ),
    "quicksort from both ends": (quicksort_from_both_ends, [(*case, 7) for case in RANGES]),
    "mergesort": (mergesort, [(shuffled(13), np.zeros(13, int), 0, n) for n in (13, 1, 0)]),
    "mergesort of all": (sort_by_merging, [(NUMBERS,), (np.array([]),), (np.array([2.0]),), (equal_ones(17),)]),
    "select the k-th": (select_kth, [(shuffled(12), 0, 11, k) for k in (0, 5, 11)]),
    "insertion sort": (insertion_sort, [(shuffled(9), n) for n in (9, 4, 1, 0)]),
    "heapsort": (heapsort, [(shuffled(20),), (equal_ones(20),), (NUMBERS,), (np.array([3]),)]),
    "reverse": (reverse, [(np.arange(7), 0, 6), (np.arange(7), 2, 2), (np.arange(7), 1, 4), (np.arange(7), -5, -2)]),
    "sum by halves": (total, [(NUMBERS, 0, 23), (NUMBERS, 4, 5), (NUMBERS, 3, 3)]),
    "extremes by halves": (extremes, [(NUMBERS, 0, 22), (NUMBERS, 4, 4), (NUMBERS, 4, 5)]),
    "best slice": (best_slice, [(NUMBERS, 0, 22), (NUMBERS, 4, 4), (NUMBERS, 10, 17)]),
    "inversions": (count_inversions, [(shuffled(13), np.zeros(13, int), 0, n) for n in (13, 6, 1)]),
    "lower bound": (lower_bound, [(SORTED, x, 0, 7) for x in (0, 3, 4, 31, 40)]),
    "peak": (find_peak, [(np.array([1.0, 3.0, 9.0, 4.0, 2.0]), 0, 4), (np.array([1.0, 3.0, 9.0, 14.0, 22.0]), 0, 4)]),
}
