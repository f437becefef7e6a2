"""Who holds a receipt of before, when all organisations shared one row of numbers, finds it by its old number."""

from __future__ import annotations

import flask_migrate
from flask import Flask
from sqlalchemy import text

from backend.core.db import db
from backend.receipts.codes import check_code
from backend.receipts.queries import find_paper
from tests.world.receipts import Receipting, village

__all__ = ["village"]
BEFORE = "0013"


def test_receipts_of_before_are_numbered_anew_and_found_by_their_old_numbers(village: Receipting, app: Flask) -> None:
    village.at("2026-12-31 23:00")
    ours = village.opens_project("屋顶", until="2027-12-31")
    theirs = village.opens_for("水井", name="别省慈善总会", uscc="53110000500099999X")
    gifts = [village.paid_gift(project, fen) for project, fen in ((ours, 1_00), (theirs, 2_00))]
    village.at("2027-01-01 00:30")
    gifts.append(village.paid_gift(ours, 3_00, display="real_name", name="张三"))
    with app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
    assert village.asks(lambda: list(db.session.scalars(text("SELECT number FROM receipts ORDER BY number")))) == [
        1,
        2,
        3,
    ]
    with app.app_context():
        flask_migrate.upgrade()
    assert [number for number, _, _ in village.book()] == [
        "500000000-2026-00000001",
        "500099999-2026-00000001",
        "500000000-2027-00000001",
    ]
    earlier = [paper.earlier for gift in gifts for paper in village.papers(gift)]
    assert earlier == ["XFJY-2026-00000001", "XFJY-2026-00000002", "XFJY-2027-00000003"]
    page = village.reads(gifts[2])
    for fact in ("张三", "原编号", "XFJY-2027-00000003", "500000000-2027-00000001", "幸福家园平台", "众心村委会"):
        assert fact in page
    code = check_code("500000000-2027-00000001", secret_key=village.settings.secret_key)
    assert village.phone().browser.get(f"/verify/XFJY-2027-00000003/{code}").status_code == 200
    assert village.out_of_joint() == []
    village.paid_gift(ours)
    village.gives_back(gifts[0], 1_00)
    village.works()
    assert [number for number, _, _ in village.book()][3:] == ["500000000-2027-00000002", "500000000-2027-00000003"]
    assert village.out_of_joint() == []


def test_going_back_keeps_each_gift_its_receipt(village: Receipting, app: Flask) -> None:
    roof = village.opens_project("屋顶")
    first, second = village.paid_gift(roof, 5_00), village.paid_gift(roof, 6_00)
    village.gives_back(first, 2_00)
    village.works()
    village.paid_gift(roof, 7_00)
    with app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
        flask_migrate.upgrade()
    assert [(kind, fen) for _, kind, fen in village.book()] == [("gift", 5_00), ("gift", 6_00), ("gift", 7_00)]
    assert village.asks(lambda: find_paper("XFJY-2026-00000002")) == village.papers(second)[0]
