"""A relative types what the family calls the village, and finds it among all 620,573 of China."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backend.core.db import db, reading
from backend.regions.models import Region
from tests.world.regions import DAFENG, JIANGSU, XITUAN, ZHONGXIN

API = "/api/v1/regions"
OFFICES = ("", "村", "村委", "村委会", "村民委员会", "村村民委员会")
JUNK = [
    ("%", 422, "a wildcard alone is one character"),
    ("%_", 200, "wildcards mean nothing here"),
    ("_" * 60, 200, "many of them neither"),
    ("'; DROP TABLE regions; --", 200, "a quotation mark is a character like any other"),
    ('" OR ""="', 200, "of either kind"),
    ("\\\\", 200, "so is a backslash"),
    ("👨‍👩‍👧‍👦🏠", 200, "a family of emoji is nobody's village"),
    ("\U0010ffff\U0010ffff", 200, "the last character of all is not a trap"),
    ("\u202e村心众", 200, "marks that turn the text around are left out"),
    ("众\0心", 422, "NUL cannot be kept by every database"),
    ("众" * 10_000, 422, "a whole book is not a name"),
    ("村村村村村村村村", 200, "only the kind, many times"),
    ("村委会", 200, "only the office: every village has one, none is meant"),
    ("", 422, "nothing"),
    ("   ", 422, "nothing, but long"),
    ("村", 422, "one character is in every name"),
    ("一 二 三", 200, "with gaps between its characters a name is still a name"),
    (". , 、", 422, "punctuation says nothing"),
]


@pytest.fixture
def browser(whole_country: Flask) -> FlaskClient:
    """A phone that asks about the whole country."""
    return whole_country.test_client()


def found(browser: FlaskClient, text: str, limit: int = 20) -> list[dict[str, Any]]:
    answer = browser.get(f"{API}/search", query_string={"q": text, "limit": limit})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"] if answer.json else []
    return items


def test_all_665276_units_of_the_country_are_there(whole_country: Flask) -> None:
    with whole_country.app_context(), reading():
        by_level = select(func.length(Region.code), func.count()).group_by(func.length(Region.code))
        assert dict(map(tuple, db.session.execute(by_level))) == {2: 31, 4: 342, 6: 2978, 9: 41352, 12: 620573}


def test_a_second_load_says_that_nothing_is_to_do(whole_country: Flask) -> None:
    assert whole_country.test_cli_runner().invoke(args=["load-regions"]).output == "行政区划已是最新。\n"


@pytest.mark.parametrize("office", OFFICES)
def test_the_village_is_found_whatever_its_office_is_called(browser: FlaskClient, office: str) -> None:
    villages = found(browser, f"众心{office}")
    assert {village["code"] for village in villages} == {"230229106208", "230231101205", ZHONGXIN}


def test_two_characters_are_enough_and_show_where_each_village_lies(browser: FlaskClient) -> None:
    villages = found(browser, "李家", limit=50)
    assert len(villages) == 50
    for village in villages:
        assert village["level"] == "village"
        assert "李家" in village["name"]
        assert [parent["level"] for parent in village["parents"]] == ["province", "city", "county", "township"]


def test_the_exact_name_comes_before_longer_ones_and_villages_before_towns(browser: FlaskClient) -> None:
    names = [place["name"] for place in found(browser, "西团", limit=50)]
    levels = [place["level"] for place in found(browser, "西团", limit=50)]
    assert names[0].startswith("西团村")
    town = levels.index("township")
    assert all(
        name.startswith("西团村") or name.startswith("西团居") or name.startswith("西团社") for name in names[:town]
    )
    begins = [name.startswith("西团") for name in names]
    assert begins == sorted(begins, reverse=True), "names that only hold the word come last"


def test_who_says_town_finds_the_town_first_and_who_says_community_the_community(browser: FlaskClient) -> None:
    assert found(browser, "西团镇")[0]["code"] == XITUAN
    assert found(browser, "大丰区")[0]["code"] == DAFENG
    assert found(browser, "江苏省")[0]["code"] == JIANGSU
    assert "居" in found(browser, "竹溪社区")[0]["name"]
    assert "村" in found(browser, "竹溪村")[0]["name"]


def test_every_village_whose_name_holds_the_word_is_found_by_it(browser: FlaskClient, whole_country: Flask) -> None:
    """Asked of a word that is neither rare nor common, against a plain look through all names."""
    with whole_country.app_context(), reading():
        expected = set(db.session.scalars(select(Region.code).where(Region.name.contains("众心"))))
        expected |= set(db.session.scalars(select(Region.code).where(Region.name.contains("三渣"))))
    assert {place["code"] for word in ("众心", "三渣") for place in found(browser, word, limit=50)} == expected


@pytest.mark.parametrize(
    "text",
    [
        "大丰 众心",
        "众心 西团",
        "众心村，西团镇",
        "江苏 盐城 大丰 西团 众心村",
        "大丰市 众心",
        "大丰众心",
        "大丰众心村",
        "西团镇众心村委会",
        "江苏省盐城市大丰区西团镇众心村村民委员会",
    ],
)
def test_the_places_around_it_tell_the_village_from_its_namesakes(browser: FlaskClient, text: str) -> None:
    assert [village["code"] for village in found(browser, text)] == [ZHONGXIN]


def test_a_name_written_with_gaps_is_found(browser: FlaskClient) -> None:
    assert ZHONGXIN in [village["code"] for village in found(browser, "众 心")]
    assert ZHONGXIN in [village["code"] for village in found(browser, "众　心 村")]


def test_a_village_that_does_not_lie_there_is_not_offered(browser: FlaskClient) -> None:
    assert found(browser, "海南 众心") == []
    assert found(browser, "没有这个村子的") == []


@pytest.mark.parametrize(("text", "status", "reason"), JUNK, ids=[row[2] for row in JUNK])
def test_whatever_is_typed_gets_an_answer_and_harms_nothing(
    browser: FlaskClient, text: str, status: int, reason: str
) -> None:
    answer = browser.get(f"{API}/search", query_string={"q": text})
    assert answer.status_code == status, reason
    if status == 422:
        assert answer.json is not None
        assert answer.json["code"] in ("TEXT_INVALID", "SEARCH_TOO_SHORT")
        assert answer.json["detail"].endswith("。")


def test_half_a_character_in_the_address_finds_nothing(browser: FlaskClient) -> None:
    assert browser.get(f"{API}/search?q=%ED%A0%BD%ED%A0%BD").json == {"items": []}


@pytest.mark.parametrize("limit", [0, 51, -1, "many", 10**30])
def test_an_answer_has_at_most_fifty_places(browser: FlaskClient, limit: object) -> None:
    assert browser.get(f"{API}/search", query_string={"q": "李家", "limit": limit}).status_code == 422


def test_the_tree_leads_from_the_province_to_the_village(browser: FlaskClient) -> None:
    provinces = browser.get(API).json
    assert provinces is not None
    assert len(provinces["items"]) == 31
    assert provinces["items"][0] == {"code": "11", "name": "北京市", "level": "province", "has_children": True}
    villages = browser.get(API, query_string={"parent": XITUAN}).json
    assert villages is not None
    zhongxin = {"code": ZHONGXIN, "name": "众心村委会", "level": "village", "has_children": False}
    assert zhongxin in villages["items"]


def test_a_place_is_shown_with_all_that_it_lies_in(browser: FlaskClient) -> None:
    shown = browser.get(f"{API}/{ZHONGXIN}").json
    assert shown is not None
    assert (shown["name"], shown["level"]) == ("众心村委会", "village")
    assert [parent["name"] for parent in shown["parents"]] == ["江苏省", "盐城市", "大丰区", "西团镇"]


@pytest.mark.parametrize("path", ["/999999999999", "/12345", "/%E4%BC%97", "?parent=99", f"?parent={'9' * 12}"])
def test_a_place_that_does_not_exist_is_a_404_by_name(browser: FlaskClient, path: str) -> None:
    answer = browser.get(API + path)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "REGION_UNKNOWN"


def test_a_phone_that_has_the_answer_already_is_not_sent_it_again(browser: FlaskClient) -> None:
    first = browser.get(f"{API}/{ZHONGXIN}")
    again = browser.get(f"{API}/{ZHONGXIN}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = browser.get(f"{API}/{XITUAN}", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert "ETag" not in browser.get(f"{API}/999999999999").headers
