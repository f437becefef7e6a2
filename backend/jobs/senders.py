"""The one table of everything that we owe to the outside: who sends which kind of message."""

from __future__ import annotations

from backend.core.config import Settings
from backend.core.wire import HttpWire, Wire
from backend.ledger import guard
from backend.outbox.sending import Sender
from backend.payments.providers import Refunding, Repairing
from backend.payments.sandbox import NAME as SANDBOX
from backend.payments.sandbox import NoticeSender
from backend.payments.sandbox_book import NOTICE_KIND
from backend.payments.wechat.reading import NAME as WECHAT
from backend.payments.worker import provider_of
from backend.people.accounts import mini_openids
from backend.refunds.repair_models import KIND as REPAIR
from backend.refunds.repairing import RepairSender
from backend.refunds.sending import RefundSender
from backend.refunds.service import KIND as REFUND
from backend.wechat.opening import wechat_of
from backend.wechat.subscribe import KIND as SUBSCRIBE
from backend.wechat.subscribe import subscribe_sender


def senders_of(settings: Settings, *, wire: Wire | None = None) -> dict[str, Sender]:
    """Return the senders of this installation by the kind of their messages."""
    way = wire or HttpWire()
    senders: dict[str, Sender] = {}
    if settings.payment_provider == SANDBOX:
        senders[NOTICE_KIND] = Sender(send=NoticeSender(settings, wire=way))
    if settings.payment_provider in (SANDBOX, WECHAT):
        provider = provider_of(settings, wire=wire)
        if isinstance(provider, Refunding):
            senders[REFUND] = Sender(
                send=RefundSender(provider=provider, name=provider.name), is_held=guard.are_stopped
            )
        if isinstance(provider, Repairing):
            senders[REPAIR] = Sender(send=RepairSender(provider=provider), is_held=guard.are_stopped)
    if settings.wechat.mini is not None and settings.wechat.templates:
        wechat = wechat_of(settings, wire=wire)
        senders[SUBSCRIBE] = subscribe_sender(wechat=wechat, find_openid=mini_openids(settings))
    return senders
