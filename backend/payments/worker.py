"""What payments and gifts need every second, as steps of the worker's loop."""

from __future__ import annotations

from backend.core.config import Settings
from backend.core.wire import Wire
from backend.jobs.steps import Step
from backend.payments import asking, inbox
from backend.payments.providers import PaymentUnavailable, Provider, Refunding
from backend.payments.sandbox import NAME, SandboxProvider
from backend.payments.wechat.pay import wechat_pay
from backend.payments.wechat.reading import NAME as WECHAT
from backend.receipts import numbering
from backend.refunds.worker import refund_steps

RECEIPTS_CHUNK = 200
WAITING_EVERY_SECONDS = 10


def provider_of(settings: Settings, *, wire: Wire | None = None) -> Provider:
    """Return the payment provider of this installation. Refuses `PaymentUnavailable` when none is set up."""
    if settings.payment_provider == WECHAT:
        return wechat_pay(settings, wire=wire)
    if settings.payment_provider != NAME:
        raise PaymentUnavailable()
    return SandboxProvider(settings) if wire is None else SandboxProvider(settings, wire=wire)


def money_steps(settings: Settings, *, wire: Wire | None = None) -> tuple[Step, ...]:
    """Return the steps: receipts after the order job; with a provider, its queries, and what waits."""
    receipt_step = Step(
        name="receipts",
        act=lambda now: numbering.issue_receipts(limit=RECEIPTS_CHUNK, now=now),
        has_work=lambda _now: numbering.has_unread_places(),
    )
    if settings.payment_provider not in (NAME, WECHAT):
        return (receipt_step,)
    provider = provider_of(settings, wire=wire)
    refunding = refund_steps(provider, name=provider.name) if isinstance(provider, Refunding) else ()
    return (
        receipt_step,
        Step(
            name="ask_provider",
            act=lambda now: asking.ask_due(provider=provider, now=now),
            has_work=lambda now: asking.has_due(now=now),
            calls_out=True,
        ),
        Step(
            name="settle_waiting",
            act=lambda now: inbox.settle_what_waits(provider=provider, now=now),
            has_work=lambda _now: inbox.has_waiting(),
            every_seconds=WAITING_EVERY_SECONDS,
            calls_out=True,
        ),
        *refunding,
    )
