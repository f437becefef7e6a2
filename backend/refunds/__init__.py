"""Giving money back: asked by the giver, decided by two people, sent to the provider, told by the ledger alone."""
