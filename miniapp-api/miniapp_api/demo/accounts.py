"""The story's own money and its bills: two people set money aside for fees, and each day is reconciled on the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from backend.core import clock
from backend.media.encoding import encode
from backend.media.service import add_picture, keep_file
from backend.reconciliation.daily import reconcile_due
from backend.reconciliation.fees import approve_own_money, propose_own_money
from miniapp_api.demo.cast import NATION_CHECKER, NATION_PAYER, staff_member
from miniapp_api.demo.stage import Event, Stage
from miniapp_api.demo.vouchers import slip

KEY = "own-money"
SET_ASIDE_FEN = 20_000_00
REASON = "机构管理费账户转入，专门用来支付渠道手续费"
DAYS_AGO = 180
DAYS_AT_ONCE = 60


def own_money(*, stage: Stage) -> Iterator[Event]:
    """Yield how the federation sets money of its own aside, before the first gift comes."""
    at = stage.hour(days_ago=DAYS_AGO, minutes=9 * 60)
    yield Event(at=at, key=KEY, act=partial(_propose, stage, at))
    approved = at + timedelta(hours=1)
    yield Event(at=approved, key=f"{KEY}-approved", act=partial(_approve, stage, approved))


def _propose(stage: Stage, at: datetime) -> str:
    staff, day = staff_member(NATION_PAYER), clock.local_day(at)
    yuan = f"{SET_ASIDE_FEN // 100:,}.{SET_ASIDE_FEN % 100:02d}"
    picture = encode(slip(village="演示慈善总会", title="管理费转入", yuan=yuan, day=day.isoformat()))
    voucher = keep_file(picture, folder=stage.settings.data_dir / "media")
    add_picture(code=voucher, encoded=picture, staff=staff, now=at)
    return propose_own_money(
        amount_fen=SET_ASIDE_FEN, received_on=day, reason=REASON, voucher_media=voucher, staff=staff, now=at
    )


def _approve(stage: Stage, at: datetime) -> None:
    approve_own_money(code=stage.codes[KEY], staff=staff_member(NATION_CHECKER), now=at)


def reconcile(*, stage: Stage, worker: str, now: datetime) -> None:
    """Reconcile every day whose bill is there by now."""
    did = DAYS_AT_ONCE
    while did == DAYS_AT_ONCE:
        provider = stage.provider
        did = reconcile_due(provider=provider, channel=provider.name, worker=worker, now=now, limit=DAYS_AT_ONCE)
