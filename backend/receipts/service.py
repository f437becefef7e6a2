"""What people do with receipts: cancel one because money went back, want none, want it after all, verify one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from backend.core.db import db, insert_once
from backend.core.errors import Refusal
from backend.core.text import clean_line
from backend.donations.models import Gift
from backend.donations.queries import GiftUnknown
from backend.ledger.accounts import WORLD
from backend.ledger.models import Transfer
from backend.payments.models import PaymentOrder
from backend.receipts.models import REASON_CHARS_MAX, ReceiptRefund, ReceiptTry, ReceiptWaiver

TRIES_AN_HOUR = 20
HOUR = timedelta(hours=1)


class RefundExceedsGift(Refusal):
    """More would have gone back than the gift brought."""

    code = "REFUND_EXCEEDS_GIFT"
    detail = "退款合计超过了这笔捐赠。"


class RefundOfAnother(Refusal):
    """This transfer gave nothing back, or it gave back another gift."""

    code = "REFUND_OF_ANOTHER"
    detail = "这笔转账不是这笔捐赠的退款。"


class TooManyTries(Refusal):
    """A number was asked for with wrong codes too often within one hour."""

    status = 429
    code = "TOO_MANY_TRIES"
    detail = "这个编号的校验码输错太多次了，请一小时后再试。"


def cancel_receipt(*, transfer_id: int, gift_id: int, reason: str, now: datetime) -> None:
    """Note that money of a gift went back by a transfer to `world`; its receipt is cancelled in ledger order.

    Belongs into the transaction that posts the transfer. The receipt job then issues a paper with a number of its own
    that cancels the receipt, and when only a part went back another over the rest; the gift's receipt keeps its
    number and is never changed (慈善法 38). A repeat is a repeat. `reason` is printed. Refuses `RefundOfAnother`,
    `RefundExceedsGift`, `GiftUnknown`.
    """
    given_fen = _locked_gift_fen(gift_id)
    transfer = db.session.get(Transfer, transfer_id)
    if transfer is None or transfer.target_account != WORLD:
        raise RefundOfAnother()
    told = clean_line(reason, limit=REASON_CHARS_MAX, field="reason")
    row = insert_once(ReceiptRefund).values(transfer_id=transfer_id, gift_id=gift_id, reason=told, asked_at=now)
    made = db.session.scalar(row.on_conflict_do_nothing().returning(ReceiptRefund.transfer_id))
    if made is None:
        if db.session.scalar(select(ReceiptRefund.gift_id).filter_by(transfer_id=transfer_id)) != gift_id:
            raise RefundOfAnother()
        return
    back = select(func.sum(Transfer.amount_fen)).join(ReceiptRefund, ReceiptRefund.transfer_id == Transfer.id)
    if (db.session.scalar(back.where(ReceiptRefund.gift_id == gift_id)) or 0) > given_fen:
        raise RefundExceedsGift()


def _locked_gift_fen(gift_id: int) -> int:
    """Return what the ledger says that a gift brought; two refunds of one gift are one after the other."""
    gift = db.session.scalars(select(Gift).where(Gift.id == gift_id).with_for_update()).first()
    brought = (
        select(Transfer.amount_fen)
        .join(PaymentOrder, PaymentOrder.out_trade_no == Transfer.reference)
        .where(PaymentOrder.id == (None if gift is None else gift.order_id))
    )
    fen = db.session.scalar(brought)
    if fen is None:
        raise GiftUnknown()
    return fen


def choose_receipt(*, gift_id: int, is_waived: bool, now: datetime) -> None:
    """Write down that a giver wants no receipt, or wants it after all; saying the same again changes nothing.

    At any time: the paper keeps its number in the organisation's book as a stub, and only handing it out is waived
    (慈善法 38: 放弃接受捐赠票据的，慈善组织应当做好相关记录). The caller checks whose gift it is.
    """
    db.session.execute(select(Gift.id).where(Gift.id == gift_id).with_for_update())
    last = select(ReceiptWaiver.is_waived).where(ReceiptWaiver.gift_id == gift_id).order_by(ReceiptWaiver.id.desc())
    if bool(db.session.scalar(last.limit(1))) is not is_waived:
        db.session.execute(insert(ReceiptWaiver).values(gift_id=gift_id, is_waived=is_waived, said_at=now))


def check_tries(bucket: int, *, now: datetime) -> None:
    """Refuse `TooManyTries` when wrong codes for a number were told too often in the present hour."""
    tried = select(ReceiptTry.count).where(ReceiptTry.bucket == bucket, ReceiptTry.hour > now - HOUR)
    if (db.session.scalar(tried) or 0) >= TRIES_AN_HOUR:
        raise TooManyTries()


def remember_wrong_code(bucket: int, *, now: datetime) -> None:
    """Count a wrong code; the hour begins with the first one."""
    row = insert_once(ReceiptTry).values(bucket=bucket, hour=now, count=0)
    db.session.execute(row.on_conflict_do_nothing())
    over = update(ReceiptTry).where(ReceiptTry.bucket == bucket, ReceiptTry.hour <= now - HOUR)
    db.session.execute(over.values(hour=now, count=0))
    one_more = update(ReceiptTry).where(ReceiptTry.bucket == bucket)
    db.session.execute(one_more.values(count=ReceiptTry.count + 1))
