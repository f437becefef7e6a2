"""What givers wrote is masked at the desk too; who must read it to decide is written down all the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from backend.content.models import WordCheck
from backend.core.db import db
from tests.world.receipts import Receipting
from tests.world.receipts import village as paper_village
from tests.world.refunding import Refunding, village

__all__ = ["paper_village", "village"]
STORY, WHY = "孩子住院急用钱", {"reason": "核实退款申请的情况"}


def looks(phone: Any) -> list[dict[str, Any]]:
    """Who looked, as the giver sees it."""
    return list(phone.asks("/me/data/openings")["items"])


def test_the_reason_of_a_refund_is_masked_until_it_is_opened(village: Refunding) -> None:
    gift, desk = village.gives(village.opens_project("屋顶"), 20_00), village.hires("clerk")
    code = (gift.asks_back(5_00, STORY).json or {})["items"][0]["code"]
    (line,) = desk.sees("/desk/refunds").json["items"]
    assert (line["reason"], gift.sees()["items"][0]["reason"]) == ("*******", STORY)
    assert desk.does(f"/desk/refunds/{code}/approvals").json["reason"] == "*******"
    answer = desk.does(f"/desk/refunds/{code}/openings", WHY)
    assert (answer.status_code, answer.json) == (201, {"value": STORY})
    (look,) = looks(gift.phone)
    assert (look["labels"], look["staff_place"], look["row"]) == (["退款原因"], "全国", code)
    assert desk.does("/desk/refunds/ZZZZZZZZZZ/openings", WHY).status_code == 404


def test_words_that_wait_are_read_whole_and_each_reading_is_kept(village: Refunding) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    gift = phone.order(roof, 20_00, display="real_name", name="张三丰", message="加油")
    link = phone.shares("project", roof, nickname="老王头")
    region = phone.asks(f"/projects/{roof}")["village_code"]

    def holds() -> None:
        person = db.session.execute(text("SELECT id FROM people WHERE code = :code"), {"code": phone_code}).scalar_one()
        told = {"person_id": person, "region_code": region, "version": 1, "fingerprint": "", "state": "held"}
        told |= {"submitted_at": village.clock, "attempts": 0}
        for code, kind, subject in (("WORDS00001", "gift", gift["code"]), ("WORDS00002", "share", shared)):
            db.session.add(WordCheck(code=code, kind=kind, subject=subject, **told))

    phone_code = phone.browser.post("/api/v1/session", headers={"X-Requested-With": "happy-home"}).json["person"][
        "code"
    ]
    shared = next(item["row"] for item in phone.asks("/me/data")["items"] if item["field"] == "share.name")
    village.writes(holds)
    desk = village.hires("reader")
    assert looks(phone) == []
    page = desk.sees("/desk/words?limit=1").json
    assert [item["name"] for item in page["items"]] == ["老王头"], "the newest first"
    assert [look["row"] for look in looks(phone)] == [shared], "what was not shown was not looked at"
    words = desk.sees("/desk/words").json["items"]
    assert [(item["name"], item["message"]) for item in words] == [("老王头", None), ("张三丰", "加油")]
    told = {(look["row"], *look["labels"]) for look in looks(phone)}
    assert told == {(shared, "分享昵称"), (gift["code"], "捐赠署名", "捐赠留言")}
    assert {(look["purpose"], look["reason"]) for look in looks(phone)} == {("review", None)}
    assert link["code"]


def test_the_name_that_the_law_keeps_is_opened_by_a_named_account_for_a_reason(paper_village: Receipting) -> None:
    house, phone = paper_village, paper_village.phone()
    gift = phone.order(house.opens_project("屋顶"), 30_00, display="real_name", name="张三丰")
    phone.presses(gift)
    house.works()
    house.works()
    ours = {"X-Requested-With": "happy-home"}
    assert phone.browser.post("/api/v1/me/data/erasure", json={"sure": True}, headers=ours).status_code == 200
    run = house.app.test_cli_runner().invoke

    def tries(login: str, reason: str = "税务机关核对收据", code: str = gift["code"]) -> tuple[int, str]:
        result = run(args=["open-kept-name", code, "--login", login, "--reason", reason])
        return result.exit_code, result.output.strip()

    assert tries("second") == (0, "张三丰")
    assert tries("nobody") == (1, "Error: 没有这个工作台账号，或账号已停用。")
    assert tries("second", "看")[0] == tries("second", code="ZZZZZZZZZZ")[0] == 1
    rows = house.asks(lambda: db.session.execute(text("SELECT person_id, purpose, fields FROM vault_openings")).all())
    assert [tuple(row) for row in rows] == [(None, "command", "receipt.donor")]
