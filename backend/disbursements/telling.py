"""What a giver is told when money of his that waited got its project: once for each payment (law 7, bug 20)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.core.db import db
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.donations.wording import yuan
from backend.ledger.published import public_reference
from backend.messages.service import tell
from backend.payments.models import ExtraPayment, PaymentOrder
from backend.projects.models import Project
from backend.regions.queries import called

REALLOCATED = "gift.reallocated"
TITLE = "您的捐款有了用途"
KEPT = "先前由受赠组织单独保管，现在有了用途：已转入{purse}，与那里的其他捐款一样使用、一样公示。"


def tell_of_reallocated(reference: str, *, project: Project, amount_fen: int, now: datetime) -> None:
    """Tell whose money came under `reference` that `amount_fen` of it went to `project`, and where he can see it.

    A late gift shows its new project itself; a second payment is no gift of its own, so its giver is led to its row of
    the public ledger. Nobody is told of money behind which no order of ours stands: nobody knows whose it was.
    """
    order = _order_of(reference)
    if order is None:
        return
    purse = f"{called([project.village_code])[project.village_code]}的“{project.title}”"
    if order.purse == project.code:
        purse = f"您原来选择的{purse}"
    if order.out_trade_no == reference:
        gift = db.session.scalars(select(Gift.code).where(Gift.order_id == order.id)).one()
        whose, link, where = "您的捐款", f"/gift?code={gift}", "打开这笔捐赠就能看到。"
    else:
        row = reallocation_reference(public_reference(reference))
        whose, link = "您对同一笔捐赠的第二次付款", f"/ledger?code={project.code}&ref={row}"
        where = "打开公开账本就能看到这一笔。"
    text = f"{whose} {yuan(amount_fen)} 元，{KEPT.format(purse=purse)}{where}"
    tell(person_id=order.payer_id, kind=REALLOCATED, key=reference, title=TITLE, text=text, link=link, now=now)


def _order_of(reference: str) -> PaymentOrder | None:
    """Return the order that money came for: too late, or once more."""
    paid_again = select(ExtraPayment.order_id).where(ExtraPayment.reference == reference)
    is_its = (PaymentOrder.out_trade_no == reference) | PaymentOrder.id.in_(paid_again)
    return db.session.scalars(select(PaymentOrder).where(is_its)).first()
