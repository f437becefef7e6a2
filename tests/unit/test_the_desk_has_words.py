"""Whatever calls a person is told at the desk in words: each kind of alert, and each kind of message we may owe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from backend.payments.alerts import AlertKind
from backend.payments.sandbox_book import NOTICE_KIND
from backend.refunds.repair_models import KIND as CARD
from backend.refunds.repair_rules import BANKS
from backend.refunds.service import KIND as REFUND
from backend.wechat.subscribe import KIND as SUBSCRIBE

HOUSE = Path(__file__).resolve().parents[2]
WORDS = HOUSE / "miniapp-api/client/src/i18n/desk"


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_each_kind_is_told_with_what_happened_and_what_to_do(language: str) -> None:
    words = json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    names = [f"alert.{kind}" for kind in get_args(AlertKind)]
    names += [f"letter.{kind}" for kind in (REFUND, CARD, NOTICE_KIND, SUBSCRIBE)]
    missing = [name + part for name in names for part in ("", ".what", ".now") if not words.get(name + part)]
    assert missing == []


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_each_bank_that_takes_a_refund_can_be_chosen_at_the_desk(language: str) -> None:
    words = json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    assert {name.removeprefix("bank.") for name in words if name.startswith("bank.")} == set(BANKS)
    listed = (WORDS.parents[1] / "services/deskCards.ts").read_text("utf-8")
    assert [bank for bank in BANKS if f"'{bank}'" not in listed] == []
