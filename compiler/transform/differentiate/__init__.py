"""Derivatives: SSA programs that compute them from the programs that they were asked of."""
