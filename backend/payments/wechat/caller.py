"""One call to WeChat Pay: signed, bounded in time and length, answered by WeChat's own signature or not at all.

A call is made of us by name and number only: no log holds a body, an address or a person. Two hosts are asked in turn,
the spare one only when nobody was reached at the first, and every call of ours may be repeated under its number.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from backend.core.config_wechat import WechatPaySettings
from backend.core.wire import Answer, HttpWire, Wire, WireBroken, WireUnreached
from backend.payments.shapes import ShapeWrong, load_object
from backend.payments.signature import NoticeRefused
from backend.payments.wechat.keys import PREFIX, Keys
from backend.payments.wechat.signing import authorization

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 5.0
CALLS_AT_ONCE = 12
"""Of a process's 32 threads so many may wait for WeChat; when it hangs, the others go on serving the village (P22)."""
PLACE_SECONDS = 0.5
USER_AGENT = "happy-home/1.0 (Python; httpx)"
_CODE = re.compile(r"[0-9A-Z_]{1,64}", re.ASCII)
log = structlog.get_logger()


class NoAnswer(Exception):
    """No answer came that can be trusted; what WeChat did is not known. `reason` is one word for the log."""

    def __init__(self, reason: str) -> None:
        """Keep the word."""
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What WeChat Pay said: a signed 200 or 204 with an empty `code`, or its refusal with a code of its own."""

    status: int
    told: dict[str, Any] = field(repr=False)
    code: str = ""


def pay_wire() -> HttpWire:
    """Return the way to WeChat Pay."""
    return HttpWire(timeout_seconds=ANSWER_SECONDS, connect_seconds=CONNECT_SECONDS, together_seconds=8.0)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls WeChat Pay for us. Safe for many threads; at most `CALLS_AT_ONCE` of them call at once."""

    pay: WechatPaySettings
    keys: Keys
    wire: Wire
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(CALLS_AT_ONCE), repr=False
    )

    def get(self, path: str, *, now: datetime, action: str) -> Reply:
        """Ask. `path` holds its query. Raises `NoAnswer`."""
        return self._trusted(self.exchange("GET", path, b"", now=now, action=action), now=now, action=action)

    def post(self, path: str, told: Mapping[str, Any], *, now: datetime, action: str, serial: str = "") -> Reply:
        """Send a JSON object. `serial` names the key that something in it is sealed by. Raises `NoAnswer`."""
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        answer = self.exchange("POST", path, body, now=now, action=action, serial=serial)
        return self._trusted(answer, now=now, action=action)

    def exchange(self, method: str, path: str, body: bytes, *, now: datetime, action: str, serial: str = "") -> Answer:
        """Send one signed request and return the answer as it came, verified by nobody yet. Raises `NoAnswer`."""
        for base in (self.pay.base_url, self.pay.spare_url):
            if base is None:
                break
            try:
                return self.send(self.wire, method, base + path, body, now=now, action=action, serial=serial)
            except WireUnreached as error:
                log.warning("wechat_pay_unreached", action=action, is_spare=base == self.pay.spare_url, why=str(error))
            except WireBroken as error:
                log.warning("wechat_pay_broken", action=action, why=str(error))
                raise NoAnswer("broken") from None
        raise NoAnswer("unreached")

    def send(
        self, wire: Wire, method: str, url: str, body: bytes, *, now: datetime, action: str, serial: str = ""
    ) -> Answer:
        """Send one signed request to one host. Raises `WireBroken`, `NoAnswer` when too many of us wait already."""
        if not self._places.acquire(timeout=PLACE_SECONDS):
            raise NoAnswer("crowded")
        began = time.monotonic()
        try:
            headers = self._headers(method, _target(url), body, now=now, serial=serial)
            answer = wire.get(url, headers=headers) if method == "GET" else wire.post(url, headers=headers, body=body)
        finally:
            self._places.release()
        took_ms = int((time.monotonic() - began) * 1000)
        request_id = str(answer.headers.get("Request-ID", ""))[:64]
        log.info("wechat_pay_called", action=action, status=answer.status, request_id=request_id, took_ms=took_ms)
        return answer

    def _headers(self, method: str, target: str, body: bytes, *, now: datetime, serial: str) -> dict[str, str]:
        pay = self.pay
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            f"{PREFIX}-Serial": serial or self.keys.answering(now=now)[0],
            "Authorization": authorization(
                mchid=pay.mchid,
                serial=pay.merchant_serial,
                key=self.keys.merchant,
                method=method,
                target=target,
                body=body,
                now=now,
            ),
        }
        return headers | {"Content-Type": "application/json"} if method == "POST" else headers

    def _trusted(self, answer: Answer, *, now: datetime, action: str) -> Reply:
        """Return what an answer says once it is WeChat's; everything else is no answer (bad input 21).

        A success is signed or it is none. A refusal moves no money and is not always signed; one that brings a
        signature must bring a true one.
        """
        is_success = answer.status in (200, 204)
        try:
            if is_success or answer.headers.get(f"{PREFIX}-Signature"):
                self.keys.ring.verify(answer.headers, answer.body, now=now)
            if answer.status == 204:
                return Reply(status=204, told={})
            told = load_object(answer.body)
        except NoticeRefused as refusal:
            log.error("wechat_pay_not_trusted", action=action, status=answer.status, why=refusal.code)
            raise NoAnswer("stale" if refusal.code == "STALE_TIMESTAMP" else "unsigned") from None
        except ShapeWrong:
            raise NoAnswer("shape") from None
        if is_success:
            return Reply(status=200, told=told)
        code = told.get("code")
        if answer.status < 400 or not isinstance(code, str) or not _CODE.fullmatch(code):
            raise NoAnswer("shape")
        log.info("wechat_pay_refused", action=action, status=answer.status, code=code)
        return Reply(status=answer.status, told=told, code=code)


def _target(url: str) -> str:
    """Return the path with its query, as it is sent and therefore signed."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
