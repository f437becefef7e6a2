"""Notices to the merchant: owed when something happened, told by WeChat's retry table, spoilt by the knobs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx

from wechat_sim.books import Event, Refund, Trade, World
from wechat_sim.spoiling import Delivery, deliveries

RETRY_SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
ANSWER_SECONDS = 5.0
SENDERS = 16
REORDER_SECONDS = 30
ENDED = ("done", "given_up", "dropped")


def owe_payment(world: World, trade: Trade, resource: dict[str, Any]) -> None:
    """Note that the merchant must hear of a payment."""
    url = trade.told["notify_url"]
    _owe(world, "TRANSACTION.SUCCESS", url, resource, out_trade_no=trade.out_trade_no, summary="支付成功")


def owe_refund(world: World, refund: Refund, resource: dict[str, Any]) -> None:
    """Note that the merchant must hear what became of a refund, where it said where."""
    if "notify_url" not in refund.told:
        return
    kind, summary = (
        f"REFUND.{refund.status}",
        {"SUCCESS": "退款成功", "CLOSED": "退款关闭"}.get(refund.status, "退款异常"),
    )
    nos = {"out_trade_no": refund.out_trade_no, "out_refund_no": refund.out_refund_no}
    _owe(world, kind, refund.told["notify_url"], resource, summary=summary, **nos)


def _owe(
    world: World,
    kind: str,
    url: str,
    resource: dict[str, Any],
    *,
    out_trade_no: str,
    summary: str,
    out_refund_no: str = "",
) -> None:
    now, number = world.now(), world.next_number()
    event = Event(
        id=str(uuid.uuid4()),
        number=number,
        kind=kind,
        out_trade_no=out_trade_no,
        out_refund_no=out_refund_no,
        url=url,
        resource=resource,
        original_type="refund" if out_refund_no else "transaction",
        summary=summary,
        created_at=now,
        next_at=now + _first_wait(world, number),
    )
    if world.knobs.hits("callback.drop_all", subject=str(number)):
        event.state = "dropped"
    if not out_refund_no and world.knobs.hits("callback.reorder", subject=str(number)):
        event.state = "held"
    world.books.events[event.id] = world.books.open_events[event.id] = event


def _first_wait(world: World, number: int) -> timedelta:
    if not world.knobs.hits("callback.delay", subject=str(number)):
        return timedelta()
    share = world.knobs.pick("callback.delay", str(number)).random()
    return timedelta(seconds=world.knobs.number("callback.delay_seconds") * share)


def due(world: World) -> list[Event]:
    """Return the events whose turn has come, and let held ones go when the refund's notice was told first."""
    now, rows = world.now(), world.books.open_events
    for event in list(rows.values()):
        if event.state in ENDED:
            del rows[event.id]
        if event.state == "held" and (_refund_was_told(world, event) or _waited_long(event, now)):
            event.state, event.next_at = "waiting", now
    found = [row for row in rows.values() if row.state == "waiting" and row.next_at <= now]
    for event in found:
        event.state = "sending"
    return found


def _refund_was_told(world: World, event: Event) -> bool:
    rows = world.books.events.values()
    return any(row.out_refund_no and row.out_trade_no == event.out_trade_no and row.attempts for row in rows)


def _waited_long(event: Event, now: datetime) -> bool:
    return now - event.created_at > timedelta(seconds=REORDER_SECONDS)


Post = Callable[[str, dict[str, str], bytes], int]


class Messenger:
    """Tells the merchant what is owed; the simulator's loop asks it again and again, a test asks it once."""

    def __init__(self, world: World, post: Post | None = None) -> None:
        self.world = world
        self.client = httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, follow_redirects=False)
        self.post = post or self._over_http
        self.pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="callback")

    def deliver_due(self, *, wait: bool = False) -> int:
        """Send what is due and return how many events that were; with `wait` only when all were answered."""
        with self.world.lock:
            events = due(self.world)
        sent = [self.pool.submit(self.send, event) for event in events]
        if wait:
            for one in sent:
                one.result()
        return len(events)

    def send(self, event: Event) -> None:
        """Make one attempt at one event, with every copy and probe that the knobs add to it."""
        with self.world.lock:
            copies = deliveries(self.world, event)
        if len(copies) == 1:
            told = [self._deliver(copies[0])]
        else:
            with ThreadPoolExecutor(len(copies) or 1) as beside:
                told = list(beside.map(self._deliver, copies))
        with self.world.lock:
            self._note(event, told)

    def _deliver(self, delivery: Delivery) -> dict[str, Any]:
        told: dict[str, Any] = {"fault": delivery.fault, "counts": delivery.counts, "status": None}
        if delivery.fault == "drop":
            return told
        try:
            return told | {"status": self.post(delivery.url, delivery.headers, delivery.body)}
        except httpx.HTTPError as error:
            return told | {"error": type(error).__name__}

    def _over_http(self, url: str, headers: dict[str, str], body: bytes) -> int:
        return self.client.post(url, headers=headers, content=body).status_code

    def _note(self, event: Event, told: list[dict[str, Any]]) -> None:
        now = self.world.now()
        event.attempts += [{"at": now.isoformat(), **row} for row in told]
        if any(row["counts"] and row["status"] in (200, 204) for row in told):
            event.state = "done"
        elif event.tries >= len(RETRY_SECONDS):
            event.state = "given_up"
        else:
            wait = RETRY_SECONDS[event.tries] * self.world.knobs.number("callback.time_scale")
            event.state, event.next_at = "waiting", now + timedelta(seconds=wait)
        event.tries += 1

    def close(self) -> None:
        """Send nothing more."""
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.client.close()


def again(world: World, event: Event) -> None:
    """Tell an event once more, whatever was answered before; WeChat repeats itself too."""
    event.state, event.next_at = "waiting", world.now()
    world.books.open_events[event.id] = event
