"""Programs that outlive the process: found again by what their function and all it uses say (see docs/cache.md)."""
