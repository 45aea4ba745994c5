"""Refuse what the language does not have, with the place and with what works instead.

The fence sees the whole function once, nested functions included, before anything is rewritten; later stages may rely
on the constructs named here being absent. Generator expressions that are consumed at once become list comprehensions.
"""

from __future__ import annotations

import gast

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.origin import span_of

ASYNC = (
    "async code is not supported",
    "compiled functions run to their end at once: write def, for and with plain calls",
)
TRY = (
    "try is not supported",
    "test the condition with if before the operation; exceptions pass through to the caller, who may catch them",
)
WITH = ("with is not supported", "open the context around the call of the compiled function")
MATCH = ("match is not supported", "use if and elif; unpack tuples by assignment")
YIELD = ("generators (yield) are not supported", "collect the values in a list or an array and return it")
SET = (
    "sets are not supported",
    "use a tuple for `in`, a dict for look-up, np.unique for the distinct values of an array",
)
TYPE_ALIAS = ("type aliases inside a function are not supported", "define the type alias at module level")

REFUSED: dict[str, tuple[str, str]] = {
    "AsyncFunctionDef": ASYNC,
    "AsyncFor": ASYNC,
    "AsyncWith": ASYNC,
    "Await": ASYNC,
    "Try": TRY,
    "TryStar": TRY,
    "With": WITH,
    "Match": MATCH,
    "Yield": YIELD,
    "YieldFrom": YIELD,
    "ClassDef": ("class definitions inside a function are not supported", "define the class at module level"),
    "Global": (
        "global statements are not supported",
        "return the new value and let the caller assign it; globals may be read without a declaration",
    ),
    "Set": SET,
    "SetComp": SET,
    "TypeAlias": TYPE_ALIAS,
}
CONSUMERS = frozenset({"sum", "any", "all", "min", "max", "sorted", "list", "tuple"})


def fence(function: gast.AST) -> None:
    """Check a function's tree. Raises UnsupportedError at the first construct, in source order, that is refused."""
    _check(function)


def _check(node: gast.AST) -> None:
    name = type(node).__name__
    if name in REFUSED:
        raise refuse(node, *REFUSED[name])
    special = SPECIAL.get(name)
    if special:
        special(node)
    for child in gast.iter_child_nodes(node):
        _check(child)


def refuse(node: gast.AST, message: str, help: str) -> UnsupportedError:
    return UnsupportedError(message, span=span_of(node), help=help)


def _call(node: gast.Call) -> None:
    """`sum(f(x) for x in xs)` reads every value at once: the same as with a list."""
    if isinstance(node.func, gast.Name) and node.func.id in CONSUMERS and node.args:
        arg = node.args[0]
        if isinstance(arg, gast.GeneratorExp):
            listed = gast.ListComp(elt=arg.elt, generators=arg.generators)
            listed.span = arg.span
            node.args = [gast.copy_location(listed, arg), *node.args[1:]]


def _generator(node: gast.GeneratorExp) -> None:
    raise refuse(
        node,
        "generator expressions are supported only as the argument of " + ", ".join(sorted(CONSUMERS)),
        "write a list comprehension: [… for … in …]",
    )


def _comprehension(node: gast.comprehension) -> None:
    if node.is_async:
        raise refuse(node.target, *ASYNC)


def _delete(node: gast.Delete) -> None:
    for target in node.targets:
        if not isinstance(target, gast.Name):
            raise refuse(
                node,
                "del of an element or attribute is not supported",
                "del works on names; build a new array, list or dict without the element (np.delete, a comprehension)",
            )


def _raise(node: gast.Raise) -> None:
    if node.exc is None:
        raise refuse(node, "raise without an exception is not supported", "name the exception: raise ValueError(…)")


SPECIAL = {
    "Call": _call,
    "GeneratorExp": _generator,
    "comprehension": _comprehension,
    "Delete": _delete,
    "Raise": _raise,
}
