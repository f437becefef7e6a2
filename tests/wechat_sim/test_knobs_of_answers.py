"""Answers as the net and WeChat spoil them, and people who cancel, pay late, twice, or for two orders."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
import requests
from wechat_sim.clock import rfc3339
from wechat_sim.knobs import KNOBS, BadKnob, Knobs

from tests.wechat_sim.conftest import Play


def is_there(play: Play, no: str = "D000001") -> bool:
    return no in play.world.books.trades


REFUSALS = [("system_error", 500, "SYSTEM_ERROR", False), ("system_error_after", 500, "SYSTEM_ERROR", True)]
REFUSALS += [("rate_limit", 429, "FREQUENCY_LIMITED", False)]


@pytest.mark.parametrize(("knob", "status", "code", "is_done"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_wechat_refuses_and_may_have_acted_all_the_same(
    play: Play, knob: str, status: int, code: str, is_done: bool
) -> None:
    play.turns(**{f"api__{knob}": "x1"})
    answer = play.orders(no="D000001")
    assert (answer[0], answer[1]["code"], is_there(play)) == (status, code, is_done)
    assert play.orders(no="D000001")[0] == 200


@pytest.mark.parametrize("knob", ["unsigned_200", "wrong_sig_200", "reset_mid_body"])
def test_an_answer_that_nobody_can_trust_was_acted_on(play: Play, knob: str) -> None:
    play.turns(**{f"api__{knob}": 1})
    with pytest.raises(Exception, match=r"algorithm|signature|broken|ended|IncompleteRead"):
        play.orders(no="D000001")
    assert is_there(play)


@pytest.mark.parametrize(("knob", "is_done"), [("timeout_before", False), ("timeout_after_commit", True)])
def test_silence_says_nothing_about_what_was_done(play: Play, knob: str, is_done: bool) -> None:
    waited: list[float] = []
    play.world.stall = waited.append
    play.turns(**{f"api__{knob}": 1})
    with pytest.raises(requests.ConnectionError):
        play.orders(no="D000001")
    assert waited == [30.0]
    assert is_there(play) == is_done


def test_a_gateway_may_answer_with_its_own_page(play: Play) -> None:
    play.turns(api__html_502=1)
    answer = play.merchant._core.request("/v3/certificates", skip_verify=True)
    assert (answer[0], b"502 Bad Gateway" in answer[1]) == (502, True)


def test_an_answer_may_only_say_that_it_was_taken(play: Play) -> None:
    play.turns(api__202=1)
    assert play.orders(no="D000001") == (202, {})
    assert is_there(play)


def test_a_fault_may_be_aimed_at_one_operation(play: Play) -> None:
    play.sim("knobs", **{"api.system_error@query": 1})
    trade = play.pays()
    assert play.asks(out_trade_no=trade.out_trade_no)[0] == 500
    rows = [(row["operation"], row["status"], row["fault"]) for row in play.reads("requests")["requests"]]
    assert rows == [("prepay", 200, ""), ("query", 500, "system_error")]


def test_old_spellings_live_on(play: Play) -> None:
    play.turns(api__old_spelling=1, api__rate_limit="x1")
    assert play.orders()[1]["code"] == "RATELIMIT_EXCEEDED"


def test_somebody_cancels(play: Play) -> None:
    play.orders(no="D000001")
    play.turns(user__cancel="x1")
    assert play.sim("pay", out_trade_no="D000001")["result"] == "cancel"
    assert play.sim("pay", out_trade_no="D000001", act="cancel")["result"] == "cancel"
    assert "act" in play.sim("pay", out_trade_no="D000001", act="steal")["detail"]
    assert play.sim("pay", out_trade_no="D000001")["result"] == "ok"


def test_somebody_pays_after_the_last_time(play: Play) -> None:
    play.orders(no="D000001", time_expire=rfc3339(play.now() + timedelta(minutes=2)))
    play.turns(user__pay_after_expire=1)
    play.later(minutes=5)
    assert play.sim("pay", out_trade_no="D000001")["result"] == "ok"


def test_two_taps_pay_once(play: Play) -> None:
    play.turns(user__double_tap=1)
    play.pays()
    assert len(play.tells()) == 1


def test_somebody_pays_two_orders_of_one_sum(play: Play) -> None:
    play.orders(500, "D000001")
    play.orders(600, "D000002")
    play.turns(user__pay_twice_two_orders=1)
    play.pays(500)
    paid = {no for no, row in play.world.books.trades.items() if row.state == "SUCCESS"}
    assert (len(paid), "D000001" in paid, "D000002" in paid) == (2, True, False)


def test_only_the_payer_of_an_order_pays_it(play: Play) -> None:
    play.orders(no="D000001")
    assert "不一致" in play.sim("pay", out_trade_no="D000001", person="p2")["detail"]
    assert play.sim("pay", out_trade_no="D000001", person="p1")["result"] == "ok"


def test_the_same_seed_draws_the_same_faults() -> None:
    def drawn(seed: int, *, stirred: bool) -> list[bool]:
        knobs = Knobs(seed)
        knobs.set("callback.drop", 0.3)
        knobs.set("callback.dup", 0.3)
        found = []
        for _ in range(200):
            if stirred:
                knobs.hits("callback.dup")
            found.append(knobs.hits("callback.drop"))
        return found

    assert drawn(7, stirred=False) == drawn(7, stirred=True) != drawn(8, stirred=False)
    assert 30 < sum(drawn(7, stirred=False)) < 90


def test_a_subject_draws_the_same_whenever_it_is_asked() -> None:
    knobs = Knobs(7, {"callback.drop": "0.5"})
    rows = [knobs.hits("callback.drop", subject=str(number)) for number in range(50)]
    assert rows == [knobs.hits("callback.drop", subject=str(number)) for number in range(50)]
    assert len(set(rows)) == 2


def test_x3_is_the_next_three_times() -> None:
    knobs = Knobs()
    knobs.set("user.cancel", "x3")
    assert [knobs.hits("user.cancel") for _ in range(5)] == [True] * 3 + [False] * 2


BAD_KNOBS: list[tuple[str, Any, str]] = [
    ("callback.dropp", 1, "no such knob"),
    ("callback.drop@query", 1, "aimed where nothing can be aimed"),
    ("callback.drop", 1.1, "more than always"),
    ("callback.drop", "x", "how often?"),
    ("callback.drop", "x-1", "less than never"),
    ("callback.drop", "often", "no number"),
    ("callback.time_scale", "nan", "no number either"),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD_KNOBS, ids=[row[2] for row in BAD_KNOBS])
def test_a_knob_that_cannot_be_turned_so_is_refused(play: Play, name: str, value: Any, reason: str) -> None:
    with pytest.raises(BadKnob):
        Knobs().set(name, value)
    answer = httpx.post(f"{play.running.url}/sim/knobs", json={name: value})
    assert (answer.status_code, name.partition("@")[0] in answer.json()["detail"]) == (422, True), reason


def test_every_knob_tells_what_it_does_and_can_be_turned(play: Play) -> None:
    shown = play.reads("knobs")
    assert shown["knobs"].keys() == shown["help"].keys() == KNOBS.keys()
    assert all(shown["help"].values())
    assert play.sim("knobs", **dict.fromkeys(KNOBS, 0))["knobs"]["callback.drop"] == "0"


def test_starting_anew_forgets_everything_but_the_keys(play: Play) -> None:
    play.turns(callback__drop=1)
    play.pays()
    told = play.sim("reset", seed=9)
    assert (told["seed"], told["knobs"]["callback.drop"]) == (9, "0")
    assert play.reads("trades") == {"trades": []}
    assert [row["id"] for row in play.reads("people")["people"]] == ["p1", "p2", "p3"]


def test_a_wrong_clock_shows_on_every_answer(play: Play) -> None:
    play.turns(clock__skew_seconds=600)
    told = parsedate_to_datetime(httpx.get(f"{play.running.url}/sim/health").headers["Date"])
    assert 590 < (told - play.now()).total_seconds() < 610
