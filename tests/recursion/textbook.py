"""Recursive programs as a user of Python and NumPy writes them, by name, each with argument lists of the same types."""

from __future__ import annotations

from . import (
    textbook_arrays,
    textbook_counting,
    textbook_effects,
    textbook_flow,
    textbook_forms,
    textbook_graphs,
    textbook_numbers,
    textbook_numerics,
    textbook_nuts,
    textbook_search,
    textbook_series,
    textbook_sorting,
    textbook_static,
    textbook_trees,
)

MODULES = (
    textbook_numbers,
    textbook_counting,
    textbook_series,
    textbook_sorting,
    textbook_arrays,
    textbook_trees,
    textbook_graphs,
    textbook_search,
    textbook_numerics,
    textbook_nuts,
    textbook_static,
    textbook_forms,
    textbook_flow,
    textbook_effects,
)
PROGRAMS = {
    f"{module.__name__.rpartition('_')[2]}: {name}": case for module in MODULES for name, case in module.CASES.items()
}
