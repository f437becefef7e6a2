"""Plain HTTP to the outside, never with a transaction open: short timeouts, no redirects, no surprises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx

TIMEOUT_SECONDS = 5.0
ANSWER_BYTES_MAX = 65_536


class WireBroken(Exception):
    """No answer came: refused, cut, too slow or too long. What the other side did is not known."""


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

    def get(self, url: str) -> Answer:
        """Ask; raises `WireBroken`."""
        ...


class HttpWire:
    """The way over HTTP, without any proxy from the environment."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; raises `WireBroken`."""
        return self._send(httpx.Request("POST", url, headers=dict(headers), content=body))

    def get(self, url: str) -> Answer:
        """Ask; raises `WireBroken`."""
        return self._send(httpx.Request("GET", url))

    def _send(self, request: httpx.Request) -> Answer:
        try:
            answer = self._client.send(request)
        except httpx.HTTPError as error:
            raise WireBroken(str(error)) from error
        if len(answer.content) > ANSWER_BYTES_MAX:
            raise WireBroken("the answer is too long")
        return Answer(status=answer.status_code, headers=answer.headers, body=answer.content)
