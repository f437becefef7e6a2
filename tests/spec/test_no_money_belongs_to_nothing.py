"""Money that stands in the ledger and belongs to nothing is named by `verify`, also when no trigger was dropped."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from backend.core.db import db, writing
from backend.ledger.models import Transfer
from backend.ledger.reasons import BILL_ARRIVAL, BILL_COVER, CHANNEL_FEE, CHANNEL_FEE_RETURNED, OWN_MONEY, REASONS
from tests.world.bookkeeping import local
from tests.world.whole_story import Story, story

__all__ = ["story"]
OF_BILLS = {OWN_MONEY, CHANNEL_FEE, CHANNEL_FEE_RETURNED, BILL_ARRIVAL, BILL_COVER}
"""What only a provider's statement brings about has stories of its own."""


def test_a_village_to_which_all_of_it_happened_is_clean(story: Story) -> None:
    assert story.findings() == ""
    with story.app.app_context(), writing():
        reasons = set(db.session.scalars(select(Transfer.reason)))
        assert reasons == set(REASONS) - OF_BILLS


NO_WAY = [
    ("other", "world", "00/{roof}", "不在清单", "money of no known kind"),
    ("fee", "00/{roof}", "world", "不在清单", "a fee that nobody agreed to"),
    ("fee", "00/{roof}", "00/fees", "不在清单", "a fee that stays in the house"),
    ("payout", "00/{roof}", "00/fees", "不许从", "a fee by the name of a payout"),
    ("payout", "00/{roof}", "{neighbour}/{roof}", "不许从", "a payout to another village"),
    ("payout", "00/{roof}", "{neighbour}/{their_road}", "不许从", "a payout to another village's project"),
    ("gift", "world", "{village}/{roof}", "不许从", "a gift past the national federation"),
    ("gift", "world", "00/nothing", "不许从", "a gift to no project"),
    ("gift", "world", "00/unallocated", "不许从", "a gift for nobody by the name of a gift"),
    ("gift_unallocated", "world", "00/{roof}", "不许从", "unallocated money with a project"),
    ("spending", "00/{roof}", "world", "不许从", "spending by the nation"),
    ("spending_correction", "world", "00/{roof}", "不许从", "a correction that comes to the nation"),
    ("surplus_to_fund", "00/{roof}", "00/{fund}", "不许从", "surplus of a project that is open"),
    ("surplus_to_fund", "00/{roof}", "00/{their_fund}", "不许从", "surplus to another village's fund"),
    ("surplus_to_fund", "{village}/{roof}", "00/{fund}", "不许从", "surplus that changes its holder"),
    ("reallocation", "00/{roof}", "00/{their_road}", "不许从", "a reallocation of what has a project"),
    ("refund", "00/{roof}", "world", "不许从", "a refund that nobody promised"),
    ("refund", "{village}/{roof}", "world", "不许从", "a refund by the village"),
    ("refund_reserved", "00/{roof}", "00/{path}#refunds", "不许从", "a promise out of another purse"),
]


@pytest.mark.parametrize(("reason", "source", "target", "named", "why"), NO_WAY, ids=[row[4] for row in NO_WAY])
def test_money_goes_only_the_ways_that_its_reason_allows(
    story: Story, reason: str, source: str, target: str, named: str, why: str
) -> None:
    told = story.after_transfer(reason=reason, source_account=source, target_account=target)
    assert f"“{reason}”{named}" in told, why


GIFT = {"reason": "gift", "source_account": "world", "target_account": "00/{roof}"}
REALLOCATION = {"reason": "reallocation", "source_account": "00/unallocated", "target_account": "00/{roof}"}
OUT = {"reason": "spending", "source_account": "{village}/{roof}", "target_account": "world"}
BACK = {"reason": "spending_correction", "source_account": "world", "target_account": "{village}/{roof}"}
PAYOUT = {"reason": "payout", "source_account": "00/{roof}", "target_account": "{village}/{roof}"}
BELONGS_TO_NOTHING = [
    (GIFT, "账本里的捐赠 slipped-in 没有已支付的订单", "a gift that nobody ordered"),
    (GIFT | {"reference": "{unpaid}", "amount_fen": 3_00}, "没有已支付的订单", "a gift of an order that is not paid"),
    (REALLOCATION, "重新分配 slipped-in 没有相符的到账", "a reallocation of nothing"),
    (
        REALLOCATION | {"reference": "reallocation:{gift}", "amount_fen": 100_00},
        "没有相符的到账",
        "a reallocation of a gift that has its project",
    ),
    (OUT, "转账 slipped-in 没有对应的支出记录", "spending without a line"),
    (BACK, "转账 slipped-in 没有对应的更正记录", "money back without a correction"),
    (PAYOUT, "转账 slipped-in 没有对应的拨付记录", "a payout that nobody approved"),
    (
        {"reason": "surplus_to_fund", "source_account": "00/{well}", "target_account": "00/{fund}"}
        | {"posted_at": local("2026-05-01 10:00")},
        "结余 slipped-in 早于项目结项",
        "surplus that left before the project was closed",
    ),
]


@pytest.mark.parametrize(("told", "named", "why"), BELONGS_TO_NOTHING, ids=[row[2] for row in BELONGS_TO_NOTHING])
def test_each_transfer_has_the_row_that_it_came_from(
    story: Story, told: dict[str, object], named: str, why: str
) -> None:
    assert named in story.after_transfer(**told), why


OTHERWISE = [
    (
        "UPDATE payment_orders SET paid_at = '2026-06-09 04:00:00' WHERE out_trade_no = '{gift}'",
        "已支付的订单 {gift} 在账本里没有对应的一笔",
        "an order paid on another day",
    ),
    (
        "UPDATE payment_orders SET purse = '{well}' WHERE out_trade_no = '{gift}'",
        "已支付的订单 {gift} 在账本里没有对应的一笔",
        "an order for another project",
    ),
    (
        "UPDATE payment_orders SET amount_fen = 5 WHERE out_trade_no = '{gift}'",
        "已支付的订单 {gift} 在账本里没有对应的一笔",
        "an order of another amount",
    ),
    (
        "UPDATE gifts SET person_id = (SELECT max(id) FROM people) WHERE order_id ="
        " (SELECT id FROM payment_orders WHERE out_trade_no = '{gift}')",
        "已支付的订单 {gift} 没有同一个人的捐赠",
        "a gift of another person",
    ),
    (
        "INSERT INTO receipts (id, organisation_id, year, number, printed, kind, head_id, gift_id, transfer_id,"
        " amount_fen, issued_at) SELECT 99, h.organisation_id, 2026, 99, '99', 'gift', h.id, g.id,"
        " (SELECT max(id) FROM transfers), 1, g.ordered_at FROM gifts g JOIN payment_orders o ON o.id = g.order_id"
        " JOIN receipt_heads h ON h.version = 1 WHERE o.out_trade_no = '{unpaid}' LIMIT 1",
        "收据 99 与捐赠的转账不符",
        "a receipt of another transfer",
    ),
    (
        "INSERT INTO accounts (name, purse, balance_fen) VALUES ('{neighbour}/{roof}', '{roof}', 0)",
        "账户 {neighbour}/{roof} 没有对应的项目",
        "a purse held by another village",
    ),
    (
        "INSERT INTO accounts (name, purse, balance_fen) VALUES ('{village}/fees', 'fees', 0)",
        "账户 {village}/fees 没有对应的项目",
        "a purse for fees that the nation does not hold",
    ),
    (
        "UPDATE account_flows SET reason = 'other' WHERE account = '00/{roof}' AND reason = 'gift'",
        "项目 {roof} 收到的钱不等于各处之和",
        "money received for no known reason",
    ),
    (
        "UPDATE staff SET role = 'auditor' WHERE login = 'desk'",
        "的提出人或批准人不是全国账号",
        "a payout proposed by somebody else",
    ),
    (
        "UPDATE staff SET role = 'village', region_code = '{village}' WHERE login = 'second'",
        "的提出人或批准人不是全国账号",
        "a payout approved by somebody else",
    ),
    (
        "INSERT INTO scheduled_runs (kind, period_key, due_on, claimed_at, claimed_by, lease_until, cut_off_position,"
        " done_at) SELECT kind, '2026-07', due_on, claimed_at, claimed_by, lease_until, cut_off_position, done_at"
        " FROM scheduled_runs WHERE kind = 'monthly' AND period_key = '2026-06'",
        "2026-07 的公示已标记完成，但 project {roof} 没有",
        "a month marked as told without its notices",
    ),
    (
        "INSERT INTO scheduled_runs (kind, period_key, due_on, claimed_at, claimed_by, lease_until, cut_off_position,"
        " done_at) SELECT kind, '2026-06-30:{roof}', due_on, claimed_at, claimed_by, lease_until, cut_off_position,"
        " done_at FROM scheduled_runs WHERE kind = 'project_end'",
        "2026-06-30:{roof} 的项目结束公示已标记完成，但没有",
        "a project's end marked as told without its notice",
    ),
    ("DELETE FROM scheduled_runs WHERE kind = 'monthly'", "没有对应的公示任务", "monthly notices without their run"),
    ("DELETE FROM scheduled_runs WHERE kind = 'project_end'", "没有对应的公示任务", "an end notice without its run"),
    (
        "UPDATE scheduled_runs SET cut_off_position = 1 WHERE kind = 'monthly'",
        "没有对应的公示任务",
        "notices with another cut-off than their run",
    ),
    (
        "INSERT INTO notices (code, scope, scope_code, village_code, kind, period_key, version, title, due_on,"
        " published_at, opening_position, cut_off_position, corrected_through, is_demo, figures)"
        " SELECT 'forged', scope, scope_code, village_code, kind, '2026-08', 1, title, due_on, published_at,"
        " cut_off_position, cut_off_position, corrected_through, is_demo, figures FROM notices"
        " WHERE scope = 'village' AND version = 1",
        "公示 forged 与上一期之间有缺口",
        "a month left out between two notices",
    ),
    (
        "INSERT INTO notices (code, scope, scope_code, village_code, kind, period_key, version, title, due_on,"
        " published_at, opening_position, cut_off_position, corrected_through, is_demo, figures)"
        " SELECT 'forged', scope, scope_code, village_code, kind, '2026-07', 1, title, due_on, published_at,"
        " 0, cut_off_position, corrected_through, is_demo, figures FROM notices"
        " WHERE scope = 'village' AND version = 1",
        "公示 forged 与上一期之间有缺口",
        "a month that does not begin where the last one ended",
    ),
    (
        "INSERT INTO notices (code, scope, scope_code, village_code, kind, period_key, version, title, due_on,"
        " published_at, opening_position, cut_off_position, corrected_through, corrects, correction_reason, is_demo,"
        " figures) SELECT 'forged', scope, scope_code, village_code, kind, period_key, 2, title, due_on, published_at,"
        " opening_position, cut_off_position, corrected_through + 1, code, 'x', is_demo, figures FROM notices"
        " WHERE scope = 'village' AND version = 1",
        "公示 forged 没有对应的公示任务",
        "a new version that no correction brought",
    ),
]


@pytest.mark.parametrize(("statement", "named", "why"), OTHERWISE, ids=[row[2] for row in OTHERWISE])
def test_what_stands_beside_the_ledger_tells_the_same_story(story: Story, statement: str, named: str, why: str) -> None:
    assert named.format(**story.names) in story.after(statement), why


def test_an_account_that_waiting_transfers_draw_below_zero_is_named(story: Story) -> None:
    told = story.after_transfer(**PAYOUT, amount_fen=70_00_00, is_ordered=False)
    assert f"账户 00/{story.names['roof']} 算上排队的转账" in told
    assert "低于零" in told


DATES = [
    (OUT | {"reference": "spending:forged"}, "转账 spending:forged 的日期或渠道与支出记录不符", "spending_lines"),
    (BACK | {"reference": "correction:forged"}, "转账 correction:forged 的日期或渠道与更正记录不符", "corrections"),
]
FORGED_ROWS = (
    "INSERT INTO spending_lines SELECT 77, 'forged', project_id, 9, title, 1, spent_on, channel, 'm', 's',"
    " 'spending:forged', recorded_by, recorded_at FROM spending_lines",
    "INSERT INTO spending_corrections SELECT 77, 'forged', id, 1, 'x', 'correction:forged', recorded_by, recorded_at"
    " FROM spending_lines WHERE id <> 77",
)


@pytest.mark.parametrize(("told", "named", "why"), DATES, ids=[row[2] for row in DATES])
def test_money_leaves_and_comes_back_on_the_day_that_its_row_tells(
    story: Story, told: dict[str, object], named: str, why: str
) -> None:
    assert named in story.after_transfer(rows=FORGED_ROWS, **told), why


def test_a_payout_of_one_person_is_named_should_the_database_ever_let_it_pass(story: Story) -> None:
    let_pass, hold_again = {
        "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
        "postgresql": ("ALTER TABLE payouts DROP CONSTRAINT ck_payouts_four_eyes", "SELECT 1"),
    }[story.database]

    def cheats() -> None:
        for statement in (let_pass, "UPDATE payouts SET approved_by = proposed_by", hold_again):
            db.session.execute(text(statement))

    assert "由同一个人提出和批准" in story.findings(after=cheats)
