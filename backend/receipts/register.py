"""The book of an organisation's receipts for a year, as its accountant and an inspector read it: no name of a giver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from backend.core.clock import local_day
from backend.core.db import db
from backend.core.errors import NotFound
from backend.donations.models import Gift
from backend.donations.wording import ANONYMOUS, yuan
from backend.ledger.models import Transfer
from backend.orgs.models import Organisation
from backend.receipts.models import CANCELS, GIFT, Receipt, ReceiptHead, ReceiptWaiver

HEADINGS: tuple[str, ...] = ("收据编号", "原编号", "种类", "所作废或替代的收据", "款项日期", "开具日期", "金额（元）")
HEADINGS += ("项目", "备案编号", "捐赠编号", "渠道", "匿名", "放弃收据", "原因")
KINDS = {GIFT: "捐赠", CANCELS: "作废", "rest": "余额"}
YES = "是"


def rows_of(*, uscc: str, year: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the book in the order of the numbers. Refuses `NotFound` for an organisation nobody knows."""
    organisation = db.session.scalar(select(Organisation.id).where(Organisation.uscc == uscc))
    if organisation is None:
        raise NotFound()
    of, word = aliased(Receipt), aliased(ReceiptWaiver)
    said = select(func.max(word.id)).where(word.gift_id == Gift.id).scalar_subquery()
    statement = (
        select(Receipt, ReceiptHead, Gift, Transfer, of.printed.label("of"), ReceiptWaiver.is_waived)
        .join(ReceiptHead, ReceiptHead.id == Receipt.head_id)
        .join(Gift, Gift.id == Receipt.gift_id)
        .join(Transfer, Transfer.id == Receipt.transfer_id)
        .outerjoin(of, of.id == Receipt.of_id)
        .outerjoin(ReceiptWaiver, ReceiptWaiver.id == said)
        .where(Receipt.organisation_id == organisation, Receipt.year == year)
        .order_by(Receipt.number)
        .execution_options(yield_per=500)
    )
    for paper, head, gift, transfer, of_number, is_waived in db.session.execute(statement):
        yield (
            paper.printed,
            paper.earlier or "",
            KINDS[paper.kind],
            of_number or "",
            str(transfer.provider_date),
            local_day(paper.issued_at).isoformat(),
            yuan(paper.amount_fen),
            head.project_title,
            head.filing_number or "",
            gift.code,
            str(transfer.channel),
            YES if gift.display == ANONYMOUS else "",
            YES if is_waived else "",
            paper.reason or "",
        )


def summary_of(rows: list[tuple[str, ...]]) -> str:
    """Return in one sentence what a book holds, with the anonymous and the waived counted (慈善法 38)."""
    kinds = Counter(row[2] for row in rows)
    anonymous, waived = (sum(row[place] == YES and row[2] == KINDS[GIFT] for row in rows) for place in (11, 12))
    counted = "，".join(f"{name} {kinds[name]} 张" for name in KINDS.values())
    return f"共 {len(rows)} 张：{counted}；匿名捐赠 {anonymous} 笔，放弃收据 {waived} 笔。"
