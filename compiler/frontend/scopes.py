"""Which names belong where: Python's scoping rules for a function and all functions, lambdas, comprehensions in it.

    def f(x):                      f: params x; locals x, y, g; cellvars y
        y = x                      g: free y; globals np
        def g(): return np.sin(y)
        return [g() + i for i in range(x)]      comprehension: locals i; free g

A comprehension has a scope of its own, but it runs on the spot: a name that only comprehensions share with the function
is no cell. Its first iterable is evaluated outside; `:=` inside it binds the name of the function around.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import gast

COMPREHENSIONS = (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)
FUNCTIONS = (gast.FunctionDef, gast.Lambda)
SCOPES = FUNCTIONS + COMPREHENSIONS


@dataclass
class Scope:
    """The names of one function, lambda or comprehension.

    params: in the order of `co_varnames` (positional, keyword-only, *args, **kwargs).   locals: all bound here, params
    and flags included.   cellvars: locals that nested functions use.   freevars: names of functions around, used here
    or further in.   nonlocals: those of `freevars` assigned here (declared nonlocal, or by `:=` in a comprehension).
    globals: names looked up in the module or among the builtins.
    """

    params: tuple[str, ...] = ()
    locals: set[str] = field(default_factory=set)
    cellvars: set[str] = field(default_factory=set)
    freevars: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set, repr=False)


def attach_scopes(function: gast.AST, freevars: tuple[str, ...]) -> Scope:
    """Set `scope` on the function and on everything in it that has one; `freevars` are those of its code object."""
    scope = collect(function)
    resolve(function, set(freevars))
    return scope


def collect(node: gast.AST) -> Scope:
    """First pass: what each scope binds and mentions by itself."""
    scope = node.scope = Scope()
    if isinstance(node, FUNCTIONS):
        scope.params = parameters(node.args)
        scope.locals.update(scope.params)
    walrus = set()
    for part in own_nodes(node):
        record(part, scope)
        if isinstance(part, gast.NamedExpr):
            walrus.add(part.target.id)
        if isinstance(part, SCOPES):
            inner = collect(part)
            if isinstance(part, COMPREHENSIONS):
                walrus |= inner.nonlocals
    if isinstance(node, COMPREHENSIONS):
        scope.nonlocals |= walrus
    scope.locals |= walrus
    scope.locals -= scope.nonlocals
    return scope


def parameters(args: gast.arguments) -> tuple[str, ...]:
    extra = [arg for arg in (args.vararg, args.kwarg) if arg is not None]
    return tuple(arg.id for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, *extra])


def record(part: gast.AST, scope: Scope) -> None:
    """Enter what one node binds or reads."""
    if isinstance(part, gast.Name):
        (scope.uses if isinstance(part.ctx, gast.Load) else scope.locals).add(part.id)
    elif isinstance(part, gast.FunctionDef):
        scope.locals.add(part.name)
    elif isinstance(part, gast.Import | gast.ImportFrom):
        scope.locals.update((alias.asname or alias.name).split(".")[0] for alias in part.names)
    elif isinstance(part, gast.Assert):
        scope.uses.add("AssertionError")  # named after desugaring
    elif isinstance(part, gast.Nonlocal):
        scope.nonlocals.update(part.names)


def own_nodes(node: gast.AST) -> Iterator[gast.AST]:
    """The nodes evaluated in the scope of `node`: of nested scopes only the defaults or the first iterable."""
    for child in inner_children(node):
        yield from within(child)


def within(node: gast.AST) -> Iterator[gast.AST]:
    """`node` and what is below it, up to where another scope begins; annotations are left out."""
    yield node
    for child in outer_children(node) if isinstance(node, SCOPES) else unannotated(node):
        yield from within(child)


def unannotated(node: gast.AST) -> Iterator[gast.AST]:
    return (child for child in gast.iter_child_nodes(node) if child is not getattr(node, "annotation", None))


def inner_children(node: gast.AST) -> list[gast.AST]:
    """The children of a scope's node that are evaluated inside."""
    if isinstance(node, gast.FunctionDef):
        return list(node.body)
    if isinstance(node, gast.Lambda):
        return [node.body]
    first, *others = node.generators
    results = [node.key, node.value] if isinstance(node, gast.DictComp) else [node.elt]
    return [first.target, *first.ifs, *others, *results]


def outer_children(node: gast.AST) -> list[gast.AST]:
    """The children of a scope's node that are evaluated outside of it."""
    if isinstance(node, FUNCTIONS):
        defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
        return [*getattr(node, "decorator_list", ()), *defaults]
    return [node.generators[0].iter]


def nested_scopes(node: gast.AST) -> list[gast.AST]:
    """The scopes directly inside a scope's node."""
    return [part for part in own_nodes(node) if isinstance(part, SCOPES)]


def resolve(node: gast.AST, around: set[str]) -> None:
    """Second pass: tell free names from globals; `around` are the names of the functions around."""
    scope: Scope = node.scope
    free = (scope.uses - scope.locals) | scope.nonlocals
    scope.freevars = free & around
    scope.globals = free - around
    for inner in nested_scopes(node):
        resolve(inner, around | scope.locals)
        scope.freevars |= inner.scope.freevars - scope.locals
        scope.cellvars |= captured(inner) & scope.locals


def captured(node: gast.AST) -> set[str]:
    """Names from around that a function captures, or the functions inside a comprehension do."""
    scope: Scope = node.scope
    if isinstance(node, FUNCTIONS):
        return scope.freevars
    inner: set[str] = set().union(*map(captured, nested_scopes(node)))
    return inner - scope.locals
