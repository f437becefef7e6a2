"""A gift that goes back keeps its receipt number; another paper cancels it, and one more states what is left."""

from __future__ import annotations

import pytest

from backend.core.errors import Refusal
from backend.donations.queries import GiftUnknown
from backend.receipts.service import RefundExceedsGift, RefundOfAnother, cancel_receipt
from tests.world.receipts import Receipting, village

__all__ = ["village"]
OURS = "500000000"


def test_a_gift_that_goes_back_whole_keeps_its_number_and_is_cancelled_by_another(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    gift = village.paid_gift(roof, 50_00)
    village.gives_back(gift, 50_00, reason="重复捐赠")
    village.paid_gift(roof, 1_00)
    assert village.book() == [
        (f"{OURS}-2026-00000001", "gift", 50_00),
        (f"{OURS}-2026-00000002", "cancels", -50_00),
        (f"{OURS}-2026-00000003", "gift", 1_00),
    ]
    first, cancelling = village.papers(gift)
    assert (first.state, first.cancelled_by, first.replaced_by) == ("cancelled", cancelling.printed, None)
    assert (cancelling.of, cancelling.reason, cancelling.caused_fen) == (first.printed, "重复捐赠", 50_00)
    page = village.reads(gift)
    facts = ("捐赠收据（作废）", "负伍拾元整", "-¥50.00", first.printed, cancelling.printed, "重复捐赠", "退回 ¥50.00")
    assert [fact for fact in facts if fact not in page] == []
    old = village.reads(gift, f"?number={first.printed}")
    assert f"本收据已作废，作废收据编号 {cancelling.printed}。" in old
    assert village.out_of_joint() == []


def test_of_a_gift_that_goes_back_in_part_a_new_receipt_states_the_rest(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"), 50_00)
    village.gives_back(gift, 20_00)
    village.works()
    village.gives_back(gift, 29_99)
    village.works()
    assert [(kind, fen) for _, kind, fen in village.book()] == [
        ("gift", 50_00),
        ("cancels", -50_00),
        ("rest", 30_00),
        ("cancels", -30_00),
        ("rest", 1),
    ]
    newest = village.papers(gift)[-1]
    assert (newest.state, newest.given_fen, newest.of) == ("valid", 50_00, f"{OURS}-2026-00000003")
    page = village.reads(gift)
    for fact in ("捐赠收据", "¥0.01", "原捐赠金额", "¥50.00", "替代的收据", "退款 ¥29.99 后的余额"):
        assert fact in page
    replaced = village.reads(gift, f"?number={OURS}-2026-00000001")
    assert f"退款后的余额见 {OURS}-2026-00000003。" in replaced
    assert village.out_of_joint() == []


def test_a_gift_and_its_refund_read_in_one_go_have_the_same_papers(village: Receipting) -> None:
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), 9_00)
    phone.presses(gift)
    village.works("outbox:sandbox_notice")
    village.works("order")
    village.gives_back(gift, 4_00)
    village.works()
    village.gives_back(gift, 5_00)
    village.works()
    kinds = [(kind, fen) for _, kind, fen in village.book()]
    assert kinds == [("gift", 9_00), ("cancels", -9_00), ("rest", 5_00), ("cancels", -5_00)]
    assert village.out_of_joint() == []


def test_a_refund_of_the_new_year_stands_in_the_book_of_the_new_year(village: Receipting) -> None:
    village.at("2026-12-30 10:00")
    gift = village.paid_gift(village.opens_project("屋顶"), 50_00)
    village.at("2027-01-05 10:00")
    village.gives_back(gift, 20_00)
    village.works()
    assert village.book() == [
        (f"{OURS}-2026-00000001", "gift", 50_00),
        (f"{OURS}-2027-00000001", "cancels", -50_00),
        (f"{OURS}-2027-00000002", "rest", 30_00),
    ]
    newest = village.papers(gift)[-1]
    assert (str(newest.received_on), str(newest.caused_on)) == ("2026-12-30", "2027-01-05")
    assert village.out_of_joint() == []


def test_a_refund_heard_of_twice_cancels_once(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    gift, other = village.paid_gift(roof, 50_00), village.paid_gift(roof, 60_00)
    transfer = village.gives_back(gift, 20_00)
    village.cancels(transfer, gift)
    village.works()
    village.cancels(transfer, gift)
    village.works()
    assert len(village.book()) == 4
    with pytest.raises(RefundOfAnother):
        village.cancels(transfer, other)


def test_no_more_goes_back_than_was_given(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    gift = village.paid_gift(roof, 5_00)
    village.paid_gift(roof, 90_00)
    village.gives_back(gift, 3_00)
    for fen in (2_01, 90_00):
        with pytest.raises(RefundExceedsGift):
            village.gives_back(gift, fen)
    village.works()
    assert village.out_of_joint() == []


def test_only_a_transfer_to_the_outside_gives_a_gift_back(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    gift = village.paid_gift(roof, 5_00)
    unpaid = village.phone().order(roof)
    cases: list[tuple[int, int, type[Refusal], str]] = [
        (1, 1, RefundOfAnother, "the transfer that brought it"),
        (99, 1, RefundOfAnother, "no transfer at all"),
        (1, 2, GiftUnknown, "a gift that was never paid"),
        (1, 99, GiftUnknown, "no gift at all"),
    ]
    for transfer_id, gift_id, refusal, reason in cases:
        with pytest.raises(refusal) as refused:
            village.writes(
                lambda transfer_id=transfer_id, gift_id=gift_id: cancel_receipt(
                    transfer_id=transfer_id, gift_id=gift_id, reason="退款", now=village.clock
                )
            )
        assert refused.value.detail, reason
    assert [gift["code"] == unpaid["code"], len(village.book())] == [False, 1]
