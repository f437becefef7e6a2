"""The village's money in the story: two people send it on, each line has its voucher, one mistake is corrected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from backend.core import clock
from backend.disbursements.service import approve_payout, propose_payout
from backend.disbursements.spending import correct_spending, record_spending
from backend.media.encoding import encode
from backend.media.service import add_picture, keep_file
from miniapp_api.demo.cast import NATION_CHECKER, NATION_PAYER, staff_member
from miniapp_api.demo.stage import Event, Stage
from miniapp_api.demo.story import Spent, Told
from miniapp_api.demo.vouchers import slip

PAID_DAYS_BEFORE = 6
CORRECTED_DAYS_AFTER = 32
"""In another month always, so that a published notice is corrected by a new version."""


def spending(key: str, told: Told, *, login: str, village: str, stage: Stage) -> Iterator[Event]:
    """Yield the payout to the village, then its spending lines with vouchers, then what was corrected."""
    if not told.spent:
        return
    paid = stage.hour(days_ago=told.spent[0].days_ago + PAID_DAYS_BEFORE, minutes=10 * 60)
    propose = partial(_propose, key, told.paid_out_fen, stage, paid)
    yield Event(at=paid, key=f"{key}-payout", act=propose)
    approved = paid + timedelta(hours=3)
    yield Event(at=approved, key=f"{key}-payout-approved", act=partial(_approve, key, stage, approved))
    for number, line in enumerate(told.spent):
        name = f"{key}-spent-{number}"
        at = stage.hour(days_ago=line.days_ago, minutes=15 * 60)
        yield Event(at=at, key=name, act=partial(_spend, key, line, login, village, stage, at))
        if line.corrected_fen:
            later = stage.hour(days_ago=line.days_ago - CORRECTED_DAYS_AFTER, minutes=16 * 60)
            yield Event(at=later, key=f"{name}-corrected", act=partial(_correct, name, line, login, stage, later))


def _propose(key: str, amount_fen: int, stage: Stage, at: datetime) -> str:
    return propose_payout(project=stage.codes[key], amount_fen=amount_fen, staff=staff_member(NATION_PAYER), now=at)


def _approve(key: str, stage: Stage, at: datetime) -> None:
    approve_payout(payout=stage.codes[f"{key}-payout"], staff=staff_member(NATION_CHECKER), now=at)


def _spend(key: str, line: Spent, login: str, village: str, stage: Stage, at: datetime) -> str:
    staff, day = staff_member(login), clock.local_day(at)
    yuan = f"{line.amount_fen // 100:,}.{line.amount_fen % 100:02d}"
    picture = encode(slip(village=village, title=line.title, yuan=yuan, day=day.isoformat()))
    code = keep_file(picture, folder=stage.settings.data_dir / "media")
    add_picture(code=code, encoded=picture, staff=staff, now=at)
    return record_spending(
        project=stage.codes[key],
        title=line.title,
        amount_fen=line.amount_fen,
        spent_on=day,
        voucher_media=code,
        staff=staff,
        now=at,
    )


def _correct(name: str, line: Spent, login: str, stage: Stage, at: datetime) -> str:
    staff = staff_member(login)
    return correct_spending(
        line=stage.codes[name], amount_fen=line.corrected_fen, reason=line.correction, staff=staff, now=at
    )
