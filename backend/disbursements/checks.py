"""Recomputing payouts, spending and corrections against the ledger, and naming what is out of joint (P4, P11)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import exists, func, literal, or_, select, text
from sqlalchemy.orm import aliased

from backend.core.db import db, local_date
from backend.disbursements.models import ENDED_BY, Payout, SpendingCorrection, SpendingLine
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.models import Transfer
from backend.ledger.reasons import (
    BILL_ARRIVAL,
    GIFT_UNALLOCATED,
    PAYOUT,
    REALLOCATION,
    SPENDING,
    SPENDING_CORRECTION,
    SURPLUS_TO_FUND,
)
from backend.payments.models import PaymentOrder
from backend.people.models import Staff
from backend.people.rights import NATION
from backend.projects.models import Project
from backend.refunds.models import Refund
from backend.refunds.workflow import SUCCESS

SHOWN = 20

# Every case beside the one transfer that it must have: who paid, whom, how much, for what reason.
_CASES = {
    "拨付": """
        SELECT y.code, 'payout:' || y.code AS reference, 'payout' AS reason, y.amount_fen,
               '00/' || p.code AS source, p.village_code || '/' || p.code AS target
        FROM payouts y JOIN projects p ON p.id = y.project_id WHERE y.approved_at IS NOT NULL""",
    "支出": """
        SELECT s.code, s.reference, 'spending' AS reason, s.amount_fen,
               p.village_code || '/' || p.code AS source, 'world' AS target
        FROM spending_lines s JOIN projects p ON p.id = s.project_id""",
    "更正": """
        SELECT c.code, c.reference, 'spending_correction' AS reason, c.amount_fen,
               'world' AS source, p.village_code || '/' || p.code AS target
        FROM spending_corrections c JOIN spending_lines s ON s.id = c.line_id JOIN projects p ON p.id = s.project_id""",
}
_WITHOUT_TRANSFER = """
    SELECT c.code FROM ({cases}) c LEFT JOIN transfers t
    ON t.reference = c.reference AND t.reason = c.reason AND t.amount_fen = c.amount_fen
       AND t.source_account = c.source AND t.target_account = c.target
    WHERE t.id IS NULL ORDER BY c.code LIMIT :shown"""
_WITHOUT_CASE = """
    WITH cases AS MATERIALIZED ({cases})
    SELECT t.reference FROM transfers t LEFT JOIN cases c ON c.reference = t.reference
    WHERE t.reason = :reason AND c.reference IS NULL ORDER BY t.id LIMIT :shown"""
_REASONS = {"拨付": PAYOUT, "支出": SPENDING, "更正": SPENDING_CORRECTION}


def check_disbursements() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _each_case_has_its_transfer,
        _each_transfer_has_its_case,
        _corrections_are_within_their_line,
        _vouchers_run_without_a_gap,
        _days_are_those_of_the_rows,
        _payouts_are_of_two_of_the_nation,
        _payouts_have_one_end,
        _reallocations_have_their_arrival,
        _surplus_leaves_closed_projects,
    )
    return [finding for check in checks for finding in check()]


def _each_case_has_its_transfer() -> list[str]:
    found = []
    for name, cases in _CASES.items():
        rows = db.session.execute(text(_WITHOUT_TRANSFER.format(cases=cases)), {"shown": SHOWN})
        found += [f"{name} {row.code} 在账本里没有相符的转账" for row in rows]
    return found


def _each_transfer_has_its_case() -> list[str]:
    found = []
    for name, cases in _CASES.items():
        told = {"reason": _REASONS[name], "shown": SHOWN}
        rows = db.session.execute(text(_WITHOUT_CASE.format(cases=cases)), told)
        found += [f"转账 {row.reference} 没有对应的{name}记录" for row in rows]
    return found


def _corrections_are_within_their_line() -> list[str]:
    total = func.sum(SpendingCorrection.amount_fen)
    statement = (
        select(SpendingLine.code)
        .join(SpendingCorrection, SpendingCorrection.line_id == SpendingLine.id)
        .group_by(SpendingLine.id, SpendingLine.code, SpendingLine.amount_fen)
        .having(total > SpendingLine.amount_fen)
        .order_by(SpendingLine.code)
        .limit(SHOWN)
    )
    return [f"支出 {code} 的更正合计超过了原金额" for code in db.session.scalars(statement)]


def _vouchers_run_without_a_gap() -> list[str]:
    count, highest = func.count(), func.max(SpendingLine.number)
    statement = select(SpendingLine.project_id).group_by(SpendingLine.project_id).having(count != highest).limit(SHOWN)
    return [f"项目 {project_id} 的凭证编号有缺口" for project_id in db.session.scalars(statement)]


def _days_are_those_of_the_rows() -> list[str]:
    spent = select(Transfer.reference).join(SpendingLine, SpendingLine.reference == Transfer.reference)
    spent = spent.where(or_(Transfer.provider_date != SpendingLine.spent_on, Transfer.channel != SpendingLine.channel))
    back = (
        select(Transfer.reference)
        .join(SpendingCorrection, SpendingCorrection.reference == Transfer.reference)
        .join(SpendingLine, SpendingLine.id == SpendingCorrection.line_id)
        .where(
            or_(
                Transfer.provider_date != local_date(SpendingCorrection.recorded_at),
                Transfer.channel != SpendingLine.channel,
            )
        )
    )
    return [
        f"转账 {reference} 的日期或渠道与{name}记录不符"
        for name, wrong in (("支出", spent), ("更正", back))
        for reference in db.session.scalars(wrong.limit(SHOWN))
    ]


def _payouts_are_of_two_of_the_nation() -> list[str]:
    """A role is given with the account and never changes, so what it is now it was then (R98)."""
    alone = select(Payout.code).where(Payout.approved_by == Payout.proposed_by).limit(SHOWN)
    hands = Staff.id.in_((Payout.proposed_by, Payout.approved_by, Payout.ended_by))
    is_of_nation = (Staff.role == "national") & (Staff.region_code == NATION)
    stranger = select(Payout.code).join(Staff, hands).where(~is_of_nation).distinct().limit(SHOWN)
    return [
        *(f"拨付 {code} 由同一个人提出和批准" for code in db.session.scalars(alone)),
        *(f"拨付 {code} 的提出人或批准人不是全国账号" for code in db.session.scalars(stranger)),
    ]


def _payouts_have_one_end() -> list[str]:
    """A payout waits, moves money, or ends without; none waits for a project that has closed.

    That an ended one moved no money, the transfers tell: theirs is not among the cases.
    """
    twice = select(Payout.code).where(Payout.approved_at.is_not(None), Payout.ended_at.is_not(None)).limit(SHOWN)
    is_refused = func.coalesce(Payout.ended_as, "") == "refused"
    is_whole = (
        text(f"({ENDED_BY})")
        & (Payout.ended_as.is_(None) == Payout.ended_at.is_(None))
        & (is_refused == Payout.end_reason.is_not(None))
    )
    broken = select(Payout.code).where(~is_whole).limit(SHOWN)
    waits = Payout.approved_at.is_(None) & Payout.ended_at.is_(None)
    forgotten = select(Payout.code).join(Project, Project.id == Payout.project_id)
    forgotten = forgotten.where(waits, Project.closed_at.is_not(None)).limit(SHOWN)
    return [
        *(f"拨付 {code} 既已批准又已终止" for code in db.session.scalars(twice)),
        *(f"拨付 {code} 的终止记录不完整" for code in db.session.scalars(broken)),
        *(f"拨付 {code} 还在等待批准，但项目已经结项" for code in db.session.scalars(forgotten)),
    ]


def _reallocations_have_their_arrival() -> list[str]:
    """What was given to a project is what arrived, less what went back to the giver before."""
    arrival, prefix = aliased(Transfer), reallocation_reference("")
    of_arrival = exists().where(
        Gift.id == Refund.gift_id, PaymentOrder.id == Gift.order_id, PaymentOrder.out_trade_no == arrival.reference
    )
    sums = select(func.coalesce(func.sum(Refund.amount_fen), 0)).where(of_arrival, Refund.account == UNALLOCATED)
    refunded = sums.where(Refund.state == SUCCESS).correlate(arrival).scalar_subquery()
    is_its_arrival = (
        (arrival.reference == func.substr(Transfer.reference, len(prefix) + 1))
        & arrival.reason.in_((GIFT_UNALLOCATED, BILL_ARRIVAL))
        & (arrival.target_account == UNALLOCATED)
        & (arrival.amount_fen - refunded == Transfer.amount_fen)
        & (Transfer.reference == literal(prefix) + arrival.reference)
    )
    loose = select(Transfer.reference).outerjoin(arrival, is_its_arrival)
    loose = loose.where(Transfer.reason == REALLOCATION, arrival.id.is_(None)).order_by(Transfer.id).limit(SHOWN)
    return [f"重新分配 {reference} 没有相符的到账" for reference in db.session.scalars(loose)]


def _surplus_leaves_closed_projects() -> list[str]:
    """Surplus moves when its project closes or later; that it goes to the village's own fund, the routes tell."""
    own = Transfer.source_account.in_((literal("00/") + Project.code, Project.village_code + "/" + Project.code))
    early = select(Transfer.reference).join(Project, own)
    early = early.where(Transfer.reason == SURPLUS_TO_FUND, Transfer.posted_at < Project.closed_at)
    return [f"结余 {reference} 早于项目结项" for reference in db.session.scalars(early.limit(SHOWN))]
