"""Each gift has a receipt within seconds: numbered in the order of the ledger, found by a secret, printable."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from backend.core.db import db
from backend.disbursements.service import reallocate
from backend.donations.service import forget_words
from backend.people.models import Person
from backend.receipts.models import Receipt, ReceiptHead, ReceiptRefund, ReceiptState, ReceiptWaiver
from tests.world.bookkeeping import local
from tests.world.receipts import Receipting, village

__all__ = ["village"]
OURS, THEIRS = "500000000", "500099999"


def test_receipt_numbers_follow_the_ledger_without_a_gap(village: Receipting) -> None:
    roof, well = village.opens_project("屋顶"), village.opens_project("水井")
    gifts = [village.paid_gift(purse, fen) for purse, fen in ((roof, 100), (well, 200), (roof, 300))]
    assert [gift["receipt"]["number"] for gift in gifts] == [f"{OURS}-2026-0000000{number}" for number in (1, 2, 3)]
    assert village.out_of_joint() == []
    village.later(days=365)
    assert village.works("receipts") == 0


def test_each_organisation_counts_its_own_receipts(village: Receipting) -> None:
    ours = village.opens_project("屋顶")
    theirs = village.opens_for("水井", name="别省慈善总会", uscc="53110000500099999X")
    for project in (ours, theirs, ours, theirs):
        village.paid_gift(project)
    assert [number for number, _, _ in village.book()] == [
        f"{OURS}-2026-00000001",
        f"{THEIRS}-2026-00000001",
        f"{OURS}-2026-00000002",
        f"{THEIRS}-2026-00000002",
    ]
    assert village.out_of_joint() == []


def test_money_of_the_old_year_heard_of_in_the_new_one_takes_the_next_number_of_the_old_year(
    village: Receipting,
) -> None:
    village.at("2026-12-31 23:50")
    roof = village.opens_project("屋顶", until="2027-06-30")
    village.paid_gift(roof, 1_00)
    late = village.phone().order(roof, 2_00)
    village.pays_unseen(late)  # No notice comes; the provider is asked in the new year.
    village.at("2027-01-02 08:00")
    village.paid_gift(roof, 3_00)
    village.paid_gift(roof, 4_00)
    assert [number for number, _, _ in village.book()] == [
        f"{OURS}-2026-00000001",
        f"{OURS}-2027-00000001",
        f"{OURS}-2026-00000002",
        f"{OURS}-2027-00000002",
    ]
    (paper,) = village.papers(late)
    assert (str(paper.received_on), paper.issued_at) == ("2026-12-31", local("2027-01-02 08:00"))
    assert village.out_of_joint() == []


def test_a_receipt_states_what_the_law_asks(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("修屋顶"), 1050_30, display="real_name", name="李<b>四</b>")
    page = village.phone().browser.get(gift["receipt"]["url"])
    assert page.status_code == 200
    facts = (
        "李&lt;b&gt;四",
        "¥1,050.30",
        "壹仟零伍拾元叁角整",
        "修屋顶",
        "众心村委会",
        "某省慈善总会",
        "货币（人民币）",
    )
    more = ("53100000500000000X", "募证字001", "备案001", f"{OURS}-2026-00000001", "2026-06-01", "周经办", "演示数据")
    assert [fact for fact in facts + more if fact not in page.text] == []
    assert "不是财政电子票据" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_gift_that_came_too_late_has_the_one_receipt_of_the_organisation_it_was_meant_for(
    village: Receipting,
) -> None:
    ours = village.opens_project("屋顶")
    theirs = village.opens_for("水井", name="别省慈善总会", uscc="53110000500099999X")
    phone = village.phone()
    ordered = phone.order(ours, 30_00)
    village.ends(ours)
    phone.presses(ordered)
    village.works()
    village.works()
    gift = phone.sees(ordered)
    assert gift["state"] == "redirected"
    assert "现由受赠组织单独保管" in village.reads(gift)
    give = {"reference": village.trade_no(ordered), "project": theirs, "staff": village.desk, "now": village.clock}
    village.writes(lambda: reallocate(**give))
    village.works()
    page = village.reads(gift)
    assert "已全部转入“水井”" in page
    assert "某省慈善总会" in page
    assert village.book() == [(f"{OURS}-2026-00000001", "gift", 30_00)]
    assert village.out_of_joint() == []


def test_what_changes_at_the_organisation_changes_no_receipt_of_before(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    before = village.paid_gift(roof)
    run = village.app.test_cli_runner().invoke
    assert run(args=["set-certificate", village.organisation, "--certificate", "募证字009"]).exit_code == 0
    assert run(args=["set-receipt-handler", village.organisation, "--handler", "吴接手"]).exit_code == 0
    assert run(args=["set-receipt-handler", "absent", "--handler", "吴接手"]).exit_code == 1
    after = village.paid_gift(roof)
    once_more = village.paid_gift(roof)
    assert all(fact in village.reads(before) for fact in ("募证字001", "周经办"))
    assert all(fact in village.reads(after) for fact in ("募证字009", "吴接手"))
    heads = {paper.head.handler for gift in (before, after, once_more) for paper in village.papers(gift)}
    assert heads == {"周经办", "吴接手"}
    assert village.asks(lambda: len(db.session.scalars(select(ReceiptHead)).all())) == 2


def test_a_receipt_of_an_unnamed_giver_names_nobody(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"), display="anonymous", name="张三")
    page = village.reads(gift)
    assert "匿名捐赠人" in page
    assert "张三" not in page


def test_a_receipt_is_not_found_by_guessing(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"))
    url = gift["receipt"]["url"]
    for wrong in ("/r/x", url[:-1], url + "x", f"/r/{gift['code']}", "/r/字", url + "?number=500000000-2026-00000002"):
        answer = village.phone().browser.get(wrong)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_before_its_place_in_the_ledger_a_gift_has_no_receipt(village: Receipting) -> None:
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"))
    assert gift["receipt"] is None
    village.hears(village.notice(gift))
    assert phone.sees(gift)["receipt"] is None
    village.works()
    assert phone.sees(gift)["receipt"]["number"] == f"{OURS}-2026-00000001"


def test_a_person_can_be_forgotten_and_the_money_stays(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    village.paid_gift(roof, display="real_name", name="张三", message="加油")
    people = village.asks(lambda: list(db.session.scalars(select(Person.id))))
    for person in people:
        village.writes(lambda person=person: forget_words(person_id=person))
    line = village.phone().asks(f"/projects/{roof}/gifts")["items"][0]
    assert (line["name"], line["message"], line["amount_fen"]) == ("爱心人士", None, 10_00)
    assert village.out_of_joint() == []


def test_nobody_changes_a_receipt_not_even_in_sql(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    phone = village.phone()
    gift = phone.order(roof, waives_receipt=True)
    phone.presses(gift)
    village.works()
    village.works()
    village.gives_back(gift, 1)
    village.works()
    changes = [delete(table) for table in (Receipt, ReceiptHead, ReceiptRefund, ReceiptWaiver)]
    for change in (update(Receipt).values(number=7), update(ReceiptWaiver).values(is_waived=False), *changes):
        with pytest.raises(DBAPIError):
            village.writes(lambda change=change: db.session.execute(change))


def test_verify_names_what_is_out_of_joint(village: Receipting) -> None:
    village.paid_gift(village.opens_project("屋顶"))
    gift = village.paid_gift(village.opens_project("水井"), 7_00)
    phone = village.phone()
    unpaid = phone.order(project := village.opens_project("路"), 3_00)
    village.receives(project, 9_00)
    spoils = (
        "UPDATE payment_orders SET paid_fen = paid_fen + 1 WHERE amount_fen = 700",
        "UPDATE payment_inbox SET out_trade_no = 'D0' WHERE id = (SELECT min(id) FROM payment_inbox)",
        "UPDATE receipt_state SET last_id = 5",
        "UPDATE receipt_series SET last_number = 4",
    )
    for spoil in spoils:
        village.writes(lambda spoil=spoil: db.session.execute(text(spoil)))
    told = " ".join(village.out_of_joint())
    for sign in ("没有对应的一笔", "没有已支付的订单", "沙箱没有收到", "收据总序有缺口", "年收据编号有缺口"):
        assert sign in told
    assert gift["code"] != unpaid["code"]


def test_verify_names_a_gift_without_its_receipt_and_receipts_out_of_order(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    village.paid_gift(roof)
    phone = village.phone()
    late = phone.order(roof, 5_00)
    village.hears(village.notice(late))
    village.pays_unseen(late)
    village.works("order")
    village.writes(lambda: db.session.execute(update(ReceiptState).values(last_position=2)))
    told = " ".join(village.out_of_joint())
    assert "没有收据" in told
    assert "收据合计与账本不符" in told
