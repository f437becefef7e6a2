"""Plain HTTP to the outside, never with a transaction open: short timeouts, no redirects, no surprises.

One pooled client for whoever calls: payment providers and WeChat's other interfaces. What is sent, and to whom, is
told to no log: addresses hold access tokens, bodies hold names.
"""

from __future__ import annotations

import functools
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx

from backend.core.db import refuse_calling_out

TIMEOUT_SECONDS = 5.0
TOGETHER_SECONDS = 15.0
"""How long a call may take from its first byte to its last: who answers drop by drop must not hold a worker (P22)."""
ANSWER_BYTES_MAX = 65_536
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # Below that they write down whole addresses and headers.


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The authorities that we trust, read once for all pools."""
    return httpx.create_ssl_context(trust_env=False)


class WireBroken(Exception):
    """No answer came: refused, cut, too slow or too long. What the other side did is not known.

    The text is the kind of the fault and no more: the client's own would name the address, and its access token.
    """


class WireUnreached(WireBroken):
    """Nobody was reached, so nothing was sent: another host may be asked at once."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the other side said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """A way to the other side; the tests have one of their own."""

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; raises `WireBroken`."""
        ...

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask; raises `WireBroken`."""
        ...


class HttpWire:
    """The way over HTTP, without any proxy from the environment. Safe for many threads.

    `answer_bytes_max` bounds an answer after unpacking; what is longer is not read to its end.
    """

    def __init__(
        self,
        *,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        together_seconds: float = TOGETHER_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connect_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        timeout = httpx.Timeout(timeout_seconds, connect=connect_seconds)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, verify=_trusted())
        self._bytes_max, self._together = answer_bytes_max, together_seconds

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; raises `WireBroken`."""
        return self._send(httpx.Request("POST", url, headers=dict(headers), content=body))

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask; raises `WireBroken`."""
        return self._send(httpx.Request("GET", url, headers=dict(headers or {})))

    def _send(self, request: httpx.Request) -> Answer:
        refuse_calling_out()
        try:
            answer = self._client.send(request, stream=True)
            try:
                body = self._read(answer, until=time.monotonic() + self._together)
            finally:
                answer.close()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise WireUnreached(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise WireBroken(type(error).__name__) from None
        return Answer(status=answer.status_code, headers=answer.headers, body=body)

    def _read(self, answer: httpx.Response, *, until: float) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > self._bytes_max:
                raise WireBroken("the answer is too long")
            if time.monotonic() > until:
                raise WireBroken("the answer is too slow")
        return bytes(body)
