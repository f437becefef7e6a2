"""Ordering a gift and choosing how it is shown. Paying is the business of `payments`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from backend.content import service as content
from backend.core.clock import start_of_local_day
from backend.core.db import db
from backend.core.errors import InvalidInput, Refusal
from backend.core.ids import new_code
from backend.core.text import clean_line, clean_text
from backend.donations.models import Gift
from backend.donations.queries import GiftUnknown
from backend.donations.wording import ANONYMOUS, DISPLAYS, REAL_NAME
from backend.payments.models import ENDED_STATES, PREPAYING, PaymentOrder
from backend.payments.orders import Wish, claim_announcement, open_order, paid_just_now
from backend.payments.providers import OrderToPrepay, Provider
from backend.people.humans import is_same_human, same_human
from backend.projects.models import Project
from backend.projects.queries import get_project
from backend.projects.rules import ProjectRecord, gift_refusal
from backend.vault import consent
from backend.vault import service as vault
from backend.vault.fields import GIFT_MESSAGE, GIFT_NAME, REFUND_REASON

AMOUNT_FEN_MAX = 500_000_000
NAME_CHARS_MAX, MESSAGE_CHARS_MAX = 20, 100
DESCRIPTION_CHARS_MAX = 60
"""Of what the payer reads in his cashier. WeChat takes 127 bytes; its adapter cuts what is longer there."""
A_SECOND_IS_ASKED_ABOUT_FOR = timedelta(minutes=1)


class AmountInvalid(Refusal):
    """A gift is a whole number of fen, from 1 fen to 5,000,000 yuan (bad input 1)."""

    status = 422
    code = "AMOUNT_INVALID"
    detail = "金额应在 0.01 元到 5,000,000 元之间。"


class NameNeeded(InvalidInput):
    """Who wants to be shown by name writes the name."""

    code = "NAME_NEEDED"
    detail = "选择实名展示时请填写姓名。"


@dataclass(frozen=True, kw_only=True)
class Showing:
    """How a gift is shown to the public: under which name, with its amount or without, with which message."""

    display: str
    name: str | None
    hide_amount: bool
    message: str | None


class PaidJustNow(Refusal):
    """The same wish was paid for within the last minute: a second gift is welcome, but asked about first (bad input 8).

    The same request with `again` says that it is meant. `gift` is the code of the first one.
    """

    code = "PAID_JUST_NOW"
    detail = "您一分钟内已经捐过同样的一笔。如果确实想再捐一次，请确认。"


@dataclass(frozen=True, kw_only=True)
class OrderedGift:
    """A gift whose order stands. `to_prepay` is what the provider must hear, and only this request may tell it now.

    None when it has heard already, when the order can be paid no more, or when another request is telling it just now
    (`is_announced_by_another`).
    """

    code: str
    out_trade_no: str
    app_id: str
    reused: bool
    to_prepay: OrderToPrepay | None
    is_announced_by_another: bool = False


def showing(*, display: str, name: str | None, hide_amount: bool, message: str | None) -> Showing:
    """Return a checked showing. Refuses `NameNeeded`, an unknown display and text that cannot be kept (R122)."""
    if display not in DISPLAYS:
        raise InvalidInput(field="display")
    kept_name = clean_line(name, limit=NAME_CHARS_MAX, field="name") if name and name.strip() else None
    kept = clean_text(message, limit=MESSAGE_CHARS_MAX, field="message") if message and message.strip() else None
    if display == REAL_NAME and kept_name is None:
        raise NameNeeded(field="name")
    return Showing(display=display, name=kept_name, hide_amount=hide_amount, message=kept)


def order_gift(
    *,
    person_id: int,
    project_code: str,
    amount_fen: int,
    shown: Showing,
    link_id: str | None,
    provider: Provider,
    channel: str,
    now: datetime,
    again: bool = False,
) -> OrderedGift:
    """Order a gift of `amount_fen` to a project or fund, or return the one that this person has open for it.

    The order stands before the provider hears of it (bug 19). Refuses `AmountInvalid`, `ProjectUnknown`,
    `NotCollecting`, `NotPublishable` (慈善法 22, 25), and `PaidJustNow` unless it is meant `again`. The project's row
    is held shared until the order stands, so that the project cannot end between the look and the order.
    """
    if type(amount_fen) is not int or not 1 <= amount_fen <= AMOUNT_FEN_MAX:
        raise AmountInvalid(lowest_fen=1, highest_fen=AMOUNT_FEN_MAX)
    db.session.execute(select(Project.id).where(Project.code == project_code).with_for_update(read=True))
    project = get_project(project_code)
    refusal = gift_refusal(project, now=now)
    if refusal is not None:
        raise refusal
    wish = Wish(
        payer_id=person_id,
        purse=project.code,
        amount_fen=amount_fen,
        channel=channel,
        description=f"捐赠：{project.title}"[:DESCRIPTION_CHARS_MAX],
    )
    if not again:
        _ask_about_a_second(wish, now=now)
    opened = open_order(wish, provider=provider, ends_before=_end_of(project), now=now)
    code = _keep_gift(opened.order, shown, link_id=link_id, now=now)
    return _ordered(code, opened.order, reused=opened.reused, now=now)


def resume_gift(code: str, *, now: datetime) -> OrderedGift:
    """Return a gift ordered before, for a request that died between its two transactions, and to pay for it later."""
    gift = find_gift_row(code)
    order = db.session.get_one(PaymentOrder, gift.order_id, populate_existing=True)
    return _ordered(code, order, reused=False, now=now)


def is_dead(code: str) -> bool:
    """Say whether the order of a gift has ended and was never shown to anybody: the next request makes a new one."""
    order = db.session.get_one(PaymentOrder, find_gift_row(code).order_id, populate_existing=True)
    return order.state in ENDED_STATES and order.announced_at is None


def change_showing(*, code: str, person_id: int, shown: Showing, now: datetime) -> None:
    """Change how a gift is shown, at any time (features 38). Refuses `GiftUnknown` for another person's gift."""
    gift = find_gift_row(code)
    if not is_same_human(gift.person_id, person_id):
        raise GiftUnknown()
    gift.display, gift.hide_amount = shown.display, shown.hide_amount
    _keep_words(gift.code, gift.person_id, shown, now=now)


def forget_words(*, person_id: int) -> None:
    """Delete every name and message that a person wrote; gifts and receipts stay, without a name (law 12)."""
    vault.drop_all(person_id=person_id, fields=(GIFT_NAME, GIFT_MESSAGE, REFUND_REASON))
    content.forget_all(kind=content.GIFT, person_id=person_id)


def hide_names(*, person_id: int, now: datetime) -> int:
    """Show every gift of a human as an anonymous one, as he withdrew his consent; return how many were named."""
    mine = Gift.person_id.in_(same_human(person_id)) & (Gift.display != ANONYMOUS)
    hiding = update(Gift).where(mine).values(display=ANONYMOUS).returning(Gift.id)
    consent.take_back(person_id=person_id, purposes=(consent.PUBLIC_NAME,), now=now)
    return len(db.session.scalars(hiding.execution_options(synchronize_session=False)).all())


def find_gift_row(code: str) -> Gift:
    """Return the row of a gift. Refuses `GiftUnknown`."""
    gift = db.session.scalars(select(Gift).where(Gift.code == code)).first()
    if gift is None:
        raise GiftUnknown()
    return gift


def _ask_about_a_second(wish: Wish, *, now: datetime) -> None:
    first = paid_just_now(wish, since=now - A_SECOND_IS_ASKED_ABOUT_FOR)
    if first is not None:
        gift = db.session.scalar(select(Gift.code).where(Gift.order_id == first.id))
        raise PaidJustNow(gift=gift)


def _end_of(project: ProjectRecord) -> datetime | None:
    return None if project.ends_on is None else start_of_local_day(project.ends_on + timedelta(days=1))


def _keep_gift(order: PaymentOrder, shown: Showing, *, link_id: str | None, now: datetime) -> str:
    """Write the gift of an order, or bring the one it has to what the giver chose last."""
    gift = db.session.scalars(select(Gift).where(Gift.order_id == order.id)).first()
    if gift is None:
        row = {"code": new_code(), "person_id": order.payer_id, "order_id": order.id, "display": shown.display}
        row |= {"hide_amount": shown.hide_amount, "link_id": link_id, "ordered_at": now}
        db.session.execute(insert(Gift).values(**row))
        _keep_words(str(row["code"]), order.payer_id, shown, now=now)
        return str(row["code"])
    gift.display, gift.hide_amount, gift.link_id = shown.display, shown.hide_amount, link_id or gift.link_id
    _keep_words(gift.code, order.payer_id, shown, now=now)
    return gift.code


def _keep_words(code: str, person_id: int, shown: Showing, *, now: datetime) -> None:
    words = {GIFT_NAME: shown.name, GIFT_MESSAGE: shown.message}
    vault.put(person_id=person_id, row=code, values=words, now=now)
    if shown.display != ANONYMOUS and shown.name is not None:
        consent.give(person_id=person_id, purpose=consent.PUBLIC_NAME, now=now)


def _ordered(code: str, order: PaymentOrder, *, reused: bool, now: datetime) -> OrderedGift:
    """Claim the announcement of the order where it is due, and say what this request has to do."""
    is_mine = claim_announcement(order, now=now)
    to_prepay = OrderToPrepay(
        out_trade_no=order.out_trade_no,
        description=order.description,
        attach=order.purse,
        amount_fen=order.amount_fen,
        expires_at=order.expires_at,
        return_url=f"/thanks?gift={code}",
        app_id=order.app_id,
        notify_url=order.notify_url,
    )
    return OrderedGift(
        code=code,
        out_trade_no=order.out_trade_no,
        app_id=order.app_id,
        reused=reused,
        to_prepay=to_prepay if is_mine else None,
        is_announced_by_another=not is_mine and order.state == PREPAYING and now < order.expires_at,
    )
