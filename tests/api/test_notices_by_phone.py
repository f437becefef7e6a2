"""Anybody reads the notices: the list, one notice, the page to print with a code that leads back to itself."""

from __future__ import annotations

import base64
import io
import re

import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from tests.world.bookkeeping import VILLAGE, Bookkeeping


@pytest.fixture
def village(app: Flask) -> Bookkeeping:
    """A village with three months of notices, one of them corrected."""
    village = Bookkeeping(app)
    fund = village.opens_fund()
    well = village.opens_project("修井")
    village.receives(well, 123_456)
    village.is_paid(well, 100_000)
    line = village.spends(well, 30_000, on="水泥<b>")
    village.receives(fund, 5_00)
    village.at("2026-03-05 09:00")
    village.publishes()
    village.corrects(line, 2_000, reason="退货")
    village.publishes()
    village.at("2026-04-01 00:00")
    village.publishes()
    return village


def test_the_list_is_newest_first_and_goes_on_by_its_cursor(village: Bookkeeping, client: FlaskClient) -> None:
    first = client.get(f"/api/v1/notices?village={VILLAGE}&limit=2").json
    assert [card["period"] for card in first["items"]] == ["2026-03", "2026-01"]
    rest = client.get(f"/api/v1/notices?village={VILLAGE}&limit=2&cursor={first['next_cursor']}").json
    assert [(card["period"], card["version"]) for card in rest["items"]] == [("2026-02", 1), ("2026-01", 1)]
    assert rest["next_cursor"] is None
    assert len(client.get("/api/v1/notices").json["items"]) == 8


def test_a_fund_has_the_notices_of_its_village_and_a_project_its_own(village: Bookkeeping, client: FlaskClient) -> None:
    codes = {purse["kind"]: purse["code"] for purse in village.notices(scope="village")[0].figures["purses"]}
    of_fund = client.get(f"/api/v1/notices?project={codes['mutual_aid_fund']}").json["items"]
    assert {card["scope"] for card in of_fund} == {"village"}
    of_project = client.get(f"/api/v1/notices?project={codes['public_works']}").json["items"]
    assert {card["scope_code"] for card in of_project} == {codes["public_works"]}
    assert client.get("/api/v1/notices?project=unknown").json["items"] == []


def test_a_corrected_notice_and_its_correction_name_each_other(village: Bookkeeping, client: FlaskClient) -> None:
    new = village.notice(scope="village", version=2)
    told = client.get(f"/api/v1/notices/{new.code}").json
    old = client.get(f"/api/v1/notices/{told['corrects']}").json
    assert (old["corrected_by"], told["corrected_by"]) == (new.code, None)
    assert told["correction_reason"] == "退货"
    assert told["figures"]["later_corrections"][0]["amount_fen"] == 2_000


def test_every_line_leads_to_the_ledger(village: Bookkeeping, client: FlaskClient) -> None:
    january = village.notice(scope="project", period_key="2026-01", version=1)
    told = client.get(f"/api/v1/notices/{january.code}").json
    (line,) = told["figures"]["spent"]
    transfers = client.get(f"/api/v1/projects/{line['project_code']}/transfers").json["items"]
    (transfer,) = [one for one in transfers if one["reference"] == line["reference"]]
    assert (transfer["amount_fen"], transfer["position"]) == (line["amount_fen"], line["position"])
    assert told["opening_position"] < line["position"] <= told["cut_off_position"]
    assert told["demo"] is False
    assert line["voucher_url"].endswith(".jpg")


def test_whoever_has_a_notice_already_is_not_sent_it_again(village: Bookkeeping, client: FlaskClient) -> None:
    code = village.notice(scope="village", version=2).code
    for address in (f"/api/v1/notices/{code}", "/api/v1/notices", f"/n/{code}"):
        etag = client.get(address).headers["ETag"]
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_the_page_to_print_says_both_dates_every_figure_and_leads_back_to_itself(
    village: Bookkeeping, client: FlaskClient, app: Flask
) -> None:
    code = village.notice(scope="project", period_key="2026-01", version=1).code
    page = client.get(f"/n/{code}").text
    for told in (
        "应发布日期：2026-02-01",
        "实际发布日期：2026-03-05",
        "1,234.56",
        "-300.00",
        "934.56",
        "凭证号",
        "更正",
    ):
        assert told in page, told
    assert "水泥&lt;b&gt;" in page
    assert "演示数据" not in page
    assert not re.findall(r'(?:src|href)="https?://', page)
    picture = re.search(r"data:image/png;base64,([^\"]+)", page)
    assert picture is not None
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(base64.b64decode(picture[1]))))
    assert [one.text for one in found] == [f"{app.config['SETTINGS'].public_url}/n/{code}"]


def test_the_page_of_a_correction_says_what_was_wrong(village: Bookkeeping, client: FlaskClient) -> None:
    page = client.get(f"/n/{village.notice(scope='village', version=2).code}").text
    for told in ("更正说明", "原因：退货", "20.00", "各项目（元）"):
        assert told in page, told


@pytest.mark.parametrize("address", ["/api/v1/notices/none", "/n/none"])
def test_an_unknown_notice_is_not_there(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    is_page = address.startswith("/n/")
    assert answer.mimetype == ("text/html" if is_page else "application/problem+json")
    assert "没有" in answer.text


@pytest.mark.parametrize("query", ["village=1", "project=a'b", "limit=0", "cursor=x"])
def test_a_question_that_cannot_be_understood_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/notices?{query}")
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_nothing_in_a_notice_names_a_person(village: Bookkeeping, client: FlaskClient) -> None:
    for notice in village.notices():
        for address in (f"/api/v1/notices/{notice.code}", f"/n/{notice.code}"):
            text = client.get(address).text
            assert not [name for name in ("李四", "王五", "13800000000", "sandbox:") if name in text]
