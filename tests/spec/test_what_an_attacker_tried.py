"""What somebody tried who wished the house ill, one after the other, and what he meets now."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from miniapp_api.app import create_app
from miniapp_api.edge import BODY_BYTES_MAX

from backend.core.config import load_settings
from backend.core.text import TextInvalid, clean_line, clean_text
from tests.world.databases import dispose
from tests.world.desk import PASSWORD, Desk
from tests.world.regions import ZHONGXIN

SAME_SITE = {"X-Requested-With": "happy-home"}
LOGIN = "/api/v1/desk/session"


def test_a_text_far_too_long_is_refused_before_anything_is_done_with_it() -> None:
    loose_accents = "a" + "\u0301\u0327" * 500_000
    began = time.monotonic()
    for clean in (clean_line, clean_text):
        with pytest.raises(TextInvalid):
            clean(loose_accents, limit=100, field="message")
    assert time.monotonic() - began < 30  # Composing it took minutes.


def test_a_body_larger_than_any_form_is_refused(app: Flask) -> None:
    told = {"login": "a" * BODY_BYTES_MAX, "password": "b"}
    answer = app.test_client().post(LOGIN, json=told, headers=SAME_SITE)
    assert answer.status_code == 413


HALVES = [
    ("/api/v1/desk/session", {"\ud800": 1, "login": "a", "password": "b"}, "half a character as a key"),
    ("/api/v1/shares", {"target_kind": "project", "target": "\ud800"}, "half a character as a code"),
]


@pytest.mark.parametrize(("path", "told", "reason"), HALVES, ids=[row[2] for row in HALVES])
def test_half_a_character_is_a_bad_request(app: Flask, path: str, told: dict[str, object], reason: str) -> None:
    phone = app.test_client()
    phone.post("/api/v1/session", headers=SAME_SITE)
    headers = SAME_SITE | {"Idempotency-Key": "attack-00001"}
    assert phone.post(path, data=json.dumps(told), headers=headers, content_type="application/json").status_code in (
        400,
        422,
    ), reason


def test_an_address_too_long_for_a_file_is_not_looked_for(app: Flask) -> None:
    assert app.test_client().get("/" + "a" * 5000 + ".js").status_code == 404


def test_invented_methods_do_not_fill_the_counters(app: Flask) -> None:
    phone = app.test_client()
    for number in range(5):
        phone.open("/api/v1/app", method=f"M{number}X")
    counted = phone.get("/metrics").text
    assert "M3X" not in counted
    assert 'method="OTHER"' in counted


def test_production_does_not_know_the_published_accounts_of_the_demo(desk: Desk, tmp_path: Path) -> None:
    desk.hires("village", ZHONGXIN, login="cun-demo", is_demo=True)
    production = {"APP_ENV": "production", "SECRET_KEY": "k" * 40, "PUBLIC_URL": "https://example.org"}
    production["VAULT_KEYS"] = f"k1:{'QUJD' * 10}QUI="
    here = desk.app.config["SETTINGS"]
    given = production | {"DATA_DIR": str(tmp_path), "DATABASE_URL": here.database_url}
    app = create_app(replace(load_settings(given, house=tmp_path), database_url=here.database_url))
    told = {"login": "cun-demo", "password": PASSWORD}

    assert desk.app.test_client().post(LOGIN, json=told, headers=SAME_SITE).status_code == 200
    refused = app.test_client().post(LOGIN, json=told, headers=SAME_SITE, base_url="https://example.org")
    assert (refused.status_code, refused.json and refused.json["code"]) == (401, "LOGIN_FAILED")
    ready = app.test_client().get("/readyz").json
    assert ready is not None
    assert [part["ready"] for part in ready["parts"] if part["name"] == "demo"] == [False]
    dispose(app)
