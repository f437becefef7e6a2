"""Whatever is posted, in whatever order and however often: after each commit the books add up, to the fen (P3)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from backend.core.db import db, read_with_retries, write_with_retries, writing
from backend.core.errors import BooksStopped, Refusal
from backend.ledger import guard
from backend.ledger.models import Transfer
from backend.ledger.ordering import append_order
from backend.ledger.posting import post
from backend.ledger.queries import balance_fen
from backend.ledger.trial import trial_balance
from tests.world.figures import SEED, dice, figure
from tests.world.money import NOON, Money

PURSES = ("roof", "well", "road", "school")
ACCOUNTS = ("world", *(f"00/{purse}" for purse in PURSES), *(f"320904104209/{purse}" for purse in PURSES))
IN_ONE_COMMIT = 20


@dataclass
class Model:
    """The same ledger in plain Python: what each account holds, and what was said under each reference."""

    holds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    told: dict[str, tuple[str, str, int]] = field(default_factory=dict)

    def hears(self, reference: str, source: str, target: str, fen: int) -> str | None:
        """Return the code with which it must be refused, None when it is posted or a repeat."""
        known = self.told.get(reference)
        if known is not None:
            return None if known == (source, target, fen) else "REFERENCE_REUSED"
        if source != "world" and self.holds[source] < fen:
            return "BALANCE_TOO_SMALL"
        self.told[reference] = (source, target, fen)
        self.holds[source] -= fen
        self.holds[target] += fen
        return None


def throws(chance: Random, number: int) -> tuple[str, str, str, int]:
    """One posting as chance wills it: mostly new, now and then a repeat or another story under an old reference."""
    source, target = chance.sample(ACCOUNTS, 2)
    name = chance.randrange(max(1, number - 50), number + 1) if chance.random() < 0.15 else number
    return f"r{name}", source, target, chance.choice((1, 7, 100, chance.randrange(1, 50_000)))


def says(reference: str, source: str, target: str, fen: int) -> str | None:
    """Post; return the code of the refusal."""
    of_world = {"channel": "bank", "provider_date": NOON.date()} if "world" in (source, target) else {}
    try:
        post(source=source, target=target, amount_fen=fen, reason="test", reference=reference, now=NOON, **of_world)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.promise(name="P3")
@pytest.mark.timeout(0)
def test_after_each_commit_of_random_postings_the_books_add_up(app: Flask) -> None:
    chance, model = dice("P3"), Model()
    commits = figure("P3", slice=400, full=1_000_000) // IN_ONE_COMMIT
    for commit in range(commits):
        words = [throws(chance, commit * IN_ONE_COMMIT + number) for number in range(IN_ONE_COMMIT)]
        with app.app_context():
            answers = write_with_retries(lambda: [says(*word) for word in words])  # noqa: B023 - called at once.
            assert answers == [model.hears(*word) for word in words], f"SEED={SEED} commit {commit}"
            if chance.random() < 0.5:
                write_with_retries(lambda: append_order(limit=chance.randrange(1, 60)))
            held = read_with_retries(lambda: {name: balance_fen(name) for name in ACCOUNTS[1:]})
        assert held == {name: model.holds[name] for name in ACCOUNTS[1:]}, f"SEED={SEED} commit {commit}"
        assert min(held.values()) >= 0
        assert sum(held.values()) == -model.holds["world"]
    money = Money(app)
    money.is_ordered()
    assert money.findings() == []
    with app.app_context():
        assert read_with_retries(trial_balance).transfers == len(model.told)


UNBALANCED = (
    ({"amount_fen": 0}, "nothing moves"),
    ({"amount_fen": -1}, "money moves backwards"),
    ({"target_account": "00/roof"}, "out of an account into the same"),
    ({"target_account": None}, "out of an account into none"),
    ({"source_account": None}, "out of nowhere"),
    ({"amount_fen": None}, "an amount that nobody knows"),
)


@pytest.mark.promise(name="P3")
@pytest.mark.parametrize(("changed", "reason"), UNBALANCED, ids=[row[1] for row in UNBALANCED])
def test_a_transfer_that_would_not_balance_cannot_be_written_down(
    app: Flask, changed: dict[str, object], reason: str
) -> None:
    row = {"source_account": "00/roof", "target_account": "00/well", "amount_fen": 5, "reason": "payout"}
    row |= {"reference": "x", "posted_at": NOON, **changed}
    with app.app_context(), pytest.raises(Exception, match=r"(?i)constraint"), writing():
        db.session.execute(insert(Transfer).values(**row))
    with app.app_context():
        assert read_with_retries(lambda: db.session.scalar(select(func.count()).select_from(Transfer))) == 0, reason


@pytest.mark.promise(name="P3")
def test_no_way_to_the_ledger_leads_past_books_that_are_stopped(app: Flask) -> None:
    """Neither the posting of the house nor plain SQL."""
    row = {"source_account": "00/roof", "target_account": "00/well", "amount_fen": 5, "reason": "payout"}
    row |= {"reference": "x", "posted_at": NOON}
    with app.app_context():
        assert write_with_retries(lambda: guard.note_check(["一处不对", "两处不对"], now=NOON)) is True
        assert write_with_retries(lambda: guard.note_check(["又一处"], now=NOON)) is False
        assert read_with_retries(guard.state).reason == "一处不对 等 2 处"
        with pytest.raises(BooksStopped), writing():
            db.session.execute(insert(Transfer).values(**row))
        with pytest.raises(BooksStopped):
            Money(app).comes_in(to="00/roof", fen=1, reference="y")
        write_with_retries(lambda: guard.open_again(now=NOON))
    assert Money(app).comes_in(to="00/roof", fen=1, reference="y").is_new
    assert Money(app).findings() == []
