"""Why money moves: the closed list of reasons. Which way each may go, `projects.routes` says and `verify` checks."""

from __future__ import annotations

GIFT = "gift"
GIFT_UNALLOCATED = "gift_unallocated"
REALLOCATION = "reallocation"
PAYOUT = "payout"
SPENDING = "spending"
SPENDING_CORRECTION = "spending_correction"
SURPLUS_TO_FUND = "surplus_to_fund"
OWN_MONEY = "own_money"
CHANNEL_FEE = "channel_fee"
CHANNEL_FEE_RETURNED = "channel_fee_returned"
BILL_ARRIVAL = "bill_arrival"
BILL_COVER = "bill_cover"
REFUND_RESERVED = "refund_reserved"
REFUND = "refund"
REFUND_RETURNED = "refund_returned"
OF_REFUNDS = (REFUND_RESERVED, REFUND, REFUND_RETURNED)
REASONS = (
    GIFT,
    GIFT_UNALLOCATED,
    REALLOCATION,
    PAYOUT,
    SPENDING,
    SPENDING_CORRECTION,
    SURPLUS_TO_FUND,
    OWN_MONEY,
    CHANNEL_FEE,
    CHANNEL_FEE_RETURNED,
    BILL_ARRIVAL,
    BILL_COVER,
    *OF_REFUNDS,
)
