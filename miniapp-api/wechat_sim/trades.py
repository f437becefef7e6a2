"""WeChat Pay's orders: prepay, pay, query, close; every rule that the documents name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from wechat_sim import callbacks
from wechat_sim.books import CLOSED, NOTPAY, REFUND, SUCCESS, Trade, World
from wechat_sim.clock import rfc3339
from wechat_sim.errors import PayError, param_error
from wechat_sim.shapes import Flag, Group, Many, Text, Whole

PREPAY_HOURS, EXPIRE_DAYS, EXPIRE_DAYS_MAX = 2, 7, 90
TOTAL_FEN_MAX = 10_000_000_000
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"
# The documents disagree about `|`, so it is refused: what is safe here is safe there.
OUT_TRADE_NO = Text(shortest=6, longest=32, pattern=r"[0-9A-Za-z_*-]+")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
STATES = {
    NOTPAY: "订单未支付",
    SUCCESS: "支付成功",
    CLOSED: "订单已关闭",
    REFUND: "订单发生过退款，退款详情请查询退款单",
}

_FEN = Whole(least=0, most=TOTAL_FEN_MAX)
_GOODS = Group(
    {"merchant_goods_id": Text(longest=32), "quantity": Whole(least=1, most=10**6), "unit_price": _FEN},
    {"wechatpay_goods_id": Text(longest=32), "goods_name": Text(longest=256)},
)
_STORE = Group(
    {"id": Text(longest=32)},
    {"name": Text(longest=256), "area_code": Text(longest=32), "address": Text(longest=512)},
)
PREPAY = Group(
    {
        "appid": Text(longest=32),
        "mchid": Text(longest=32),
        "description": Text(longest=127),
        "out_trade_no": OUT_TRADE_NO,
        "notify_url": Text(longest=255),
        "amount": Group({"total": Whole(least=1, most=TOTAL_FEN_MAX)}, {"currency": Text(longest=16, words=("CNY",))}),
        "payer": Group({"openid": Text(longest=128)}),
    },
    {
        "time_expire": Text(longest=64, pattern=RFC3339),
        "attach": Text(longest=128),
        "goods_tag": Text(longest=32),
        "support_fapiao": Flag(),
        "detail": Group(
            {},
            {
                "cost_price": Whole(least=0, most=TOTAL_FEN_MAX),
                "invoice_id": Text(longest=32),
                "goods_detail": Many(of=_GOODS, most=6000),
            },
        ),
        "scene_info": Group(
            {"payer_client_ip": Text(longest=45, pattern=r"[0-9A-Fa-f:.]+")},
            {"device_id": Text(longest=32), "store_info": _STORE},
        ),
        "settle_info": Group({}, {"profit_sharing": Flag()}),
    },
)


def prepay(world: World, told: dict[str, Any]) -> dict[str, Any]:
    """Open a trade, or give the same one a fresh prepay_id. Raises `PayError`."""
    PREPAY.check(told)
    check_mchid(world, told["mchid"])
    if told["appid"] not in world.keys.apps:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "商户号和appid没有绑定关系")
    check_notify_url(told["notify_url"])
    if world.person_of(told["payer"]["openid"], told["appid"]) is None:
        raise _strange_openid(world, told)
    trade = world.books.trades.get(told["out_trade_no"])
    if trade is None:
        trade = world.books.trades[told["out_trade_no"]] = _new_trade(world, told)
    else:
        _check_same(trade, told, now=world.now())
    prepay_id = f"wx{world.now():%d%H%M%S}{world.digest('prepay', str(world.next_number()))[:24]}"
    prepay_id = re.sub(r"[^0-9A-Za-z]", "0", prepay_id)
    world.books.prepays[prepay_id] = (trade.out_trade_no, world.now())
    return {"prepay_id": prepay_id}


def _strange_openid(world: World, told: dict[str, Any]) -> PayError:
    if any(world.person_of(told["payer"]["openid"], app_id) for app_id in world.keys.apps):
        return PayError(500, "OPENID_MISMATCH", "openid和appid不匹配")
    return param_error("/payer/openid", "无效的openid", told["payer"]["openid"])


def _new_trade(world: World, told: dict[str, Any]) -> Trade:
    now = world.now()
    wanted = read_time(told["time_expire"]) if "time_expire" in told else now + timedelta(days=EXPIRE_DAYS)
    ends = min(max(wanted, now + timedelta(minutes=1)), now + timedelta(days=EXPIRE_DAYS_MAX))
    return Trade(out_trade_no=told["out_trade_no"], told=told, expires_at=ends, created_at=now)


def _check_same(trade: Trade, told: dict[str, Any], *, now: datetime) -> None:
    before = {name: value for name, value in trade.told.items() if name != "time_expire"}
    if before != {name: value for name, value in told.items() if name != "time_expire"}:
        raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
    if "time_expire" in told and told["time_expire"] != trade.told.get("time_expire"):
        raise PayError(400, "INVALID_REQUEST", "订单失效时间 time_expire 只能在首次下单时设置")
    if trade.state == CLOSED:
        raise PayError(400, "ORDER_CLOSED", "订单已关闭")
    if trade.state != NOTPAY:
        raise PayError(400, "ORDERPAID", "该订单已支付")
    if now > trade.expires_at:
        raise PayError(400, "INVALID_REQUEST", "订单已超过支付截止时间")


def read_time(text: str) -> datetime:
    """Return an instant told as RFC 3339. Raises `PayError`."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise param_error("/time_expire", "不是存在的时间", text) from None


def check_mchid(world: World, mchid: str | None, *, location: str = "body") -> None:
    """Refuse a merchant number that is not the one that signed."""
    if mchid != world.keys.mchid:
        raise param_error("/mchid", "与签名的商户号不一致", mchid, location=location)


def check_notify_url(url: str) -> None:
    """Refuse an address that WeChat would not call; plain http is taken for this machine alone."""
    parts = urlsplit(url)
    is_here = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or is_here) or not parts.hostname:
        raise param_error("/notify_url", "必须是 https 地址（模拟器另外接受本机的 http 地址）", url)
    if "?" in url or "#" in url:
        raise param_error("/notify_url", "不能携带参数", url)


def find(world: World, *, out_trade_no: str = "", transaction_id: str = "") -> Trade:
    """Return a trade by one of its numbers. Raises `PayError`."""
    trade = world.books.trades.get(out_trade_no)
    if transaction_id:
        rows = world.books.trades.values()
        trade = next((row for row in rows if row.transaction_id == transaction_id), None)
    if trade is None:
        raise PayError(404, "ORDER_NOT_EXIST", "订单不存在")
    return trade


def query(world: World, args: dict[str, str], **named: str) -> dict[str, Any]:
    """Tell about a trade. Raises `PayError`."""
    check_mchid(world, args.get("mchid"), location="query")
    trade = find(world, **named)
    trade.asked_after = True
    return tell(world, trade)


def close(world: World, told: dict[str, Any], out_trade_no: str) -> None:
    """Take no more money for a trade. Raises `PayError`."""
    Group({"mchid": Text(longest=32)}).check(told)
    check_mchid(world, told["mchid"])
    trade = find(world, out_trade_no=out_trade_no)
    if trade.state == CLOSED:
        raise PayError(400, "ORDER_CLOSED", "订单已关闭")
    if trade.state != NOTPAY:
        raise PayError(400, "ORDERPAID", "订单已支付，不能关闭")
    trade.state = CLOSED


def state_of(world: World, trade: Trade) -> str:
    """Return the state as WeChat tells it: a paid trade with a refund that counts is REFUND."""
    rows = world.books.refunds.values()
    has_refund = any(row.out_trade_no == trade.out_trade_no and row.status != CLOSED for row in rows)
    return REFUND if trade.state == SUCCESS and has_refund else trade.state


def tell(world: World, trade: Trade) -> dict[str, Any]:
    """Return what WeChat tells about a trade, to a query and in a notice alike."""
    state = state_of(world, trade)
    told: dict[str, Any] = {
        "appid": trade.told["appid"],
        "mchid": trade.told["mchid"],
        "out_trade_no": trade.out_trade_no,
        "trade_state": state,
        "trade_state_desc": STATES[state],
        "attach": trade.told.get("attach", ""),
        "promotion_detail": [],
        "amount": {"total": trade.total_fen, "payer_currency": "CNY"},
    }
    if trade.paid_at is None:
        return told
    told["amount"] |= {"payer_total": trade.total_fen, "currency": "CNY"}
    return told | {
        "transaction_id": trade.transaction_id,
        "trade_type": "JSAPI",
        "bank_type": "OTHERS",
        "success_time": rfc3339(trade.paid_at),
        "payer": {"openid": trade.told["payer"]["openid"]},
    }


def pay(world: World, trade: Trade) -> None:
    """Take the money of a trade that is open, and owe the notice."""
    if trade.state == SUCCESS:
        raise PayError(400, "ORDERPAID", "该订单已支付")
    if trade.state == CLOSED:
        raise PayError(400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
    late = world.now() > trade.expires_at
    if late and not world.knobs.hits("user.pay_after_expire", subject=trade.out_trade_no):
        raise PayError(400, "INVALID_REQUEST", "该订单已超过支付截止时间")
    trade.state, trade.paid_at = SUCCESS, world.now()
    trade.transaction_id = world.serial_no("4200", 28)
    trade.fee_fen = fee_fen(trade.total_fen, world.knobs.whole("bill.fee_per_myriad"))
    callbacks.owe_payment(world, trade, tell(world, trade))


def fee_fen(amount_fen: int, per_myriad: int) -> int:
    """Return the channel's fee in whole fen, half a fen rounded up."""
    return (amount_fen * per_myriad + 5000) // 10_000
