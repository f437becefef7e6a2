"""Reading receipts: the papers of a gift, one paper by its number. Who gave stands with the gift, to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.core.errors import NotFound
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.ledger import reasons
from backend.ledger.accounts import purse_of
from backend.ledger.models import OrderedTransfer, Transfer
from backend.ledger.posting import find_transfer
from backend.payments.models import PaymentOrder
from backend.receipts.models import CANCELS, REST, Receipt, ReceiptHead, ReceiptWaiver
from backend.receipts.wording import ERASED_ON_RECEIPT, masked_name, receipt_name
from backend.vault.fields import GIFT_NAME
from backend.vault.queries import erased_among, values_of

VALID, CANCELLED = "valid", "cancelled"


class ReceiptUnknown(NotFound):
    """No paper has this number, or the code told with it is not its code: nobody learns which."""

    code = "RECEIPT_UNKNOWN"
    detail = "没有找到这张收据：编号或校验码不对。"


@dataclass(frozen=True, kw_only=True)
class HeadRecord:
    """What a paper states about the organisation and the project, as it was when the paper was issued."""

    organisation_name: str
    uscc: str
    certificate: str | None
    handler: str
    filing_number: str | None
    project_title: str
    village: str
    is_demo: bool


@dataclass(frozen=True, kw_only=True)
class PaperRecord:
    """One paper. `state` is `valid`, or `cancelled` for a receipt that another paper cancelled.

    `amount_fen` is below zero on a paper that cancels (`kind` cancels); `given_fen` is the whole gift. `of` is the
    number of the receipt that it cancels, or whose rest it states; `cancelled_by` and `replaced_by` look the other way.
    `received_on` is the provider's date of the gift; `caused_on` and `caused_fen` tell of the transfer that caused this
    paper: the gift itself, or what went back.
    """

    id: int
    printed: str
    earlier: str | None
    kind: str
    state: str
    head: HeadRecord
    gift_code: str
    donor: str
    masked_donor: str
    amount_fen: int
    given_fen: int
    received_on: date
    caused_on: date
    caused_fen: int
    issued_at: datetime
    position: int
    of: str | None
    cancelled_by: str | None
    replaced_by: str | None
    reason: str | None
    waived_at: datetime | None
    channel: str
    is_redirected: bool
    redirected_to: str | None


def papers_of_gift(gift_code: str) -> list[PaperRecord]:
    """Return all papers of a gift, the newest first: that one tells how it stands now; none before the first second."""
    rows = db.session.execute(_papers().where(Gift.code == gift_code).order_by(Receipt.id.desc()))
    return _records(rows.all())


def find_paper(number: str) -> PaperRecord | None:
    """Return the paper with this printed number, or the one that bore it before the numbers were counted anew."""
    wanted = or_(Receipt.printed == number, Receipt.earlier == number)
    row = db.session.execute(_papers().where(wanted).order_by(Receipt.id)).first()
    return None if row is None else _records([row])[0]


def _papers() -> Select[Any]:
    of, cancelling, rest, cause = aliased(Receipt), aliased(Receipt), aliased(Receipt), aliased(Transfer)
    word = aliased(ReceiptWaiver)
    newest = select(func.max(word.id)).where(word.gift_id == Gift.id).scalar_subquery()
    return (
        select(Receipt, ReceiptHead, Gift, Transfer, cause, OrderedTransfer.position)
        .add_columns(of.printed.label("of"), cancelling.printed.label("cancelled_by"))
        .add_columns(rest.printed.label("replaced_by"), ReceiptWaiver)
        .join(ReceiptHead, ReceiptHead.id == Receipt.head_id)
        .join(Gift, Gift.id == Receipt.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
        .join(cause, cause.id == Receipt.transfer_id)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Receipt.transfer_id)
        .outerjoin(of, of.id == Receipt.of_id)
        .outerjoin(cancelling, (cancelling.of_id == Receipt.id) & (cancelling.kind == CANCELS))
        .outerjoin(rest, (rest.of_id == Receipt.id) & (rest.kind == REST))
        .outerjoin(ReceiptWaiver, ReceiptWaiver.id == newest)
    )


def _records(rows: Sequence[Any]) -> list[PaperRecord]:
    names = values_of((GIFT_NAME,), (row.Gift.code for row in rows))
    erased = erased_among(row.Gift.person_id for row in rows)
    return [_record(row, names, is_erased=row.Gift.person_id in erased) for row in rows]


def _record(row: Any, names: dict[tuple[str, str], str], *, is_erased: bool) -> PaperRecord:
    paper, head, gift, came, cause, *_, waiver = row
    named = {"display": gift.display, "name": names.get((GIFT_NAME, gift.code))}
    given = find_transfer(reallocation_reference(came.reference))
    return PaperRecord(
        id=paper.id,
        printed=paper.printed,
        earlier=paper.earlier,
        kind=paper.kind,
        state=VALID if row.cancelled_by is None else CANCELLED,
        head=HeadRecord(**{name: getattr(head, name) for name in HeadRecord.__dataclass_fields__}),
        gift_code=gift.code,
        donor=ERASED_ON_RECEIPT if is_erased else receipt_name(**named),
        masked_donor=ERASED_ON_RECEIPT if is_erased else masked_name(**named),
        amount_fen=paper.amount_fen,
        given_fen=came.amount_fen,
        received_on=came.provider_date,
        caused_on=cause.provider_date,
        caused_fen=cause.amount_fen,
        issued_at=paper.issued_at,
        position=row.position,
        of=row.of,
        cancelled_by=row.cancelled_by,
        replaced_by=row.replaced_by,
        reason=paper.reason,
        waived_at=waiver.said_at if waiver is not None and waiver.is_waived else None,
        channel=came.channel,
        is_redirected=came.reason != reasons.GIFT,
        redirected_to=None if given is None else purse_of(given.target_account),
    )
