"""Functions that call themselves with data become functions of the program that call themselves.

signatures      what tells calls apart: is this call of an active function the same again, or another one?
arguments       what a call hands over, as operands, and as what the function sees of it
specialisation  what is known of one function;  calling: a call of it
fixpoint        the function is specialised again and again until what it takes, changes and gives is stable
"""
