"""Whoever holds a receipt can ask whether it is true; who only guesses learns nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from backend.receipts.codes import check_code, is_code_of
from tests.world.receipts import Receipting, village

__all__ = ["village"]


def code_of(village: Receipting, gift: dict[str, Any]) -> str:
    """Read the code from the page of a receipt, as somebody types it from paper."""
    found = re.search(r"校验码</th><td>([0-9A-Z-]+)<", village.reads(gift))
    assert found is not None
    return found[1]


def asked(village: Receipting, number: str, code: str) -> tuple[int, str]:
    answer = village.phone().browser.get("/verify", query_string={"number": number, "code": code})
    return answer.status_code, answer.text


def test_number_and_code_open_the_facts_and_no_name(village: Receipting) -> None:
    roof = village.opens_project("修屋顶")
    gift = village.paid_gift(roof, 1050_30, display="real_name", name="欧阳小明", message="加油")
    status, page = asked(village, gift["receipt"]["number"], code_of(village, gift))
    facts = (gift["receipt"]["number"], "2026-06-01", "¥1,050.30", "修屋顶", "某省慈善总会", "欧＊", "这张收据有效")
    assert status == 200
    assert [fact for fact in facts if fact not in page] == []
    assert [word for word in ("欧阳", "小明", "加油", gift["code"]) if word in page] == []
    assert "演示数据" in page


def test_a_giver_without_a_name_has_none_to_mask(village: Receipting) -> None:
    roof = village.opens_project("修屋顶")
    for display, shown in (("anonymous", "匿名捐赠人"), ("nickname", "爱心人士")):
        gift = village.paid_gift(roof, display=display)
        assert shown in asked(village, gift["receipt"]["number"], code_of(village, gift))[1]


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(lambda text: text.lower(), id="small letters"),
        pytest.param(lambda text: text.replace("-", " "), id="spaces"),
        pytest.param(lambda text: text.replace("0", "O").replace("1", "I"), id="letters that look like digits"),
        pytest.param(lambda text: text.replace("-", "—"), id="a Chinese dash"),
    ],
)
def test_a_code_may_be_typed_as_people_type(village: Receipting, typed: Any) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"))
    number = f" {gift['receipt']['number'].lower().replace('-', '－')} "
    assert asked(village, number, typed(code_of(village, gift)))[0] == 200


def test_a_wrong_code_and_a_wrong_number_are_answered_alike(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"))
    number, code = gift["receipt"]["number"], code_of(village, gift)
    of_nobody = number[:-1] + "9"
    told = {
        village.phone().browser.get("/verify", query_string={"number": one, "code": other}).status_code
        for one, other in (
            (number, "AAAAA-AAAAA"),
            (number, ""),
            (of_nobody, code),
            (of_nobody, check_code(of_nobody, secret_key=village.settings.secret_key)),
            ("", code),
            ("字\0'--", code),
            ("9" * 500, code),
        )
    }
    assert told == {404}
    page = asked(village, number, "AAAAA-AAAAA")[1]
    assert "编号或校验码不对" in page
    assert "屋顶" not in page


def test_after_twenty_wrong_codes_a_number_rests_for_an_hour(village: Receipting) -> None:
    roof = village.opens_project("屋顶")
    gift, other = village.paid_gift(roof), village.paid_gift(roof)
    number, code = gift["receipt"]["number"], code_of(village, gift)
    phone = village.phone()
    for _ in range(20):
        assert phone.browser.get(f"/verify/{number}/AAAAA-AAAAA").status_code == 404
    refused = phone.browser.get(f"/verify/{number}/{code}")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")
    assert "一小时后再试" in refused.text
    assert asked(village, other["receipt"]["number"], code_of(village, other))[0] == 200
    village.later(hours=1)
    assert asked(village, number, code)[0] == 200
    assert phone.browser.get(f"/verify/{number}/AAAAA-AAAAA").status_code == 404


def test_the_qr_code_on_the_picture_leads_to_the_facts(village: Receipting, tmp_path: Any) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"), name="张三", display="real_name")
    file = tmp_path / "receipt.png"
    file.write_bytes(village.phone().browser.get(gift["receipt"]["url"] + "/receipt.png").data)
    with Image.open(file) as picture:
        (found,) = zxingcpp.read_barcodes(picture.convert("RGB"))
    base = village.settings.public_url
    assert found.text.startswith(f"{base}/verify/{gift['receipt']['number']}/")
    page = village.phone().browser.get(found.text.removeprefix(base))
    assert (page.status_code, "张三" in page.text) == (200, False)
    for header, value in (("Cache-Control", "private, no-store"), ("X-Robots-Tag", "noindex")):
        assert page.headers[header] == value


def test_what_became_of_a_receipt_is_told(village: Receipting) -> None:
    gift = village.paid_gift(village.opens_project("屋顶"), 50_00)
    number, code = gift["receipt"]["number"], code_of(village, gift)
    village.gives_back(gift, 20_00, reason="给错了项目")
    village.works()
    status, page = asked(village, number, code)
    assert status == 200
    for fact in ("本收据已作废", "500000000-2026-00000002", "退款后的余额见 500000000-2026-00000003"):
        assert fact in page
    secret_key = village.settings.secret_key
    of_cancelling = check_code("500000000-2026-00000002", secret_key=secret_key)
    page = asked(village, "500000000-2026-00000002", of_cancelling)[1]
    assert "本收据作废编号 500000000-2026-00000001 的收据" in page
    assert "给错了项目" not in page  # What a giver wrote as his reason is nobody else's business.


def test_the_form_stands_without_a_question(village: Receipting) -> None:
    answer = village.phone().browser.get("/verify")
    assert (answer.status_code, "核验捐赠收据" in answer.text) == (200, True)
    assert village.phone().browser.get("/verify/x").status_code == 404


def test_a_code_is_of_one_number_and_one_installation() -> None:
    code = check_code("500000000-2026-00000001", secret_key="one")
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code)
    assert is_code_of("500000000-2026-00000001", code, secret_key="one")
    assert not is_code_of("500000000-2026-00000002", code, secret_key="one")
    assert not is_code_of("500000000-2026-00000001", code, secret_key="other")
    assert not is_code_of("500000000-2026-00000001", "字", secret_key="one")
