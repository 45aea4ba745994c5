"""Functions that call themselves with data become functions of the program that call themselves.

signatures    what tells calls apart: is this call of an active function the same again, or another one?
arguments     a call's arguments as operands, and as what the function sees of them
environment   what a function reaches besides its arguments: closures, the caller's objects
fixpoint      the function is specialised again and again until what it takes, changes and gives is stable
"""
