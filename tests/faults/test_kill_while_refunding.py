"""The process dies with -9 at each named place of a refund: it is done once all the same, and nothing is half-done."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from backend.core.config import HOUSE
from backend.core.failpoints import KILLED
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["gift", "village"]
PLACES = [
    ("approve", "refund_decided", "before the second approval is committed"),
    ("outbox:refund", "refund_before_call", "before the provider is called"),
    ("outbox:refund", "refund_after_call", "after the call, before its answer is kept"),
    ("outbox:refund", "refund_word_settled", "before the answer is committed"),
    ("ask_refunds", "refund_word_settled", "before the provider's last word is committed"),
]


def runs(village: Refunding, step: str, refund: str, *, failpoints: str = "") -> int:
    """Run one step in a process of its own; return how it ended."""
    own = {
        "DATA_DIR": str(village.settings.data_dir),
        "DATABASE_URL": village.settings.database_url,
        "SECRET_KEY": village.settings.secret_key,
        "APP_ENV": "test",
        "SHARED_ANSWER_MS": "0",
        "FAILPOINTS": failpoints,
        "PYTHONPATH": f"{HOUSE}:{HOUSE}/miniapp-api",
    }
    told = [sys.executable, "-m", "tests.faults.refund_steps", step, refund, village.clock.isoformat()]
    done = subprocess.run(told, cwd=HOUSE, env=os.environ | own, timeout=60, capture_output=True, check=False)
    return done.returncode


@pytest.mark.promise(name="P5")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("step", "place", "why"), PLACES, ids=[f"{row[0]}-{row[1]}" for row in PLACES])
def test_a_refund_survives_a_kill_at_each_place(
    village: Refunding, gift: Given, step: str, place: str, why: str
) -> None:
    refund = village.asked(gift, 20_00)
    village.approves(refund, village.desk)
    if step != "approve":
        village.approves(refund, village.second)
    if step == "ask_refunds":
        village.works("outbox:refund")
        village.later(seconds=61)

    assert runs(village, step, refund, failpoints=f"{place}=exit") == KILLED, why
    assert [one for one in village.verify() if "沙箱" not in one] == [], why
    if step == "approve":
        assert (village.row(refund).state, village.holds(gift.project)) == ("checked", 50_00)
        assert runs(village, step, refund) == 0
    for _ in range(6):
        village.later(seconds=65)
        village.works()
    assert gift.state() == "success", why
    figures = village.figures(gift.project)
    assert (figures["received_fen"], figures["refunded_fen"], figures["refunding_fen"]) == (30_00, 20_00, 0)
    assert village.told(gift) == ["refund.approved", "refund.success"]
    assert village.verify() == []
