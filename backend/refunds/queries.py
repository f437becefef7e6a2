"""Where the money of a gift is. Every figure comes from transfers and from what refunds took of them (law 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, case, exists, func, select

from backend.core.db import db
from backend.core.errors import NotFound
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.models import OrderedTransfer, Transfer
from backend.ledger.posting import find_transfer
from backend.ledger.queries import flow_totals
from backend.ledger.reasons import PAYOUT, SURPLUS_TO_FUND
from backend.payments.models import PAID, PaymentOrder
from backend.refunds.models import Refund, RefundPart
from backend.refunds.refusals import RefundUnderWay
from backend.refunds.rules import Where, together, where_is
from backend.refunds.workflow import CLOSED, HOLDING, LIVE, SUCCESS


@dataclass(frozen=True, kw_only=True)
class Credit:
    """One credit of a purse that belongs to a gift: what refunds left of it, and where that is now."""

    transfer_id: int
    net_fen: int
    where: Where


@dataclass(frozen=True, kw_only=True)
class GiftMoney:
    """The money of one paid gift, in fen: `paid` is always the sum of refunded, refunding, and the three of `where`."""

    account: str
    paid_fen: int
    refunded_fen: int
    refunding_fen: int
    credits: tuple[Credit, ...]

    @property
    def where(self) -> Where:
        """Where that is which was neither given back nor promised back."""
        return together(credit.where for credit in self.credits)


def reserved_reference(refund_no: str) -> str:
    """Return the ledger reference of the reservation of a refund."""
    return f"refund-reserved:{refund_no}"


def returned_reference(refund_no: str) -> str:
    """Return the ledger reference of what comes back to its purse when a refund fails."""
    return f"refund-returned:{refund_no}"


def account_of(order: PaymentOrder) -> str:
    """Return the account in which the money of a paid order was received, or to which it was given since (law 7)."""
    given = find_transfer(reallocation_reference(order.out_trade_no)) if order.target_account == UNALLOCATED else None
    return order.target_account if given is None else given.target_account


def money_of(order: PaymentOrder) -> GiftMoney:
    """Return where the money of an order is; nothing of one that is not paid.

    The sums before a credit are of rows that no longer change, and what left the purse changes only under its lock:
    who holds the lock of the account reads what stays true until he posts. Without it, it is as of now.
    """
    if order.state != PAID:
        return GiftMoney(account=order.target_account, paid_fen=0, refunded_fen=0, refunding_fen=0, credits=())
    account, sums = account_of(order), _sums_of(order)
    paid_out_fen, leftover_fen = _gone_from(account)
    found = []
    for row in _credits(order, account):
        net_fen = row.amount_fen - int(row.taken_fen)
        before_fen = _before(account, row) if paid_out_fen + leftover_fen and net_fen else 0
        where = where_is(before_fen=before_fen, net_fen=net_fen, paid_out_fen=paid_out_fen, leftover_fen=leftover_fen)
        found.append(Credit(transfer_id=row.id, net_fen=net_fen, where=where))
    return GiftMoney(
        account=account,
        paid_fen=order.paid_fen or 0,
        refunded_fen=sums.get(SUCCESS, 0),
        refunding_fen=sum(sums.get(state, 0) for state in LIVE),
        credits=tuple(found),
    )


def money_of_gift(code: str) -> GiftMoney:
    """Return where the money of a gift is. Refuses `NotFound`."""
    statement = select(PaymentOrder).join(Gift, Gift.order_id == PaymentOrder.id).where(Gift.code == code)
    order = db.session.scalars(statement.execution_options(populate_existing=True)).first()
    if order is None:
        raise NotFound()
    return money_of(order)


def taken_from_unallocated(reference: str) -> int:
    """Return how many fen of money without a project went back to its giver. Refuses `RefundUnderWay`.

    The caller has locked `00/unallocated`.
    """
    statement = select(Refund.state, func.sum(Refund.amount_fen)).where(*_from_unallocated(reference))
    sums = {state: int(fen) for state, fen in db.session.execute(statement.group_by(Refund.state))}
    if any(state in LIVE for state in sums):
        raise RefundUnderWay()
    return sums.get(SUCCESS, 0)


def refunded_of_gift(states: Iterable[str] = (SUCCESS,)) -> ColumnElement[int]:
    """In SQL, how many fen of the gift at hand refunds in these states hold; correlated to `Gift`."""
    total = select(func.coalesce(func.sum(Refund.amount_fen), 0))
    return total.where(Refund.gift_id == Gift.id, Refund.state.in_(list(states))).correlate(Gift).scalar_subquery()


def _from_unallocated(reference: str) -> tuple[ColumnElement[bool], ...]:
    gift = select(Gift.id).join(PaymentOrder, PaymentOrder.id == Gift.order_id)
    of_gift = Refund.gift_id.in_(gift.where(PaymentOrder.out_trade_no == reference))
    return of_gift, Refund.account == UNALLOCATED, Refund.state.in_(HOLDING)


def _sums_of(order: PaymentOrder) -> dict[str, int]:
    of_order = exists().where(Gift.id == Refund.gift_id, Gift.order_id == order.id)
    rows = db.session.execute(select(Refund.state, func.sum(Refund.amount_fen)).where(of_order).group_by(Refund.state))
    return {state: int(fen) for state, fen in rows}


def _credits(order: PaymentOrder, account: str) -> list[Row[int, int, int | None, int]]:
    """Return what came into the account for this gift, in ledger order: the gift, and each refund that failed."""
    came_as = {order.out_trade_no, reallocation_reference(order.out_trade_no)}
    failed = select(Refund.refund_no).join(Gift, Gift.id == Refund.gift_id)
    failed = failed.where(Gift.order_id == order.id, Refund.state == CLOSED, Refund.account == account)
    came_as |= {returned_reference(number) for number in db.session.scalars(failed) if number is not None}
    taken = select(func.coalesce(func.sum(RefundPart.amount_fen), 0)).where(RefundPart.transfer_id == Transfer.id)
    place = OrderedTransfer.position
    statement = (
        select(Transfer.id, Transfer.amount_fen, place, taken.scalar_subquery().label("taken_fen"))
        .outerjoin(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .where(Transfer.reference.in_(sorted(came_as)), Transfer.target_account == account)
        .order_by(case((place.is_(None), 1), else_=0), place, Transfer.id)
    )
    return list(db.session.execute(statement).all())


def _gone_from(account: str) -> tuple[int, int]:
    """Return what left a purse for the village, and what for the fund. Unallocated money goes whole, not in order."""
    totals = {total.reason: total.out_fen for total in flow_totals([account])} if account != UNALLOCATED else {}
    return totals.get(PAYOUT, 0), totals.get(SURPLUS_TO_FUND, 0)


def _before(account: str, row: Row[int, int, int | None, int]) -> int:
    """Return how many fen of the purse stand on the ruler before a credit: all credits before it, less refunds."""
    place = OrderedTransfer.position
    is_earlier = place < row.position if row.position is not None else place.is_not(None) | (Transfer.id < row.id)
    into = select(func.coalesce(func.sum(Transfer.amount_fen), 0))
    out = select(func.coalesce(func.sum(RefundPart.amount_fen), 0)).join_from(
        RefundPart, Transfer, Transfer.id == RefundPart.transfer_id
    )
    into_fen, out_fen = (
        db.session.scalar(
            part.outerjoin(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id).where(
                Transfer.target_account == account, is_earlier
            )
        )
        for part in (into, out)
    )
    return int(into_fen or 0) - int(out_fen or 0)
