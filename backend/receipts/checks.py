"""What `verify` asks of receipts: numbers without a gap in ledger order, each gift its paper, each refund its own."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Integer, cast, exists, extract, func, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.accounts import WORLD
from backend.ledger.models import OrderedTransfer, Transfer
from backend.payments.models import PAID, PaymentOrder
from backend.projects.models import Project
from backend.receipts.models import CANCELS, GIFT, REST, Receipt, ReceiptRefund, ReceiptSeries, ReceiptState

SHOWN = 20


def check_receipts() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is clean."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _each_paid_order_has_its_gift,
        _papers_are_gap_free,
        _numbers_are_gap_free,
        _papers_follow_the_ledger,
        _years_are_those_of_the_money,
        _each_gift_has_one,
        _each_is_of_its_gift,
        _each_refund_cancels,
        _cancelling_is_exact,
        _rests_are_exact,
        _refunds_are_of_their_gift,
        _each_organisation_is_that_of_its_project,
        _series_sum_to_the_ledger,
    )
    return [finding for check in checks for finding in check()]


def _each_paid_order_has_its_gift() -> list[str]:
    given = (Gift.order_id == PaymentOrder.id) & (Gift.person_id == PaymentOrder.payer_id)
    lost = select(PaymentOrder.out_trade_no).outerjoin(Gift, given)
    lost = lost.where(PaymentOrder.state == PAID, Gift.id.is_(None)).limit(SHOWN)
    return [f"已支付的订单 {number} 没有同一个人的捐赠" for number in db.session.scalars(lost)]


def _papers_are_gap_free() -> list[str]:
    count, highest = db.session.execute(select(func.count(), func.max(Receipt.id))).one()
    last = db.session.scalar(select(ReceiptState.last_id))
    if count == (highest or 0) == last:
        return []
    return [f"收据总序有缺口：共 {count} 张，最大序号 {highest or 0}，记录的最后序号 {last}"]


def _numbers_are_gap_free() -> list[str]:
    true = (
        select(Receipt.organisation_id, Receipt.year, func.count().label("papers"))
        .add_columns(func.max(Receipt.number).label("top"))
        .group_by(Receipt.organisation_id, Receipt.year)
        .subquery()
    )
    same = (ReceiptSeries.organisation_id == true.c.organisation_id) & (ReceiptSeries.year == true.c.year)
    rows = db.session.execute(
        select(true.c.organisation_id, ReceiptSeries.organisation_id.label("kept_for"), true.c.year)
        .add_columns(ReceiptSeries.year.label("kept_year"), true.c.papers, true.c.top, ReceiptSeries.last_number)
        .select_from(true)
        .outerjoin(ReceiptSeries, same, full=True)
    )
    return [
        f"组织 {row.organisation_id or row.kept_for} 的 {row.year or row.kept_year} 年收据编号有缺口："
        f"共 {row.papers or 0} 张，最大编号 {row.top or 0}，记录的最后编号 {row.last_number or 0}"
        for row in rows
        if not row.papers == row.top == row.last_number
    ][:SHOWN]


def _papers_follow_the_ledger() -> list[str]:
    """The papers of all follow the ledger, and within a year of an organisation the numbers follow the papers."""
    before = func.lag(OrderedTransfer.position).over(order_by=Receipt.id)
    series = (Receipt.organisation_id, Receipt.year)
    one_less = func.lag(Receipt.number).over(partition_by=series, order_by=Receipt.id)
    placed = (
        select(Receipt.printed, OrderedTransfer.position, Receipt.number, before.label("before"))
        .add_columns(one_less.label("one_less"))
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Receipt.transfer_id)
        .subquery()
    )
    out_of_order = (placed.c.position < placed.c.before) | (placed.c.number < placed.c.one_less)
    wrong = select(placed.c.printed).where(out_of_order).limit(SHOWN)
    return [f"收据 {number} 的编号不按账本顺序" for number in db.session.scalars(wrong)]


def _years_are_those_of_the_money() -> list[str]:
    joined = select(Receipt.printed).join(Transfer, Transfer.id == Receipt.transfer_id)
    wrong = joined.where(cast(extract("year", Transfer.provider_date), Integer) != Receipt.year).limit(SHOWN)
    return [f"收据 {number} 的年度与款项日期不符" for number in db.session.scalars(wrong)]


def _each_gift_has_one() -> list[str]:
    read = select(ReceiptState.last_position).scalar_subquery()
    missing = (
        select(Gift.code)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .outerjoin(
            Receipt, (Receipt.gift_id == Gift.id) & (Receipt.transfer_id == Transfer.id) & (Receipt.kind == GIFT)
        )
        .where(OrderedTransfer.position <= read, Receipt.id.is_(None))
        .limit(SHOWN)
    )
    return [f"捐赠 {code} 已入账，但没有收据" for code in db.session.scalars(missing)]


def _each_is_of_its_gift() -> list[str]:
    wrong = (
        select(Receipt.printed)
        .join(Gift, Gift.id == Receipt.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.id == Receipt.transfer_id)
        .where(Receipt.kind == GIFT)
        .where((Transfer.reference != PaymentOrder.out_trade_no) | (Transfer.amount_fen != Receipt.amount_fen))
        .limit(SHOWN)
    )
    return [f"收据 {number} 与捐赠的转账不符" for number in db.session.scalars(wrong)]


def _each_refund_cancels() -> list[str]:
    read = select(ReceiptState.last_position).scalar_subquery()
    paper = (Receipt.transfer_id == ReceiptRefund.transfer_id) & (Receipt.gift_id == ReceiptRefund.gift_id)
    missing = (
        select(Gift.code)
        .join(ReceiptRefund, ReceiptRefund.gift_id == Gift.id)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == ReceiptRefund.transfer_id)
        .outerjoin(Receipt, paper & (Receipt.kind == CANCELS))
        .where(OrderedTransfer.position <= read, Receipt.id.is_(None))
        .limit(SHOWN)
    )
    return [f"捐赠 {code} 已退款，但收据没有作废" for code in db.session.scalars(missing)]


def _cancelling_is_exact() -> list[str]:
    old = aliased(Receipt)
    same = (old.gift_id == Receipt.gift_id) & (old.organisation_id == Receipt.organisation_id)
    wrong = (
        select(Receipt.printed)
        .outerjoin(old, (old.id == Receipt.of_id) & same & (old.kind != CANCELS) & (old.id < Receipt.id))
        .where(Receipt.kind == CANCELS)
        .where(old.id.is_(None) | (old.amount_fen + Receipt.amount_fen != 0))
        .limit(SHOWN)
    )
    return [f"作废收据 {number} 与被作废的收据不符" for number in db.session.scalars(wrong)]


def _rests_are_exact() -> list[str]:
    """A cancelled receipt is followed by one over the rest, exactly when a part was given back."""
    old, rest = aliased(Receipt), aliased(Receipt)
    same = (rest.of_id == Receipt.of_id) & (rest.transfer_id == Receipt.transfer_id)
    left = old.amount_fen - Transfer.amount_fen
    wrong = (
        select(Receipt.printed)
        .join(old, old.id == Receipt.of_id)
        .join(Transfer, Transfer.id == Receipt.transfer_id)
        .outerjoin(rest, same & (rest.kind == REST))
        .where(Receipt.kind == CANCELS, left != func.coalesce(rest.amount_fen, 0))
        .limit(SHOWN)
    )
    alone = select(Receipt.printed).where(
        Receipt.kind == REST,
        ~exists().where(old.of_id == Receipt.of_id, old.kind == CANCELS, old.transfer_id == Receipt.transfer_id),
    )
    found = [*db.session.scalars(wrong), *db.session.scalars(alone.limit(SHOWN))]
    return [f"收据 {number} 作废后，余额收据不符" for number in found]


def _refunds_are_of_their_gift() -> list[str]:
    joined = select(Gift.code).join(ReceiptRefund, ReceiptRefund.gift_id == Gift.id)
    wrong = joined.join(Transfer, Transfer.id == ReceiptRefund.transfer_id).where(Transfer.target_account != WORLD)
    return [f"捐赠 {code} 的退款转账没有退出去" for code in db.session.scalars(wrong.limit(SHOWN))]


def _each_organisation_is_that_of_its_project() -> list[str]:
    wrong = (
        select(Receipt.printed)
        .join(Gift, Gift.id == Receipt.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Project, Project.code == PaymentOrder.purse)
        .where(Project.organisation_id != Receipt.organisation_id)
        .limit(SHOWN)
    )
    return [f"收据 {number} 不是由项目的受赠组织开具的" for number in db.session.scalars(wrong)]


def _series_sum_to_the_ledger() -> list[str]:
    """A year of papers sums to the gifts that came in it less what went back in it, as far as the ledger is read."""
    read = select(ReceiptState.last_position).scalar_subquery()
    year = cast(extract("year", Transfer.provider_date), Integer)
    came = (
        select(Project.organisation_id, year.label("year"), func.sum(Transfer.amount_fen).label("fen"))
        .join(PaymentOrder, PaymentOrder.purse == Project.code)
        .join(Gift, Gift.order_id == PaymentOrder.id)
    )
    into = came.join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
    back = came.join(ReceiptRefund, ReceiptRefund.gift_id == Gift.id)
    back = back.join(Transfer, Transfer.id == ReceiptRefund.transfer_id)
    sums: dict[tuple[int, int], int] = {}
    for statement, sign in ((into, 1), (back, -1)):
        placed = statement.join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        rows = placed.where(OrderedTransfer.position <= read).group_by(Project.organisation_id, year)
        for row in db.session.execute(rows):
            key = (row.organisation_id, row.year)
            sums[key] = sums.get(key, 0) + sign * int(row.fen)
    stated = select(Receipt.organisation_id, Receipt.year, func.sum(Receipt.amount_fen)).group_by(
        Receipt.organisation_id, Receipt.year
    )
    papers = {(row[0], row[1]): int(row[2]) for row in db.session.execute(stated)}
    wrong = sorted(key for key in sums.keys() | papers.keys() if sums.get(key, 0) != papers.get(key, 0))
    return [f"组织 {one} 的 {year} 年收据合计与账本不符" for one, year in wrong[:SHOWN]]
