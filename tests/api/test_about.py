"""A phone can ask which installation answers, so that nobody takes the demo for the real thing."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_an_installation_says_what_it_is(client: FlaskClient) -> None:
    told = client.get("/api/v1/app").json
    what = {"environment": "test", "demo": True, "version": "0.1.0", "currency": "CNY"}
    assert told == what | {"wechat_mini": False, "wechat_official": False, "subscribe_templates": []}
