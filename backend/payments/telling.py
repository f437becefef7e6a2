"""What a giver is told when his money waits for a person: once for each payment, with nobody's words (bug 20)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.core.db import db
from backend.donations.models import Gift
from backend.donations.wording import yuan
from backend.messages.service import tell
from backend.payments.models import PaymentOrder

REDIRECTED, PAID_TWICE = "gift.redirected", "gift.paid_twice"


def tell_of_redirected(order: PaymentOrder, *, amount_fen: int, now: datetime) -> None:
    """Tell the giver that his money came when its project took none any more: it is kept, and somebody decides."""
    text = (
        f"您的 {yuan(amount_fen)} 元已经收到。到账时原来的项目已不能接收，这笔钱由受赠组织单独保管，"
        "工作人员会在三个工作日内安排用途或原路退回；有结果时会再告诉您。"
    )
    _tell(order, kind=REDIRECTED, key=order.out_trade_no, title="您的捐款已收到，正在安排", text=text, now=now)


def tell_of_second(order: PaymentOrder, *, reference: str, amount_fen: int, now: datetime) -> None:
    """Tell the giver that a second payment came for a gift that was paid already."""
    text = (
        f"同一笔捐赠又收到了您的一次付款 {yuan(amount_fen)} 元。这笔钱由受赠组织单独保管，"
        "工作人员会与您核对后安排用途或原路退回；您不需要再做什么。"
    )
    _tell(order, kind=PAID_TWICE, key=reference, title="同一笔捐赠收到了两次付款", text=text, now=now)


def _tell(order: PaymentOrder, *, kind: str, key: str, title: str, text: str, now: datetime) -> None:
    gift = db.session.scalar(select(Gift.code).where(Gift.order_id == order.id))
    link = None if gift is None else f"/gift?code={gift}"
    tell(person_id=order.payer_id, kind=kind, key=key, title=title, text=text, link=link, now=now)
