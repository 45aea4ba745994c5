"""np.vectorize: called in compiled code, and functions that it made before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.frontend.tables.registry import Rule, family, implements
from hloc.frontend.values import AbstractValue, Const, DerivedV
from hloc.frontend.vectorizing import vectorized
from hloc.program import Path
from hloc.transformed import vectorized_as

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@implements(np.vectorize)
def vectorize(
    sp: Specializer,
    pyfunc: AbstractValue,
    otypes: AbstractValue = Const(None),
    doc: AbstractValue = Const(None),
    excluded: AbstractValue = Const(None),
    cache: AbstractValue = Const(False),
    signature: AbstractValue = Const(None),
) -> AbstractValue:
    choices = (sp.static(value, "an argument of vectorize") for value in (otypes, excluded, signature))
    return DerivedV(vectorized_as(None, *choices), pyfunc)


@family
def find_vectorized(obj: Any) -> Rule | None:
    """The rule of a function that np.vectorize made."""
    if not isinstance(obj, np.vectorize):
        return None

    def call(sp: Specializer, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
        for name in ("pyfunc", "otypes", "excluded", "signature"):
            sp.guard(Path(obj, (("attr", name),)), "is", getattr(obj, name))
        made = vectorized_as(None, obj.otypes, obj.excluded, obj.signature)
        return vectorized(sp, made, Const(obj.pyfunc), list(args), kwargs)

    return call
