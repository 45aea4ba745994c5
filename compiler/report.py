"""What `hloc explain` tells about a program: which error checks are left after simplification."""

from __future__ import annotations

from hloc.ir.sources import Sources
from hloc.program import Program, TapeOverflow


def remaining_error_sites(program: Program) -> list[int]:
    """Numbers (from 1) of the error sites that the program may still report, in order."""
    if not program.error_words:
        return []
    sources = Sources(program.module)
    status = program.module.entry.results[program.error_index]
    constants = filter(sources.is_constant, sources.all(status))
    codes = {int(sources.producers[value][0].attrs["value"]) for value in constants} - {0}
    return [code for code in sorted(codes) if program.error_sites[code - 1].exception is not TapeOverflow]
