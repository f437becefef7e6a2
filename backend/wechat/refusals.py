"""How WeChat says no: each of its numbers that we know is a named refusal, the rest are one (`wechat.md` of facts)."""

from __future__ import annotations

from typing import ClassVar

from backend.core.errors import Refusal


class WechatRefused(Refusal):
    """WeChat answered, and said no. `errcode` is its number; nothing of what was asked is kept."""

    status = 502
    code = "WECHAT_REFUSED"
    detail = "微信没有接受这次请求，请稍后再试。"
    errcodes: ClassVar[tuple[int, ...]] = ()

    def __init__(self, errcode: int = 0) -> None:
        """Remember the number."""
        super().__init__()
        self.errcode = errcode


class WechatUnavailable(Refusal):
    """No answer that can be read came: WeChat is down, slow or busy, or we are resting after a failure (P22)."""

    status = 503
    code = "WECHAT_UNAVAILABLE"
    detail = "微信暂时没有回应，请稍后再试。"
    retryable = True


class WechatNotSetUp(Refusal):
    """This installation has no such app; the settings name none."""

    status = 503
    code = "WECHAT_NOT_SET_UP"
    detail = "本平台没有接入微信的这项服务。"


class WechatBusy(WechatRefused):
    """WeChat's own words: the system is busy."""

    status = 503
    code = "WECHAT_BUSY"
    detail = "微信现在很忙，请稍后再试。"
    retryable = True
    errcodes = (-1,)


class CodeUsed(WechatRefused):
    """A login code opens once: the phone must ask WeChat for another (bad input 44)."""

    status = 409
    code = "CODE_USED"
    detail = "请重新登录。"
    errcodes = (40163,)


class CodeInvalid(WechatRefused):
    """The code is none of this app's, or older than five minutes."""

    status = 422
    code = "CODE_INVALID"
    detail = "登录信息已失效，请重新登录。"
    errcodes = (40029,)


class UserBlocked(WechatRefused):
    """WeChat takes this user for a high risk and lets him in nowhere."""

    status = 403
    code = "USER_BLOCKED"
    detail = "微信暂时不允许这个微信号登录。不登录也可以捐赠。"
    errcodes = (40226,)


class TooOften(WechatRefused):
    """One user, one hundred a minute."""

    status = 429
    code = "TOO_OFTEN"
    detail = "操作太频繁，请一分钟后再试。"
    retryable = True
    errcodes = (45011,)


class QuotaSpent(WechatRefused):
    """What WeChat gives for a minute or a day is used up."""

    status = 503
    code = "WECHAT_QUOTA_SPENT"
    detail = "今天的微信额度已用完，请稍后再试。"
    errcodes = (45009, 45029, 85400)


class WechatMisconfigured(WechatRefused):
    """The app, its secret, its page or its rights are not what the settings say; only an operator can help."""

    status = 503
    code = "WECHAT_MISCONFIGURED"
    detail = "本平台的微信设置有误，请联系管理员。"
    errcodes = (40002, 40013, 40125, 40164, 40165, 40169, 41002, 41004, 41030, 50002, 85079, 85401)


class TokenSpoiled(WechatRefused):
    """The access token is no longer what WeChat knows (bad input 45): fetched anew once, asked again once."""

    status = 503
    code = "WECHAT_UNAVAILABLE"
    detail = "微信暂时没有回应，请稍后再试。"
    retryable = True
    errcodes = (40001, 40014, 42001)


class NotSubscribed(WechatRefused):
    """The user allowed no (further) message of this kind: one tap is one message (bad input 43)."""

    code = "NOT_SUBSCRIBED"
    errcodes = (43101,)


class MessageInvalid(WechatRefused):
    """The message does not fit its template, or the openid or template is not this app's (bad input 43)."""

    code = "MESSAGE_INVALID"
    errcodes = (40003, 40037, 47003)


_KNOWN: dict[int, type[WechatRefused]] = {
    errcode: refusal
    for refusal in (
        *(WechatBusy, CodeUsed, CodeInvalid, UserBlocked, TooOften, QuotaSpent),
        *(WechatMisconfigured, TokenSpoiled, NotSubscribed, MessageInvalid),
    )
    for errcode in refusal.errcodes
}


def refusal_of(errcode: int) -> WechatRefused:
    """Return the refusal for WeChat's number."""
    return _KNOWN.get(errcode, WechatRefused)(errcode)
