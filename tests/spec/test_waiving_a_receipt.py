"""A giver who wants no receipt says so; it is written down, the number stays in the book, and he may think again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.world.giving import OURS, Phone
from tests.world.receipts import Receipting, village

__all__ = ["village"]
USCC = "53100000500000000X"


def given(village: Receipting, project: str, **told: Any) -> tuple[Phone, dict[str, Any]]:
    phone = village.phone()
    gift = phone.order(project, **told)
    phone.presses(gift)
    village.works()
    village.works()
    return phone, phone.sees(gift)


def says(phone: Phone, gift: dict[str, Any], *, waives: bool) -> dict[str, Any]:
    answer = phone.browser.patch(f"/api/v1/gifts/{gift['code']}", json={"waives_receipt": waives}, headers=OURS)
    assert answer.status_code == 200, answer.text
    return answer.json or {}


def test_a_giver_may_want_no_receipt_from_the_beginning(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    phone, gift = given(village, roof, waives_receipt=True)
    assert (gift["receipt"], gift["waives_receipt"]) == (None, True)
    assert phone.asks("/me/gifts")["items"][0]["receipt_number"] is None
    assert [number for number, _, _ in village.book()] == ["500000000-2026-00000001"]
    assert village.paid_gift(roof)["receipt"]["number"] == "500000000-2026-00000002"
    assert village.out_of_joint() == []


def test_who_wants_it_after_all_gets_the_number_that_was_kept(village: Receipting) -> None:
    phone, gift = given(village, village.opens_project("屋顶"), waives_receipt=True)
    back = says(phone, gift, waives=False)
    assert back["receipt"]["number"] == "500000000-2026-00000001"
    assert "壹拾元整" in village.reads(back)
    assert says(phone, gift, waives=False)["waives_receipt"] is False


def test_a_receipt_that_was_waived_is_not_handed_out(village: Receipting) -> None:
    phone, gift = given(village, village.opens_project("屋顶"))
    url, number = gift["receipt"]["url"], gift["receipt"]["number"]
    code = village.reads(gift).split("校验码</th><td>")[1][:11]
    assert says(phone, gift, waives=True)["receipt"] is None
    for ending in ("", "/receipt.pdf", "/receipt.png"):
        answer = phone.browser.get(url + ending)
        assert (answer.status_code, "选择了不要收据" in answer.text) == (410, True)
    page = village.phone().browser.get(f"/verify/{number}/{code}").text
    assert "捐赠人于 2026-06-01 表示放弃接受，本页为存根" in page


def test_nobody_waives_for_another(village: Receipting) -> None:
    _, gift = given(village, village.opens_project("屋顶"))
    path = f"/api/v1/gifts/{gift['code']}"
    answer = village.phone().browser.patch(path, json={"waives_receipt": True}, headers=OURS)
    assert answer.status_code == 404
    assert village.phone().browser.get(gift["receipt"]["url"]).status_code == 200


def test_the_book_of_the_organisation_counts_the_waived_and_the_anonymous(village: Receipting, tmp_path: Path) -> None:
    roof = village.opens_project("=屋顶")
    given(village, roof, waives_receipt=True)
    given(village, roof, display="anonymous", name="张三")
    _, back = given(village, roof, fen=50_00)
    village.gives_back(back, 20_00, reason="给错了")
    village.works()
    run = village.app.test_cli_runner().invoke
    file = tmp_path / "book.csv"
    answer = run(args=["receipt-book", str(file), "--uscc", USCC, "--year", "2026"])
    assert answer.output == "共 5 张：捐赠 3 张，作废 1 张，余额 1 张；匿名捐赠 1 笔，放弃收据 1 笔。\n"
    with file.open(encoding="utf-8-sig", newline="") as lines:
        heading, *rows = csv.reader(lines)
    told = [dict(zip(heading, row, strict=True)) for row in rows]
    assert [one["金额（元）"] for one in told] == ["10.00", "10.00", "50.00", "-50.00", "30.00"]
    assert {one["项目"] for one in told} == {"'=屋顶"}
    assert "张三" not in file.read_text(encoding="utf-8-sig")
    assert run(args=["receipt-book", str(file), "--uscc", "0" * 18, "--year", "2026"]).exit_code == 1
