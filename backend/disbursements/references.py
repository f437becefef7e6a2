"""The names under which the ledger knows payouts and reallocations. Pure."""

from __future__ import annotations


def payout_reference(code: str) -> str:
    """Return the ledger reference of a payout."""
    return f"payout:{code}"


def reallocation_reference(reference: str) -> str:
    """Return the ledger reference of the reallocation of the money that came under `reference`."""
    return f"reallocation:{reference}"
