"""What we owe to the outside: each effect once, the same at each attempt; what nobody takes waits for a person."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend.core.db import db
from backend.core.failpoints import FailpointReached, failing
from backend.outbox import delivery, queries, service
from backend.outbox.models import OutboxItem
from backend.outbox.rules import PAUSES_SECONDS, as_code, next_attempt
from backend.outbox.sending import DELIVERED, Message, Outcome, Sender
from backend.payments.alerts import raise_alert
from tests.world.desk import Desk

LETTER = {"kind": "letter", "subject": "D1", "key": "k1"}


@dataclass
class Postman:
    """The other side: it keeps what it was handed and answers as it was told, the last answer for ever."""

    answers: list[Outcome | Exception] = field(default_factory=lambda: [DELIVERED])
    handed: list[Message] = field(default_factory=list)

    def __call__(self, message: Message, *, now: datetime) -> Outcome:
        self.handed.append(message)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Post:
    """The outbox on the desk's clock."""

    desk: Desk
    postman: Postman = field(default_factory=Postman)

    def owes(self, body: str = "{}", **told: str) -> bool:
        """Something is owed."""
        return self.desk.writes(lambda: service.put(**{**LETTER, **told}, body=body, now=self.desk.clock))

    def goes(self, kind: str = "letter", *, chance: Callable[[], float] = lambda: 0.5, **how: object) -> int:
        """The worker's second comes for one kind."""
        sender = Sender(send=self.postman, **how)  # type: ignore[arg-type]  # as each story says.
        with self.desk.app.app_context():
            return delivery.deliver_due(kind=kind, sender=sender, now=self.desk.clock, chance=chance)

    def states(self) -> list[str]:
        """How the messages stand, oldest first."""
        return self.desk.writes(lambda: list(db.session.scalars(select(OutboxItem.state).order_by(OutboxItem.id))))

    def is_given_up(self, answer: Outcome) -> str:
        """Somebody owes a message that is answered so at once; return its code."""
        self.owes()
        self.postman.answers = [answer]
        self.goes()
        return self.desk.writes(lambda: db.session.scalars(select(OutboxItem.code)).one())


@pytest.fixture
def post(desk: Desk) -> Post:
    """The outbox."""
    return Post(desk)


def test_an_effect_is_owed_once_under_its_key(post: Post) -> None:
    assert [post.owes(), post.owes()] == [True, False]
    assert post.owes(key="k2")
    assert post.goes() == 2
    assert [message.key for message in post.postman.handed] == ["k1", "k2"]
    assert not post.owes(), "a repeat after the delivery is a repeat"
    assert post.goes() == 0


def test_the_same_key_with_another_story_is_refused(post: Post) -> None:
    post.owes('{"fen":1}')
    with pytest.raises(service.KeyReused):
        post.owes('{"fen":2}')


def test_every_attempt_carries_the_key_and_the_body_of_the_first(post: Post) -> None:
    post.owes('{"fen":1}')
    post.postman.answers = [Outcome("again", "HTTP_502"), OSError("cut"), DELIVERED]
    for _ in range(3):
        post.goes()
        post.desk.passes(minutes=1)
    assert {(one.key, one.body) for one in post.postman.handed} == {("k1", '{"fen":1}')}
    assert [one.attempts for one in post.postman.handed] == [1, 2, 3]
    assert post.states() == ["delivered"]


@pytest.mark.parametrize(
    ("answer", "how", "state", "reason"),
    [
        (Outcome("again", "TIMEOUT"), {}, "owed", "the network was down"),
        (Outcome("again", "TIMEOUT"), {"give_up_after": timedelta(0)}, "dead", "its time was over"),
        (Outcome("again", "43101"), {"give_up_after": timedelta(0), "best_effort": True}, "dropped", "nobody minds"),
        (Outcome("dead", "47003"), {}, "dead", "no attempt can help"),
        (Outcome("dropped", "43101"), {}, "dropped", "the other side does not want it"),
        (DELIVERED, {}, "delivered", "it arrived"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_became_of_an_attempt(
    post: Post, answer: Outcome, how: dict[str, object], state: str, reason: str
) -> None:
    post.owes()
    post.postman.answers = [answer]
    assert post.goes(**how) == 1
    assert post.states() == [state], reason


def test_a_sender_that_breaks_on_one_message_delivers_the_others(post: Post) -> None:
    for key in ("k1", "k2", "k3"):
        post.owes(key=key)
    post.postman.answers = [DELIVERED, KeyError("a bug"), DELIVERED]
    post.goes()
    assert post.states() == ["delivered", "owed", "delivered"]


def test_one_kind_does_not_wait_for_another(post: Post) -> None:
    for number in range(30):
        post.owes(kind="slow", key=f"s{number}")
    post.owes()
    assert post.goes() == 1
    assert [message.kind for message in post.postman.handed] == ["letter"]


def test_chance_spreads_the_attempts_within_a_fifth_of_the_pause() -> None:
    now, dice = datetime(2026, 6, 1, 4, tzinfo=UTC), random.Random(7)
    for attempts in range(1, len(PAUSES_SECONDS) + 3):
        pauses = set()
        for chance in [0.0, 1.0, -9.0, 9.0, *(dice.random() for _ in range(200))]:
            at = next_attempt(owed_since=now, attempts=attempts, now=now, chance=chance)
            assert at is not None
            pauses.add(at - now)
        pause = timedelta(seconds=PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS)) - 1])
        assert (min(pauses), max(pauses)) == (pause * 4 / 5, pause * 6 / 5)
        assert len(pauses) > 20


def test_a_fault_is_kept_as_a_code_without_what_somebody_typed() -> None:
    assert as_code("HTTP_502") == "HTTP_502"
    assert as_code("张三 <138 0013 8000>") == "_138_0013_8000_"
    assert as_code("x" * 99) == "x" * 40
    assert as_code("") is None


def test_many_workers_hand_each_message_over_once(post: Post) -> None:
    for number in range(8):
        post.owes(key=f"k{number}")
    workers = [threading.Thread(target=post.goes) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    while post.goes():  # pragma: no cover - chance: the four may leave something.
        pass
    assert sorted(message.key for message in post.postman.handed) == [f"k{number}" for number in range(8)]


@pytest.mark.parametrize("place", ["outbox_claimed", "outbox_sent"])
def test_a_worker_that_dies_with_a_message_in_its_hand_delays_it_by_a_minute(post: Post, place: str) -> None:
    post.owes('{"fen":1}')
    with failing(f"{place}=raise"), pytest.raises(FailpointReached):
        post.goes()
    assert post.goes() == 0, "another worker leaves it alone"
    post.desk.passes(minutes=1)
    assert post.goes() == 1
    assert post.states() == ["delivered"]
    assert {(one.key, one.body) for one in post.postman.handed} == {("k1", '{"fen":1}')}


def test_the_desk_sees_what_nobody_took_and_has_it_sent_again(post: Post) -> None:
    code = post.is_given_up(Outcome("dead", "47003"))
    post.desk.passes(hours=30)
    told = post.desk.payer.sees("/desk/letters").json["items"]
    assert [(one["code"], one["kind"], one["subject"], one["last_error"]) for one in told] == [
        (code, "letter", "D1", "47003")
    ]
    assert "body" not in told[0]
    assert post.desk.payer.does(f"/desk/letters/{code}/attempts").status_code == 204
    assert post.desk.payer.does(f"/desk/letters/{code}/attempts").status_code == 404, "it is on its way already"
    post.postman.answers = [Outcome("again", "HTTP_500"), DELIVERED]
    post.goes()
    post.desk.passes(minutes=1)
    post.goes()
    assert post.states() == ["delivered"]
    assert post.desk.payer.sees("/desk/letters").json["items"] == []


def test_the_desk_lets_a_message_go_with_a_reason(post: Post) -> None:
    code = post.is_given_up(Outcome("dead", "47003"))
    assert post.desk.payer.does(f"/desk/letters/{code}/end", {"reason": " "}).status_code == 422
    assert post.desk.payer.does(f"/desk/letters/{code}/end", {"reason": "已电话告知"}).status_code == 204
    post.desk.passes(minutes=20)
    assert (post.goes(), post.states()) == (0, ["dropped"])
    assert post.desk.payer.does(f"/desk/letters/{code}/end", {"reason": "再来"}).status_code == 404
    assert post.desk.payer.does("/desk/letters/unknown/attempts").status_code == 404
    assert len(post.desk.audit("outbox.dropped")) == 1


def test_the_list_of_what_nobody_took_is_read_page_by_page(post: Post) -> None:
    post.postman.answers = [Outcome("dead", "X")]
    for number in range(3):
        post.owes(key=f"k{number}", subject=f"D{number}")
    post.goes()
    first = post.desk.payer.sees("/desk/letters?limit=2").json
    rest = post.desk.payer.sees(f"/desk/letters?limit=2&cursor={first['next_cursor']}").json
    assert [one["subject"] for one in first["items"] + rest["items"]] == ["D2", "D1", "D0"]
    assert post.desk.writes(queries.waiting_by_kind) == {("letter", "dead"): 3}


def test_an_alert_waits_on_the_desk_until_somebody_says_what_he_did(desk: Desk) -> None:
    desk.writes(lambda: raise_alert(kind="PAID_AGAIN", subject="D1", now=desk.clock, told_by="notice"))
    desk.writes(lambda: raise_alert(kind="ORDER_UNKNOWN", subject="D2", now=desk.clock))
    first = desk.payer.sees("/desk/alerts?limit=1").json
    assert [one["kind"] for one in first["items"]] == ["ORDER_UNKNOWN"]
    (alert,) = desk.payer.sees(f"/desk/alerts?cursor={first['next_cursor']}").json["items"]
    assert (alert["kind"], alert["subject"], alert["facts"]) == ("PAID_AGAIN", "D1", {"told_by": "notice"})
    assert desk.payer.does(f"/desk/alerts/{alert['code']}/end", {"reason": ""}).status_code == 422
    assert desk.payer.does(f"/desk/alerts/{alert['code']}/end", {"reason": "已原路退回"}).status_code == 204
    assert desk.checker.does(f"/desk/alerts/{alert['code']}/end", {"reason": "我也"}).status_code == 404
    assert [one["kind"] for one in desk.payer.sees("/desk/alerts").json["items"]] == ["ORDER_UNKNOWN"]
    desk.writes(lambda: raise_alert(kind="PAID_AGAIN", subject="D1", now=desk.clock))
    assert len(desk.payer.sees("/desk/alerts").json["items"]) == 1, "told of again, it is dealt with still"


@pytest.mark.parametrize("path", ["/desk/letters", "/desk/alerts"])
def test_a_village_sees_nothing_of_the_nations_troubles(desk: Desk, path: str) -> None:
    assert desk.cadre.sees(path).status_code == 404
    assert desk.cadre.does(f"{path}/x/end", {"reason": "不行"}).status_code == 404
    auditor = desk.hires("auditor", "00")
    assert auditor.sees(path).status_code == 200
    assert auditor.does(f"{path}/x/end", {"reason": "不行"}).status_code == 403


def test_what_waits_and_what_was_given_up_is_counted_for_who_watches_the_machine(post: Post) -> None:
    post.is_given_up(Outcome("dead", "X"))
    post.owes(key="k2")
    post.owes(key="k3", kind="refund")
    post.desk.passes(minutes=2)
    post.desk.writes(lambda: raise_alert(kind="PAID_AGAIN", subject="D1", now=post.desk.clock))
    post.desk.writes(lambda: raise_alert(kind="PAID_AGAIN", subject="D2", now=post.desk.clock))
    said = post.desk.app.test_client().get("/metrics").text
    for counted in (
        'happy_home_outbox{kind="letter",state="dead"} 1.0',
        'happy_home_outbox{kind="letter",state="owed"} 1.0',
        'happy_home_outbox{kind="refund",state="owed"} 1.0',
        "happy_home_outbox_oldest_seconds 120.0",
        'happy_home_alerts_open{kind="PAID_AGAIN"} 2.0',
    ):
        assert counted in said
    (first, _) = post.desk.payer.sees("/desk/alerts").json["items"]
    post.desk.payer.does(f"/desk/alerts/{first['code']}/end", {"reason": "已原路退回"})
    assert 'happy_home_alerts_open{kind="PAID_AGAIN"} 1.0' in post.desk.app.test_client().get("/metrics").text
