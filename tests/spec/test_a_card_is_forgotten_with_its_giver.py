"""Who has himself forgotten is also forgotten by the card that a refund of his went to: its bank and last digits."""

from __future__ import annotations

import json

import flask_migrate
from sqlalchemy import select, update

from backend.core.audit import AuditEntry
from backend.core.db import db
from backend.messages.models import InboxMessage
from backend.outbox.models import OutboxItem
from backend.payments.models import PaymentAlert
from backend.refunds.repair_models import RefundRepair
from backend.wechat import subscribe
from tests.world.carding import Case, case
from tests.world.giving import OURS
from tests.world.refunding import gift, village
from tests.world.vault import tables_with

__all__ = ["case", "gift", "village"]
BEFORE = "0030"
ENDS = ("CMB_DEBIT", "招商银行", "尾号 4321")
GONE = ("", "****")


def is_forgotten(case: Case) -> None:
    """The giver has everything deleted."""
    answer = case.gift.phone.browser.post("/api/v1/me/data/erasure", json={"sure": True}, headers=OURS)
    assert answer.status_code == 200, answer.text


def arrives(case: Case) -> None:
    """The bank takes the money."""
    case.asks(seconds=61)
    assert case.seen()["state"] == "success"


def legible(case: Case) -> set[str]:
    """The tables in which bank or last digits can be read. The answers to the desk are sealed."""
    return case.village.asks(lambda: tables_with(*ENDS))


def ends(case: Case) -> list[tuple[str, str]]:
    """Bank and last digits of each card of the refund, as they are kept."""
    read = select(RefundRepair.bank_type, RefundRepair.card_tail).order_by(RefundRepair.id)
    return case.village.asks(lambda: [(row.bank_type, row.card_tail) for row in db.session.execute(read)])


def test_bank_and_last_digits_go_with_the_giver(case: Case) -> None:
    case.sent(bank_account="6225880137654344")
    case.sent()
    arrives(case)
    assert legible(case) == {"refund_repairs", "messages"}
    is_forgotten(case)
    assert (ends(case), legible(case)) == ([GONE, GONE], set())
    seen = case.seen()["card"]
    assert (seen["state"], seen["bank"], seen["card_tail"]) == ("done", "（已删除）", "****")
    told = case.village.app.test_cli_runner().invoke(args=["trace", case.refund]).output
    assert "改退到（已删除）尾号 ****：done" in told
    assert case.village.verify() == []


def test_a_card_under_way_keeps_them_until_it_ends(case: Case) -> None:
    case.sent()
    is_forgotten(case)
    assert (ends(case), legible(case)) == ([("CMB_DEBIT", "4321")], {"refund_repairs"})
    arrives(case)
    assert (ends(case), legible(case)) == ([GONE], set())
    assert case.village.verify() == []


def test_a_card_that_is_taken_back_after_its_giver_was_forgotten_leaves_nothing(case: Case) -> None:
    card = case.entered()
    is_forgotten(case)
    case.withdraws(card)
    assert (ends(case), legible(case)) == ([GONE], set())


def test_who_is_forgotten_is_told_of_no_card_and_gets_his_money_all_the_same(case: Case) -> None:
    is_forgotten(case)
    case.sent()
    assert legible(case) == {"refund_repairs"}
    arrives(case)
    assert (ends(case), legible(case), case.village.verify()) == ([GONE], set(), [])


def test_another_giver_s_card_stays_as_it_is(case: Case) -> None:
    case.sent()
    arrives(case)
    stranger = case.village.phone()
    assert stranger.browser.post("/api/v1/me/data/erasure", json={"sure": True}, headers=OURS).status_code == 200
    assert case.seen()["card"]["card_tail"] == "4321"


def test_the_audit_log_names_a_card_by_its_code(case: Case) -> None:
    wrong = case.entered()
    case.withdraws(wrong)
    right = case.sent()
    acts = select(AuditEntry.action, AuditEntry.facts).where(AuditEntry.action.startswith("refunds.card"))
    found = case.village.asks(lambda: db.session.execute(acts.order_by(AuditEntry.id)).all())
    assert [(row.action, json.loads(row.facts)) for row in found] == [
        ("refunds.card", {"card": wrong}),
        ("refunds.card_withdraw", {"card": wrong}),
        ("refunds.card", {"card": right}),
        ("refunds.card_confirm", {"card": right}),
    ]


def test_the_reminder_of_a_message_goes_with_it(case: Case) -> None:
    case.sent()
    about = select(InboxMessage.code, InboxMessage.person_id, InboxMessage.text)
    told = case.village.asks(lambda: db.session.execute(about.where(InboxMessage.kind == "refund.card")).one())
    named = {"person_id": told.person_id, "template": "refund_card", "link": None, "key": told.code}
    case.village.writes(lambda: subscribe.queue(**named, facts={"text": told.text}, now=case.village.clock))
    assert legible(case) == {"refund_repairs", "messages", "outbox"}
    is_forgotten(case)
    assert legible(case) == {"refund_repairs"}
    left = select(OutboxItem.kind).where(OutboxItem.kind.in_((subscribe.KIND, "refund_repair")))
    assert case.village.asks(lambda: db.session.scalars(left).all()) == ["refund_repair"]


def test_of_those_who_were_forgotten_before_the_upgrade_nothing_is_left_either(case: Case) -> None:
    case.sent()
    arrives(case)
    is_forgotten(case)
    case.changes(update(RefundRepair).values(bank_type="CMB_DEBIT", card_tail="4321"))
    case.changes(update(PaymentAlert).values(handled_reason="已改退到捐赠人本人尾号 4321 的银行卡"))
    assert legible(case) == {"refund_repairs", "payment_alerts"}
    with case.village.app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
        flask_migrate.upgrade()
    assert (ends(case), legible(case), case.village.verify()) == ([GONE], set(), [])
