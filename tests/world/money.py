"""A short vocabulary for money in tests: verbs post transfers, questions read the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from flask import Flask

from backend.core.db import read_with_retries, write_with_retries
from backend.ledger.accounts import WORLD
from backend.ledger.checks import check_ledger
from backend.ledger.ordering import append_order
from backend.ledger.posting import PostedTransfer, post
from backend.ledger.queries import balance_fen

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


@dataclass
class Money:
    """Acts on the ledger of one application; each act has its own application context and transaction."""

    app: Flask
    clock: datetime = field(default=NOON)

    def later(self, **delta: int) -> None:
        """Let time pass."""
        self.clock += timedelta(**delta)

    def comes_in(self, *, to: str, fen: int, reference: str, reason: str = "gift") -> PostedTransfer:
        """Money arrives from the world."""
        return self.moves(source=WORLD, to=to, fen=fen, reference=reference, reason=reason)

    def moves(self, *, source: str, to: str, fen: int, reference: str, reason: str = "payout") -> PostedTransfer:
        """One transfer is posted; what touches the world names its channel and date."""
        touches_world = WORLD in (source, to)
        with self.app.app_context():
            return write_with_retries(
                lambda: post(
                    source=source,
                    target=to,
                    amount_fen=fen,
                    reason=reason,
                    reference=reference,
                    now=self.clock,
                    channel="bank" if touches_world else None,
                    provider_date=date(2026, 6, 1) if touches_world else None,
                )
            )

    def is_ordered(self, *, limit: int = 500) -> int:
        """The order job runs until nothing waits."""
        done = 0
        with self.app.app_context():
            while taken := write_with_retries(lambda: append_order(limit=limit)):
                done += taken
        return done

    def holds_fen(self, account: str) -> int:
        """Ask what an account holds."""
        with self.app.app_context():
            return read_with_retries(lambda: balance_fen(account))

    def findings(self) -> list[str]:
        """Ask what is out of joint."""
        with self.app.app_context():
            return read_with_retries(check_ledger)


def at_once(app: Flask, acts: Sequence[Callable[[], object]]) -> list[Exception]:
    """Run the acts in threads at the same moment, each in its own application context; return what they raised."""
    wrong: list[Exception] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            with app.app_context():
                act()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong
