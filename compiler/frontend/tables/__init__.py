"""What library objects mean: one table from callables, methods and properties to rules.

A rule is `rule(sp, *args, **kwargs) -> AbstractValue` with the signature that users see, or a function of
`hloc.library` in plain Python, which the front end compiles like any other.
"""

from __future__ import annotations

from typing import Any

from hloc.frontend.tables import (  # noqa: F401  (importing a table fills the registry)
    array_methods,
    builtin_functions,
    conditions,
    containers,
    contraction,
    creation,
    einsum,
    extremes,
    grids,
    iterating,
    joining,
    library_functions,
    linalg,
    masked,
    mathematics,
    matrices,
    quantiles,
    rearranging,
    reductions,
    reductions_without_nan,
    refused,
    registry,
    repeating,
    searching,
    selection,
    sorting,
    ufunc_calls,
)
from hloc.frontend.tables.registry import find, methods_of, properties_of, setters_of

__all__: list[Any] = ["find", "methods_of", "properties_of", "registry", "setters_of"]
