"""Whatever is sent, the answer is a problem with a stable code and a Chinese sentence, and nothing inside is told."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from miniapp_api import edge, once
from miniapp_api.once import claim_request

from backend.core.db import reading
from backend.core.errors import DatabaseBusy, Refusal
from tests.world.money import at_once

OURS = {"X-Requested-With": "happy-home"}


class Echo(Schema):
    """An answer that says how often the act was run."""

    runs = fields.Integer()


@pytest.fixture
def counted(app: Flask) -> Flask:
    """The application with a few handlers that misbehave on purpose."""
    runs: list[int] = []

    def act() -> dict[str, int]:
        runs.append(1)
        return {"runs": len(runs)}

    def raise_(error: Exception) -> None:
        raise error

    def read_json() -> object:
        return edge.request.get_json()

    handler = edge.writes(lambda: once.once(scope="p:1", status=201, schema=Echo(), act=act))
    app.add_url_rule("/api/v1/test/once", "once", handler, methods=["POST"])
    app.add_url_rule("/api/v1/test/busy", "busy", lambda: raise_(DatabaseBusy()))
    app.add_url_rule("/api/v1/test/crash", "crash", lambda: raise_(KeyError("a secret of the inside")))
    app.add_url_rule("/api/v1/test/refuse", "refuse", lambda: raise_(Refusal("不行。", left_fen=3)))
    app.add_url_rule("/api/v1/test/json", "json", read_json, methods=["POST"])
    return app


def sent(app: Flask, *, key: str | None, body: bytes = b"{}") -> tuple[int, bytes]:
    headers = OURS | ({"Idempotency-Key": key} if key else {})
    answer = app.test_client().post("/api/v1/test/once", data=body, headers=headers)
    return answer.status_code, answer.data


def test_the_same_request_under_the_same_key_has_one_effect_and_one_answer(counted: Flask) -> None:
    first, again = sent(counted, key="key-00001"), sent(counted, key="key-00001")

    assert first == again == (201, b'{"runs": 1}')
    assert sent(counted, key="key-00002") == (201, b'{"runs": 2}')


def test_twenty_repeats_at_once_have_one_effect(counted: Flask) -> None:
    answers: list[tuple[int, bytes]] = []

    assert at_once(counted, [lambda: answers.append(sent(counted, key="key-00001"))] * 20) == []
    assert answers == [(201, b'{"runs": 1}')] * 20


def test_another_request_under_the_same_key_is_refused_and_does_nothing(counted: Flask) -> None:
    sent(counted, key="key-00001")
    status, body = sent(counted, key="key-00001", body=b'{"other": 1}')

    assert (status, json.loads(body)["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert sent(counted, key="key-00001") == (201, b'{"runs": 1}')


KEYS = [(None, "no key"), ("short", "a short key"), ("k" * 81, "a long key"), ("key 00001", "a key with a space")]


@pytest.mark.parametrize(("key", "reason"), KEYS, ids=[row[1] for row in KEYS])
def test_a_request_that_moves_something_names_itself(counted: Flask, key: str | None, reason: str) -> None:
    status, body = sent(counted, key=key)
    assert (status, json.loads(body)["code"]) == (400, "IDEMPOTENCY_KEY_NEEDED"), reason


def test_a_claim_is_only_made_by_who_writes(app: Flask) -> None:
    with app.test_request_context(headers={"Idempotency-Key": "key-00001"}), reading(), pytest.raises(Exception):  # noqa: B017, PT011 - each database has its own word.
        claim_request("p:1")


def test_a_request_from_another_site_is_refused(counted: Flask) -> None:
    answer = counted.test_client().post("/api/v1/test/once", headers={"Idempotency-Key": "key-00001"})
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "CROSS_SITE")


JSON_BODIES = [
    (b'{"amount":1,"amount":999999}', 400, "DUPLICATE_KEY", "a key twice"),
    (b'{"amount":NaN}', 400, "BAD_REQUEST", "not a number"),
    (b'{"amount":', 400, "BAD_REQUEST", "cut short"),
    (b"[" * 100_000, 400, "BAD_REQUEST", "a thousand brackets"),
    (b"\xff\xfe", 400, "BAD_REQUEST", "not a text"),
]


@pytest.mark.parametrize(("body", "status", "code", "reason"), JSON_BODIES, ids=[row[3] for row in JSON_BODIES])
def test_what_is_not_json_is_a_bad_request(counted: Flask, body: bytes, status: int, code: str, reason: str) -> None:
    answer = counted.test_client().post(
        "/api/v1/test/json", data=body, headers=OURS | {"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json and answer.json["code"]) == (status, code), reason


def test_another_media_type_and_a_huge_body_are_refused(counted: Flask) -> None:
    client = counted.test_client()
    assert client.post("/api/v1/test/json", data="a=1", headers=OURS).status_code == 415
    huge = client.post("/api/v1/test/json", data=b" " * (11 * 1024 * 1024), headers=OURS)
    assert huge.status_code in (413, 415)


def test_a_refusal_is_a_problem_in_chinese_with_its_facts(counted: Flask) -> None:
    answer = counted.test_client().get("/api/v1/test/refuse")

    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "REFUSED"
    assert answer.json["detail"] == "不行。"
    assert answer.json["left_fen"] == 3
    assert answer.json["retryable"] is False
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_a_busy_database_is_worth_another_try(counted: Flask) -> None:
    answer = counted.test_client().get("/api/v1/test/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json is not None
    assert answer.json["retryable"] is True


def test_a_crash_tells_nothing_of_the_inside(counted: Flask) -> None:
    answer = counted.test_client().get("/api/v1/test/crash")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "KeyError" not in answer.text


def test_an_unknown_address_and_a_wrong_method_are_problems_too(client: FlaskClient) -> None:
    assert client.get("/api/v1/nowhere").json["code"] == "NOT_FOUND"  # type: ignore[index]  # a problem document
    wrong = client.delete("/api/v1/openapi.json", headers=OURS)
    assert wrong.status_code in (404, 405)


def test_every_answer_carries_the_headers_that_protect_its_reader(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere")
    for name in edge.HEADERS:
        assert name in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


def test_a_phone_that_knows_no_patch_says_so_beside_its_post(app: Flask) -> None:
    app.add_url_rule("/api/v1/test/method", "method", lambda: edge.request.method, methods=["PATCH", "POST", "DELETE"])
    client = app.test_client()

    def asked(override: str) -> str:
        return client.post("/api/v1/test/method", headers=OURS | {"X-HTTP-Method-Override": override}).text

    assert asked("PATCH") == "PATCH"
    assert asked("DELETE") == "POST"
