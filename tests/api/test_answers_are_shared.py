"""What is the same for everybody is made once a second, however many ask; and what is not, is never shared."""

from __future__ import annotations

import json
import threading
import time

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from miniapp_api.edge import HEADERS
from miniapp_api.etag import EXTENSION, etagged
from miniapp_api.shared import ANSWERS_MAX, BYTES_MAX, Answer, SharedAnswers

from backend.core.errors import NotFound


class Kitchen:
    """Makes answers and counts them."""

    def __init__(self, *, body: bytes = b"soup", seconds: int = 0) -> None:
        self.made = 0
        self.body, self.seconds = body, seconds

    def make(self) -> Answer:
        self.made += 1
        time.sleep(self.seconds)
        return Answer(body=self.body, media_type="text/plain", cache="public", etag='"soup"', endpoint="/soup")


@pytest.fixture
def shelf() -> SharedAnswers:
    return SharedAnswers(milliseconds=60_000)


def test_the_second_who_asks_gets_the_answer_of_the_first(shelf: SharedAnswers) -> None:
    kitchen = Kitchen()
    first, second = shelf.get("/a", kitchen.make), shelf.get("/a", kitchen.make)

    assert isinstance(first, Answer)
    assert first == second
    assert kitchen.made == 1
    shelf.get("/b", kitchen.make)
    assert kitchen.made == 2


def test_of_many_who_ask_at_once_one_makes_the_answer(shelf: SharedAnswers) -> None:
    kitchen = Kitchen(seconds=1)
    threads = [threading.Thread(target=shelf.get, args=("/a", kitchen.make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kitchen.made == 1


def test_who_has_just_given_gets_no_answer_from_before_the_gift(shelf: SharedAnswers) -> None:
    kitchen = Kitchen()
    shelf.get("/a", kitchen.make)
    kitchen.body = b"soup with the gift"
    assert shelf.get("/a", kitchen.make).body == b"soup"
    assert shelf.get("/a", kitchen.make, anew=True).body == b"soup with the gift"
    assert shelf.get("/a", kitchen.make).body == b"soup with the gift"
    assert kitchen.made == 2


def test_however_many_have_just_given_one_answer_is_made_at_a_time(shelf: SharedAnswers) -> None:
    kitchen = Kitchen()
    at_work: list[int] = []

    def make() -> Answer:
        at_work.append(1)
        crowd.append(sum(at_work))
        time.sleep(1 / 50)
        at_work.pop()
        return kitchen.make()

    def ask_often() -> None:
        for _ in range(8):
            shelf.get("/a", make, anew=True)

    crowd: list[int] = []
    threads = [threading.Thread(target=ask_often) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(crowd) == {1}


def test_an_answer_that_is_over_is_made_anew() -> None:
    shelf, kitchen = SharedAnswers(milliseconds=1), Kitchen()
    shelf.get("/a", kitchen.make)
    time.sleep(1 / 100)
    shelf.get("/a", kitchen.make)
    assert kitchen.made == 2


def test_a_large_picture_is_not_kept(shelf: SharedAnswers) -> None:
    kitchen = Kitchen(body=b"x" * (BYTES_MAX + 1))
    shelf.get("/a", kitchen.make)
    shelf.get("/a", kitchen.make)
    assert kitchen.made == 2


def test_an_answer_to_an_endless_address_is_not_kept(shelf: SharedAnswers) -> None:
    kitchen = Kitchen()
    shelf.get("/a?" + "z" * 1000, kitchen.make)
    shelf.get("/a?" + "z" * 1000, kitchen.make)
    assert kitchen.made == 2


def test_a_refusal_is_not_kept(shelf: SharedAnswers) -> None:
    def refuse() -> Answer:
        raise NotFound

    with pytest.raises(NotFound):
        shelf.get("/a", refuse)
    assert shelf.get("/a", Kitchen().make).body == b"soup"


def test_the_shelf_never_grows_without_end(shelf: SharedAnswers) -> None:
    kitchen = Kitchen()
    for number in range(ANSWERS_MAX + 10):
        shelf.get(f"/{number}", kitchen.make)
    shelf.get(f"/{ANSWERS_MAX}", kitchen.make)
    assert kitchen.made == ANSWERS_MAX + 10
    shelf.get("/0", kitchen.make)
    assert kitchen.made == ANSWERS_MAX + 11


def test_nothing_is_kept_when_the_installation_says_so() -> None:
    shelf, kitchen = SharedAnswers(milliseconds=0), Kitchen()
    shelf.get("/a", kitchen.make)
    shelf.get("/a", kitchen.make)
    assert kitchen.made == 2


@pytest.fixture(params=[0, 60_000], ids=["asked each time", "shared"])
def phone(request: pytest.FixtureRequest, app: Flask) -> FlaskClient:
    """A phone before an application with one public page."""
    app.extensions[EXTENSION] = app.wsgi_app.app.shelf = SharedAnswers(milliseconds=request.param)  # type: ignore[attr-defined]  # Headed, then Front
    app.add_url_rule("/soup", "soup", etagged(lambda: Response("soup")))
    return app.test_client()


def test_a_phone_that_has_the_answer_is_not_sent_it_again(phone: FlaskClient) -> None:
    first, second = phone.get("/soup"), phone.get("/soup")
    assert first.data == second.data == b"soup"
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.headers["Cache-Control"] == second.headers["Cache-Control"] == "public, no-cache"
    assert first.content_type == second.content_type

    for asked in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        again = phone.get("/soup", headers={"If-None-Match": asked})
        assert (again.status_code, again.data) == (304, b""), asked
    assert phone.get("/soup", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_phone_that_has_just_given_is_answered_anew(phone: FlaskClient) -> None:
    soup = iter(["soup", "soup with the gift"])
    phone.application.add_url_rule("/fresh", "fresh", etagged(lambda: Response(next(soup))))
    assert phone.get("/fresh").data == b"soup"
    assert phone.get("/fresh", headers={"Cache-Control": "no-cache"}).data == b"soup with the gift"


def test_a_shared_answer_is_protected_counted_and_logged_like_any_other(
    phone: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    phone.get("/soup")
    answer = phone.get("/soup")
    for name in HEADERS:
        assert name in answer.headers
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["endpoint"], line["status"]) for line in logged] == [("/soup", 200), ("/soup", 200)]
    assert logged[1]["request_id"] == answer.headers["X-Request-ID"]
