"""Why money moves: the closed list of reasons. Which way each may go, `projects.routes` says and `verify` checks."""

from __future__ import annotations

GIFT = "gift"
GIFT_UNALLOCATED = "gift_unallocated"
REALLOCATION = "reallocation"
PAYOUT = "payout"
SPENDING = "spending"
SPENDING_CORRECTION = "spending_correction"
SURPLUS_TO_FUND = "surplus_to_fund"
REASONS = (GIFT, GIFT_UNALLOCATED, REALLOCATION, PAYOUT, SPENDING, SPENDING_CORRECTION, SURPLUS_TO_FUND)
