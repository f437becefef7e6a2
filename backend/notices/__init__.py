"""Notices of fund use: rendered from the ledger at a cut-off, published by themselves, never edited (law 11, R128)."""
