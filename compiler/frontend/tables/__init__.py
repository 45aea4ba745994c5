"""What library objects mean: one table from callables, methods and properties to rules.

A rule is `rule(sp, *args, **kwargs) -> AbstractValue` with the signature that users see, or a function of
`hloc.library` in plain Python, which the front end compiles like any other.
"""
