"""Several worker processes at once: a payment told twenty times posts once, one key means one gift, and every reader
sees one instant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from flask import Flask

from backend.core import clock
from backend.core.clock import local_day
from backend.core.config import Settings
from backend.ledger.checks import check_ledger
from backend.payments.sandbox import signed_by_sandbox
from tests.bench.load import server
from tests.world.figures import SEED, dice, figure
from tests.world.giving import NOTICES, OURS, ClientWire, Giving, new_key

AT_ONCE, READERS = 20, 4
SAME_KEY_AT_ONCE = 50
FEN = 7


@dataclass
class Signed:
    """One notice, as its bytes and headers go over the wire."""

    body: bytes
    headers: dict[str, str]


@contextmanager
def several_workers(settings: Settings, promise: str) -> Iterator[str]:
    """The server as a county runs it, several processes on one database; what is asked, the database answers."""
    own = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "APP_ENV": "test",
        "RATE_LIMITS": "off",
        "SHARED_ANSWER_MS": "0",
    }
    with server("wsgi:app", environment=own, workers=figure(promise, slice=2, full=4)) as address:
        yield address


@pytest.fixture
def village(app: Flask) -> Giving:
    """A village of today, whose server runs in processes of its own."""
    village = Giving(app, clock=clock.now() - timedelta(minutes=1))
    village.wire = ClientWire(app)
    return village


def opens_project(village: Giving) -> str:
    return village.opens_project("屋顶", until=str(local_day(village.clock) + timedelta(days=60)))


def signed(village: Giving, body: str) -> Signed:
    """What the sandbox sends: truly signed with its key, now."""
    told = body.encode()
    by = signed_by_sandbox(village.settings, told, now=clock.now())
    return Signed(told, {"Content-Type": "application/json", **by})


@pytest.mark.promise(name="P1")
@pytest.mark.timeout(0)
def test_a_payment_told_twenty_times_at_once_to_several_workers_posts_once(app: Flask, village: Giving) -> None:
    roof, phone, chance = opens_project(village), village.phone(), dice("P1")
    orders = figure("P1", slice=12, full=1000)
    gifts = [phone.order(roof, 1_00 + number) for number in range(orders)]
    answers: list[int] = []
    # A connection is one worker's: a new one for each word, so that the duplicates meet at different workers.
    new_ones = httpx.Limits(max_keepalive_connections=0)
    with several_workers(village.settings, "P1") as address, ThreadPoolExecutor(AT_ONCE) as ears:
        provider = httpx.Client(base_url=address, limits=new_ones, timeout=60)

        def tells(word: Signed) -> int:
            return provider.post(NOTICES, content=word.body, headers=word.headers).status_code

        for gift in gifts:
            village.clock = clock.now()
            village.pays_unseen(gift)
            payment = {"transaction_id": village.collected(gift)}
            words = [signed(village, village.notice(gift, **payment)) for _ in range(2)]
            answers += ears.map(tells, [words[0], *chance.choices(words, k=AT_ONCE - 1)])
    assert answers == [204] * (orders * AT_ONCE), f"SEED={SEED}"
    assert village.order_states() == ["paid"] * orders
    assert village.transfers() == orders
    assert village.holds(roof) == sum(gift["amount_fen"] for gift in gifts)
    village.works("order")
    assert village.out_of_joint() == [], f"SEED={SEED}"


@pytest.mark.promise(name="P2")
@pytest.mark.timeout(0)
def test_fifty_at_once_under_one_key_at_several_workers_order_one_gift_and_get_one_answer(village: Giving) -> None:
    roof, session, chance = opens_project(village), village.phone().browser.get_cookie("session"), dice("P2")
    keys, told = [new_key() for _ in range(figure("P2", slice=2, full=200))], {"channel": "h5"}
    new_ones = httpx.Limits(max_keepalive_connections=0)
    headers = OURS | {"Authorization": f"Bearer {session.value if session else ''}"}
    with several_workers(village.settings, "P2") as address, ThreadPoolExecutor(SAME_KEY_AT_ONCE) as hands:
        phone = httpx.Client(base_url=address, headers=headers, limits=new_ones, timeout=60)

        def orders(key: str, fen: int) -> httpx.Response:
            form = told | {"amount_fen": fen}
            return phone.post(f"/api/v1/projects/{roof}/gifts", json=form, headers={"Idempotency-Key": key})

        for number, key in enumerate(keys):
            wishes = chance.choices([1_00 + 2 * number, 1_01 + 2 * number], weights=[9, 1], k=SAME_KEY_AT_ONCE)
            answers = list(hands.map(orders, [key] * SAME_KEY_AT_ONCE, wishes))
            agree(list(zip(wishes, answers, strict=True)), again=lambda fen: orders(key, fen))  # noqa: B023 - at once.
            assert village.order_states() == ["payable"] * (number + 1), f"SEED={SEED} key {number}"
    assert village.out_of_joint() == []


def agree(told: list[tuple[int, httpx.Response]], *, again: Callable[[int], httpx.Response]) -> None:
    """All who wished what was ordered have one answer, to the byte, now or when they come again; no other wish has."""
    first = next(fen for fen, answer in told if answer.status_code == 201)
    for fen, answer in told:
        seen = (answer.status_code, answer.json()["code"]) if answer.status_code != 201 else (201, "")
        late = (409, "PAYMENT_PREPARING")
        assert seen in ([(201, ""), late] if fen == first else [(422, "IDEMPOTENCY_MISMATCH")])
        assert seen != late or answer.headers["Retry-After"] == "2"
    kept = again(first)
    assert {answer.content for _, answer in told if answer.status_code == 201} == {kept.content}
    assert again(first + 2_000_00).status_code == 422


@dataclass
class Movement:
    """Money in movement, and what every reader must find between what was surely posted and what may be by now."""

    village: Giving
    project: str
    sent: int = 0
    posted: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def goes_on(self) -> None:
        """Gifts come, move to the village, are spent, and get their places, until it is enough."""
        while not self.stopping.is_set():
            for _ in range(5):
                self.sent += 1
                self.village.receives(self.project, FEN)
                self.posted += 1
            self.village.is_paid(self.project, 2 * FEN)
            self.village.spends(self.project, FEN)
            self.village.works("order")
            self.village.clock = clock.now()


@dataclass
class Reader:
    """Somebody who reads a project's page again and again, and holds what is told against what must be."""

    address: str
    movement: Movement
    wrong: list[object] = field(default_factory=list)
    newest: int = 0

    def reads(self, times: int) -> None:
        """Read so often; keep what cannot have been true at any instant since the question."""
        with httpx.Client(base_url=self.address, timeout=60) as browser:
            for _ in range(times):
                surely = self.movement.posted
                told = browser.get(f"/api/v1/projects/{self.movement.project}").json()
                self._holds_against(told, surely=surely, perhaps=self.movement.sent)

    def _holds_against(self, told: dict[str, Any], *, surely: int, perhaps: int) -> None:
        figures, gifts = told["figures"], FEN * told["gift_count"]
        parts = ("with_nation_fen", "in_transit_fen", "with_village_fen", "spent_fen", "moved_to_fund_fen")
        adds_up = told["received_fen"] == figures["received_fen"] == sum(figures[part] for part in parts) == gifts
        if not (adds_up and surely <= told["gift_count"] <= perhaps):
            self.wrong.append((surely, perhaps, told))  # pragma: no cover - only a broken product gets here.


@pytest.mark.promise(name="P24")
@pytest.mark.timeout(0)
def test_who_reads_while_money_moves_sees_the_ledger_at_one_instant(app: Flask, village: Giving) -> None:
    movement = Movement(village, opens_project(village))
    times = figure("P24", slice=120, full=100_000) // READERS
    with several_workers(village.settings, "P24") as address:
        readers = [Reader(address, movement) for _ in range(READERS)]
        with ThreadPoolExecutor(READERS + 1) as pool:
            moving = pool.submit(movement.goes_on)
            for eyes in [pool.submit(reader.reads, times) for reader in readers]:
                eyes.result()
            movement.stopping.set()
            moving.result()
    assert [wrong for reader in readers for wrong in reader.wrong[:3]] == [], f"SEED={SEED}"
    assert movement.posted > 10, "nothing moved while they read"
    assert village.asks(check_ledger) == []
