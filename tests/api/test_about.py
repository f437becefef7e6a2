"""A phone can ask which installation answers, so that nobody takes the demo for the real thing."""

from __future__ import annotations

from flask.testing import FlaskClient
from miniapp_api.about import offered

from backend.core.config_wechat import MessageTemplate


def test_an_installation_says_what_it_is(client: FlaskClient) -> None:
    told = client.get("/api/v1/app").json
    what = {"environment": "test", "demo": True, "version": "0.1.0", "currency": "CNY"}
    assert told == what | {"wechat_mini": False, "wechat_official": False, "payment": "page", "subscribe_templates": []}


def test_after_a_gift_the_messages_about_gifts_are_offered_first() -> None:
    names = ("words_decided", "refund_success", "gift_received", "gift_redirected")
    templates = {name: MessageTemplate(template_id=f"T-{name[:6]}", keys={"title": "thing1"}) for name in names}
    assert offered(templates) == ["T-gift_r", "T-refund", "T-words_"]
