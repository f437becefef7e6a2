"""Recomputing payouts, spending and corrections against the ledger, and naming what is out of joint (P4, P11)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select, text

from backend.core.db import db
from backend.disbursements.models import SpendingCorrection, SpendingLine

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
    SELECT t.reference FROM transfers t WHERE t.reason = :reason
    AND NOT EXISTS (SELECT 1 FROM ({cases}) c WHERE c.reference = t.reference) ORDER BY t.id LIMIT :shown"""
_REASONS = {"拨付": "payout", "支出": "spending", "更正": "spending_correction"}


def check_disbursements() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _each_case_has_its_transfer,
        _each_transfer_has_its_case,
        _corrections_are_within_their_line,
        _vouchers_run_without_a_gap,
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
