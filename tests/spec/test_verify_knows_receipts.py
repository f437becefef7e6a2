"""`verify` names whatever is out of joint among receipts: a gap, a wrong year, a refund that cancelled nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from backend.core.db import db
from backend.receipts.models import Receipt, ReceiptRefund
from tests.world.receipts import Receipting, village

__all__ = ["village"]
OTHERS = 3

# A further paper as a copy of the first gift's one, with these differences; what verify says; the reason.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"number": 9}, "2026 年收据编号有缺口：共 5 张，最大编号 9", "a number was left out"),
    ({"id": 9}, "收据总序有缺口：共 6 张，最大序号 9", "a paper was left out"),
    ({"year": 2025, "number": 1}, "的年度与款项日期不符", "a year in which no money came"),
    ({}, "的编号不按账本顺序", "a paper of an earlier place than the one before"),
    ({"amount_fen": 9}, "与捐赠的转账不符", "another amount than the gift's"),
    ({"organisation_id": OTHERS, "number": 2}, "不是由项目的受赠组织开具的", "another organisation's book"),
    ({"kind": "cancels", "amount_fen": -1, "of_id": 5}, "与被作废的收据不符", "less cancelled than was stated"),
    ({"kind": "rest", "amount_fen": 1, "of_id": 5}, "作废后，余额收据不符", "a rest of what was never cancelled"),
    ({}, "2026 年收据合计与账本不符", "more stated than the ledger holds"),
]


@pytest.fixture
def story(village: Receipting) -> Receipting:
    """Two gifts, of which one went back in part, and one of another organisation."""
    roof = village.opens_project("屋顶")
    gift = village.paid_gift(roof, 10_00)
    village.gives_back(gift, 3_00)
    village.works()
    village.paid_gift(village.opens_for("水井", name="别省总会", uscc="53110000500099999X"), 5_00)
    village.paid_gift(roof, 7_00)
    assert village.out_of_joint() == []
    return village


@pytest.mark.parametrize(("changed", "named", "reason"), WRONG, ids=[row[2] for row in WRONG])
def test_a_paper_that_is_not_true_is_named(story: Receipting, changed: dict[str, Any], named: str, reason: str) -> None:
    def forge() -> None:
        first = db.session.scalars(select(Receipt).order_by(Receipt.id)).first()
        papers = db.session.scalars(select(Receipt).order_by(Receipt.id)).all()
        other = papers[3].organisation_id
        assert first is not None
        row = {name: getattr(first, name) for name in Receipt.__table__.columns.keys()}  # noqa: SIM118 - no mapping
        row |= {"id": 6, "number": 5, "printed": "forged", "transfer_id": papers[4].transfer_id, "kind": "rest"}
        row |= {"of_id": 3, "reason": "假的", "amount_fen": 1_00}
        row |= changed
        if row["organisation_id"] == OTHERS:
            row["organisation_id"] = other
        if named in ("的编号不按账本顺序", "与捐赠的转账不符"):
            row |= {"kind": "gift", "of_id": None, "reason": None, "transfer_id": _unreceipted()}
        db.session.execute(insert(Receipt).values(row))

    story.writes(forge)
    assert named in "".join(story.out_of_joint()), reason


def _unreceipted() -> int:
    """The transfer that gave money back has no paper of kind `gift`: a place before the last one."""
    return int(db.session.scalars(select(Receipt.transfer_id).where(Receipt.kind == "cancels")).one())


def test_a_refund_that_cancelled_nothing_is_named(story: Receipting) -> None:
    gift_id, transfer_id = story.asks(
        lambda: db.session.execute(select(Receipt.gift_id, Receipt.transfer_id).where(Receipt.id == 5)).one()
    )
    row = {"gift_id": gift_id, "transfer_id": transfer_id, "reason": "假的", "asked_at": story.clock}
    story.writes(lambda: db.session.execute(insert(ReceiptRefund).values(row)))
    told = "".join(story.out_of_joint())
    assert "已退款，但收据没有作废" in told
    assert "的退款转账没有退出去" in told
