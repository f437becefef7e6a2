"""What `verify` asks of reconciliation: cases and transfers agree, bills are as they came, seals chain, I2 holds."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable

from sqlalchemy import select, text

from backend.core.db import db
from backend.ledger.models import Transfer
from backend.ledger.reasons import BILL_ARRIVAL, BILL_COVER, OWN_MONEY
from backend.people.models import Staff
from backend.people.rights import NATION
from backend.reconciliation.checks_days import (
    days_add_up,
    fees_equal_bills,
    sealed_days_are_as_sealed,
    seals_chain,
)
from backend.reconciliation.models import TRADE, BillDifference, BillFile, OwnMoney
from backend.reconciliation.payers import without_payers

SHOWN = 20
# Every case beside the one transfer that it must have, with the way that its money took.
_CASES = """
    SELECT 'own-money:' || code AS reference, 'own_money' AS reason, amount_fen, 'world' AS source, '00/fees' AS target
    FROM own_money WHERE approved_at IS NOT NULL
    UNION ALL
    SELECT 'bill:' || code, CASE WHEN delta_fen > 0 THEN 'bill_arrival' ELSE 'bill_cover' END, ABS(delta_fen),
           CASE WHEN delta_fen > 0 THEN 'world' ELSE '00/fees' END,
           CASE WHEN delta_fen > 0 THEN '00/unallocated' ELSE 'world' END
    FROM bill_differences WHERE state = 'settled'"""
_WITHOUT_TRANSFER = f"""
    SELECT c.reference FROM ({_CASES}) c LEFT JOIN transfers t
    ON t.reference = c.reference AND t.reason = c.reason AND t.amount_fen = c.amount_fen
       AND t.source_account = c.source AND t.target_account = c.target
    WHERE t.id IS NULL ORDER BY c.reference LIMIT :shown"""


def check_reconciliation() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _cases_have_their_transfers,
        _transfers_have_their_cases,
        _hands_are_two_of_the_nation,
        _bills_are_as_they_came,
        fees_equal_bills,
        days_add_up,
        seals_chain,
        sealed_days_are_as_sealed,
    )
    return [finding for check in checks for finding in check()[:SHOWN]]


def _cases_have_their_transfers() -> list[str]:
    rows = db.session.execute(text(_WITHOUT_TRANSFER), {"shown": SHOWN})
    return [f"对账记录 {row.reference} 在账本里没有相符的转账" for row in rows]


def _transfers_have_their_cases() -> list[str]:
    cases = text(f"SELECT reference FROM ({_CASES}) c").columns(Transfer.reference).subquery("cases")
    loose = select(Transfer.reference).outerjoin(cases, cases.c.reference == Transfer.reference)
    loose = loose.where(Transfer.reason.in_((OWN_MONEY, BILL_ARRIVAL, BILL_COVER)), cases.c.reference.is_(None))
    return [f"转账 {reference} 没有对应的对账记录" for reference in db.session.scalars(loose.limit(SHOWN))]


def _hands_are_two_of_the_nation() -> list[str]:
    """Money was posted by two accounts of the national desk; a role is given with the account and never changes."""
    is_of_nation = (Staff.role == "national") & (Staff.region_code == NATION)
    found = []
    for table, second in ((OwnMoney, OwnMoney.approved_by), (BillDifference, BillDifference.decided_by)):
        hands = Staff.id.in_((table.proposed_by, second))
        stranger = select(table.code).join(Staff, hands).where(~is_of_nation).distinct().limit(SHOWN)
        alone = select(table.code).where(second == table.proposed_by).limit(SHOWN)
        for wrong in (stranger, alone):
            found += [f"{code} 的办理人不是两位全国账号" for code in db.session.scalars(wrong)]
    return found


def _bills_are_as_they_came() -> list[str]:
    """A bill is what its hash says, to the byte; the rows are read one by one, as they may be large."""
    columns = ("channel", "day", "kind", "sha256", "kept_sha256", "packed")
    statement = select(*(getattr(BillFile, name) for name in columns))
    wrong = []
    for number in db.session.scalars(select(BillFile.id).order_by(BillFile.id)).all():
        row = db.session.execute(statement.where(BillFile.id == number)).one()
        try:
            content = gzip.decompress(row.packed)
        except (OSError, EOFError, zlib.error):
            content = b""
        if hashlib.sha256(content).hexdigest() != (row.kept_sha256 or row.sha256):
            wrong.append(f"{row.channel} {row.day} 的账单（{row.kind}）与收到时不同")
        elif row.kind == TRADE and without_payers(content) != content:
            wrong.append(f"{row.channel} {row.day} 的账单里还留着付款人的标识")
    return wrong
