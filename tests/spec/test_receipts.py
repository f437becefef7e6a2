"""Each gift has a receipt within seconds: numbered in the order of the ledger, found by a secret, printable."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from backend.core.db import db
from backend.donations.models import Receipt, ReceiptState
from backend.donations.service import forget_words
from backend.donations.wording import capitals
from backend.people.models import Person
from tests.world.giving import Giving, village

__all__ = ["village"]


def test_receipt_numbers_follow_the_ledger_without_a_gap(village: Giving) -> None:
    roof, well = village.opens_project("屋顶"), village.opens_project("水井")
    gifts = [village.paid_gift(purse, fen) for purse, fen in ((roof, 100), (well, 200), (roof, 300))]
    assert [gift["receipt"]["number"] for gift in gifts] == [f"XFJY-2026-0000000{number}" for number in (1, 2, 3)]
    assert village.out_of_joint() == []
    village.later(days=365)
    assert village.works("receipts") == 0


def test_a_receipt_states_what_the_law_asks(village: Giving) -> None:
    gift = village.paid_gift(village.opens_project("修屋顶"), 1050_30, display="real_name", name="李<b>四</b>")
    page = village.phone().browser.get(gift["receipt"]["url"])
    assert page.status_code == 200
    facts = ("李&lt;b&gt;四", "¥1,050.30", "壹仟零伍拾元叁角整", "修屋顶", "众心村委会", "某省慈善总会")
    more = ("53100000500000000X", "募证字001", "备案001", "XFJY-2026-00000001", "2026-06-01", "经办", "演示数据")
    assert [fact for fact in facts + more if fact not in page.text] == []
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_receipt_of_an_unnamed_giver_names_nobody(village: Giving) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"), display="anonymous", name="张三")
    page = village.phone().browser.get(gift["receipt"]["url"]).text
    assert "匿名捐赠人" in page
    assert "张三" not in page


def test_a_receipt_is_not_found_by_guessing(village: Giving) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"))
    url = gift["receipt"]["url"]
    for wrong in ("/r/x", url[:-1], url + "x", f"/r/{gift['code']}", "/r/字"):
        answer = village.phone().browser.get(wrong)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_before_its_place_in_the_ledger_a_gift_has_no_receipt(village: Giving) -> None:
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"))
    assert gift["receipt"] is None
    village.hears(village.notice(gift))
    assert phone.sees(gift)["receipt"] is None
    village.works()
    assert phone.sees(gift)["receipt"]["number"] == "XFJY-2026-00000001"


def test_a_person_can_be_forgotten_and_the_money_stays(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    village.paid_gift(roof, display="real_name", name="张三", message="加油")
    people = village.asks(lambda: list(db.session.scalars(select(Person.id))))
    for person in people:
        village.writes(lambda person=person: forget_words(person_id=person))
    line = village.phone().asks(f"/projects/{roof}/gifts")["items"][0]
    assert (line["name"], line["message"], line["amount_fen"]) == ("爱心人士", None, 10_00)
    assert village.out_of_joint() == []


def test_nobody_changes_a_receipt_not_even_in_sql(village: Giving) -> None:
    village.paid_gift(village.opens_project("屋顶"))
    for change in (update(Receipt).values(number=7), delete(Receipt)):
        with pytest.raises(DBAPIError):
            village.writes(lambda change=change: db.session.execute(change))


def test_verify_names_what_is_out_of_joint(village: Giving) -> None:
    village.paid_gift(village.opens_project("屋顶"))
    gift = village.paid_gift(village.opens_project("水井"), 7_00)
    phone = village.phone()
    unpaid = phone.order(project := village.opens_project("路"), 3_00)
    village.receives(project, 9_00)
    spoils = (
        "UPDATE payment_orders SET paid_fen = paid_fen + 1 WHERE amount_fen = 700",
        "UPDATE payment_inbox SET out_trade_no = 'D0' WHERE id = (SELECT min(id) FROM payment_inbox)",
        "UPDATE receipt_state SET last_number = 5",
    )
    for spoil in spoils:
        village.writes(lambda spoil=spoil: db.session.execute(text(spoil)))
    told = " ".join(village.out_of_joint())
    for sign in ("没有对应的一笔", "没有已支付的订单", "沙箱没有收到", "收据编号有缺口"):
        assert sign in told
    assert gift["code"] != unpaid["code"]


def test_verify_names_a_gift_without_its_receipt_and_receipts_out_of_order(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    village.paid_gift(roof)
    phone = village.phone()
    late = phone.order(roof, 5_00)
    village.hears(village.notice(late))
    village.pays_unseen(late)
    village.works("order")
    village.writes(lambda: db.session.execute(update(ReceiptState).values(last_position=2)))
    assert any("没有收据" in finding for finding in village.out_of_joint())


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (1, "壹分"),
        (10, "壹角整"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (110, "壹元壹角整"),
        (10_00, "壹拾元整"),
        (1050_30, "壹仟零伍拾元叁角整"),
        (10_000_00, "壹万元整"),
        (10_050_00, "壹万零伍拾元整"),
        (100_000_001_00, "壹亿零壹元整"),
        (123_456_78, "壹拾贰万叁仟肆佰伍拾陆元柒角捌分"),
        (2_000_500_00, "贰佰万零伍佰元整"),
        (5_000_000_00, "伍佰万元整"),
        (1_0000_0000_0000_00, "壹兆元整"),
    ],
)
def test_an_amount_in_capitals_reads_as_a_bank_writes_it(fen: int, words: str) -> None:
    assert capitals(fen) == words
