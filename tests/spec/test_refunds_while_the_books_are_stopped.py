"""While the books are stopped no refund leaves us: money would go that nothing could be written down for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from backend.core.db import db
from backend.jobs.senders import senders_of
from backend.ledger import guard
from backend.outbox import delivery
from backend.outbox.models import OutboxItem
from backend.outbox.rules import GIVE_UP_AFTER
from backend.outbox.sending import Message, Outcome, Sender
from backend.payments.models import SandboxRefund
from backend.payments.providers import Refunding as RefundingProvider
from backend.payments.worker import provider_of
from backend.refunds import sending
from backend.refunds.service import KIND
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["gift", "village"]


def stops(village: Refunding) -> None:
    """The check of the books finds something."""
    village.writes(lambda: guard.note_check(["一处不对"], now=village.clock))


def opens(village: Refunding) -> None:
    """The operator found the books right and opens them again."""
    answer = village.app.test_cli_runner().invoke(args=["open-books"])
    assert (answer.exit_code, "恢复办理" in answer.output) == (0, True), answer.output


def letter(village: Refunding) -> tuple[str, int]:
    """How the refund stands in the outbox, and how often it was tried."""
    mine = select(OutboxItem.state, OutboxItem.attempts).where(OutboxItem.kind == KIND)
    return village.asks(lambda: tuple(db.session.execute(mine).one()))


def is_at_provider(village: Refunding, refund: str) -> bool:
    """Whether the provider ever heard of a refund."""
    number = village.no(refund)
    return village.asks(lambda: db.session.get(SandboxRefund, number) is not None)


def works_for(village: Refunding, hours: int) -> None:
    """The worker comes round for hours."""
    for _ in range(hours):
        village.later(hours=1)
        village.works()


def test_an_approved_refund_waits_and_no_attempt_is_counted(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    stops(village)
    before = village.transfers()
    works_for(village, 3)
    assert (letter(village), is_at_provider(village, refund)) == (("owed", 0), False)
    assert (gift.state(), village.transfers(), village.alerts()) == ("approved", before, [])


@pytest.mark.promise(name="P3")
def test_once_the_books_are_open_it_goes_out_and_comes_to_its_end(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    stops(village)
    works_for(village, 2)
    opens(village)
    village.works()
    assert (letter(village), is_at_provider(village, refund)) == (("delivered", 1), True)
    village.later(seconds=70)
    village.works()
    village.works()
    assert (gift.state(), village.holds(gift.project)) == ("success", 30_00)
    assert village.verify() == []


def silent(_message: Message, *, now: datetime) -> Outcome:
    """A provider that does not answer."""
    return Outcome("again", f"silent_at_{now.hour}")


def test_days_of_stopped_books_use_up_nobodys_patience(village: Refunding, gift: Given) -> None:
    """The provider is silent in the first hour after a stop of two days: the refund is still owed, no dead letter."""
    village.approved(gift, 20_00)
    stops(village)
    village.later(hours=48)
    village.works()
    opens(village)
    with village.app.app_context():
        delivery.deliver_due(kind=KIND, sender=Sender(send=silent), now=village.clock, chance=lambda: 0.5)
    assert letter(village) == ("owed", 1)
    village.later(seconds=2)
    village.works()
    assert letter(village) == ("delivered", 2)
    assert timedelta(hours=48) > GIVE_UP_AFTER, "else two days would prove nothing"


def test_what_was_sent_before_the_stop_is_asked_about_after_it(village: Refunding, gift: Given) -> None:
    village.approved(gift, 20_00)
    village.works()
    assert gift.state() == "processing"
    stops(village)
    before = village.transfers()
    works_for(village, 2)
    assert (gift.state(), village.transfers()) == ("processing", before)
    opens(village)
    village.works()
    assert (gift.state(), village.transfers()) == ("success", before + 1)


def test_a_worker_that_saw_open_books_a_moment_ago_sends_nothing_either(village: Refunding, gift: Given) -> None:
    """Whether the books are open is asked again where the refund is taken in hand."""
    refund = village.approved(gift, 20_00)
    stops(village)
    sender = senders_of(village.settings, wire=village.wire)[KIND]
    provider = provider_of(village.settings, wire=village.wire)
    assert isinstance(provider, RefundingProvider)
    village.later(hours=1)
    with village.app.app_context():
        assert delivery.deliver_due(kind=KIND, sender=sender, now=village.clock) == 0
        assert sending.ask_due(provider=provider, name="sandbox", now=village.clock) == 0
    assert (letter(village), is_at_provider(village, refund)) == (("owed", 0), False)
