"""All tables: importing one fills the registry."""

from __future__ import annotations

from hloc.frontend.tables import (  # noqa: F401
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
