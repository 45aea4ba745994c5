"""The command line `hloc`: compile, run, inspect and explain functions of a Python file.

    hloc compile heat.py:step --args 'f64[100,100], i64' --emit stablehlo
    hloc run heat.py:step --args 'np.ones((100, 100)), 50'

It exits with 1 where a program is refused or fails (the error is printed as a traceback ends), with 2 for a wrong
command line.
"""

from hloc.cli.commands import main

__all__ = ["main"]
