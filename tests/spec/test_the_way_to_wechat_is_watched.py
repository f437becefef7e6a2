"""WeChat is asked every five minutes whether it hears us and what time it is; who must know is told, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from backend.core.wire import Answer, WireUnreached
from backend.jobs.models import StandingTrouble
from backend.jobs.wechat_watch import verdicts, watch_steps
from backend.payments.alerts import handle_alert, open_alerts, open_by_kind
from backend.payments.models import PaymentAlert
from tests.world.databases import dispose
from tests.world.linked import Keyring, Linked, SimWire, link, settle_in


class Line(SimWire):
    """The way to WeChat, which can be cut before anybody is reached."""

    is_cut = False

    def _call(self, method: str, url: str, **told: Any) -> Answer:
        if self.is_cut:
            raise WireUnreached("ConnectError")
        return super()._call(method, url, **told)


@pytest.fixture
def village(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Linked]:
    app, sim = link(settings, Keyring(tmp_path / "keys"), seed=7)
    found = settle_in(app, sim)
    found.wire = Line(sim)
    monkeypatch.setattr(clock, "now", lambda: found.clock)
    yield found
    dispose(app)


def looks(village: Linked, times: int = 1, *, skew: int | None = None) -> None:
    """Five minutes are over, so many times: the check comes round. WeChat's clock is ahead of ours by `skew`."""
    if skew is not None:
        village.sim.knobs.set("clock.skew_seconds", str(skew))
    (step,) = watch_steps(village.settings, wire=village.wire)
    for _ in range(times):
        village.later(seconds=step.every_seconds)
        with village.app.app_context():
            assert step.act(village.clock) == 0


def waiting(village: Linked) -> list[tuple[str, Mapping[str, object]]]:
    """What waits for a person: the kinds, and what was told."""
    return [(one.kind, one.facts) for one in village.asks(lambda: open_alerts(before_id=None, limit=10))]


def handled(village: Linked) -> list[tuple[str | None, bool]]:
    """How alerts were dealt with, and whether by a person."""
    rows = select(PaymentAlert.handled_reason, PaymentAlert.handled_by).order_by(PaymentAlert.id)
    return village.asks(lambda: [(row[0], row[1] is not None) for row in db.session.execute(rows)])


def is_cut(village: Linked, *, now: bool) -> None:
    """The line to WeChat is cut, or whole again."""
    assert isinstance(village.wire, Line)
    village.wire.is_cut = now


def test_while_wechat_answers_and_the_clocks_agree_nobody_is_called_and_nothing_is_kept(village: Linked) -> None:
    looks(village, 3)
    assert (waiting(village), village.asks(lambda: db.session.scalars(select(StandingTrouble)).all())) == ([], [])


@pytest.mark.parametrize("seconds", [361, -361])
def test_a_clock_that_wechat_contradicts_calls_a_person_once_and_ends_by_itself(village: Linked, seconds: int) -> None:
    looks(village, 3, skew=-seconds)
    assert waiting(village) == [("CLOCK_SKEW", {"seconds": seconds})], "and nothing is said of the way"
    looks(village, skew=0)
    assert (waiting(village), handled(village)) == ([], [("系统再次检查，已经恢复正常。", False)])


def test_a_clock_that_goes_wrong_again_is_told_again(village: Linked) -> None:
    for skew in (361, 0, -361):
        looks(village, 2, skew=skew)
    assert village.asks(open_by_kind) == {"CLOCK_SKEW": 1}
    assert village.alerts() == ["CLOCK_SKEW", "CLOCK_SKEW"]


def test_two_minutes_are_told_before_five_stop_everything(village: Linked) -> None:
    looks(village, skew=119)
    assert waiting(village) == []
    looks(village, skew=150)
    assert waiting(village) == [("CLOCK_SKEW", {"seconds": -150})]


def test_what_a_person_has_dealt_with_is_not_told_again_while_it_lasts(village: Linked) -> None:
    looks(village, skew=400)
    (alert,) = village.asks(lambda: open_alerts(before_id=None, limit=10))
    told = {"code": alert.code, "reason": "已通知机房", "staff": village.desk, "now": village.clock}
    village.writes(lambda: handle_alert(**told))  # type: ignore[arg-type]  # a table of what is told.
    looks(village, 2)
    looks(village, skew=0)
    assert (waiting(village), handled(village)) == ([], [("已通知机房", True)])


def test_a_hiccup_calls_nobody_and_two_silent_checks_call_one_person(village: Linked) -> None:
    for now in (True, False, True):
        is_cut(village, now=now)
        looks(village)
        assert waiting(village) == []
    looks(village, 3)
    assert waiting(village) == [("WECHAT_UNREACHABLE", {"why": "unreached"})]
    is_cut(village, now=False)
    looks(village)
    assert (waiting(village), village.alerts()) == ([], ["WECHAT_UNREACHABLE"])


FAULTS = [("wrong_sig_200", "unsigned"), ("html_502", "shape"), ("rate_limit", "FREQUENCY_LIMITED")]


@pytest.mark.parametrize(("fault", "word"), FAULTS)
def test_an_answer_that_cannot_be_used_is_told_by_one_word(village: Linked, fault: str, word: str) -> None:
    village.sim.knobs.set(f"api.{fault}", "1")
    looks(village, 3)
    assert waiting(village) == [("WECHAT_UNREACHABLE", {"why": word})]


MINUTE = timedelta(minutes=1)
SEEN = [
    (None, None, {"CLOCK_SKEW": False, "WECHAT_UNREACHABLE": False}, "an answer believed was signed just now"),
    (None, "unreached", {"WECHAT_UNREACHABLE": True}, "who answers nothing tells no time"),
    (None, "stale", {"CLOCK_SKEW": True}, "an answer of another time"),
    (0 * MINUTE, "unsigned", {"CLOCK_SKEW": False, "WECHAT_UNREACHABLE": True}, "a key, and not the clock"),
    (-3 * MINUTE, None, {"CLOCK_SKEW": True, "WECHAT_UNREACHABLE": False}, "late, and still believed"),
    (6 * MINUTE, "SIGN_ERROR", {"CLOCK_SKEW": True}, "the clock explains that our signature is refused"),
]


@pytest.mark.parametrize(("ahead", "wrong", "told", "_why"), SEEN, ids=[row[3] for row in SEEN])
def test_what_could_not_be_seen_is_not_judged(
    ahead: timedelta | None, wrong: str | None, told: dict[str, bool], _why: str
) -> None:
    assert {one.kind: one.is_wrong for one in verdicts(ahead, wrong)} == told


def test_without_wechat_pay_nothing_is_watched(settings: Settings) -> None:
    assert watch_steps(settings) == ()
