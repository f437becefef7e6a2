"""What refunds need every second: the step that asks the provider. What sends them stands in `jobs.senders`."""

from __future__ import annotations

from backend.jobs.steps import Step
from backend.payments.providers import Refunding
from backend.refunds import sending


def refund_steps(provider: Refunding, *, name: str) -> tuple[Step, ...]:
    """Return the step that asks what became of the refunds that were sent."""
    return (
        Step(
            name="ask_refunds",
            act=lambda now: sending.ask_due(provider=provider, name=name, now=now),
            has_work=lambda now: sending.has_due(now=now),
            calls_out=True,
        ),
    )
