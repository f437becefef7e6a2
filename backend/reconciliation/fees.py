"""The channel's fee, paid from money that the federation recorded as its own, never from a gift (law 3, bug 27)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from backend.core import audit
from backend.core.clock import local_day
from backend.core.db import db
from backend.core.errors import NotFound
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.ledger.accounts import FEES, WORLD
from backend.ledger.posting import BalanceTooSmall, check_amount, post
from backend.ledger.reasons import CHANNEL_FEE, CHANNEL_FEE_RETURNED, OWN_MONEY
from backend.media.service import PictureUnknown, find_picture
from backend.people.rights import NATION, Attempt, StaffMember, authorise
from backend.reconciliation import ours
from backend.reconciliation.models import (
    FEE,
    HEALED,
    OPEN,
    OWN_REFUSED,
    OWN_WITHDRAWN,
    BillDifference,
    OwnMoney,
    ReconciledDay,
)
from backend.reconciliation.refusals import FourEyes, OwnMoneyDone, ReceivedInFuture

FEE_REASONS = (CHANNEL_FEE, CHANNEL_FEE_RETURNED)
UNPAID = "unpaid"
BANK = "bank"
REASON_LENGTH_MAX = 200


def fee_posted(channel: str, day: date) -> int:
    """Return what the ledger has paid as fee of a channel for a day, less what came back, in fen."""
    paid = ours.sum_of(channel, day, (CHANNEL_FEE,))
    return paid - ours.sum_of(channel, day, (CHANNEL_FEE_RETURNED,))


def pay_fee(row: ReconciledDay, *, now: datetime) -> None:
    """Post what the day's bill tells of the fee and the ledger has not yet: `00/fees → world`, or back.

    With too little in `00/fees` nothing is posted: the fee waits, listed among the day's differences, and the day
    stays open until it is paid. A bill that came anew posts the rest alone. The caller has locked the day.
    """
    left = row.fee_fen - fee_posted(row.channel, row.day)
    source, target, reason = (FEES, WORLD, CHANNEL_FEE) if left > 0 else (WORLD, FEES, CHANNEL_FEE_RETURNED)
    try:
        if left:
            post(
                source=source,
                target=target,
                amount_fen=abs(left),
                reason=reason,
                reference=_next_reference(row.channel, row.day),
                now=now,
                channel=row.channel,
                provider_date=row.day,
            )
        _fee_waits(row, 0, now=now)
    except BalanceTooSmall:
        _fee_waits(row, left, now=now)


def _next_reference(channel: str, day: date) -> str:
    """Return the reference of the next posting for a day: the first, and one more for each bill that told otherwise.

    The day's row is locked, so nobody else counts meanwhile.
    """
    return f"channel-fee:{channel}:{day.isoformat()}:{ours.count_of(channel, day, FEE_REASONS) + 1}"


def _fee_waits(row: ReconciledDay, left_fen: int, *, now: datetime) -> None:
    mine = (BillDifference.day_id == row.id) & (BillDifference.kind == FEE) & (BillDifference.subject == UNPAID)
    known = db.session.scalars(select(BillDifference).where(mine)).first()
    if known is None and left_fen:
        known = BillDifference(code=new_code(16), day_id=row.id, kind=FEE, subject=UNPAID, found_at=now)
        db.session.add(known)
    if known is None:
        return
    known.state = OPEN if left_fen else HEALED
    known.is_posted = not left_fen
    if left_fen:
        known.theirs_fen, known.ours_fen, known.delta_fen = row.fee_fen, row.fee_fen - left_fen, -left_fen
        known.note = "自有资金不足，手续费还没有支付"


def propose_own_money(
    *, amount_fen: int, received_on: date, reason: str, voucher_media: str, staff: StaffMember, now: datetime
) -> str:
    """Record that the federation set money of its own aside for fees; return the code. Nothing moves yet.

    Needs a voucher of its own. Refuses `ReceivedInFuture`, `AmountInvalid`.
    """
    authorise(staff, "fees.fund", NATION)
    check_amount(amount_fen)
    if received_on > local_day(now):
        raise ReceivedInFuture()
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    picture = find_picture(voucher_media)
    if picture is None or not picture.region_code.startswith(staff.prefix):
        raise PictureUnknown(field="voucher_media")
    row = OwnMoney(code=new_code(16), amount_fen=amount_fen, received_on=received_on, reason=told)
    row.voucher_media, row.proposed_by, row.proposed_at = voucher_media, staff.id, now
    db.session.add(row)
    audit.record(action="fees.propose", actor=staff.code, subject=row.code, now=now, amount_fen=amount_fen)
    return row.code


def approve_own_money(*, code: str, staff: StaffMember, now: datetime) -> None:
    """Approve what another person recorded: `world → 00/fees`, once; again by the same person changes nothing.

    Fees that waited for it are paid at the next look at their days. Refuses `FourEyes`, `OwnMoneyDone`.
    """
    authorise(staff, "fees.fund", NATION, subject=code)
    row = _locked(code)
    if row.proposed_by == staff.id:
        raise FourEyes(Attempt(staff_code=staff.code, action="fees.fund", subject=code))
    if row.approved_by == staff.id:
        return
    _check_waits(row)
    row.approved_by, row.approved_at = staff.id, now
    post(
        source=WORLD,
        target=FEES,
        amount_fen=row.amount_fen,
        reason=OWN_MONEY,
        reference=own_money_reference(code),
        now=now,
        channel=BANK,
        provider_date=row.received_on,
    )
    _look_again(now=now)
    audit.record(action="fees.approve", actor=staff.code, subject=code, now=now, amount_fen=row.amount_fen)


def end_own_money(*, code: str, reason: str | None, staff: StaffMember, now: datetime) -> None:
    """Take back what one recorded oneself, or refuse what another did, with a reason. Refuses `OwnMoneyDone`."""
    authorise(staff, "fees.fund", NATION, subject=code)
    row = _locked(code)
    ended_as = OWN_WITHDRAWN if row.proposed_by == staff.id else OWN_REFUSED
    if row.ended_as == ended_as and row.ended_by == staff.id:
        return
    _check_waits(row)
    row.ended_as, row.ended_by, row.ended_at = ended_as, staff.id, now
    if ended_as == OWN_REFUSED:
        row.end_reason = clean_line(reason or "", limit=REASON_LENGTH_MAX, field="reason")
    audit.record(action="fees.end", actor=staff.code, subject=code, now=now, ended_as=ended_as)


def own_money_reference(code: str) -> str:
    """Return the ledger reference of a federation's own money."""
    return f"own-money:{code}"


def _look_again(*, now: datetime) -> None:
    """Have the days whose fee waits looked at now."""
    waits = select(BillDifference.day_id).where(BillDifference.subject == UNPAID, BillDifference.state == OPEN)
    for row in db.session.scalars(select(ReconciledDay).where(ReconciledDay.id.in_(waits))):
        row.next_at = now


def _locked(code: str) -> OwnMoney:
    row = db.session.scalars(select(OwnMoney).where(OwnMoney.code == code).with_for_update()).first()
    if row is None:
        raise NotFound()
    return row


def _check_waits(row: OwnMoney) -> None:
    if row.approved_at is not None or row.ended_at is not None:
        raise OwnMoneyDone()
