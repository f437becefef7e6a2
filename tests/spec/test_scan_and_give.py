"""A villager scans, chooses an amount and pays; the project grows by exactly that much, and a receipt follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.core.db import db
from backend.payments.orders import find_order
from tests.world.giving import OURS, Giving, village

__all__ = ["village"]


def test_a_gift_goes_to_the_named_project_and_to_no_other(village: Giving) -> None:
    roof, well = village.opens_project("屋顶"), village.opens_project("水井")
    gift = village.paid_gift(roof, 20_00)
    assert gift["state"] == "paid"
    assert (village.holds(roof), village.holds(well)) == (20_00, 0)
    assert gift["stations"] == [{"holder": "00", "amount_fen": 20_00}]
    assert village.out_of_joint() == []


def test_money_that_was_not_paid_is_never_shown(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof, 20_00)
    assert phone.sees(gift)["state"] == "payable"
    assert phone.asks(f"/projects/{roof}/gifts")["items"] == []
    assert village.holds(roof) == 0


@pytest.mark.parametrize(
    "amount",
    ["0", "-1", "0.001", "1.5", "1e400", '"1"', "true", "null", "1" + "0" * 30, "500000001", "[]", "1.0"],
)
def test_an_amount_is_a_whole_number_of_fen_within_the_limit(village: Giving, amount: str) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    headers = {**OURS, "Idempotency-Key": "amount-01", "Content-Type": "application/json"}
    answer = phone.browser.post(f"/api/v1/projects/{roof}/gifts", data=f'{{"amount_fen":{amount}}}', headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "AMOUNT_INVALID")
    assert "500000000" in answer.json["fields"]["amount_fen"][0]
    assert village.order_states() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"amount_fen":NaN}', 400, "BAD_REQUEST"),
        ('{"amount_fen":1,"amount_fen":999999}', 400, "DUPLICATE_KEY"),
        ('{"amount_fen":100,"status":"PAID"}', 422, "UNKNOWN_FIELD"),
        ('{"amount_fen":100,"display":"boss"}', 422, "INVALID_INPUT"),
        ('{"amount_fen":100,"hide_amount":"yes"}', 422, "INVALID_INPUT"),
        ('{"amount_fen":100,"display":"real_name"}', 422, "NAME_NEEDED"),
        ('{"amount_fen":100,"name":"\\ud83d"}', 422, "TEXT_INVALID"),
        ('{"amount_fen":100,"message":"a\\u0000b"}', 422, "TEXT_INVALID"),
        (json.dumps({"amount_fen": 100, "name": "长" * 100_000}), 422, "TEXT_INVALID"),
    ],
)
def test_a_body_that_means_two_things_or_cannot_be_kept_orders_nothing(
    village: Giving, body: str, status: int, code: str
) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    headers = {**OURS, "Idempotency-Key": "body-0001", "Content-Type": "application/json"}
    answer = phone.browser.post(f"/api/v1/projects/{roof}/gifts", data=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert village.order_states() == []


def test_nineteen_yuan_ninety_nine_is_exactly_1999_fen(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    village.paid_gift(roof, 19_99)
    assert village.holds(roof) == 1999


def test_an_emoji_family_stays_together_and_hidden_marks_go(village: Giving) -> None:
    family = "👨‍👩‍👧"
    gift = village.paid_gift(village.opens_project("屋顶"), name=f"\u202e{family}\u200b张家", display="nickname")
    assert gift["name"] == f"{family}张家"


def test_a_gift_needs_a_session_a_key_and_our_own_page(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    url, body = f"/api/v1/projects/{roof}/gifts", {"amount_fen": 100}
    stranger = village.app.test_client()
    key = {"Idempotency-Key": "needs-001"}
    assert stranger.post(url, json=body, headers={**OURS, **key}).json["code"] == "SESSION_NEEDED"
    assert phone.browser.post(url, json=body, headers=OURS).json["code"] == "IDEMPOTENCY_KEY_NEEDED"
    assert phone.browser.post(url, json=body, headers=key).json["code"] == "CROSS_SITE"
    assert phone.orders("nowhere").status_code == 404
    assert village.order_states() == []


def test_no_money_is_taken_for_a_project_that_is_over(village: Giving) -> None:
    roof = village.opens_project("屋顶", until="2026-06-30")
    village.at("2026-07-01 00:00")
    assert village.phone().orders(roof).json["code"] == "NOT_COLLECTING"
    village.at("2026-06-30 23:50")
    order = village.phone().order(roof)
    assert order["expires_at"] == "2026-07-01T00:00:00+08:00"


def test_a_second_tap_and_a_second_tab_meet_the_same_order(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    first, second = phone.order(roof, 10_00), phone.order(roof, 10_00, name="老王", display="nickname")
    assert (first["reused"], second["reused"]) == (False, True)
    assert (first["code"], first["pay_url"]) == (second["code"], second["pay_url"])
    assert second["name"] == "老王"
    assert phone.order(roof, 20_00)["code"] != first["code"]
    assert village.phone().order(roof, 10_00)["code"] != first["code"]


def test_a_paid_or_expired_order_is_not_used_again(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    first = phone.order(roof)
    phone.presses(first)
    village.works()
    second = phone.order(roof, again=True)
    assert second["code"] != first["code"]
    village.later(minutes=31)
    assert phone.sees(second)["state"] == "confirming"
    third = phone.order(roof)
    assert (third["reused"], third["code"] == second["code"]) == (False, False)
    assert phone.sees(second)["state"] == "confirming"
    village.works()
    assert phone.sees(second)["state"] == "expired"


def test_the_payment_page_says_that_it_is_a_sandbox_and_works_without_scripts(village: Giving) -> None:
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), 12_34)
    page = phone.browser.get(gift["pay_url"])
    assert page.mimetype == "text/html"
    assert "沙箱·演示支付" in page.text
    assert "¥12.34" in page.text
    assert "<script" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    back = phone.presses(gift, "cancel")
    assert (back.status_code, back.location) == (303, f"/thanks?gift={gift['code']}")
    assert phone.sees(gift)["state"] == "payable"
    assert phone.presses(gift).location == f"/thanks?gift={gift['code']}"
    assert "已经支付过了" in phone.browser.get(gift["pay_url"]).text


def test_pressing_pay_twice_pays_once(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof)
    seal = phone.seal(gift)
    for _ in range(2):
        assert phone.browser.post(f"{gift['pay_url']}/pay", data={"seal": seal}).status_code == 303
    village.works()
    assert village.holds(roof) == 10_00


def test_another_sites_form_pays_nothing(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof)
    for seal in ("", "0" * 64, "字"):
        answer = phone.browser.post(f"{gift['pay_url']}/pay", data={"seal": seal})
        assert answer.status_code == 403
        assert "没有付款" in answer.text
    stolen = phone.seal(gift)
    assert village.app.test_client().post(f"{gift['pay_url']}/pay", data={"seal": stolen}).status_code == 403
    assert village.phone().browser.get("/sandbox/pay/D000").status_code == 404
    village.works()
    assert village.holds(roof) == 0


def test_after_its_time_an_order_cannot_be_paid_any_more(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof)
    seal = phone.seal(gift)
    village.later(minutes=30)
    answer = phone.browser.post(f"{gift['pay_url']}/pay", data={"seal": seal})
    assert "支付单已经关闭" in answer.text
    village.waits(minutes=20)
    assert phone.sees(gift)["state"] == "expired"
    assert village.holds(roof) == 0


def test_a_gift_is_seen_by_its_giver_and_by_who_holds_the_receipt_and_by_nobody_else(village: Giving) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"))
    stranger = village.phone()
    assert stranger.sees(gift)["code"] == "GIFT_UNKNOWN"
    secret = gift["receipt"]["url"].removeprefix("/r/")
    assert stranger.asks(f"/gifts/{gift['code']}?secret={secret}")["state"] == "paid"
    for wrong in (secret[:-1], secret[:-1] + "!", gift["code"], "字", f"0000000000{secret[10:]}"):
        assert stranger.asks(f"/gifts/{gift['code']}?secret={wrong}")["code"] == "GIFT_UNKNOWN"
    assert stranger.asks("/gifts/0000000000")["code"] == "GIFT_UNKNOWN"


def test_a_giver_may_stay_unnamed_hide_the_amount_and_change_his_mind(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof, 66_00, display="real_name", name="张三", message="早日修好", hide_amount=False)
    phone.presses(gift)
    village.works()
    url = f"/api/v1/gifts/{gift['code']}"

    def line() -> dict[str, Any]:
        return dict(phone.asks(f"/projects/{roof}/gifts")["items"][0])

    assert (line()["name"], line()["amount_fen"], line()["message"]) == ("张三", 66_00, "早日修好")
    changed = phone.browser.patch(url, json={"display": "anonymous", "hide_amount": True}, headers=OURS)
    assert changed.status_code == 200
    assert (line()["name"], line()["amount_fen"]) == ("爱心人士", None)
    assert phone.browser.patch(url, json={"message": None}, headers=OURS).json["name"] == "张三"
    assert line()["message"] is None
    assert village.phone().browser.patch(url, json={}, headers=OURS).json["code"] == "GIFT_UNKNOWN"


def test_the_newest_day_comes_first_page_by_page_and_no_hour_is_told(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    for fen in (100, 200, 300):
        village.paid_gift(roof, fen)
        village.later(days=1)
    phone = village.phone()
    first = phone.asks(f"/projects/{roof}/gifts?limit=2")
    rest = phone.asks(f"/projects/{roof}/gifts?limit=2&cursor={first['next_cursor']}")
    assert [line["amount_fen"] for line in first["items"] + rest["items"]] == [300, 200, 100]
    assert rest["next_cursor"] is None
    days = [line["paid_at"] for line in first["items"] + rest["items"]]
    assert days == [f"2026-06-0{day}T00:00:00+08:00" for day in (3, 2, 1)]


def test_my_gifts_are_mine_and_newest_first(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    for fen in (100, 200):
        phone.presses(phone.order(roof, fen))
        village.works()
    village.paid_gift(roof, 900)
    mine = phone.asks("/me/gifts?limit=1")
    assert [(item["amount_fen"], item["state"]) for item in mine["items"]] == [(200, "paid")]
    assert mine["items"][0]["project"]["village_name"] == "众心村"
    assert mine["items"][0]["receipt_number"] == "500000000-2026-00000002"
    rest = phone.asks(f"/me/gifts?limit=1&cursor={mine['next_cursor']}")
    assert [item["amount_fen"] for item in rest["items"]] == [100]
    assert village.app.test_client().get("/api/v1/me/gifts").json["code"] == "SESSION_NEEDED"


def test_a_project_that_ends_while_somebody_pays_redirects_the_money_and_says_so(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof, 30_00)
    village.ends(roof)
    assert phone.sees(gift)["state"] == "confirming"
    phone.presses(gift)
    village.works()
    village.works()
    seen = phone.sees(gift)
    assert (seen["state"], village.holds(roof), village.unallocated()) == ("redirected", 0, 30_00)
    village.later(hours=1)
    village.hears(village.notice({**gift, "amount_fen": 30_00}, transaction_id=village.collected(gift)))
    assert village.unallocated() == 30_00
    assert seen["receipt"]["number"] == "500000000-2026-00000001"
    assert "单独保管" in phone.browser.get(seen["receipt"]["url"]).text
    assert village.out_of_joint() == []


def test_the_order_stands_before_the_provider_hears_of_it(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    provider = "backend.payments.sandbox.SandboxProvider.prepay"

    def dies(*_: object, **__: object) -> str:
        raise ConnectionError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr(provider, dies)
        assert phone.orders(roof, key="dies-0001").status_code == 500
    assert village.order_states() == ["prepaying"]
    again = phone.orders(roof, key="dies-0001")
    assert again.status_code == 201
    assert village.order_states() == ["payable"]
    assert phone.orders(roof, key="dies-0001").data == again.data
    assert phone.orders(roof, 99_00, key="dies-0001").json["code"] == "IDEMPOTENCY_MISMATCH"
    phone.presses(again.json)
    village.works()
    assert village.holds(roof) == 10_00


def test_an_order_of_unknown_number_is_nowhere(village: Giving) -> None:
    assert village.asks(lambda: find_order("D0")) is None
    gift = village.phone().order(village.opens_project("屋顶"))
    with village.app.app_context():
        found = find_order(village.trade_no(gift))
        assert found is not None
        assert found.state == "payable"
        db.session.rollback()
