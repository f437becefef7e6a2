"""The people's side of a payment: WeChat verifies what the phone was handed, shows it, and somebody pays or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wechat_sim import crypto, trades
from wechat_sim.books import CLOSED, NOTPAY, SUCCESS, Trade, World
from wechat_sim.errors import PayError

DOUBLE_SECONDS = 60
PAY_PARAMS = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")
OK, CANCEL, FAIL = "ok", "cancel", "fail"


class PayRefused(Exception):
    """WeChat does not open its cashier, or does not take the money; the text is what it shows."""


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What the cashier shows."""

    trade: Trade
    payee: str
    payer: str
    is_paid_twice: bool


def open_cashier(world: World, pay_params: dict[str, Any]) -> Bill:
    """Verify the signed parameters as the phone does and return what to show. Raises `PayRefused`."""
    trade = world.books.trades[_verified(world, pay_params)]
    if trade.state == SUCCESS:
        raise PayRefused("该订单已支付")
    if trade.state == CLOSED:
        raise PayRefused("该订单已关闭")
    payer = world.person_of(trade.told["payer"]["openid"], trade.told["appid"])
    nickname = payer.nickname if payer else "?"
    return Bill(trade=trade, payee=world.keys.payee, payer=nickname, is_paid_twice=_was_just_paid(world, trade))


def _verified(world: World, told: dict[str, Any]) -> str:
    """Return the number of the trade that the parameters were signed for."""
    if sorted(told) != sorted(PAY_PARAMS) or not all(isinstance(value, str) for value in told.values()):
        raise PayRefused("缺少参数，或参数不全是字符串：应有 " + "、".join(PAY_PARAMS))
    if told["appId"] not in world.keys.apps:
        raise PayRefused("appId 无效")
    if not re.fullmatch(r"[0-9]{10}", told["timeStamp"], re.ASCII):
        raise PayRefused("timeStamp 应为 10 位秒级时间戳")
    if not 1 <= len(told["nonceStr"]) <= 32 or told["signType"] != "RSA":
        raise PayRefused("nonceStr 应为 1 到 32 个字符，signType 应为 RSA")
    message = crypto.lines(told["appId"], told["timeStamp"], told["nonceStr"], told["package"])
    if not crypto.is_signed(world.keys.merchant_cert.public_key(), message, told["paySign"]):  # type: ignore[arg-type]  # RSA
        raise PayRefused("支付验证签名失败")
    no, made_at = world.books.prepays.get(told["package"].removeprefix("prepay_id="), ("", world.now()))
    if not no or not told["package"].startswith("prepay_id="):
        raise PayRefused("缺少参数 prepay_id，或它不存在")
    if world.now() - made_at > timedelta(hours=trades.PREPAY_HOURS):
        raise PayRefused("prepay_id 已过期，请重新下单")
    if world.books.trades[no].told["appid"] != told["appId"]:
        raise PayRefused("prepay_id 与 appId 不匹配")
    return no


def _was_just_paid(world: World, trade: Trade) -> bool:
    """Whether this person paid this merchant the same sum within a minute, and nobody asked after it since."""
    since = world.now() - timedelta(seconds=DOUBLE_SECONDS)
    return any(
        row.paid_at is not None
        and row.paid_at >= since
        and row.total_fen == trade.total_fen
        and row.told["payer"] == trade.told["payer"]
        and not row.asked_after
        and not _was_heard(world, row)
        for row in world.books.trades.values()
    )


def _was_heard(world: World, trade: Trade) -> bool:
    rows = world.books.events.values()
    return any(row.out_trade_no == trade.out_trade_no and row.state == "done" for row in rows)


def act(world: World, trade: Trade, *, wants: str = "pay", person: str = "") -> str:
    """Play what the payer does; return ok, cancel or fail. Raises `PayRefused` with what WeChat shows."""
    if person and world.openid(person, trade.told["appid"]) != trade.told["payer"]["openid"]:
        raise PayRefused("下单账号与支付账号不一致，请核实后再支付")
    if wants not in ("pay", CANCEL):
        raise PayRefused("act 应为 pay 或 cancel")
    if wants == CANCEL or world.knobs.hits("user.cancel", subject=trade.out_trade_no):
        return CANCEL
    _pay(world, trade)
    if world.knobs.hits("user.double_tap", subject=trade.out_trade_no):
        _tap_again(world, trade)
    if world.knobs.hits("user.pay_twice_two_orders", subject=trade.out_trade_no):
        _pay_another(world, trade)
    return OK


def _pay(world: World, trade: Trade) -> None:
    try:
        trades.pay(world, trade)
    except PayError as error:
        raise PayRefused(error.message) from error


def _tap_again(world: World, trade: Trade) -> None:
    try:
        _pay(world, trade)
    except PayRefused:
        return  # One order takes money once, however often it is tapped.


def _pay_another(world: World, trade: Trade) -> None:
    for row in world.books.trades.values():
        is_alike = row.told["payer"] == trade.told["payer"] and row.total_fen == trade.total_fen
        if row.state == NOTPAY and is_alike and world.now() <= row.expires_at:
            _pay(world, row)
            return
