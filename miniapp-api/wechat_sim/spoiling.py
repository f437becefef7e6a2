"""One attempt at a notice: what goes over the wire, after the knobs had their say."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from wechat_sim import crypto
from wechat_sim.books import Event, World
from wechat_sim.clock import rfc3339
from wechat_sim.keys import random_text
from wechat_sim.signing import platform_headers

# Signed as they should be, but they tell another story than the one that happened.
STORIES = ("amount", "appid", "mchid", "currency", "state", "event", "key")
# Not signed as they should be.
SPOILS = ("stale_ts", "bad_sig", "unknown_serial", "truncated")
BIG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message to the merchant. `counts`: whether its answer ends the telling; a probe's does not."""

    url: str
    headers: dict[str, str]
    body: bytes
    fault: str = ""
    counts: bool = True


def deliveries(world: World, event: Event) -> list[Delivery]:
    """Return every message of this attempt: mostly one, none when lost, more when doubled or probed."""
    subject = f"{event.number}.{event.tries}"

    def hits(name: str) -> bool:
        return world.knobs.hits(f"callback.{name}", subject=subject)

    if hits("drop"):
        return [Delivery(url=event.url, headers={}, body=b"", fault="drop")]
    copies = world.knobs.whole("callback.dup_times") if hits("dup") else 1
    body, faults = envelope(world, event, hits)
    found = [_signed(world, event, body, faults, hits, subject) for _ in range(max(copies, 1))]
    return [*found, _probe(world, event, body)] if hits("signtest") else found


def envelope(world: World, event: Event, hits: Any) -> tuple[bytes, list[str]]:
    """Return the body of a notice and the names of the faults in it."""
    told, kind, apiv3_key = deepcopy(event.resource), event.kind, world.keys.apiv3_key
    faults = [f"wrong_{name}" for name in STORIES if hits(f"wrong_{name}")]
    faults += [name for name in ("unknown_order", "extra_fields", "big_body") if hits(name)]
    for fault in faults:
        _tell_wrong(told, fault)
    if "wrong_event" in faults:
        kind = "REFUND.SUCCESS" if kind.startswith("TRANSACTION") else "TRANSACTION.SUCCESS"
    if "wrong_key" in faults:
        apiv3_key = random_text(32)
    plain = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = crypto.seal(apiv3_key, plain, associated=event.original_type)
    body: dict[str, Any] = {
        "id": event.id,
        "create_time": rfc3339(event.created_at),
        "event_type": kind,
        "resource_type": "encrypt-resource",
        "summary": event.summary,
        "resource": {"original_type": event.original_type} | sealed,
    }
    if "extra_fields" in faults:
        body |= {"new_field": {"nested": [1, 2, 3]}, "另一个字段": True}
    if "big_body" in faults:
        body["summary"] = "大" * (BIG_BYTES // 3)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), faults


def _tell_wrong(told: dict[str, Any], fault: str) -> None:
    amount = told["amount"]
    if fault == "wrong_amount":
        amount["total"] += 1
        amount |= {name: amount[name] + 1 for name in ("payer_total", "refund", "payer_refund") if name in amount}
    elif fault == "wrong_appid" and "appid" in told:
        told["appid"] = "wx0000000000000000"
    elif fault == "wrong_mchid":
        told["mchid"] = "1900000000"
    elif fault == "wrong_currency":
        amount |= {"currency": "USD", "payer_currency": "USD"}
    elif fault == "wrong_state":
        told["refund_status" if "refund_status" in told else "trade_state"] = "CLOSED"
    elif fault == "unknown_order":
        told["out_trade_no"] = "UNKNOWN" + random_text(20)
    elif fault == "extra_fields":
        told |= {"new_field": {"nested": None}, "device_score": 7}


def _signed(world: World, event: Event, body: bytes, faults: list[str], hits: Any, subject: str) -> Delivery:
    spoils = [name for name in SPOILS if hits(name)]
    by_public_key = world.knobs.hits("callback.switch_to_pubkey", subject=subject)
    moved = -600 if "stale_ts" in spoils else 0
    headers = platform_headers(world, body, by_public_key=by_public_key, moved_seconds=moved)
    headers |= {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", "Accept": "*/*"}
    if "bad_sig" in spoils:
        headers["Wechatpay-Signature"] = crypto.sign(world.keys.cert_key, b"something else")
    if "unknown_serial" in spoils:
        headers["Wechatpay-Serial"] = "0" * 30 + "BADBADBAD0"
    sent = body[: len(body) // 2] if "truncated" in spoils else body
    return Delivery(url=event.url, headers=headers, body=sent, fault="+".join([*faults, *spoils]))


def _probe(world: World, event: Event, body: bytes) -> Delivery:
    headers = platform_headers(world, body, by_public_key=True) | {"Content-Type": "application/json"}
    headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
    return Delivery(url=event.url, headers=headers, body=body, fault="signtest", counts=False)
