"""The desk's refunds over HTTP, and everything that the public sees of money that went back."""

from __future__ import annotations

from typing import Any

from backend.donations.service import forget_words
from backend.refunds.service import _gift
from tests.world.desk import Hand
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["gift", "village"]


def test_two_at_the_desk_give_back_what_a_giver_asked_for(village: Refunding, gift: Given) -> None:
    first, second = village.hires("first"), village.hires("other")
    refund = village.asked(gift, 20_00)
    row = only(first)
    assert (row["code"], row["state"], row["reason"], row["free_fen"]) == (refund, "asked", "******", 50_00)
    assert (row["paid_fen"], row["asked_by"], row["is_mine"], row["village"]["name"]) == (50_00, None, False, "众心村")

    checked = first.does(f"/desk/refunds/{refund}/approvals", key="first-check")
    assert (checked.status_code, checked.json["state"], checked.json["is_mine"]) == (201, "checked", True)
    assert first.does(f"/desk/refunds/{refund}/approvals", key="first-check").data == checked.data
    again = first.does(f"/desk/refunds/{refund}/approvals")
    assert (again.status_code, again.json["code"]) == (403, "FOUR_EYES")
    approved = second.does(f"/desk/refunds/{refund}/approvals")
    assert (approved.status_code, approved.json["state"]) == (201, "approved")
    assert second.does(f"/desk/refunds/{refund}/questions").status_code == 201
    village.works()
    village.later(seconds=65)
    village.works()
    assert first.sees("/desk/refunds").json["items"] == []
    done = first.sees("/desk/refunds?wanted=all").json["items"][0]
    assert (done["state"], done["checked_by"], done["approved_by"]) == ("success", "赵六", "赵六")
    assert done["refund_no"].startswith("R")
    assert village.verify() == []


def test_the_desk_asks_for_a_giver_and_two_others_decide(village: Refunding, gift: Given) -> None:
    clerk, other = village.hires("clerk"), village.hires("other")
    form = {"gift_code": gift.code, "amount_fen": 5_00, "reason": "电话里说重复捐了"}
    asked = clerk.does("/desk/refunds", form)
    assert (asked.status_code, asked.json["asked_by"], asked.json["is_mine"]) == (201, "赵六", True)
    assert clerk.does("/desk/refunds", form).json["code"] == "REFUND_WAITS"
    assert clerk.does(f"/desk/refunds/{asked.json['code']}/approvals").status_code == 403
    refused = other.does(f"/desk/refunds/{asked.json['code']}/refusal", {"reason": "已电话核实，捐赠人不退了"})
    assert (refused.json["state"], refused.json["refused_by"]) == ("refused", "赵六")
    assert clerk.does("/desk/refunds", form | {"gift_code": "nobody"}).json["code"] == "GIFT_UNKNOWN"
    assert other.does("/desk/refunds/nobody/approvals").json["code"] == "REFUND_UNKNOWN"


def test_what_is_in_trouble_has_a_list_of_its_own(village: Refunding, gift: Given) -> None:
    hand = village.hires("clerk")
    village.refunded(gift, 20_44)
    assert only(hand, "?wanted=abnormal")["state"] == "abnormal"
    assert hand.sees("/desk/refunds?wanted=none").status_code == 422


def test_refunds_are_the_nations_business(village: Refunding, gift: Given) -> None:
    refund = village.asked(gift, 1_00)
    cadre = village.hires("cadre2", role="village", region="320904104209")
    for answer in (
        cadre.sees("/desk/refunds"),
        cadre.does(f"/desk/refunds/{refund}/approvals"),
        cadre.does("/desk/refunds", {"gift_code": gift.code, "amount_fen": 1, "reason": "x"}),
    ):
        assert answer.status_code == 404, answer.text


def test_a_gift_that_went_back_says_so_in_the_public_list(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    whole, part = village.gives(roof, 10_00, name="老王"), village.gives(roof, 20_00, name="老李")
    kept = village.gives(roof, 30_00, name="老张")
    village.refunded(whole, 10_00)
    village.refunded(part, 5_00)
    lines = {line["name"]: line for line in kept.phone.asks(f"/projects/{roof}/gifts")["items"]}
    assert {name: line["refund"] for name, line in lines.items()} == {"老王": "whole", "老李": "part", "老张": "none"}
    assert lines["老李"]["amount_fen"] == 20_00, "what was given stays told"
    card = kept.phone.asks(f"/projects/{roof}")
    assert (card["received_fen"], card["gift_count"]) == (45_00, 3)
    mine = part.phone.asks("/me/gifts")["items"][0]
    assert (mine["refunded_fen"], mine["amount_fen"]) == (5_00, 20_00)
    seen = whole.phone.asks(f"/gifts/{whole.code}")
    assert (seen["refunded_fen"], seen["stations"]) == (10_00, [])


def test_a_refund_does_not_tell_a_hidden_amount(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    shy = village.gives(roof, 10_00, name="老王", hide_amount=True, message="一点心意")
    village.refunded(shy, 10_00)
    (line,) = shy.phone.asks(f"/projects/{roof}/gifts")["items"]
    assert (line["name"], line["amount_fen"], line["message"], line["refund"]) == ("爱心人士", None, None, "whole")


def test_the_public_ledger_tells_of_a_refund_by_day_and_without_its_number(village: Refunding, gift: Given) -> None:
    refund = village.refunded(gift, 20_00)
    village.refunded(gift, 1_45)
    rows = gift.phone.asks(f"/projects/{gift.project}/transfers")["items"]
    told = [row for row in rows if row["reason"].startswith("refund")]
    ways = ["refund_returned", "refund_reserved", "refund", "refund_reserved"]
    assert [row["reason"] for row in told] == ways
    assert {row["posted_at"] for row in told} == {"2026-06-01T00:00:00+08:00"}
    assert village.no(refund) not in str(rows)
    assert {row["reference"][:5] for row in told} == {"gift:"}


def test_a_later_notice_tells_what_went_back_and_the_published_one_stays(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    gift = village.gives(roof, 50_00)
    village.at("2026-07-01 06:00")
    village.publishes()
    (june,) = village.notices(scope_code=roof, period_key="2026-06")
    village.refunded(gift, 20_00)
    village.later(minutes=2)
    village.approved(gift, 5_00)
    village.works()
    village.at("2026-08-01 06:00")
    village.publishes()
    (july,) = village.notices(scope_code=roof, period_key="2026-07")
    assert (june.figures["received_fen"], june.figures["refunded_fen"], june.figures["closing_fen"]) == (
        50_00,
        0,
        50_00,
    )
    figures = july.figures
    assert (figures["opening_fen"], figures["refunded_fen"], figures["closing_fen"]) == (50_00, 20_00, 30_00)
    assert (figures["with_nation_fen"], figures["refunding_fen"]) == (30_00, 5_00)
    page = village.app.test_client().get(f"/n/{july.code}").text
    assert "退回捐赠人" in page
    assert "其中待退回捐赠人" in page
    (whole,) = village.notices(scope="village", period_key="2026-07")
    assert 'data-name="退款">-20.00' in village.app.test_client().get(f"/n/{whole.code}").text
    assert village.findings() == []


def test_a_share_counts_what_stayed(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    sharer = village.phone()
    link = sharer.shares("project", roof)
    whole, part = village.gives(roof, 10_00, via=link["code"]), village.gives(roof, 20_00, via=link["code"])
    village.refunded(whole, 10_00)
    village.refunded(part, 5_00)
    share = sharer.asks("/me/shares")["items"][0]
    assert (share["gifts_brought"], share["amount_brought_fen"]) == (1, 15_00)


def test_who_is_forgotten_leaves_no_reason_behind(village: Refunding, gift: Given) -> None:
    refund = village.asked(gift, 1_00)
    person = village.asks(lambda: service_gift(gift))
    village.writes(lambda: forget_words(person_id=person))
    assert gift.sees()["items"][0]["reason"] is None
    assert village.row(refund).state == "asked"


def service_gift(gift: Given) -> int:
    return _gift(gift.code)[0].person_id


def only(hand: Hand, query: str = "") -> dict[str, Any]:
    """The one refund on the desk's list."""
    (row,) = hand.sees(f"/desk/refunds{query}").json["items"]
    return dict(row)
