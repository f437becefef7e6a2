"""Gifts: what a giver ordered, how it is shown, and its receipt. The money itself stands in the ledger."""
