"""The story's journal: each step happens once, so a telling that was killed goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from backend.core import idempotency
from backend.core.db import write_with_retries
from backend.vault.answers import AnswerSealer

SCOPE = "demo-story"
EDITION = "1"


def once(key: str, act: Callable[[], str | None], *, now: datetime) -> str:
    """Do one step and note its result in the same transaction; a step done before only returns its result."""

    def step() -> str:
        sealer, name = AnswerSealer(), f"step-{key}"
        taken = idempotency.claim(scope=SCOPE, key=name, fingerprint=EDITION, sealer=sealer, now=now)
        if taken.body is not None:
            return taken.body
        result = act() or ""
        idempotency.keep(taken, status=200, body=result)
        return result

    return write_with_retries(step)
