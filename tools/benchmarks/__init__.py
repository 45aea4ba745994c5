"""The benchmarks behind docs/benchmarks.md; run them with `./tools/bench`.

`cases` says what is compared, `timing` measures it, `report` writes it down; each suite is a module with a function
that gives tables. Programs under test are plain Python in `loop_programs` and `array_programs`.
"""
