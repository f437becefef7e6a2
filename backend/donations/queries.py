"""Reading gifts. A figure comes from the ledger; anonymity is applied here, once, for everyone who shows a gift."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Row, Select, case, exists, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased

from backend.content.queries import is_hidden
from backend.content.service import GIFT as GIFT_WORDS
from backend.core.clock import local_day, start_of_local_day
from backend.core.db import db
from backend.core.errors import NotFound
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.donations.wording import public_name
from backend.ledger.accounts import NATIONAL, UNALLOCATED, account, holder_of, purse_of
from backend.ledger.models import Transfer
from backend.ledger.reasons import REALLOCATION
from backend.payments.models import (
    ENDED_STATES,
    OPEN_STATES,
    PAID,
    PAYABLE,
    QUARANTINED,
    HeardPayment,
    OrderAsk,
    PaymentOrder,
)
from backend.payments.settle_care import GIFT, WAITING
from backend.people.humans import heads_of, same_human
from backend.receipts.models import Receipt, ReceiptWaiver
from backend.refunds.queries import refunded_of_gift
from backend.refunds.workflow import LIVE
from backend.vault.fields import GIFT_MESSAGE, GIFT_NAME
from backend.vault.queries import values_of

Words = dict[tuple[str, str], str]
"""What givers wrote, by field and gift."""

IS_HEARD = exists().where(HeardPayment.out_trade_no == PaymentOrder.out_trade_no, HeardPayment.outcome == WAITING)
IS_ASKED = exists().where(OrderAsk.order_id == PaymentOrder.id)


class GiftUnknown(NotFound):
    """No gift has this code, or the asker may not know that one does."""

    code = "GIFT_UNKNOWN"
    detail = "没有找到这笔捐赠。"


@dataclass(frozen=True, kw_only=True)
class GiftRecord:
    """One gift as its own giver may see it. `person_id` stands for the human, however he was known when he gave.

    `holder` is who holds the account that received the money.

    `redirected_to` is the purse that a redirected gift was given to since; None while it waits. `amount_fen` is what
    was given, whole; `refunded_fen` of it went back to the giver, and `refunding_fen` is promised back.
    """

    id: int
    code: str
    person_id: int
    project_code: str
    amount_fen: int
    display: str
    hide_amount: bool
    name: str | None
    message: str | None
    state: str
    pay_url: str | None
    prepay_id: str | None
    app_id: str
    ordered_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    holder: str | None
    redirected_to: str | None
    refunded_fen: int
    refunding_fen: int
    receipt: str | None
    """The number of its newest paper, as printed."""
    waives_receipt: bool


@dataclass(frozen=True, kw_only=True)
class GiftLine:
    """One gift as everybody may see it. A hidden amount is None; of no gift is the hour told (ADR 0013).

    `amount_fen` is what was given; `refund` says whether it went back to its giver: `none`, `part` or `whole`.
    """

    code: str
    name: str
    amount_fen: int | None
    refund: str
    message: str | None
    paid_at: datetime
    """The first instant of the local day of the payment."""
    via_share: bool

    @property
    def day(self) -> date:
        """The local day of the payment."""
        return local_day(self.paid_at)


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What gifts came by one link: how many, the fen of those whose amount is not hidden, and since when."""

    gifts: int = 0
    amount_fen: int = 0
    first_at: datetime | None = None


def find_gift(code: str, *, now: datetime) -> GiftRecord:
    """Return a gift by its code. Refuses `GiftUnknown`. The caller checks who asks."""
    row = db.session.execute(_gifts().where(Gift.code == code)).first()
    if row is None:
        raise GiftUnknown()
    (gift,) = _records([row], now=now)
    return replace(gift, person_id=heads_of([gift.person_id])[gift.person_id])


def gifts_of_person(person_id: int, *, before_id: int | None, limit: int, now: datetime) -> list[GiftRecord]:
    """Return a person's gifts, newest first, without those that were never paid and cannot be any more (R108)."""
    can_come = or_(PaymentOrder.state.not_in(ENDED_STATES), IS_HEARD, IS_ASKED)
    statement = _gifts().where(Gift.person_id.in_(same_human(person_id)), can_come)
    if before_id is not None:
        statement = statement.where(Gift.id < before_id)
    rows = db.session.execute(statement.order_by(Gift.id.desc()).limit(limit)).all()
    return _records(rows, now=now)


def newest_gifts(purse: str, *, before: tuple[date, str] | None = None, limit: int) -> list[GiftLine]:
    """Return the gifts that a purse received, the newest day first, as the public may see them.

    Also those that were given to it only after they had waited as unallocated; each by the day of its payment. Within
    a day they stand by the provider's random number: an order that is read from an index, and that nobody can lay
    beside the order of the ledger (ADR 0013). `before` is the day and the code of the last gift seen.
    """
    by_itself = PaymentOrder.target_account == UNALLOCATED
    hidden = is_hidden(GIFT_WORDS, Gift.code)
    parts = [_page(part, before=before, limit=limit).subquery() for part in _arrivals(account(NATIONAL, purse))]
    arrived = aliased(Transfer, union_all(*map(select, parts)).subquery())
    statement = (
        select(arrived.amount_fen, arrived.provider_date, Gift, by_itself, hidden)
        .add_columns(refunded_of_gift())
        .join(PaymentOrder, PaymentOrder.out_trade_no == arrived.reference)
        .join(Gift, Gift.order_id == PaymentOrder.id)
        .order_by(arrived.provider_date.desc(), arrived.reference.desc())
        .limit(limit)
    )
    rows = db.session.execute(statement).all()
    words = words_of_gifts(row.Gift.code for row in rows)
    return [_line(row, words) for row in rows]


def words_of_gifts(codes: Iterable[str]) -> Words:
    """Return what givers wrote, by field and gift, read from the vault in one statement."""
    return values_of((GIFT_NAME, GIFT_MESSAGE), codes)


def _arrivals(target: str) -> tuple[Select[Transfer], Select[Transfer]]:
    """Select what came from givers straight into an account, and what was given to it later."""
    given = aliased(Transfer)
    arrival = func.substr(given.reference, len(reallocation_reference("")) + 1)
    later = (given.target_account == target, given.provider_date.is_(None), given.reason == REALLOCATION)
    return (
        select(Transfer).where(Transfer.target_account == target, Transfer.reason == GIFT),
        select(Transfer).join(given, Transfer.reference == arrival).where(*later),
    )


def _page(part: Select[Transfer], *, before: tuple[date, str] | None, limit: int) -> Select[Transfer]:
    part = part.order_by(Transfer.provider_date.desc(), Transfer.reference.desc()).limit(limit)
    if before is None:
        return part
    day, code = before
    seen = select(PaymentOrder.out_trade_no).join(Gift, Gift.order_id == PaymentOrder.id).where(Gift.code == code)
    last = tuple_(literal(day), seen.scalar_subquery())
    return part.where(tuple_(Transfer.provider_date, Transfer.reference) < last)


def brought_by(link_ids: Iterable[str]) -> dict[str, Brought]:
    """Return what each link brought that was not given back; no giver is named, no hidden amount summed (R64)."""
    kept = Transfer.amount_fen - refunded_of_gift()
    shown = case((Gift.hide_amount.is_(True), 0), else_=kept)
    statement = (
        select(Gift.link_id, func.count(), func.sum(shown), func.min(Transfer.posted_at))
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
        .where(Gift.link_id.in_(sorted(set(link_ids))), kept > 0)
        .group_by(Gift.link_id)
    )
    rows = db.session.execute(statement)
    return {str(row[0]): Brought(gifts=row[1], amount_fen=int(row[2]), first_at=row[3]) for row in rows}


def _gifts() -> Select[Any]:
    given = aliased(Transfer)
    arrival = literal(reallocation_reference("")) + PaymentOrder.out_trade_no
    paper, word = aliased(Receipt), aliased(ReceiptWaiver)
    newest = select(func.max(paper.id)).where(paper.gift_id == Gift.id).scalar_subquery()
    said = select(func.max(word.id)).where(word.gift_id == Gift.id).scalar_subquery()
    return (
        select(Gift, PaymentOrder, Receipt.printed, given.target_account, IS_HEARD, IS_ASKED)
        .add_columns(ReceiptWaiver.is_waived)
        .add_columns(refunded_of_gift(), refunded_of_gift(LIVE))
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .outerjoin(Receipt, Receipt.id == newest)
        .outerjoin(ReceiptWaiver, ReceiptWaiver.id == said)
        .outerjoin(given, given.reference == arrival)
        .execution_options(populate_existing=True)
    )


def _records(rows: Sequence[Any], *, now: datetime) -> list[GiftRecord]:
    words = words_of_gifts(row.Gift.code for row in rows)
    return [_record(row, words, now=now) for row in rows]


def _record(row: Any, words: Words, *, now: datetime) -> GiftRecord:
    gift, order, printed, given_to, is_heard, is_asked, is_waived, refunded_fen, refunding_fen = row
    state = _state(order, is_heard=is_heard, is_asked=is_asked, now=now)
    return GiftRecord(
        id=gift.id,
        code=gift.code,
        person_id=gift.person_id,
        project_code=order.purse,
        amount_fen=order.paid_fen or order.amount_fen,
        display=gift.display,
        hide_amount=gift.hide_amount,
        name=words.get((GIFT_NAME, gift.code)),
        message=words.get((GIFT_MESSAGE, gift.code)),
        state=state,
        pay_url=order.pay_url if state == "payable" else None,
        prepay_id=order.prepay_id if state == "payable" and order.state == PAYABLE else None,
        app_id=order.app_id,
        ordered_at=gift.ordered_at,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
        holder=holder_of(order.target_account) if order.state == PAID else None,
        redirected_to=None if given_to is None else purse_of(given_to),
        refunded_fen=int(refunded_fen),
        refunding_fen=int(refunding_fen),
        receipt=printed,
        waives_receipt=bool(is_waived),
    )


def _state(order: PaymentOrder, *, is_heard: bool, is_asked: bool, now: datetime) -> str:
    """Return the state that the giver sees; nobody is told "failed" before the provider has said so (bug 3).

    While the provider is still asked about an order, it has not said so, whoever ended the order on our side.
    """
    if order.state == PAID:
        return "redirected" if order.target_account == UNALLOCATED else "paid"
    if order.state == QUARANTINED:
        return "quarantined"
    if order.state in OPEN_STATES:
        return "confirming" if is_heard or now >= order.expires_at else "payable"
    return "confirming" if is_heard or is_asked else "expired"


def _line(row: Row[int, date | None, Gift, bool, bool, int], words: Words) -> GiftLine:
    amount_fen, day, gift, came_by_a_row_of_its_own, is_held_back, refunded_fen = row
    # A reallocation or refund stands in the ledger by itself: beside a name it would tell the hidden amount (ADR 0013).
    stands_alone = came_by_a_row_of_its_own or refunded_fen
    told: Words = {} if is_held_back or (gift.hide_amount and stands_alone) else words
    return GiftLine(
        code=gift.code,
        name=public_name(display=gift.display, name=told.get((GIFT_NAME, gift.code))),
        amount_fen=None if gift.hide_amount else amount_fen,
        refund="none" if not refunded_fen else "whole" if refunded_fen >= amount_fen else "part",
        message=told.get((GIFT_MESSAGE, gift.code)),
        paid_at=start_of_local_day(cast(date, day)),  # What comes from outside has it: `channel_of_world`.
        via_share=gift.link_id is not None,
    )
