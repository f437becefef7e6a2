"""What of refunds is out of joint is named by `verify`: each of its sentences has a thing that brings it about."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backend.core.db import db
from backend.ledger.ordering import append_order
from tests.world.whole_story import Story, story

__all__ = ["story"]

BACK = {"reason": "refund", "source_account": "00/{path}#refunds", "target_account": "world", "amount_fen": 1}
LOOSE = [
    (BACK, "转账 slipped-in 没有对应的退款记录", "money given back by nobody"),
    (
        {"reason": "refund_reserved", "source_account": "00/{path}", "target_account": "00/{path}#refunds"},
        "转账 slipped-in 没有对应的退款记录",
        "a promise that nobody made",
    ),
    (
        {"reason": "refund_returned", "source_account": "00/{path}#refunds", "target_account": "00/{path}"},
        "转账 slipped-in 没有对应的退款记录",
        "a promise that nobody broke",
    ),
]


@pytest.mark.parametrize(("told", "named", "why"), LOOSE, ids=[row[2] for row in LOOSE])
def test_each_transfer_of_a_refund_has_its_case(story: Story, told: dict[str, object], named: str, why: str) -> None:
    assert named in story.after_transfer(**told), why


OTHERWISE = [
    (
        "UPDATE refunds SET amount_fen = amount_fen + 1 WHERE code = '{refund}'",
        ("退款 {refund} 在账本里没有相符的“refund”转账", "占用的各部分之和不等于退款金额", "但沙箱没有退这笔钱"),
        "another amount",
    ),
    (
        "UPDATE refunds SET success_at = '2026-06-09 04:00:00' WHERE code = '{refund}'",
        ("转账 {refund_no} 的日期或渠道与退款记录不符",),
        "another day",
    ),
    (
        "UPDATE refunds SET amount_fen = 9000 WHERE code = '{waits}'",
        ("订单 {path_gift} 的退款合计超过了付款",),
        "more than was paid",
    ),
    (
        "UPDATE refunds SET gift_id = (SELECT min(id) FROM gifts) WHERE code = '{refund}'",
        ("退款 {refund} 占用了别的款项",),
        "another gift",
    ),
    (
        "UPDATE refunds SET next_ask_at = NULL WHERE code = '{waits}'",
        ("退款 {waits} 该问支付机构却没有排上",),
        "a refund that nobody asks about any more",
    ),
    (
        "UPDATE staff SET role = 'auditor' WHERE login = 'second'",
        ("退款 {refund} 的经办人不是全国账号",),
        "decided by somebody else",
    ),
    (
        "INSERT INTO refund_parts (refund_id, transfer_id, amount_fen) SELECT r.id, t.id, 20000 FROM refunds r,"
        " transfers t WHERE r.code = '{waits}' AND t.reference = '{gift}'",
        ("款项 {gift} 被退款占用的合计超过了它本身", "退款 {waits} 占用了别的款项"),
        "fen of another",
    ),
    (
        "INSERT INTO refunds (code, gift_id, amount_fen, state, asked_at, checked_by, checked_at, approved_by,"
        " approved_at, account, refund_no, body, next_ask_at) SELECT 'x' || t.id, r.gift_id, 1, 'approved', r.asked_at,"
        " r.checked_by, r.checked_at, r.approved_by, r.approved_at, r.account, 'R' || t.id, '', r.next_ask_at"
        " FROM refunds r, (SELECT id FROM transfers UNION ALL SELECT id + 500 FROM transfers UNION ALL"
        " SELECT id + 1000 FROM transfers UNION ALL SELECT id + 2000 FROM transfers) t WHERE r.code = '{waits}'",
        ("的退款超过 50 次",),
        "too many parts",
    ),
]


@pytest.mark.parametrize(("statement", "named", "why"), OTHERWISE, ids=[row[2] for row in OTHERWISE])
def test_each_case_agrees_with_the_ledger(story: Story, statement: str, named: tuple[str, ...], why: str) -> None:
    told = story.after(statement)
    for sentence in named:
        assert sentence.format(**story.names) in told, why


def test_a_promise_of_fen_that_had_moved_on_is_named(story: Story) -> None:
    later = {"reason": "payout", "source_account": "00/{path}", "target_account": "{village}/{path}"}
    assert "已经拨付或转走" not in story.after_transfer(**later, amount_fen=10_00), "later payouts take nothing back"

    def promises_moved_fen() -> None:
        """The payout of the roof took its gift; now somebody writes down a promise of that very gift."""
        for statement in MOVED:
            db.session.execute(text(statement.format(**story.names)))
        append_order()

    assert "退款 moved 退的是当时已经拨付或转走的钱" in story.findings(after=promises_moved_fen)


MOVED = (
    "INSERT INTO refunds (code, gift_id, amount_fen, state, asked_at, checked_by, checked_at, approved_by, approved_at,"
    " account, refund_no, body, next_ask_at) SELECT 'moved', g.id, 4500, 'approved', r.asked_at, r.checked_by,"
    " r.checked_at, r.approved_by, r.approved_at, '00/{roof}', 'Rmoved', '', r.next_ask_at FROM refunds r, gifts g"
    " JOIN payment_orders o ON o.id = g.order_id WHERE r.code = '{waits}' AND o.out_trade_no = '{gift}'",
    "INSERT INTO refund_parts (refund_id, transfer_id, amount_fen) SELECT r.id, t.id, 4500 FROM refunds r, transfers t"
    " WHERE r.code = 'moved' AND t.reference = '{gift}'",
    "INSERT INTO transfers (source_account, target_account, amount_fen, reason, reference, posted_at)"
    " SELECT '00/{roof}', '00/{roof}#refunds', 4500, 'refund_reserved', 'refund-reserved:Rmoved',"
    " max(posted_at) FROM transfers",
    "INSERT INTO ledger_queue (transfer_id) SELECT id FROM transfers WHERE reference = 'refund-reserved:Rmoved'",
)


LET_PASS = {
    "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
    "postgresql": ("ALTER TABLE refunds DROP CONSTRAINT ck_refunds_{}", "SELECT 1"),
}


@pytest.mark.parametrize(
    ("rule", "change", "named"),
    [
        ("four_eyes", "approved_by = checked_by", "没有由两个不同的人审核"),
        ("ended_whole", "ended_at = NULL", "的记录不完整"),
    ],
)
def test_a_refund_that_the_database_should_never_hold_is_named(
    story: Story, rule: str, change: str, named: str
) -> None:
    let_pass, hold_again = LET_PASS[story.database]

    def cheats() -> None:
        code = story.names["refund"]
        for statement in (let_pass.format(rule), f"UPDATE refunds SET {change} WHERE code = '{code}'", hold_again):
            db.session.execute(text(statement))

    assert named in story.findings(after=cheats)
