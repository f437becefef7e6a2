"""A link of one's own leads where it says and can be scanned; what it brought is told to its sharer alone."""

from __future__ import annotations

import io
from typing import Any

import pytest
import zxingcpp
from miniapp_api.link_codes import link_keys
from PIL import Image
from sqlalchemy import insert, select

from backend.core.db import db
from backend.people.rights import StaffMember
from backend.people.staff import open_staff_session
from backend.regions.models import Region
from backend.sharing import service
from backend.sharing.models import Link
from qr.links import make_code
from tests.world.giving import OURS, Giving, new_key, village

__all__ = ["village"]
VILLAGE = "320904104209"


def desk(village: Giving, staff: StaffMember) -> dict[str, str]:
    """The headers of a staff member at the desk."""
    return {**OURS, "X-Desk-Token": village.writes(lambda: open_staff_session(staff, now=village.clock))}


def poster(village: Giving, project: str, place: str = "村口公告栏") -> dict[str, Any]:
    """The cadre makes a poster."""
    headers = {**desk(village, village.cadre), "Idempotency-Key": new_key()}
    url = f"/api/v1/desk/projects/{project}/posters"
    answer = village.app.test_client().post(url, json={"place": place}, headers=headers)
    assert answer.status_code == 201, answer.text
    link: dict[str, Any] = answer.json["link"]
    return link


def stop(village: Giving, code: str, *, staff: StaffMember | None = None) -> Any:
    """The desk stops a link."""
    headers = {**desk(village, staff or village.cadre), "Idempotency-Key": new_key()}
    url = f"/api/v1/desk/links/{code}/revocation"
    return village.app.test_client().post(url, json={"reason": "海报被人调包"}, headers=headers)


def scanned(picture: bytes) -> str:
    """What a phone reads in a picture."""
    return str(zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))[0].text)


def test_a_shared_link_leads_to_what_was_shared(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    link = phone.shares("project", roof, nickname="老王")
    assert len(link["code"]) == 23
    gone = phone.browser.get(f"/s/{link['code']}")
    assert (gone.status_code, gone.location) == (302, f"/project?code={roof}&via={link['code']}")
    assert gone.headers["Cache-Control"] == "no-store"
    told = phone.asks(f"/links/{link['code']}")
    assert told == {
        "kind": "share",
        "target": {"kind": "project", "code": roof, "title": "屋顶"},
        "sharer_name": "老王",
        "poster_number": None,
    }
    home = phone.shares("village", VILLAGE)
    assert phone.browser.get(f"/s/{home['code']}").location == f"/village?code={VILLAGE}&via={home['code']}"


def test_sharing_again_is_the_same_link_and_the_nickname_can_go(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    link = phone.shares("project", roof, nickname="老王")
    again = phone.browser.post("/api/v1/shares", json={"target_kind": "project", "target": roof}, headers=OURS)
    assert (again.status_code, again.json["link"]) == (200, link)
    assert phone.asks(f"/links/{link['code']}")["sharer_name"] is None
    assert village.phone().shares("project", roof)["code"] != link["code"]


def test_only_what_exists_can_be_shared(village: Giving) -> None:
    phone = village.phone()
    for kind, target, status in (("project", "none", 404), ("village", "000000000000", 404), ("person", "x", 422)):
        told = {"target_kind": kind, "target": target}
        assert phone.browser.post("/api/v1/shares", json=told, headers=OURS).status_code == status
    told = {"target_kind": "village", "target": VILLAGE}
    assert village.app.test_client().post("/api/v1/shares", json=told, headers=OURS).status_code == 401


def test_a_forged_or_mistyped_link_gets_a_page_that_says_so_and_moves_no_money(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    code = phone.shares("project", roof)["code"]
    for position in range(23):
        letter = "A" if code[position] != "A" else "B"
        forged = code[:position] + letter + code[position + 1 :]
        page = phone.browser.get(f"/s/{forged}")
        assert (page.status_code, page.mimetype) == (404, "text/html")
        assert "不要付款" in page.text
    assert phone.asks(f"/links/{forged}")["code"] == "LINK_UNKNOWN"
    assert phone.orders(roof, via=forged).json["code"] == "LINK_UNKNOWN"
    for odd in ("x", code + "x", "字" * 23, "%00", code[:22]):
        assert phone.browser.get(f"/s/{odd}").status_code == 404
    assert village.order_states() == []


def test_a_sealed_link_that_was_never_made_is_unknown(village: Giving) -> None:
    code = make_code("0000000000", key_id="1", keys=link_keys(village.settings.secret_key))
    assert village.phone().browser.get(f"/s/{code}").status_code == 404


def test_a_stopped_link_says_so_and_takes_no_gift_but_the_project_does(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    link = poster(village, roof)
    assert phone.orders(roof, 5_00, via=link["code"]).status_code == 201
    assert stop(village, link["code"]).status_code == 201
    page = phone.browser.get(f"/s/{link['code']}")
    assert (page.status_code, page.mimetype) == (410, "text/html")
    assert "已经停用" in page.text
    refused = phone.orders(roof, 6_00, via=link["code"])
    assert (refused.status_code, refused.json["code"]) == (410, "LINK_REVOKED")
    assert phone.asks(f"/links/{link['code']}")["code"] == "LINK_REVOKED"
    for picture in ("qr.png", "card.jpg", "poster.jpg", "poster.pdf"):
        assert phone.browser.get(f"/api/v1/links/{link['code']}/{picture}").status_code == 410
    assert phone.orders(roof, 6_00).status_code == 201
    again = stop(village, link["code"]).json["link"]
    assert again["revoked_for"] == "海报被人调包"


def test_who_shares_again_what_was_stopped_gets_no_dead_link(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    assert stop(village, phone.shares("project", roof, nickname="老王")["code"]).status_code == 201
    told = {"target_kind": "project", "target": roof, "nickname": "小王"}
    refused = phone.browser.post("/api/v1/shares", json=told, headers=OURS)
    assert (refused.status_code, refused.json["code"]) == (410, "LINK_REVOKED")
    assert village.phone().shares("project", roof)["code"]


def test_each_poster_has_a_number_and_a_place(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    first, second = poster(village, roof, "村口"), poster(village, roof, "学校")
    assert first["poster_number"] != second["poster_number"]
    url = f"/api/v1/desk/projects/{roof}/posters"
    listed = village.app.test_client().get(url, headers=desk(village, village.cadre)).json["items"]
    assert {item["place"] for item in listed} == {"村口", "学校"}
    assert village.phone().asks(f"/links/{first['code']}")["poster_number"] == first["poster_number"]
    assert village.app.test_client().get(url).status_code == 401


def test_a_poster_belongs_to_the_desk_of_its_village(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    stranger = village.writes(lambda: village._staff("other", "village", "320904104210"))
    headers = {**desk(village, stranger), "Idempotency-Key": new_key()}
    url = f"/api/v1/desk/projects/{roof}/posters"
    assert village.app.test_client().post(url, json={"place": "x"}, headers=headers).status_code == 404
    link, home = poster(village, roof), village.phone().shares("village", VILLAGE)
    assert stop(village, link["code"], staff=stranger).status_code == 404
    assert stop(village, home["code"], staff=stranger).status_code == 404
    assert stop(village, home["code"], staff=village.desk).status_code == 201


def test_a_gift_is_credited_to_the_link_that_brought_it_and_to_nobody_by_name(village: Giving) -> None:
    roof, well, sharer = village.opens_project("屋顶"), village.opens_project("水井"), village.phone()
    mine, home = sharer.shares("project", roof), sharer.shares("village", VILLAGE)
    village.paid_gift(roof, 10_00, via=mine["code"], name="张三")
    village.paid_gift(roof, 20_00, via=mine["code"], hide_amount=True)
    village.paid_gift(well, 30_00, via=mine["code"])
    village.paid_gift(well, 40_00, via=home["code"])
    village.phone().order(roof, 50_00, via=mine["code"])
    village.is_paid(roof, 30_00)
    village.later(days=1)
    village.spends(roof, 8_00, on="瓦片")
    village.works()
    told = {item["target"]["code"]: item for item in sharer.asks("/me/shares")["items"]}
    assert (told[roof]["gifts_brought"], told[roof]["amount_brought_fen"]) == (2, 10_00)
    assert (told[VILLAGE]["gifts_brought"], told[VILLAGE]["amount_brought_fen"]) == (1, 40_00)
    built = {"title": "瓦片", "spent_on": "2026-06-02", "amount_fen": 8_00, "notice_code": None}
    assert told[roof]["built"] == told[VILLAGE]["built"] == [built]
    assert "张三" not in str(told)
    assert village.phone().asks("/me/shares")["items"] == []
    lines = sharer.asks(f"/projects/{well}/gifts")["items"]
    assert {line["amount_fen"]: line["via_share"] for line in lines} == {40_00: True, 30_00: False}


def test_a_share_that_brought_nothing_yet_is_told_plainly(village: Giving) -> None:
    sharer = village.phone()
    sharer.shares("project", village.opens_project("屋顶"))
    (item,) = sharer.asks("/me/shares")["items"]
    assert (item["gifts_brought"], item["amount_brought_fen"], item["built"]) == (0, 0, [])


@pytest.mark.parametrize("kind", ["project", "village"])
def test_every_picture_of_a_link_can_be_scanned(village: Giving, kind: str) -> None:
    target = village.opens_project("屋顶") if kind == "project" else VILLAGE
    village.paid_gift(village.fund)
    phone = village.phone()
    link = phone.shares(kind, target, nickname="老王")
    for picture in ("qr.png", "card.jpg", "poster.jpg"):
        answer = phone.browser.get(f"/api/v1/links/{link['code']}/{picture}")
        assert answer.status_code == 200
        assert scanned(answer.data) == link["url"]
    pdf = phone.browser.get(f"/api/v1/links/{link['code']}/poster.pdf")
    assert pdf.data.startswith(b"%PDF")
    again = phone.browser.get(f"/api/v1/links/{link['code']}/qr.png", headers={"If-None-Match": pdf.headers["ETag"]})
    assert again.status_code == 200


def test_a_village_without_a_fund_still_has_a_picture(village: Giving) -> None:
    row = {"code": "320904104210", "name": "龙窑村委会", "parent_code": "320904104"}
    village.writes(lambda: db.session.execute(insert(Region).values(row)))
    link = village.phone().shares("village", "320904104210")
    picture = village.phone().browser.get(f"/api/v1/links/{link['code']}/card.jpg")
    assert scanned(picture.data) == link["url"]


def test_a_project_has_one_standing_link(village: Giving) -> None:
    roof = village.opens_project("屋顶")

    def asks() -> str:
        told = {"target_kind": "project", "target_code": roof, "now": village.clock}
        return village.writes(lambda: service.standing_link(**told).link_id)

    assert asks() == asks()


def test_a_sharer_can_be_forgotten_and_the_link_stays(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    link = phone.shares("project", roof, nickname="老王")
    (sharer,) = village.asks(lambda: list(db.session.scalars(select(Link.sharer_id))))
    village.writes(lambda: service.forget_names(person_id=sharer or 0))
    assert phone.asks(f"/links/{link['code']}")["sharer_name"] is None
