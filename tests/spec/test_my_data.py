"""Who told us something may see it, copy it, correct it, take his consent back, and be forgotten."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.core.db import db
from backend.people.models import DeviceSession, LoginAccount
from backend.vault import service
from backend.vault.checks import check_vault
from backend.vault.consent import consents_of
from backend.vault.erasing import end_terms, erase
from backend.vault.fields import GIFT_NAME, PUBLIC, RECEIPT_DONOR
from backend.vault.models import VaultKey, VaultValue
from backend.vault.queries import value_of
from backend.vault.service import PersonErased
from backend.volunteers.service import tell_name
from tests.world.entering import Entering, Handset, entering
from tests.world.giving import OURS
from tests.world.receipts import Receipting, village
from tests.world.vault import tables_with

__all__ = ["entering", "village"]
TOLD = ("张三丰", "愿孩子们好好读书", "老王头", "13812345678", "王志愿", "openid-阿芳")


def somebody(entering: Entering) -> tuple[Handset, str, dict[str, Any]]:
    """Somebody who gave under his name, shares, serves and has two accounts; also the project and the gift."""
    roof, phone = entering.opens_project("屋顶"), entering.handset()
    gift = phone.order(roof, 20_00, display="real_name", name="张三丰", message="愿孩子们好好读书")
    phone.presses(gift)
    phone.shares("project", roof, nickname="老王头")
    phone.logs_in_by_phone("13812345678")
    phone.logs_in_mini("阿芳", adds=True)
    person = entering.person_id(phone)
    entering.writes(lambda: tell_name(person_id=person, name="王志愿", now=entering.clock))
    entering.works()
    entering.works()  # The receipt comes once the ledger has placed the gift.
    return phone, roof, gift


def values(phone: Handset, path: str = "/me/data") -> dict[str, str]:
    """What a person is shown of himself, by field."""
    return {item["field"]: item["value"] for item in phone.asks(path)["items"]}


def puts(phone: Handset, path: str, value: str) -> TestResponse:
    """Correct one value."""
    return phone.browser.put(f"/api/v1{path}", json={"value": value}, headers=OURS)


def forgets(village: Receipting, person: int) -> int:
    """Have a person forgotten; how many receipts keep a name."""
    return village.writes(lambda: erase(person, actor="me", now=village.clock))


def row_of(phone: Handset, field: str) -> str:
    """The thing that a value belongs to."""
    return str(next(item["row"] for item in phone.asks("/me/data")["items"] if item["field"] == field))


def test_a_person_sees_everything_that_we_hold_and_what_it_is_for(entering: Entering) -> None:
    phone, _, gift = somebody(entering)
    seen = values(phone)
    assert (seen["gift.name"], seen["gift.message"]) == ("张三丰", "愿孩子们好好读书")
    assert (seen["share.name"], seen["volunteer.name"]) == ("老王头", "王志愿")
    assert (seen["account.phone"], seen["account.openid"]) == ("138****5678", "（已绑定）")
    data = phone.asks("/me/data")
    assert all(item["purpose"] and item["label"] for item in data["items"])
    assert {item["field"] for item in data["items"] if item["is_public"]} == PUBLIC
    assert {one["purpose"] for one in data["consents"]} == {"public_name", "phone_login", "wechat_login"}
    assert data["receipts_kept"] == 1
    assert gift["code"] in {item["row"] for item in data["items"]}


def test_the_copy_has_every_value_whole_and_needs_a_fresh_login(entering: Entering) -> None:
    phone, _, gift = somebody(entering)
    copied = values(phone, "/me/data/copy")
    whole = phone.asks("/me/data/copy")
    assert [(one["code"], one["amount_fen"], one["project"]["title"]) for one in whole["gifts"]] == [
        (gift["code"], 20_00, "屋顶")
    ]
    assert (whole["hours"], whole["consents"] != []) == ({**phone.asks("/me/hours")}, True)
    assert (copied["account.phone"][-11:], copied["account.openid"]) == ("13812345678", "openid-阿芳")
    entering.later(minutes=20)
    assert phone.browser.get("/api/v1/me/data/copy").json["code"] == "LOGIN_AGAIN"  # type: ignore[index]  # a problem


def test_a_person_corrects_what_he_wrote(entering: Entering) -> None:
    phone, _, gift = somebody(entering)
    new = {"gift.name": "张三", "gift.message": "加油", "share.name": "老王", "volunteer.name": "王志"}
    for field, value in new.items():
        assert puts(phone, f"/me/data/{field}/{row_of(phone, field)}", value).status_code == 200
    assert {field: values(phone)[field] for field in new} == new
    assert phone.sees(gift)["name"] == "张三"
    refused = puts(phone, f"/me/data/account.phone/{row_of(phone, 'account.phone')}", "13900000000")
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "NOT_HERE")


def test_nobody_corrects_or_sees_what_is_another_s(entering: Entering) -> None:
    phone, _, gift = somebody(entering)
    stranger = entering.handset()
    assert puts(stranger, f"/me/data/gift.name/{gift['code']}", "我").status_code == 404
    assert stranger.asks("/me/data")["items"] == []
    assert puts(stranger, f"/me/data/share.name/{row_of(phone, 'share.name')}", "我").status_code == 404


def test_a_consent_taken_back_hides_the_name_at_once(village: Receipting) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    for fen, name in ((5_00, "张三丰"), (6_00, "张三")):
        phone.presses(phone.order(roof, fen, display="real_name", name=name))
        village.works()
    link = phone.shares("project", roof, nickname="老王头")
    answer = phone.browser.delete("/api/v1/me/data/consents/public_name", headers=OURS)
    (told,) = (answer.json or {})["consents"]
    assert (told["withdrawn_at"] is not None, told["may_withdraw"]) == (True, False)
    lines = village.phone().asks(f"/projects/{roof}/gifts")["items"]
    assert [line["name"] for line in lines] == ["爱心人士", "爱心人士"]
    assert village.phone().asks(f"/links/{link['code']}")["sharer_name"] is None
    phone.order(roof, 9_00, display="nickname", name="老张")
    again = phone.asks("/me/data")["consents"]
    assert [one["withdrawn_at"] is None for one in again] == [True, False]
    assert phone.browser.delete("/api/v1/me/data/consents/phone_login", headers=OURS).status_code == 409
    assert phone.browser.delete("/api/v1/me/data/consents/dancing", headers=OURS).status_code == 422


def test_taking_the_last_account_of_a_kind_off_takes_its_consent_back(entering: Entering) -> None:
    phone = entering.handset()
    phone.logs_in_by_phone("13812345678")
    phone.logs_in_mini("阿芳", adds=True)
    of_phone = next(one["code"] for one in phone.me()["accounts"] if one["kind"] == "phone")
    assert phone.takes_off(of_phone).status_code == 204
    standing = {one["purpose"] for one in phone.asks("/me/data")["consents"] if one["withdrawn_at"] is None}
    assert standing == {"wechat_login"}


def test_who_is_erased_can_be_read_in_no_table_and_the_ledger_stays(entering: Entering) -> None:
    phone, roof, _ = somebody(entering)
    holds, person = entering.holds(roof), entering.person_id(phone)
    assert phone.posts("/me/data/erasure", {"sure": False}).status_code == 422
    assert phone.posts("/me/data/erasure", {"sure": True}).json == {"receipts_kept": 1}
    assert entering.asks(lambda: tables_with(*TOLD)) == set()
    assert phone.browser.get("/api/v1/me/gifts").status_code == 401
    for table in (LoginAccount, DeviceSession):
        left = select(func.count()).select_from(table).where(table.person_id == person)
        assert entering.asks(lambda question=left: db.session.scalar(question)) == 0  # type: ignore[misc]  # bound
    assert (entering.holds(roof), entering.out_of_joint(), entering.asks(check_vault)) == (holds, [], [])
    living = select(func.count()).where(VaultKey.person_id == person, VaultKey.wrapped.is_not(None))
    assert entering.asks(lambda: db.session.scalar(living)) == 0
    again = entering.handset(guest=False)
    again.posts("/session")
    entering.later(minutes=2)
    again.logs_in_by_phone("13812345678")
    assert again.asks("/me/gifts")["items"] == []


def test_an_erased_person_s_receipt_keeps_its_number_and_says_so(village: Receipting) -> None:
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), 30_00, display="real_name", name="张三丰")
    phone.presses(gift)
    village.works()
    village.works()
    number = phone.sees(gift)["receipt"]
    assert phone.browser.post("/api/v1/me/data/erasure", json={"sure": True}, headers=OURS).status_code == 200
    page = village.phone().browser.get(number["url"]).text
    assert ("捐赠人已删除个人信息" in page, "张三丰" in page, number["number"] in page) == (True, False, True)
    assert village.asks(lambda: value_of(RECEIPT_DONOR, gift["code"])) == "张三丰"
    assert village.asks(check_vault) == []


def test_the_sealed_name_of_a_receipt_is_destroyed_when_its_term_is_over(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"), display="real_name", name="张三丰")
    village.paid_gift(village.opens_project("水井"), display="nickname", name="老张")
    village.paid_gift(village.opens_project("路灯"), display="real_name", name="李四", waives_receipt=True)
    keys = village.asks(lambda: list(db.session.scalars(select(VaultKey.person_id))))
    kept = [forgets(village, person or 0) for person in keys]
    assert sorted(kept) == [0, 0, 1], "what was waived or is no real name is not kept"
    assert village.writes(lambda: end_terms(today=date(2056, 12, 31))) == 0
    assert village.writes(lambda: end_terms(today=date(2057, 1, 1))) == 1
    assert village.asks(lambda: value_of(RECEIPT_DONOR, gift["code"])) is None
    assert village.asks(lambda: db.session.scalar(select(func.count()).select_from(VaultValue))) == 0


def test_joined_persons_are_erased_as_one(entering: Entering) -> None:
    roof, one, other = entering.opens_project("屋顶"), entering.handset(), entering.handset()
    one.order(roof, display="real_name", name="张三丰")
    one.logs_in_by_phone("13812345678")
    other.order(roof, 7_00, display="real_name", name="王志愿")
    entering.later(minutes=2)
    other.logs_in_by_phone("13812345678")
    assert sorted(item["value"] for item in one.asks("/me/data")["items"] if item["field"] == GIFT_NAME) == [
        "张三丰",
        "王志愿",
    ]
    assert other.posts("/me/data/erasure", {"sure": True}).status_code == 200
    assert entering.asks(lambda: tables_with("张三丰", "王志愿", "13812345678")) == set()


def test_nothing_is_kept_for_an_erased_person_again(village: Receipting) -> None:
    phone, roof = village.phone(), village.opens_project("屋顶")
    gift = phone.order(roof, display="real_name", name="张三丰")
    (person,) = village.asks(lambda: list(db.session.scalars(select(VaultKey.person_id))))
    for _ in range(2):
        village.writes(lambda: erase(person or 0, actor="me", now=village.clock))
    with pytest.raises(PersonErased):
        told = {GIFT_NAME: "张三丰"}
        village.writes(lambda: service.put(person_id=person or 0, row=gift["code"], values=told, now=village.clock))
    assert village.asks(lambda: [one.withdrawn_at is None for one in consents_of(person or 0)]) == [False]
    assert village.asks(check_vault) == []


def test_a_guest_without_words_can_be_erased_too(village: Receipting) -> None:
    phone = village.phone()
    phone.order(village.opens_project("屋顶"))
    assert phone.asks("/me/data") == {"items": [], "consents": [], "receipts_kept": 0}
    answer = phone.browser.post("/api/v1/me/data/erasure", json={"sure": True}, headers=OURS)
    assert answer.json == {"receipts_kept": 0}


def test_the_text_about_data_is_numbered_and_can_be_read_by_anybody(village: Receipting) -> None:
    text = village.phone().asks("/privacy")
    assert (text["version"], text["title"]) == (2, "幸福家园个人信息说明")
    assert all(section["heading"] and section["paragraphs"] for section in text["sections"])
    assert "撤回" in str(text)
