"""One step of the worker for each kind of message: a kind whose other side hangs holds up nobody else's (P22)."""

from __future__ import annotations

import random
from collections.abc import Mapping

from backend.jobs.steps import Step
from backend.outbox import delivery
from backend.outbox.delivery import Chance
from backend.outbox.sending import Sender


def outbox_steps(senders: Mapping[str, Sender], *, chance: Chance = random.random) -> tuple[Step, ...]:
    """Return a step for each kind that has a sender; steps that call out run beside each other."""
    return tuple(_step(kind, sender, chance) for kind, sender in senders.items())


def _step(kind: str, sender: Sender, chance: Chance) -> Step:
    return Step(
        name=f"outbox:{kind}",
        act=lambda now: delivery.deliver_due(kind=kind, sender=sender, now=now, chance=chance),
        has_work=lambda now: delivery.has_due(kind=kind, now=now) and not sender.is_held(),
        calls_out=True,
    )
