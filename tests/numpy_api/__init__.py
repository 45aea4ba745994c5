"""NumPy functions compiled, against NumPy."""
