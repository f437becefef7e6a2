"""What `verify` asks of each day: the ledger, the bill and what is still open add up; seals chain and still tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import case, func, select

from backend.core.db import db
from backend.ledger.models import Transfer
from backend.ledger.reasons import (
    BILL_ARRIVAL,
    BILL_COVER,
    CHANNEL_FEE,
    CHANNEL_FEE_RETURNED,
    GIFT,
    GIFT_UNALLOCATED,
)
from backend.ledger.reasons import REFUND as SENT
from backend.reconciliation import sealing
from backend.reconciliation.fees import UNPAID
from backend.reconciliation.models import (
    CLOSED,
    HEALED,
    OPEN,
    PROPOSED,
    REFUND,
    SEALED,
    BillDifference,
    BilledRefund,
    DaySeal,
    ReconciledDay,
)
from backend.refunds.models import Refund

CASH = (GIFT, GIFT_UNALLOCATED, BILL_ARRIVAL, BILL_COVER, CHANNEL_FEE, CHANNEL_FEE_RETURNED)
Key = tuple[str, object]


def fees_equal_bills() -> list[str]:
    """What was paid as fee of a day is what its bill tells, but for a fee that waits for money and is listed."""
    waits = (BillDifference.subject == UNPAID) & (BillDifference.state == OPEN)
    unpaid = {
        row[0]: -int(row[1])
        for row in db.session.execute(select(BillDifference.day_id, BillDifference.delta_fen).where(waits))
    }
    posted = _sums((CHANNEL_FEE, CHANNEL_FEE_RETURNED))
    found, known = [], set()
    for row in _matched():
        known.add((row.channel, row.day))
        paid = -posted.get((row.channel, row.day), 0)
        if paid + unpaid.get(row.id, 0) != row.fee_fen:
            found.append(f"{row.channel} {row.day} 的手续费账单是 {row.fee_fen} 分，账本付了 {paid} 分")
    return found + [f"{channel} {day} 付了手续费，但那一天没有对过账" for channel, day in posted.keys() - known]


def days_add_up() -> list[str]:
    """I2: what a day's bill says that the channel holds is what the ledger says, and what its differences explain."""
    posted, refunded, left = _sums(CASH), _refunded(), _left()
    found = []
    for row in _matched():
        told = row.paid_fen - row.refunded_fen - row.fee_fen
        ours = posted.get((row.channel, row.day), 0) - refunded.get(row.id, 0) + left.get(row.id, 0)
        if told != ours:
            found.append(f"{row.channel} {row.day} 账单净额 {told} 分，账本与未结差异合计 {ours} 分")
    return found


def _matched() -> Iterator[ReconciledDay]:
    yield from db.session.scalars(
        select(ReconciledDay).where(ReconciledDay.matched_at.is_not(None)).order_by(ReconciledDay.day)
    )


def _sums(reasons: tuple[str, ...]) -> dict[Key, int]:
    """Return by channel and day what came in for some reasons, less what went out."""
    signed = case((Transfer.source_account == "world", Transfer.amount_fen), else_=-Transfer.amount_fen)
    statement = select(Transfer.channel, Transfer.provider_date, func.sum(signed)).where(Transfer.reason.in_(reasons))
    rows = db.session.execute(statement.group_by(Transfer.channel, Transfer.provider_date))
    return {(row[0], row[1]): int(row[2]) for row in rows}


def _refunded() -> dict[int, int]:
    """Return by day what its bill's refunds took, as we have it: of one that differs, what we had when it was told.

    What has left the ledger counts as posted; what is still on its way, or was closed after the bill, as promised.
    """
    differs = (BillDifference.kind == REFUND) & (BillDifference.state != HEALED)
    told = select(BillDifference.day_id, BillDifference.refund_no, BillDifference.ours_fen).where(differs)
    own = {(row[0], row[1]): row[2] or 0 for row in db.session.execute(told.order_by(BillDifference.id))}
    sent = (Transfer.reference == BilledRefund.refund_no) & (Transfer.reason == SENT)
    statement = (
        select(BilledRefund.day_id, BilledRefund.refund_no, Transfer.amount_fen.label("sent"), Refund.amount_fen)
        .outerjoin(Refund, Refund.refund_no == BilledRefund.refund_no)
        .outerjoin(Transfer, sent)
    )
    sums: dict[int, int] = defaultdict(int)
    for row in db.session.execute(statement):
        mine = row.amount_fen or 0 if row.sent is None else row.sent
        sums[row.day_id] += own.get((row.day_id, row.refund_no), mine)
    return sums


def _left() -> dict[int, int]:
    """Return by day what its differences explain: those whose money is not in the ledger."""
    open_ones = select(BillDifference.day_id, func.sum(BillDifference.delta_fen)).where(
        BillDifference.is_posted.is_(False),
        (BillDifference.kind != REFUND) | BillDifference.theirs_fen.is_not(None),
    )
    return {row[0]: int(row[1]) for row in db.session.execute(open_ones.group_by(BillDifference.day_id))}


def seals_chain() -> list[str]:
    """Each seal names the one before it, is the hash of its own text, and names the seal that it replaces."""
    wrong: list[str] = []
    last: dict[str, str] = {}
    newest: dict[Key, str] = {}
    for seal in db.session.scalars(select(DaySeal).order_by(DaySeal.id)):
        key = (seal.channel, seal.day)
        is_right = (
            seal.previous_hash == last.get(seal.channel, sealing.BEGINNING)
            and seal.hash == sealing.hash_of(seal.previous_hash, seal.body)
            and seal.replaces == newest.get(key)
        )
        if not is_right:
            wrong.append(f"{seal.channel} {seal.day} 第 {seal.version} 版的封存与链条不符")
        last[seal.channel] = newest[key] = seal.hash
    return wrong


def sealed_days_are_as_sealed() -> list[str]:
    """A sealed day still is what its newest seal tells; a closed one has nothing open."""
    newest: dict[Key, DaySeal] = {}
    for seal in db.session.scalars(select(DaySeal).order_by(DaySeal.id)):
        newest[seal.channel, seal.day] = seal
    wrong = []
    for row in db.session.scalars(select(ReconciledDay).where(ReconciledDay.state.in_((CLOSED, SEALED)))):
        waits = (BillDifference.day_id == row.id) & BillDifference.state.in_((OPEN, PROPOSED))
        if db.session.scalar(select(BillDifference.id).where(waits).limit(1)) is not None:
            wrong.append(f"{row.channel} {row.day} 已结账，但还有没处理的差异")
        kept = newest.get((row.channel, row.day))
        if row.state == SEALED and (kept is None or kept.body != _text(row, kept)):
            wrong.append(f"{row.channel} {row.day} 与封存时不同")
    return wrong


def _text(row: ReconciledDay, seal: DaySeal) -> str:
    return sealing.text_of({**sealing.facts_of(row), "replaces": seal.replaces})
