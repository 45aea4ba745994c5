"""Results whose length depends on data, and random numbers: refused, each with what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.arrays import wrap
from hloc.frontend.tables.arguments import numpy_function
from hloc.frontend.tables.known import known_array
from hloc.frontend.tables.registry import Rule, family
from hloc.frontend.values import AbstractValue, Const

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

LENGTHS: dict[Any, str] = {
    np.unique: "sort the values and compare neighbours, or count with np.bincount(x, minlength=n)",
    np.union1d: "use masks: np.isin(a, b)",
    np.intersect1d: "use masks: np.isin(a, b)",
    np.setdiff1d: "use masks: np.isin(a, b, invert=True)",
    np.setxor1d: "use masks: np.isin(a, b)",
    np.extract: "reduce over a[mask], or use np.where(mask, a, other)",
    np.trim_zeros: "find the bounds with np.argmax(a != 0)",
    np.unique_values: "sort the values and compare neighbours",
}


def _is_random(obj: Any) -> bool:
    """Functions, generators and classes of numpy.random."""
    owner = getattr(obj, "__module__", None) or type(obj).__module__
    return isinstance(owner, str) and owner.startswith("numpy.random")


@family
def random_rule(function: Any) -> Rule | None:
    """What every function of numpy.random means in compiled code: a refusal."""
    if not _is_random(function) and not _is_random(getattr(function, "__self__", None)):
        return None
    name = getattr(function, "__name__", "random")

    def rule(sp: Specializer, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
        raise UnsupportedError(
            f"np.random.{name} draws from a state that compiled code does not have",
            help="draw the numbers outside and pass them as an argument",
        )

    rule.__dict__["refused"] = True
    return rule


def _refuse(function: Any, advice: str) -> None:
    def rule(sp: Specializer, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
        arrays = [known_array(sp, a) for a in args]
        if all(a is not None for a in arrays) and all(isinstance(v, Const) for v in kwargs.values()):
            return wrap(sp, function(*arrays, **{k: v.obj for k, v in kwargs.items() if isinstance(v, Const)}))
        raise UnsupportedError(
            f"np.{function.__name__} gives a result whose length depends on data",
            help=f"{advice}; arrays known at compile time are fine",
        )

    rule.__dict__["refused"] = True
    numpy_function(function)(rule)


for _function, _advice in LENGTHS.items():
    _refuse(_function, _advice)
