"""Working differences off: explained by one person with a reason; where money is posted, by two people.

What the bill has more than the ledger has arrived and belongs nowhere yet: it is taken in, `world → 00/unallocated`
(law 7). What the ledger has more than the bill is lacking: the federation covers it from its own money,
`00/fees → world`, so that no gift bears it (law 3). Both are dated and named by the channel, like what they correct.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from backend.core import audit
from backend.core.db import db
from backend.core.errors import NotFound
from backend.core.text import clean_line
from backend.ledger.accounts import FEES, UNALLOCATED, WORLD
from backend.ledger.posting import post
from backend.ledger.reasons import BILL_ARRIVAL, BILL_COVER
from backend.people.rights import NATION, Attempt, StaffMember, authorise
from backend.reconciliation.fees import UNPAID
from backend.reconciliation.models import (
    COVER,
    EXPLAIN,
    EXPLAINED,
    OPEN,
    PROPOSED,
    SETTLED,
    TAKE_IN,
    BillDifference,
    ReconciledDay,
)
from backend.reconciliation.refusals import (
    ActionUnfit,
    DifferenceDone,
    DifferenceProposed,
    FourEyes,
    NothingProposed,
    NotTheProposer,
)
from backend.reconciliation.service import REASON_LENGTH_MAX


def actions_for(row: BillDifference) -> tuple[str, ...]:
    """Return how a difference may be worked off. A fee that waits for money needs the money, and nobody's word.

    Of a line that the bill lists twice nothing is posted: both sides have the same money once.
    """
    if row.subject == UNPAID:
        return ()
    if row.delta_fen == 0 or row.ours_fen == row.theirs_fen:
        return (EXPLAIN,)
    return (EXPLAIN, TAKE_IN if row.delta_fen > 0 else COVER)


def propose(*, code: str, action: str, reason: str, staff: StaffMember, now: datetime) -> None:
    """Explain a difference, or propose to post its money; then nothing moves before a second person approves.

    The same again by the same person changes nothing. Refuses `ActionUnfit`, `DifferenceDone`, `DifferenceProposed`.
    """
    authorise(staff, "reconciliation.decide", NATION, subject=code)
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    row, _day = _locked(code)
    mine = (row.action, row.reason) == (action, told)
    if mine and staff.id in (row.proposed_by, row.decided_by) and row.state in (PROPOSED, EXPLAINED):
        return
    _check_open(row)
    if action not in actions_for(row):
        raise ActionUnfit(field="action")
    row.action, row.reason = action, told
    if action == EXPLAIN:
        row.state, row.decided_by, row.decided_at = EXPLAINED, staff.id, now
    else:
        row.state, row.proposed_by, row.proposed_at = PROPOSED, staff.id, now
    facts = {"act": action, "delta_fen": row.delta_fen, "reason": told}
    audit.record(action="reconciliation.propose", actor=staff.code, subject=code, now=now, **facts)


def approve(*, code: str, staff: StaffMember, now: datetime) -> None:
    """Approve what another person proposed: now the money is posted, once.

    Again by the same person changes nothing. Refuses `FourEyes`, `NothingProposed`, `DifferenceDone`, and
    `BalanceTooSmall` when the federation's own money does not cover what is lacking.
    """
    authorise(staff, "reconciliation.decide", NATION, subject=code)
    row, day = _locked(code)
    if row.state == SETTLED and row.decided_by == staff.id:
        return
    _check_proposed(row)
    if row.proposed_by == staff.id:
        raise FourEyes(Attempt(staff_code=staff.code, action="reconciliation.decide", subject=code))
    _post(row, channel=day.channel, day=day.day, now=now)
    row.state, row.reference, row.is_posted = SETTLED, difference_reference(code), True
    row.decided_by, row.decided_at = staff.id, now
    facts = {"act": row.action, "delta_fen": row.delta_fen}
    audit.record(action="reconciliation.approve", actor=staff.code, subject=code, now=now, **facts)


def take_back(*, code: str, reason: str | None, staff: StaffMember, now: datetime) -> None:
    """Take one's own proposal back, or refuse another's with a reason: the difference is open again, nothing moved."""
    authorise(staff, "reconciliation.decide", NATION, subject=code)
    row, _day = _locked(code)
    _check_proposed(row)
    facts: dict[str, object] = {"act": row.action, "proposed_reason": row.reason}
    if row.proposed_by != staff.id:
        if not (reason or "").strip():
            raise NotTheProposer()
        facts["reason"] = clean_line(reason or "", limit=REASON_LENGTH_MAX, field="reason")
    row.state, row.action, row.reason, row.proposed_by, row.proposed_at = OPEN, None, None, None, None
    audit.record(action="reconciliation.take_back", actor=staff.code, subject=code, now=now, **facts)


def difference_reference(code: str) -> str:
    """Return the ledger reference of the money that was posted for a difference."""
    return f"bill:{code}"


def _post(row: BillDifference, *, channel: str, day: date, now: datetime) -> None:
    is_arrival = row.delta_fen > 0
    post(
        source=WORLD if is_arrival else FEES,
        target=UNALLOCATED if is_arrival else WORLD,
        amount_fen=abs(row.delta_fen),
        reason=BILL_ARRIVAL if is_arrival else BILL_COVER,
        reference=difference_reference(row.code),
        now=now,
        channel=channel,
        provider_date=day,
    )


def _locked(code: str) -> tuple[BillDifference, ReconciledDay]:
    """Lock the difference's day, as comparing does, then the difference itself. Refuses `NotFound`."""
    of_it = select(BillDifference.day_id).where(BillDifference.code == code).scalar_subquery()
    locked = select(ReconciledDay).where(ReconciledDay.id == of_it).with_for_update()
    day = db.session.scalars(locked.execution_options(populate_existing=True)).first()
    mine = select(BillDifference).where(BillDifference.code == code).with_for_update()
    row = db.session.scalars(mine.execution_options(populate_existing=True)).first()
    if day is None or row is None:
        raise NotFound()
    return row, day


def _check_open(row: BillDifference) -> None:
    if row.state == PROPOSED:
        raise DifferenceProposed()
    if row.state != OPEN:
        raise DifferenceDone()


def _check_proposed(row: BillDifference) -> None:
    if row.state == OPEN:
        raise NothingProposed()
    if row.state != PROPOSED:
        raise DifferenceDone()
