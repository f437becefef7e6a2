"""Refunds of WeChat Pay: accepted at once, done a little later, done wrong when a knob says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from wechat_sim import callbacks, crypto, trades
from wechat_sim.books import ABNORMAL, CLOSED, PROCESSING, SUCCESS, Refund, Trade, World
from wechat_sim.clock import rfc3339
from wechat_sim.errors import PayError, param_error
from wechat_sim.shapes import Group, Many, Text, Whole

REFUND_DAYS, PARTIALS_MAX = 365, 50
FEN = Whole(least=1, most=trades.TOTAL_FEN_MAX)
OUT_REFUND_NO = Text(longest=64, pattern=r"[0-9A-Za-z_|*@-]+")
_FROM = Group({"account": Text(longest=32, words=("AVAILABLE", "UNAVAILABLE")), "amount": FEN})
_GOODS = Group(
    {"merchant_goods_id": Text(longest=32), "unit_price": FEN, "refund_amount": FEN, "refund_quantity": FEN},
    {"wechatpay_goods_id": Text(longest=32), "goods_name": Text(longest=256)},
)
CREATE = Group(
    {
        "out_refund_no": OUT_REFUND_NO,
        "amount": Group(
            {"refund": FEN, "total": FEN, "currency": Text(longest=16, words=("CNY",))},
            {"from": Many(of=_FROM, most=2)},
        ),
    },
    {
        "transaction_id": Text(longest=32),
        "out_trade_no": trades.OUT_TRADE_NO,
        "reason": Text(longest=80),
        "notify_url": Text(longest=256),
        "funds_account": Text(longest=32, words=("AVAILABLE", "UNSETTLED")),
        "goods_detail": Many(of=_GOODS, most=6000),
    },
)
SECRET = Text(longest=1024)
APPLY_ABNORMAL = Group(
    {"out_refund_no": OUT_REFUND_NO, "type": Text(longest=32, words=("USER_BANK_CARD", "MERCHANT_BANK_CARD"))},
    {"bank_type": Text(longest=16), "bank_account": SECRET, "real_name": SECRET},
)
CHANNELS = {PROCESSING: "用户零钱", SUCCESS: "用户零钱", CLOSED: "用户零钱", ABNORMAL: "招商银行信用卡0403"}


def create(world: World, told: dict[str, Any]) -> dict[str, Any]:
    """Accept a refund; the same number with the same words again is the same refund. Raises `PayError`."""
    CREATE.check(told)
    if "notify_url" in told:
        trades.check_notify_url(told["notify_url"])
    progress(world)
    known = world.books.refunds.get(told["out_refund_no"])
    if known is not None:
        if known.told != told:
            raise PayError(400, "INVALID_REQUEST", "商户退款单号重复，且请求参数与原退款单不一致")
        return tell(world, known)
    trade = _trade_of(world, told)
    _check_amount(world, trade, told)
    _check_rhythm(world, trade)
    if world.knobs.hits("refund.not_enough", subject=told["out_refund_no"]):
        raise PayError(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
    refund = world.books.refunds[told["out_refund_no"]] = _accept(world, trade, told)
    return tell(world, refund)


def _trade_of(world: World, told: dict[str, Any]) -> Trade:
    if ("transaction_id" in told) == ("out_trade_no" in told):
        raise param_error("/transaction_id", "transaction_id 与 out_trade_no 要且只要填写一个")
    named = {name: told[name] for name in ("transaction_id", "out_trade_no") if name in told}
    try:
        trade = trades.find(world, **named)
    except PayError:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在") from None
    if trade.paid_at is None:
        raise PayError(400, "INVALID_REQUEST", "订单未支付，不能退款")
    if world.now() - trade.paid_at > timedelta(days=REFUND_DAYS):
        raise PayError(400, "INVALID_REQUEST", "订单已超过一年，不能退款")
    return trade


def _check_amount(world: World, trade: Trade, told: dict[str, Any]) -> None:
    amount = told["amount"]
    if amount["total"] != trade.total_fen:
        raise PayError(400, "INVALID_REQUEST", "订单金额与退款请求中的订单金额不一致，请核实后再试")
    if "from" in amount and sum(row["amount"] for row in amount["from"]) != amount["refund"]:
        raise param_error("/amount/from", "各出资账户金额之和应等于退款金额")
    left_fen = trade.total_fen - sum(row.refund_fen for row in counting(world, trade))
    if amount["refund"] > left_fen:
        raise PayError(400, "INVALID_REQUEST", f"申请退款金额大于订单可退金额（还可退 {left_fen} 分）")


def counting(world: World, trade: Trade) -> list[Refund]:
    """Return the refunds of a trade that took of its money or will."""
    rows = world.books.refunds.values()
    return [row for row in rows if row.out_trade_no == trade.out_trade_no and row.status != CLOSED]


def _check_rhythm(world: World, trade: Trade) -> None:
    rows = [row for row in world.books.refunds.values() if row.out_trade_no == trade.out_trade_no]
    if len(rows) >= PARTIALS_MAX:
        raise PayError(403, "RULELIMIT", "同一订单最多退款 50 次")
    gap = timedelta(seconds=world.knobs.number("refund.gap_seconds"))
    if rows and world.now() - max(row.created_at for row in rows) < gap:
        raise PayError(429, "FREQUENCY_LIMITED", "同一订单两次退款请间隔 1 分钟以上，请稍后用原退款单号重试")


def _accept(world: World, trade: Trade, told: dict[str, Any]) -> Refund:
    now, no = world.now(), told["out_refund_no"]
    outcomes = [status for status in (ABNORMAL, CLOSED) if world.knobs.hits(f"refund.{status.lower()}", subject=no)]
    given_fen = sum(row.refund_fen for row in counting(world, trade))
    returned_fen = sum(row.fee_fen for row in counting(world, trade))
    # The channel gives its fee back in proportion; the last part gives back what is left of it.
    share_fen = trade.fee_fen * (given_fen + told["amount"]["refund"]) // trade.total_fen - returned_fen
    return Refund(
        out_refund_no=no,
        refund_id=world.serial_no("5030", 29),
        out_trade_no=trade.out_trade_no,
        told=told,
        created_at=now,
        due_at=now + timedelta(seconds=world.knobs.number("refund.seconds")),
        outcome=outcomes[0] if outcomes else SUCCESS,
        fee_fen=max(share_fen, 0),
    )


def query(world: World, out_refund_no: str) -> dict[str, Any]:
    """Tell about a refund. Raises `PayError`."""
    progress(world)
    refund = world.books.refunds.get(out_refund_no)
    if refund is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return tell(world, refund)


def progress(world: World) -> None:
    """Let every refund whose time has come end, and owe the notices."""
    now = world.now()
    for refund in world.books.refunds.values():
        if refund.status == PROCESSING and refund.due_at <= now:
            refund.status, refund.done_at = refund.outcome, now
            callbacks.owe_refund(world, refund, tell_notice(world, refund))


def apply_abnormal(world: World, told: dict[str, Any], refund_id: str, *, by_public_key: bool) -> dict[str, Any]:
    """Send the money of an abnormal refund to another card. Raises `PayError`."""
    APPLY_ABNORMAL.check(told)
    refund = world.books.refunds.get(told["out_refund_no"])
    if refund is None or refund.refund_id != refund_id:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    if refund.status != ABNORMAL:
        raise PayError(400, "INVALID_REQUEST", "退款单不是异常状态")
    refund.to_card = "商户基本账户"
    if told["type"] == "USER_BANK_CARD":
        key = world.keys.platform_key if by_public_key else world.keys.cert_key
        missing = [name for name in ("bank_type", "bank_account", "real_name") if name not in told]
        if missing:
            raise param_error(f"/{missing[0]}", "退到用户银行卡时必填")
        opened = {name: crypto.open_field(key, told[name]) for name in ("bank_account", "real_name")}
        if None in opened.values():
            raise PayError(400, "PARAM_ERROR", "敏感字段解密失败，请用 Wechatpay-Serial 所指的公钥加密")
        refund.to_card = f"尾号{str(opened['bank_account'])[-4:]}"
    refund.status, refund.outcome = PROCESSING, SUCCESS
    refund.due_at = world.now() + timedelta(seconds=world.knobs.number("refund.seconds"))
    return tell(world, refund)


def tell(world: World, refund: Refund) -> dict[str, Any]:
    """Return what WeChat tells about a refund when asked."""
    trade = world.books.trades[refund.out_trade_no]
    told: dict[str, Any] = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": trade.transaction_id,
        "out_trade_no": trade.out_trade_no,
        "channel": "OTHER_BANKCARD" if refund.to_card else "ORIGINAL",
        "user_received_account": refund.to_card or CHANNELS[refund.status],
        "create_time": rfc3339(refund.created_at),
        "status": refund.status,
        "funds_account": refund.told.get("funds_account", "AVAILABLE"),
        "amount": {
            "total": trade.total_fen,
            "refund": refund.refund_fen,
            "payer_total": trade.total_fen,
            "payer_refund": refund.refund_fen,
            "settlement_total": trade.total_fen,
            "settlement_refund": refund.refund_fen,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    }
    if refund.status == SUCCESS and refund.done_at is not None:
        told["success_time"] = rfc3339(refund.done_at)
    return told


def tell_notice(world: World, refund: Refund) -> dict[str, Any]:
    """Return what a notice tells about a refund: there the state is called `refund_status`."""
    told = tell(world, refund)
    kept = ("out_trade_no", "transaction_id", "out_refund_no", "refund_id", "user_received_account", "success_time")
    amount = {name: told["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")}
    found = {name: told[name] for name in kept if name in told}
    return {"mchid": world.keys.mchid} | found | {"refund_status": refund.status, "amount": amount}
