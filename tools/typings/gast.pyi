"""gast makes its classes at import, so checkers cannot see them: every name is Any."""

from typing import Any

def __getattr__(name: str) -> Any: ...
