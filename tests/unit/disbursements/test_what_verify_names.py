"""`verify` compares projects, payouts, spending and corrections with the ledger and names what is out of joint."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backend.core.db import db
from tests.world.desk import Desk

FORGED_LINE = (
    "INSERT INTO spending_lines SELECT 77, 'forged', project_id, 9, title, 1, spent_on, channel, 'm', 's', 'forged',"
    " recorded_by, recorded_at FROM spending_lines"
)
FORGED_PAYOUT = (
    "INSERT INTO payouts (id, code, project_id, amount_fen, proposed_by, proposed_at, approved_by, approved_at)"
    " SELECT 77, 'forged', project_id, 1, proposed_by, proposed_at, approved_by, approved_at FROM payouts"
)
FORGED_CORRECTION = (
    "INSERT INTO spending_corrections SELECT 77, 'forged', id, 99999999, 'x', 'forged', recorded_by, recorded_at"
    " FROM spending_lines"
)
FORGED_TRANSFER = (
    "INSERT INTO transfers (id, source_account, target_account, amount_fen, reason, reference, channel,"
    " provider_date, posted_at) SELECT 77, source_account, target_account, 1, reason, 'forged', channel,"
    " provider_date, posted_at FROM transfers WHERE reason = 'spending'"
)
NOBODYS_ACCOUNT = "INSERT INTO accounts (name, purse, balance_fen) VALUES ('00/nobody', 'nobody', 0)"
OUT_OF_JOINT = (
    (FORGED_PAYOUT, "拨付 forged 在账本里没有相符的转账", "a payout without its transfer"),
    (FORGED_LINE, "支出 forged 在账本里没有相符的转账", "spending without its transfer"),
    (FORGED_LINE, "凭证编号有缺口", "a voucher number left out"),
    (FORGED_CORRECTION, "更正合计超过了原金额", "more corrected than spent"),
    (FORGED_CORRECTION, "更正 forged 在账本里没有相符的转账", "a correction without its transfer"),
    (FORGED_TRANSFER, "转账 forged 没有对应的支出记录", "money spent without a line"),
    ("UPDATE plan_lines SET amount_fen = 1", "预算各项之和不等于目标", "a budget that was changed"),
    (NOBODYS_ACCOUNT, "账户 00/nobody 没有对应的项目", "a purse of no project"),
)


@pytest.mark.parametrize(("statement", "named", "reason"), OUT_OF_JOINT, ids=[row[2] for row in OUT_OF_JOINT])
def test_what_is_out_of_joint_is_named(desk: Desk, statement: str, named: str, reason: str) -> None:
    desk.opens_fund()
    lamps = desk.publishes()
    desk.is_given(lamps, 1000_00)
    desk.pays_out(lamps, 600_00)
    line = desk.spends(lamps, 250_00).json["code"]
    desk.cadre.does(f"/desk/spending/{line}/corrections", {"amount_fen": 50_00, "reason": "退货"})
    desk.is_ordered()
    assert desk.findings() == []

    desk.writes(lambda: db.session.execute(text(statement)))
    assert named in "".join(desk.findings()), reason
