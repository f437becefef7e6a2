"""The rows of a statement and how WeChat writes them: yuan, a backtick before each field, a summary at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random

from wechat_sim.books import ABNORMAL, CLOSED, PROCESSING, SUCCESS, Refund, Trade, World
from wechat_sim.clock import day_of, wall

TRADE, REFUND, BASIC = "SUCCESS", "REFUND", "BASIC"
_ALL = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
ALL_HEAD = tuple(_ALL.split(","))
REFUND_ONLY = ("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "申请退款金额")
REFUND_TIMES = ("退款申请时间", "退款成功时间")
SUMMARY_HEAD = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FLOW_HEAD = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FLOW_SUMMARY_HEAD = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
# The bill has words of its own for what became of a refund.
REFUND_WORDS = {PROCESSING: "PROCESSING", SUCCESS: "SUCCESS", ABNORMAL: "CHANGE", CLOSED: "FAIL"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One movement of a day: a payment or a refund."""

    kind: str
    at: datetime
    app_id: str
    openid: str
    transaction_id: str
    out_trade_no: str
    amount_fen: int
    fee_fen: int
    description: str
    attach: str
    refund_id: str = ""
    out_refund_no: str = ""
    status: str = ""
    done_at: datetime | None = None

    @property
    def key(self) -> str:
        """What names the row in the draw of its faults."""
        return self.refund_id or self.transaction_id


def of_day(world: World, day: date) -> list[Row]:
    """Return the movements of a local day, the earliest first."""
    paid = [_of_trade(row) for row in world.books.trades.values() if row.paid_at and day_of(row.paid_at) == day]
    back = [row for row in world.books.refunds.values() if day_of(row.created_at) == day and row.status != CLOSED]
    refunds = [_of_refund(world.books.trades[row.out_trade_no], row) for row in back]
    return sorted([*paid, *refunds], key=lambda row: row.at)


def _of_trade(trade: Trade) -> Row:
    return Row(
        kind=TRADE,
        at=trade.paid_at or trade.created_at,
        app_id=trade.told["appid"],
        openid=trade.told["payer"]["openid"],
        transaction_id=trade.transaction_id,
        out_trade_no=trade.out_trade_no,
        amount_fen=trade.total_fen,
        fee_fen=trade.fee_fen,
        description=trade.told["description"],
        attach=trade.told.get("attach", ""),
    )


def _of_refund(trade: Trade, refund: Refund) -> Row:
    return replace(
        _of_trade(trade),
        kind=REFUND,
        at=refund.created_at,
        amount_fen=refund.refund_fen,
        fee_fen=refund.fee_fen,
        refund_id=refund.refund_id,
        out_refund_no=refund.out_refund_no,
        status=refund.status,
        done_at=refund.done_at,
    )


def changed(world: World, row: Row, name: str) -> list[Row]:
    """Return the rows that stand for `row` after the fault `name`: none, one, or it and a stranger."""
    rng = world.knobs.pick(f"bill.{name}", row.key)
    if not name:
        return [row]
    if "missing" in name:
        return []
    if "extra" in name:
        told = replace(
            row, transaction_id=_stranger(row.transaction_id, rng), out_trade_no=f"X{rng.getrandbits(96):024X}"
        )
        if row.refund_id:
            no = f"XR{rng.getrandbits(96):024X}"
            told = replace(told, refund_id=_stranger(row.refund_id, rng), out_refund_no=no)
        return [row, told]
    if name == "fee_diff":
        return [replace(row, fee_fen=row.fee_fen + rng.randint(1, 50))]
    return [replace(row, amount_fen=row.amount_fen + rng.randint(1, 500))]


def _stranger(number: str, rng: Random) -> str:
    """Return a number like this one that was never given; the counter in it stays far below."""
    return f"{number[:-6]}9{rng.randrange(10**5):05d}"


def yuan(amount_fen: int, *, places: int = 2) -> str:
    """Return whole fen as WeChat's bills write yuan."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}" + "0" * (places - 2)


def _grouped(world: World, text: str) -> str:
    if "." not in text or not world.knobs.hits("bill.thousands", subject=text):  # A count has no decimals.
        return text
    whole, _, rest = text.partition(".")
    return f"{int(whole):,}.{rest}"


def _line(fields: Iterable[str]) -> str:
    """Return a line; nothing is quoted, a comma within a field stands as it is: the backtick begins a field."""
    return ",".join(f"`{field.replace(chr(10), ' ')}" for field in fields)


def _csv(head: list[str], rows: list[str], summary_head: str, summary: str) -> str:
    return "\r\n".join([",".join(head), *rows, summary_head, summary]) + "\r\n"


def trade_csv(world: World, rows: list[Row], kind: str) -> str:
    """Return the statement of payments and refunds."""
    head = [name for name in ALL_HEAD if kind != TRADE or name not in REFUND_ONLY]
    if kind == REFUND:
        place = head.index("微信退款单号")
        head[place:place] = REFUND_TIMES
    lines = []
    for row in rows:
        told = _fields(world, row)
        lines.append(_line(told[name] for name in head))
    paid, back = [row for row in rows if row.kind == TRADE], [row for row in rows if row.kind == REFUND]
    paid_fen, back_fen = sum(row.amount_fen for row in paid), sum(row.amount_fen for row in back)
    fees_fen = sum(row.fee_fen for row in paid) - sum(row.fee_fen for row in back)
    sums = [yuan(paid_fen), yuan(back_fen), "0.00", yuan(fees_fen, places=5), yuan(paid_fen), yuan(back_fen)]
    summary = _line([str(len(rows)), *(_grouped(world, text) for text in sums)])
    return _csv(head, lines, SUMMARY_HEAD, summary)


def _fields(world: World, row: Row) -> dict[str, str]:
    is_refund = row.kind == REFUND
    paid = _grouped(world, yuan(0 if is_refund else row.amount_fen))
    back = _grouped(world, yuan(row.amount_fen if is_refund else 0))
    fee_fen = -row.fee_fen if is_refund else row.fee_fen
    values = [
        wall(row.at), row.app_id, world.keys.mchid, "0", "", row.transaction_id, row.out_trade_no, row.openid,
        "JSAPI", row.kind, "OTHERS", "CNY", paid, "0.00", row.refund_id or "0", row.out_refund_no or "0", back, "0.00",
        "ORIGINAL" if is_refund else "", REFUND_WORDS.get(row.status, ""), row.description, row.attach,
        yuan(fee_fen, places=5), _rate(world), paid, back, "",
    ]  # fmt: skip
    times = {"退款申请时间": wall(row.at), "退款成功时间": wall(row.done_at) if row.done_at else ""}
    return dict(zip(ALL_HEAD, values, strict=True)) | times


def _rate(world: World) -> str:
    per_myriad = world.knobs.whole("bill.fee_per_myriad")
    return f"{per_myriad // 100}.{per_myriad % 100:02d}%"


def flow_csv(world: World, rows: list[Row], day: date) -> str:
    """Return the statement of the merchant's account: each payment, its fee, each refund less the fee given back."""
    balance_fen = _balance_before(world, day)
    lines: list[str] = []
    incomes: list[int] = []
    expenses: list[int] = []
    for row in rows:
        for name, is_income, amount_fen, remark in _movements(row):
            balance_fen += amount_fen if is_income else -amount_fen
            (incomes if is_income else expenses).append(amount_fen)
            fen = (amount_fen, balance_fen)
            lines.append(_flow_line(world, row, name, is_income=is_income, fen=fen, remark=remark))
    world.books.told_flow_fen[day] = sum(incomes) - sum(expenses)
    sums = [str(len(lines)), str(len(incomes)), yuan(sum(incomes)), str(len(expenses)), yuan(sum(expenses))]
    return _csv(FLOW_HEAD.split(","), lines, FLOW_SUMMARY_HEAD, _line(_grouped(world, text) for text in sums))


def _flow_line(world: World, row: Row, name: str, *, is_income: bool, fen: tuple[int, int], remark: str) -> str:
    is_refund = row.kind == REFUND
    amount, balance = (_grouped(world, yuan(one)) for one in fen)
    return _line([
        wall(row.at), row.refund_id or row.transaction_id, row.transaction_id, "退款" if is_refund else "交易", name,
        "收入" if is_income else "支出", amount, balance, f"{world.keys.mchid}API" if is_refund else "system", remark,
        row.out_refund_no or row.out_trade_no,
    ])  # fmt: skip


def _movements(row: Row) -> list[tuple[str, bool, int, str]]:
    if row.kind == REFUND:
        told = f"退款总金额{yuan(row.amount_fen)}元;含手续费{yuan(row.fee_fen)}元"
        return [("退款", False, row.amount_fen - row.fee_fen, told)]
    fee = [("扣除交易手续费", False, row.fee_fen, "结算手续费")] if row.fee_fen else []
    return [("交易", True, row.amount_fen, "支付"), *fee]


def _balance_before(world: World, day: date) -> int:
    """Return what the account held before a day: of a day that was told, what was told, so that days run on."""
    days = {day_of(row.paid_at) for row in world.books.trades.values() if row.paid_at}
    days |= {day_of(row.created_at) for row in world.books.refunds.values()}
    told = world.books.told_flow_fen
    return sum(told[one] if one in told else _flow_fen(world, one) for one in days if one < day)


def _flow_fen(world: World, day: date) -> int:
    movements = [move for row in of_day(world, day) for move in _movements(row)]
    return sum(amount_fen if is_income else -amount_fen for _, is_income, amount_fen, _ in movements)
