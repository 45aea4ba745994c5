"""The public names for batching."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

from hloc.transformation import compiled, in_python, public
from hloc.transformed import Mapped, axes_of, plain, size_of, strategy_of, vectorized_as


@public
def vmap(
    f: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_size: int | None = None,
    strategy: str | None = None,
) -> Any:
    """The function that runs f for many lanes: for each slice of its arguments along an axis; results are stacked.

    in_axes: the axis of the arguments that has the lanes, None for arguments that all lanes share; a tuple with an
        entry for each positional argument, with containers like the arguments, or their beginnings, inside. Keyword
        arguments are mapped over axis 0; numbers given by keyword, and defaults, are shared.
    out_axes: the axis of each result where lanes are stacked, likewise; None for one that is the same in all lanes.
    axis_size: the number of lanes, where no argument is mapped.
    strategy: how lanes are run; chosen by cost unless given: "simd" (all at once; branches and loops that differ
        between lanes under masks), "lockstep" and "pc" (the same), "serial" (one after another). Results do not depend
        on it.

    The result is that of a Python loop over lanes. The first lane that fails raises its error, with its number.
    """
    f = in_python(f)
    axes, size = (axes_of(in_axes), axes_of(out_axes)), size_of(axis_size)
    return compiled(Mapped("vmap", plain(f), *axes, size, strategy_of(strategy)), f)


@public
def vectorize(
    pyfunc: Callable[..., Any] | None = None,
    otypes: str | Sequence[Any] | None = None,
    excluded: Collection[int | str] | None = None,
    signature: str | None = None,
) -> Any:
    """pyfunc for arrays: applied to their elements by NumPy's broadcasting; as a decorator, with or without arguments.

    otypes: element types of the results, as characters or a list. excluded: positions and names of arguments that are
    passed as they are. signature: such as "(n),(n)->()" for a function of arrays: what stands in parentheses are the
    last dimensions of each argument and result, and broadcasting is over the others. As np.vectorize.
    """
    if pyfunc is None:
        return functools.partial(vectorize, otypes=otypes, excluded=excluded, signature=signature)
    f = in_python(pyfunc)
    return compiled(vectorized_as(plain(f), otypes, excluded, signature), f)
