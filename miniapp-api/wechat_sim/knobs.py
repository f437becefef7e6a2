"""Faults that the simulator plays, each behind a knob, each drawn from a stream of its own that the seed fixes.

A share is a number from 0 to 1, or `x3`: the next three times, then never. `api.` and `server.` knobs may be aimed at
one operation: `api.timeout_after_commit@refund`; those that change a row of a bill at the row of one number of the
merchant's: `bill.fee_diff@D123`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

SHARE, NUMBER = "share", "number"


class BadKnob(ValueError):
    """There is no such knob, or not such a setting of it."""


@dataclass(frozen=True)
class Knob:
    """What a knob does, and where it stands at first."""

    kind: str
    default: str
    tells: str


KNOBS = {
    "callback.drop": Knob(SHARE, "0", "一次通知在路上丢失，之后按重试表再发"),
    "callback.drop_all": Knob(SHARE, "0", "一个事件的通知一次也不发"),
    "callback.dup": Knob(SHARE, "0", "一次通知同时发出多份"),
    "callback.dup_times": Knob(NUMBER, "2", "重复时一共发几份"),
    "callback.delay": Knob(SHARE, "0", "首次通知推迟"),
    "callback.delay_seconds": Knob(NUMBER, "20", "最多推迟多少秒"),
    "callback.reorder": Knob(SHARE, "0", "支付通知压到该单的退款通知之后"),
    "callback.stale_ts": Knob(SHARE, "0", "时间戳是十分钟以前，签名有效"),
    "callback.bad_sig": Knob(SHARE, "0", "签名错误"),
    "callback.signtest": Knob(SHARE, "0", "正常通知之外另发一次签名探测 WECHATPAY/SIGNTEST/"),
    "callback.unknown_serial": Knob(SHARE, "0", "序列号无人认识"),
    "callback.switch_to_pubkey": Knob(SHARE, "1", "用微信支付公钥签名的份额，其余用平台证书"),
    "callback.wrong_amount": Knob(SHARE, "0", "金额与订单不符（签名有效）"),
    "callback.wrong_appid": Knob(SHARE, "0", "appid 不符（签名有效）"),
    "callback.wrong_mchid": Knob(SHARE, "0", "商户号不符（签名有效）"),
    "callback.wrong_currency": Knob(SHARE, "0", "币种不符（签名有效）"),
    "callback.wrong_state": Knob(SHARE, "0", "交易状态不是成功（签名有效）"),
    "callback.wrong_event": Knob(SHARE, "0", "event_type 与内容不一致（签名有效）"),
    "callback.unknown_order": Knob(SHARE, "0", "商户订单号无人认识（签名有效）"),
    "callback.wrong_key": Knob(SHARE, "0", "用别的 APIv3 密钥加密（签名有效）"),
    "callback.extra_fields": Knob(SHARE, "0", "带有未知字段"),
    "callback.big_body": Knob(SHARE, "0", "正文填充到十兆"),
    "callback.truncated": Knob(SHARE, "0", "正文只发一半"),
    "callback.time_scale": Knob(NUMBER, "1", "重试间隔乘以此数"),
    "api.system_error": Knob(SHARE, "0", "500 SYSTEM_ERROR，没有执行"),
    "api.system_error_after": Knob(SHARE, "0", "500 SYSTEM_ERROR，其实已经执行"),
    "api.rate_limit": Knob(SHARE, "0", "429 FREQUENCY_LIMITED"),
    "api.timeout_before": Knob(SHARE, "0", "不应答也不执行"),
    "api.timeout_after_commit": Knob(SHARE, "0", "已执行但不应答"),
    "api.timeout_seconds": Knob(NUMBER, "30", "不应答时挂起多少秒"),
    "api.reset_mid_body": Knob(SHARE, "0", "已执行，应答发到一半断开"),
    "api.unsigned_200": Knob(SHARE, "0", "已执行，应答没有签名"),
    "api.wrong_sig_200": Knob(SHARE, "0", "已执行，应答签名错误"),
    "api.html_502": Knob(SHARE, "0", "已执行，网关应答 502 的网页"),
    "api.202": Knob(SHARE, "0", "已执行，只答 202"),
    "api.old_spelling": Knob(SHARE, "0", "错误码用旧拼写：ORDERNOTEXIST、SYSTEMERROR、RATELIMIT_EXCEEDED"),
    "keys.no_certificates": Knob(SHARE, "0", "商户只有公钥，没有平台证书"),
    "keys.cert_expired": Knob(SHARE, "0", "平台证书已过期：403 NOT_ENOUGH"),
    "clock.skew_seconds": Knob(NUMBER, "0", "模拟器的钟偏多少秒"),
    "user.cancel": Knob(SHARE, "0", "付款人取消"),
    "user.pay_after_expire": Knob(SHARE, "0", "在截止时间之后仍付成"),
    "user.double_tap": Knob(SHARE, "0", "连点两次付款"),
    "user.pay_twice_two_orders": Knob(SHARE, "0", "同一人把另一张同额的单也付了"),
    "refund.seconds": Knob(NUMBER, "2", "退款几秒后有结果"),
    "refund.gap_seconds": Knob(NUMBER, "60", "同一单两次部分退款至少相隔几秒"),
    "refund.abnormal": Knob(SHARE, "0", "退款异常（卡已注销）"),
    "refund.closed": Knob(SHARE, "0", "退款关闭"),
    "refund.not_enough": Knob(SHARE, "0", "商户余额不足：403 NOT_ENOUGH"),
    "bill.at_once": Knob(SHARE, "0", "当天的账单随时可取，不等次日"),
    "bill.missing_row": Knob(SHARE, "0", "交易账单少一行支付"),
    "bill.extra_row": Knob(SHARE, "0", "交易账单多一行支付"),
    "bill.amount_diff": Knob(SHARE, "0", "交易账单支付金额不符"),
    "bill.fee_diff": Knob(SHARE, "0", "交易账单手续费不符"),
    "bill.refund_missing": Knob(SHARE, "0", "交易账单少一行退款"),
    "bill.refund_extra": Knob(SHARE, "0", "交易账单多一行退款"),
    "bill.refund_amount": Knob(SHARE, "0", "交易账单退款金额不符"),
    "bill.flow_missing_row": Knob(SHARE, "0", "资金账单少一行"),
    "bill.flow_extra_row": Knob(SHARE, "0", "资金账单多一行"),
    "bill.flow_amount_diff": Knob(SHARE, "0", "资金账单金额不符"),
    "bill.late": Knob(SHARE, "0", "400 STATEMENT_CREATING"),
    "bill.none": Knob(SHARE, "0", "400 NO_STATEMENT_EXIST"),
    "bill.bad_hash": Knob(SHARE, "0", "哈希值不对"),
    "bill.thousands": Knob(SHARE, "0", "金额写成 1,234.50 并加引号"),
    "bill.fee_per_myriad": Knob(NUMBER, "60", "手续费万分之几"),
    "server.busy": Knob(SHARE, "0", "errcode -1"),
    "server.timeout": Knob(SHARE, "0", "不应答"),
    "server.html_502": Knob(SHARE, "0", "网关应答 502 的网页"),
    "server.quota": Knob(SHARE, "0", "errcode 45009"),
    "server.token_revoked": Knob(SHARE, "0", "errcode 40001，令牌被别的系统作废"),
    "server.token_expired": Knob(SHARE, "0", "errcode 42001"),
    "server.unpublished": Knob(SHARE, "0", "小程序尚未发布：errcode 41030、85079"),
    "server.review": Knob(SHARE, "0", "内容检查建议复核"),
}


@dataclass
class Knobs:
    """Where the knobs stand, and the streams that they are drawn from."""

    seed: int = 0
    values: dict[str, str] = field(default_factory=dict)
    streams: dict[str, random.Random] = field(default_factory=dict)

    def set(self, name: str, value: str | float) -> None:
        """Turn one knob. Raises `BadKnob`."""
        text = str(value)
        knob = _knob(name)
        number = text.removeprefix("x") if knob.kind == SHARE else text
        try:
            told = float(number)
        except ValueError:
            told = math.nan
        if not math.isfinite(told):
            raise BadKnob(f"{name} 应是一个数，现在是 {text!r}")
        if knob.kind == SHARE and not (number.isdigit() if text.startswith("x") else 0 <= told <= 1):
            raise BadKnob(f"{name} 应在 0 到 1 之间，或 x3 表示接下来三次，现在是 {text!r}")
        self.values[name] = text

    def number(self, name: str) -> float:
        """Return where a number stands."""
        return float(self.values.get(name, _knob(name).default))

    def whole(self, name: str) -> int:
        """Return where a whole number stands."""
        return round(self.number(name))

    def hits(self, name: str, *, at: str = "", subject: str = "") -> bool:
        """Draw whether the fault happens now; the same subject under the same seed draws the same."""
        named = f"{name}@{at}"
        key = named if at and named in self.values else name
        text = self.values.get(key, _knob(key).default)
        if text.startswith("x"):
            self.values[key] = f"x{max(int(text[1:]) - 1, 0)}"
            return text != "x0"
        share = float(text)
        if share in (0, 1):
            return bool(share)
        return self._stream(key, subject).random() < share

    def pick(self, name: str, subject: str) -> random.Random:
        """Return a generator for the details of a fault, fixed by seed, knob and subject."""
        return random.Random(f"{self.seed}:{name}:{subject}:details")  # noqa: S311 - a fault that can be played again.

    def _stream(self, key: str, subject: str) -> random.Random:
        if subject:
            return random.Random(f"{self.seed}:{key}:{subject}")  # noqa: S311 - a fault that can be played again.
        return self.streams.setdefault(key, random.Random(f"{self.seed}:{key}"))  # noqa: S311 - the same.

    def shown(self) -> dict[str, str]:
        """Return where every knob stands."""
        return {name: knob.default for name, knob in KNOBS.items()} | self.values


def _knob(name: str) -> Knob:
    base, _, at = name.partition("@")
    if base not in KNOBS or (at and not base.startswith(("api.", "server.", "bill."))):
        raise BadKnob(f"没有 {name} 这个开关")
    return KNOBS[base]
