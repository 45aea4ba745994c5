"""Compiled functions as files: written by `Lowered.save`, run by `hloc.load` (see docs/artefacts.md)."""
