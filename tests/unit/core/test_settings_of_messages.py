"""Which messages the mini-program may send stands in the settings, as its owner chose them at WeChat's."""

from __future__ import annotations

import pytest

from backend.core.config_wechat import BadSetting, load_wechat


def loaded(**given: str) -> object:
    return load_wechat(given, payment_provider="sandbox", app_env="development")


def test_a_message_has_the_id_and_the_fields_that_its_owner_chose() -> None:
    wechat = load_wechat(
        {"WECHAT_TEMPLATE_GIFT_RECEIVED": "tmpl-0001 project=thing1  amount=amount12", "WECHAT_TEMPLATE_NONE": " "},
        payment_provider="sandbox",
        app_env="development",
    )
    assert list(wechat.templates) == ["gift_received"]
    template = wechat.templates["gift_received"]
    assert (template.template_id, template.keys) == ("tmpl-0001", {"project": "thing1", "amount": "amount12"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tmpl-0001", "no field"),
        ("tmpl-0001 project", "a field without its key"),
        ("tmpl-0001 project=title1", "a key that WeChat does not have"),
        ("模板 project=thing1", "no id of WeChat's"),
    ],
)
def test_a_message_that_cannot_be_sent_is_no_setting(text: str, reason: str) -> None:
    with pytest.raises(BadSetting, match="WECHAT_TEMPLATE_GIFT_RECEIVED"):
        loaded(WECHAT_TEMPLATE_GIFT_RECEIVED=text)


def test_codes_open_the_released_version_unless_told_otherwise() -> None:
    assert load_wechat({}, payment_provider="sandbox", app_env="production").mini_version == "release"
    with pytest.raises(BadSetting, match="WECHAT_MINI_VERSION"):
        loaded(WECHAT_MINI_VERSION="beta")
