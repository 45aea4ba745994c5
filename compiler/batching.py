"""The public names for batching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hloc.transformation import compiled, in_python, public
from hloc.transformed import Mapped, axes_of, plain, strategy_of


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
    return compiled(Mapped("vmap", plain(f), axes_of(in_axes), axes_of(out_axes), axis_size, strategy_of(strategy)), f)
