"""Money that waited and got its project: its giver is told once where it went, and the message leads there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.core.db import db
from backend.core.errors import Refusal
from backend.core.failpoints import FailpointReached, failing
from backend.disbursements import service
from backend.ledger.posting import post
from backend.messages.models import InboxMessage
from tests.world.giving import Giving, Phone, ordered, project_of, village

__all__ = ["village"]
PAGES = Path(__file__).resolve().parents[2] / "miniapp-api/client/src/pages.json"
TOLD = "gift.reallocated"


def comes_too_late(village: Giving) -> tuple[Phone, dict[str, Any]]:
    """A gift is ordered, and paid when its order is long over."""
    phone, gift = ordered(village)
    village.waits(minutes=45)
    village.hears(village.notice(gift))
    return phone, gift


def comes_twice(village: Giving) -> tuple[Phone, dict[str, Any]]:
    """A gift is paid, and then paid once more."""
    phone, gift = ordered(village)
    village.pays_unseen(gift)
    village.hears(village.notice(gift, transaction_id=village.collected(gift)))
    village.hears(village.notice(gift, transaction_id="SECOND"))
    return phone, gift


def gives_it(village: Giving, reference: str, project: str) -> int:
    """The national desk gives waiting money its project; return how many fen."""
    told = {"reference": reference, "project": project, "staff": village.desk, "now": village.clock}
    return village.writes(lambda: service.reallocate(**told).amount_fen)


def told(village: Giving) -> list[Any]:
    """What was told of money that got its project."""
    parts = (InboxMessage.key, InboxMessage.title, InboxMessage.text, InboxMessage.link)
    rows = select(*parts).where(InboxMessage.kind == TOLD).order_by(InboxMessage.id)
    return village.asks(lambda: list(db.session.execute(rows)))


def test_whose_money_came_too_late_is_told_once_to_which_project_it_went(village: Giving) -> None:
    phone, gift = comes_too_late(village)
    number = village.trade_no(gift)
    assert [gives_it(village, number, village.fund) for _ in range(3)] == [50_00] * 3
    newest, before = phone.asks("/me/messages")["items"]
    assert (newest["kind"], before["kind"]) == (TOLD, "gift.redirected")
    assert "50.00 元" in newest["text"]
    assert "已转入众心村的“众心村互助基金”" in newest["text"]
    assert [(one.key, one.title) for one in told(village)] == [(number, "您的捐款有了用途")]


def test_the_message_leads_to_the_gift_that_names_its_new_project(village: Giving) -> None:
    phone, gift = comes_too_late(village)
    gives_it(village, village.trade_no(gift), village.fund)
    link = phone.asks("/me/messages")["items"][0]["link"]
    assert link == f"/gift?code={gift['code']}"
    assert phone.asks(f"/gifts/{link.removeprefix('/gift?code=')}")["redirected_to"]["code"] == village.fund


def test_whose_money_goes_where_he_had_meant_it_reads_so(village: Giving) -> None:
    _, gift = comes_too_late(village)
    gives_it(village, village.trade_no(gift), project_of(gift))
    assert "已转入您原来选择的众心村的“屋顶”" in told(village)[0].text


def test_who_paid_twice_is_told_of_the_second_payment_and_finds_it_in_the_public_ledger(village: Giving) -> None:
    phone, _ = comes_twice(village)
    assert [gives_it(village, "again-SECOND", village.fund) for _ in range(2)] == [50_00] * 2
    village.works()
    (message,) = told(village)
    assert (message.key, message.text.startswith("您对同一笔捐赠的第二次付款 50.00 元")) == ("again-SECOND", True)
    mine = [one["link"] for one in phone.asks("/me/messages")["items"] if one["kind"] == TOLD]
    assert mine == [message.link]
    rows = phone.asks(f"/projects/{village.fund}/transfers")["items"]
    (row,) = [one for one in rows if one["reason"] == "reallocation"]
    assert message.link == f"/ledger?code={village.fund}&ref={row['reference']}"


@pytest.mark.parametrize("comes", [comes_too_late, comes_twice])
def test_the_message_leads_to_a_page_that_the_client_has(village: Giving, comes: Any) -> None:
    _, gift = comes(village)
    number = village.trade_no(gift) if comes is comes_too_late else "again-SECOND"
    gives_it(village, number, village.fund)
    name = str(told(village)[0].link).split("?")[0]
    assert f'"path": "pages{name}/index"' in PAGES.read_text("utf-8")


def test_of_what_is_refused_nobody_is_told(village: Giving) -> None:
    _, gift = comes_too_late(village)
    number, roof = village.trade_no(gift), project_of(gift)
    village.ends(roof)
    village.closes(roof)
    with pytest.raises(Refusal, match="PROJECT_CLOSED"):
        gives_it(village, number, roof)
    assert told(village) == []
    gives_it(village, number, village.fund)
    with pytest.raises(Refusal, match="REFERENCE_REUSED"):
        gives_it(village, number, village.opens_project("道路"))
    assert ["互助基金" in one.text for one in told(village)] == [True]


def test_who_is_told_has_his_money_there_and_who_has_it_there_is_told(village: Giving) -> None:
    _, gift = comes_too_late(village)
    with failing("posted_reallocation=raise"), pytest.raises(FailpointReached):
        gives_it(village, village.trade_no(gift), village.fund)
    assert (told(village), village.holds(village.fund)) == ([], 0)
    gives_it(village, village.trade_no(gift), village.fund)
    assert (len(told(village)), village.holds(village.fund)) == (1, 50_00)


def test_of_money_that_nobody_ordered_nobody_is_told(village: Giving) -> None:
    arrived = {"source": "world", "target": "00/unallocated", "amount_fen": 5_00, "reason": "gift_unallocated"}
    day = {"now": village.clock, "channel": "sandbox", "provider_date": village.clock.date()}
    village.writes(lambda: post(reference="unknown-1", **arrived, **day))
    assert gives_it(village, "unknown-1", village.fund) == 5_00
    assert told(village) == []
