"""Once a year a giver wants all of it on one sheet, with sums that are the ledger's to the fen."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfReader
from sqlalchemy import func, select

from backend.core.db import db
from backend.ledger.models import Transfer
from tests.world.giving import OURS, Phone
from tests.world.receipts import Receipting, village

__all__ = ["village"]


def gives(village: Receipting, phone: Phone, project: str, fen: int, **told: Any) -> dict[str, Any]:
    gift = phone.order(project, fen, **told)
    phone.presses(gift)
    village.works()
    village.works()
    return phone.sees(gift)


def ledger_fen(village: Receipting, reason: str) -> int:
    total = select(func.sum(Transfer.amount_fen)).where(Transfer.reason == reason)
    return int(village.asks(lambda: db.session.scalar(total)) or 0)


def test_a_statement_holds_every_gift_and_refund_of_the_year_and_no_other(village: Receipting) -> None:
    village.at("2026-12-31 23:30")
    roof, phone = village.opens_project("屋顶", until="2027-12-31"), village.phone()
    old = gives(village, phone, roof, 19_99)
    village.at("2027-01-01 00:30")
    new = gives(village, phone, roof, 100_01)
    village.gives_back(old, 9_99)
    village.gives_back(new, 100_01)
    village.works()
    assert phone.asks("/me/statements") == {"years": [2027, 2026]}
    before, now = phone.asks("/me/statements/2026"), phone.asks("/me/statements/2027")
    assert [(line["on"], line["kind"], line["amount_fen"]) for line in before["items"]] == [
        ("2026-12-31", "given", 19_99)
    ]
    assert [(line["kind"], line["amount_fen"], line["receipt"]) for line in now["items"]] == [
        ("given", 100_01, "500000000-2027-00000001"),
        ("returned", 9_99, "500000000-2027-00000003"),
        ("returned", 100_01, "500000000-2027-00000004"),
    ]
    assert (before["given_fen"], before["returned_fen"]) == (19_99, 0)
    assert before["given_fen"] + now["given_fen"] == ledger_fen(village, "gift")
    assert before["returned_fen"] + now["returned_fen"] == ledger_fen(village, "refund")
    for line in (*before["items"], *now["items"]):
        assert phone.browser.get(line["receipt_url"]).status_code == 200
    assert now["items"][0]["village_name"] == "众心村"


def test_a_statement_is_for_its_own_person_only(village: Receipting) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gives(village, phone, roof, 5_00)
    other = village.phone()
    assert other.asks("/me/statements") == {"years": []}
    assert other.asks("/me/statements/2026")["items"] == []
    stranger = village.app.test_client()
    for path in ("/me/statements", "/me/statements/2026", "/me/statements/2026/statement.pdf"):
        assert stranger.get(f"/api/v1{path}", headers=OURS).status_code == 401
    for year in ("1999", "3000", "99999999"):
        assert phone.browser.get(f"/api/v1/me/statements/{year}").status_code == 422


def test_the_printed_statement_says_the_same(village: Receipting) -> None:
    roof, phone = village.opens_project("修屋顶"), village.phone()
    first = gives(village, phone, roof, 1050_30, display="real_name", name="李四")
    gives(village, phone, roof, 2_00, waives_receipt=True)
    village.gives_back(first, 50_30)
    village.works("order")  # The receipt job has not come yet.
    answer = phone.browser.get("/api/v1/me/statements/2026/statement.pdf")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/pdf", "private, no-store")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    for fact in (
        "2026 年度捐赠清单",
        "李四",
        "¥1,052.30",
        "¥1,002.00",
        "1,050.30",
        "50.30",
        "待开",
        "放弃收据",
        "合计",
    ):
        assert fact in text
    assert "演示数据" in text


def test_more_came_back_in_a_year_than_was_given_in_it(village: Receipting) -> None:
    village.at("2026-12-31 10:00")
    phone = village.phone()
    gift = gives(village, phone, village.opens_project("屋顶"), 50_00)
    village.at("2027-01-01 10:00")
    village.gives_back(gift, 30_00)
    pdf = phone.browser.get("/api/v1/me/statements/2027/statement.pdf").data
    assert "-¥30.00" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    empty = phone.browser.get("/api/v1/me/statements/2025/statement.pdf").data
    assert "捐赠人：—" in PdfReader(io.BytesIO(empty)).pages[0].extract_text()
