"""Programs for hloc as users write them; `python -m examples` runs them all and compares them with CPython.

Each file can be read, run and inspected by itself. Only the functions that others do not call are decorated, so that
the plain program, which results are compared with, runs in CPython all the way.
"""
