"""Statements of WeChat Pay: the signed promise of a file, then the file, held to the hash that was promised."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from backend.core.wire import HttpWire, Wire, WireBroken
from backend.payments.providers import BillTold
from backend.payments.shapes import ShapeWrong, text
from backend.payments.wechat.caller import CONNECT_SECONDS, Caller, NoAnswer, Reply

PACKED_BYTES_MAX = 64 * 1024 * 1024
BILL_BYTES_MAX = 256 * 1024 * 1024
_GZIP_WINDOW = 31
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)
# Letters that no client writes otherwise than they are told, so that what we sign is what we send.
_ADDRESS = re.compile(r"https?://[0-9A-Za-z._~:/?&=%+-]{1,2000}", re.ASCII)
_NO_BILL = {"NO_STATEMENT_EXIST": "none", "STATEMENT_CREATING": "creating"}
log = structlog.get_logger()


class BillTooLong(Exception):
    """A packed bill that would not end, or is no packed file at all."""


def bill_wire() -> HttpWire:
    """Return the way by which bills are fetched: long answers, two minutes at most."""
    return HttpWire(
        answer_bytes_max=PACKED_BYTES_MAX, together_seconds=120.0, timeout_seconds=20.0, connect_seconds=CONNECT_SECONDS
    )


@dataclass(frozen=True, kw_only=True)
class Bills:
    """Who fetches statements. Never raises: what cannot be had is a state of `BillTold`."""

    caller: Caller
    wire: Wire

    def fetch(self, path: str, *, now: datetime, action: str) -> BillTold:
        """Ask for a bill at `path` and fetch the file that is promised."""
        try:
            reply = self.caller.get(path, now=now, action=action)
            state = _NO_BILL.get(reply.code)
            if reply.code:
                return BillTold(state=state) if state is not None else BillTold(state="unknown")  # type: ignore[arg-type]  # of the table.
            return self._download(reply, now=now, action=f"{action}_download")
        except (NoAnswer, WireBroken, ShapeWrong) as error:
            log.warning("wechat_bill_not_fetched", action=action, why=str(error))
            return BillTold(state="unknown")

    def _download(self, reply: Reply, *, now: datetime, action: str) -> BillTold:
        """Fetch the file. It carries no signature; its hash over the unpacked bytes came in the signed promise."""
        promised = text(reply.told, "hash_value", _SHA1).lower()
        url = text(reply.told, "download_url", _ADDRESS)
        if reply.told.get("hash_type") != "SHA1" or not self._is_theirs(url):
            raise ShapeWrong("download_url")
        answer = self.caller.send(self.wire, "GET", url, b"", now=now, action=action)
        if answer.status != 200:
            return BillTold(state="unknown")
        try:
            content = unpacked(answer.body)
        except BillTooLong:
            return BillTold(state="bad_hash")
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() != promised:
            return BillTold(state="bad_hash")
        return BillTold(state="ready", content=content)

    def _is_theirs(self, url: str) -> bool:
        """Say whether an address is at a host that we call anyway: nobody tells us where to send signed requests."""
        ours = (self.caller.pay.base_url, self.caller.pay.spare_url)
        return urlsplit(url)[:2] in [urlsplit(base)[:2] for base in ours if base is not None]


def unpacked(body: bytes, *, limit: int = BILL_BYTES_MAX) -> bytes:
    """Return a bill as it was before packing; one that was never packed stays. Refuses `BillTooLong` (gzip bombs)."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacking = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        content = unpacking.decompress(body, limit + 1)
    except zlib.error:
        raise BillTooLong() from None
    if len(content) > limit or not unpacking.eof or unpacking.unused_data:
        raise BillTooLong()
    return content
