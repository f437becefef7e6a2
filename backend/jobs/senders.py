"""The one table of everything that we owe to the outside: who sends which kind of message."""

from __future__ import annotations

from backend.core.config import Settings
from backend.core.wire import HttpWire, Wire
from backend.outbox.sending import Sender
from backend.payments.sandbox import NAME as SANDBOX
from backend.payments.sandbox import NoticeSender
from backend.payments.sandbox_book import NOTICE_KIND


def senders_of(settings: Settings, *, wire: Wire | None = None) -> dict[str, Sender]:
    """Return the senders of this installation by the kind of their messages."""
    way = wire or HttpWire()
    senders: dict[str, Sender] = {}
    if settings.payment_provider == SANDBOX:
        senders[NOTICE_KIND] = Sender(send=NoticeSender(settings, wire=way))
    return senders
