"""Reading a provider's two bills: strict columns, yuan to fen without any rounding, sums that agree (bad input 40).

Pure: bytes in, rows out. The columns are those of WeChat Pay's trade bill (type ALL) and fund-flow bill (account
BASIC), as the pages `format-trade` and `format-fundflow` of pay.weixin.qq.com give them: a heading, rows, a heading of
sums, one row of sums; a backtick before each field that is not a heading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from backend.core.clock import SHANGHAI, in_utc, local_day
from backend.ledger.accounts import AMOUNT_FEN_MAX
from backend.reconciliation.bill_rows import FundBill, FundRow, PaymentRow, RefundRow, TradeBill

TRADE_COLUMNS = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
)
TRADE_SUMS = (
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
)
FUND_COLUMNS = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
)
FUND_SUMS = (
    "资金流水总笔数",
    "收入笔数",
    "收入金额",
    "支出笔数",
    "支出金额",
)
SUCCESS, REFUND, REVOKED = "SUCCESS", "REFUND", "REVOKED"
INCOME, EXPENSE = "收入", "支出"
BOM = b"\xef\xbb\xbf"
_YUAN = re.compile(r"(-?)(\d{1,12}|\d{1,3}(?:,\d{3})+)(?:\.(\d{1,2})(0*))?", re.ASCII)
_COUNT = re.compile(r"(\d{1,9})(?:\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[0-9A-Za-z_|*@-]{1,64}", re.ASCII)
_RATE = re.compile(r"(\d{1,3})(?:\.(\d{1,4}))?%", re.ASCII)
_NONE = ("", "0")


class BillBroken(ValueError):
    """The file is not what the provider documents, or does not agree with itself; nothing of it is used."""


def fen_of(text: str) -> int:
    """Return fen of a text in yuan: `1,234.50` is 123450, `0.06000` is 6. Refuses what is not a whole fen."""
    match = _YUAN.fullmatch(text)
    if match is None:
        raise BillBroken(f"金额 {text!r}")
    sign, whole, part, _zeros = match.groups()
    fen = int(whole.replace(",", "")) * 100 + int((part or "").ljust(2, "0"))
    if fen > AMOUNT_FEN_MAX:
        raise BillBroken(f"金额 {text!r}")
    return -fen if sign else fen


def rate_of(text: str) -> int:
    """Return a rate like `0.60%` in 1/10000 of a percent: 6000. An empty one is no fee."""
    if text in ("", "0"):
        return 0
    match = _RATE.fullmatch(text)
    if match is None:
        raise BillBroken(f"费率 {text!r}")
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))


def fee_by_rate(amount_fen: int, rate: int) -> int:
    """Return the fee that a rate makes of an amount, half a fen upwards."""
    return (amount_fen * rate + 500_000) // 1_000_000


def read_trade_bill(content: bytes, *, day: date) -> TradeBill:
    """Read the trade bill of a local day. Refuses `BillBroken`, also when its sums are not those of its rows."""
    rows, sums = _read(content, columns=TRADE_COLUMNS, sums=TRADE_SUMS)
    payments: list[PaymentRow] = []
    refunds: list[RefundRow] = []
    for line, row in enumerate(rows, 2):
        state = row["交易状态"]
        if state == SUCCESS:
            payments.append(_payment(row, line=line, day=day))
        elif state in (REFUND, REVOKED):
            refunds.append(_refund(row, line=line, day=day))
        else:
            raise BillBroken(f"第 {line} 行交易状态 {state!r}")
    bill = TradeBill(payments=tuple(payments), refunds=tuple(refunds))
    found = {
        "总交易单数": len(rows),
        "应结订单总金额": bill.paid_fen,
        "退款总金额": bill.refunded_fen,
        "手续费总金额": bill.fee_fen,
        "订单总金额": sum(row.total_fen for row in payments),
    }
    told = {name: _count(sums[name]) if name == "总交易单数" else fen_of(sums[name]) for name in found}
    _same_sums(found, told)
    return bill


def read_fund_bill(content: bytes, *, day: date) -> FundBill:
    """Read the fund-flow bill of a local day. Refuses `BillBroken`, also when its sums are not those of its rows."""
    rows, sums = _read(content, columns=FUND_COLUMNS, sums=FUND_SUMS)
    read = tuple(_fund_row(row, line=line, day=day) for line, row in enumerate(rows, 2))
    into = [row.signed_fen for row in read if row.signed_fen > 0]
    out = [-row.signed_fen for row in read if row.signed_fen <= 0]
    counts = {"资金流水总笔数": len(read), "收入笔数": len(into), "支出笔数": len(out)}
    amounts = {"收入金额": sum(into), "支出金额": sum(out)}
    _same_sums(counts, {name: _count(sums[name]) for name in counts})
    _same_sums(amounts, {name: fen_of(sums[name]) for name in amounts})
    return FundBill(rows=read)


def _read(
    content: bytes, *, columns: Sequence[str], sums: Sequence[str]
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return the rows and the sums by the names of their columns; their order is the file's own affair."""
    try:
        lines = content.removeprefix(BOM).decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise BillBroken("不是 UTF-8 文本") from error
    if len(lines) < 3:
        raise BillBroken("缺少表头或汇总")
    names, sum_names = _headings(lines[0], columns), _headings(lines[-2], sums)
    rows = [_fields(line, names, number=number) for number, line in enumerate(lines[1:-2], 2)]
    return rows, _fields(lines[-1], sum_names, number=len(lines))


def _headings(line: str, wanted: Sequence[str]) -> list[str]:
    names = [name.strip().removeprefix("`") for name in line.split(",")]
    if sorted(names) != sorted(wanted):
        missing = [name for name in wanted if name not in names]
        raise BillBroken(f"表头不符，缺少 {'、'.join(missing) or '无，但有多余或重复的列'}")
    return names


def _fields(line: str, names: Sequence[str], *, number: int) -> dict[str, str]:
    """Split a line where a backtick begins a field: a comma inside `1,234.50` or inside a note is none of ours."""
    if not line.startswith("`"):
        raise BillBroken(f"第 {number} 行没有反引号")
    fields = [field.strip() for field in line[1:].split(",`")]
    if len(fields) != len(names):
        raise BillBroken(f"第 {number} 行有 {len(fields)} 列，应为 {len(names)} 列")
    return dict(zip(names, fields, strict=True))


def _payment(row: dict[str, str], *, line: int, day: date) -> PaymentRow:
    total, settled, fee = fen_of(row["订单金额"]), fen_of(row["应结订单金额"]), fen_of(row["手续费"])
    if not 0 < settled <= total or fee < 0:
        raise BillBroken(f"第 {line} 行金额")
    return PaymentRow(
        line=line,
        at=_instant(row["交易时间"], line=line, day=day),
        merchant=_number(row["商户号"], line=line),
        app_id=_number(row["公众账号ID"], line=line),
        order_no=_number(row["商户订单号"], line=line),
        transaction_no=_number(row["微信订单号"], line=line),
        purse=row["商户数据包"],
        currency=row["货币种类"],
        total_fen=total,
        settled_fen=settled,
        fee_fen=fee,
        rate=rate_of(row["费率"]),
    )


def _refund(row: dict[str, str], *, line: int, day: date) -> RefundRow:
    """Read a refund; early formats wrote its amount below zero. A revoked payment has no number of a refund."""
    refund, fee, order_no = abs(fen_of(row["退款金额"])), fen_of(row["手续费"]), _number(row["商户订单号"], line=line)
    told, provider_no = row["商户退款单号"], row["微信退款单号"]
    if refund == 0 or fee > 0:
        raise BillBroken(f"第 {line} 行退款金额")
    return RefundRow(
        line=line,
        at=_instant(row["交易时间"], line=line, day=day),
        merchant=_number(row["商户号"], line=line),
        order_no=order_no,
        transaction_no=_number(row["微信订单号"], line=line),
        refund_no=order_no if told in _NONE else _number(told, line=line),
        provider_no="" if provider_no in _NONE else _number(provider_no, line=line),
        refund_fen=refund,
        fee_fen=fee,
        rate=rate_of(row["费率"]),
    )


def _fund_row(row: dict[str, str], *, line: int, day: date) -> FundRow:
    amount, direction = fen_of(row["收支金额(元)"]), row["收支类型"]
    if amount < 0 or direction not in (INCOME, EXPENSE):
        raise BillBroken(f"第 {line} 行收支")
    return FundRow(
        line=line,
        at=_instant(row["记账时间"], line=line, day=day),
        business_no=row["微信支付业务单号"],
        kind=row["业务类型"],
        signed_fen=amount if direction == INCOME else -amount,
        balance_fen=fen_of(row["账户结余(元)"]),
        voucher=row["业务凭证号"],
    )


def _instant(text: str, *, line: int, day: date) -> datetime:
    """Read a local time; a row of another day does not belong into this bill."""
    try:
        at = in_utc(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI))
    except ValueError as error:
        raise BillBroken(f"第 {line} 行时间 {text!r}") from error
    if local_day(at) != day:
        raise BillBroken(f"第 {line} 行不是 {day.isoformat()} 的：{text}")
    return at


def _number(text: str, *, line: int) -> str:
    if not _NUMBER.fullmatch(text):
        raise BillBroken(f"第 {line} 行单号 {text!r}")
    return text


def _count(text: str) -> int:
    match = _COUNT.fullmatch(text)
    if match is None:
        raise BillBroken(f"笔数 {text!r}")
    return int(match[1])


def _same_sums(found: dict[str, int], told: dict[str, int]) -> None:
    wrong = [f"{name} 写的是 {told[name]}，逐行相加是 {value}" for name, value in found.items() if told[name] != value]
    if wrong:
        raise BillBroken("；".join(wrong))
