"""What a giver reads about his refund. Pure rules, no database; nobody's name and nothing that he wrote (law 12)."""

from __future__ import annotations

from datetime import datetime

from backend.core.clock import SHANGHAI, in_utc
from backend.donations.wording import yuan
from backend.refunds.workflow import ABNORMAL, APPROVED, CLOSED, REFUSED, SUCCESS

SENT_REASON = "捐赠退款"
"""What the provider shows as the reason; the giver's own words stay in the house."""
PRINTED_REASON = "捐赠人申请退款，款项已原路退回"
"""What the papers that cancel a receipt state as the reason."""
PRINTED_CARD_REASON = "捐赠人申请退款，款项已退到捐赠人本人的银行卡"
"""The same, where the account that he had paid from was closed."""
PRINTED_ELSEWHERE_REASON = "捐赠人申请退款，款项已由支付渠道退出"
"""The same, where only the provider knows to which account of his it went."""
_TITLES = {
    APPROVED: "退款已批准",
    SUCCESS: "退款已退回",
    CLOSED: "退款没有成功",
    ABNORMAL: "退款遇到问题",
    REFUSED: "退款申请没有通过",
}
_TEXTS = {
    APPROVED: "您申请的 {amount} 元退款已由两位工作人员批准，正在原路退回。",
    SUCCESS: "{amount} 元已原路退回，到账时间以付款的银行或微信零钱为准。收据已相应更新。",
    CLOSED: "{amount} 元的退款被支付机构关闭，没有退出去。这笔钱仍按您的捐赠用途保管，您可以重新申请。",
    ABNORMAL: "{amount} 元暂时退不回原来的付款账户（可能已注销或被冻结）。钱仍替您留着，工作人员正在处理。",
    REFUSED: "您申请的 {amount} 元退款没有通过。原因：{reason}",
}
_TO_CARD = "{amount} 元已退到您本人尾号 {tail} 的银行卡，到账时间以银行为准。收据已相应更新。"
_ELSEWHERE = "{amount} 元退款已成功，到账账户和到账时间以支付渠道的通知为准。收据已相应更新。"
_CARD_TITLE = "退款将退到您的银行卡"
_CARD_TEXT = (
    "您的 {amount} 元退款将在 {at} 以后退到您提供的{bank}借记卡，尾号 {tail}。"
    "如果这不是您本人的卡，请在这以前联系我们，还来得及收回。"
    "我们不保存您的完整卡号，也不会问您要密码和验证码。"
)
_CARD_BACK_TITLE = "退款不再退到这张卡"
_CARD_BACK = (
    "您的 {amount} 元退款不再退到尾号 {tail} 的银行卡，我们已把这张卡收回。钱仍替您留着，工作人员会再和您联系。"
)
_NOT_BY_CARD_TITLE = "退款没有退到这张卡"
_NOT_BY_CARD = (
    "您的 {amount} 元退款没有退到尾号 {tail} 的银行卡：支付渠道没有接受，或者银行没有收下。"
    "钱仍替您留着，工作人员会再和您联系。"
)
_MOVED_ON_TITLE = "退款正在核实"
_MOVED_ON = (
    "您的 {amount} 元退款在支付渠道那里有了新的进展，不能确定是不是退到尾号 {tail} 的银行卡。"
    "工作人员正在核实，到账账户以支付渠道的通知为准。"
)


def told_to_giver(state: str, *, amount_fen: int, reason: str = "", tail: str | None = None) -> tuple[str, str]:
    """Return title and text of the message about a refund that reached `state`.

    Where the account that the giver had paid from was closed, `tail` is the end of the card that it went to; empty when
    only the provider knows where it went: then no account is named.
    """
    if state == SUCCESS and tail == "":
        return _TITLES[state], _ELSEWHERE.format(amount=yuan(amount_fen))
    if state == SUCCESS and tail:
        return _TITLES[state], _TO_CARD.format(amount=yuan(amount_fen), tail=tail)
    return _TITLES[state], _TEXTS[state].format(amount=yuan(amount_fen), reason=reason)


def told_of_card(*, amount_fen: int, bank: str, tail: str, at: datetime) -> tuple[str, str]:
    """Return title and text of the message that a refund goes to another card at `at`: who never named it says so."""
    return _CARD_TITLE, _CARD_TEXT.format(amount=yuan(amount_fen), bank=bank, tail=tail, at=_minute(at))


def told_of_card_back(*, amount_fen: int, tail: str) -> tuple[str, str]:
    """Return title and text of the message that a card of which the giver was told was taken back, and never sent."""
    return _CARD_BACK_TITLE, _CARD_BACK.format(amount=yuan(amount_fen), tail=tail)


def told_of_no_card(*, amount_fen: int, tail: str, is_moved_on: bool) -> tuple[str, str]:
    """Return title and text of the message that a refund did not go to a card, or (`is_moved_on`) perhaps not to it."""
    title, text = (_MOVED_ON_TITLE, _MOVED_ON) if is_moved_on else (_NOT_BY_CARD_TITLE, _NOT_BY_CARD)
    return title, text.format(amount=yuan(amount_fen), tail=tail)


def _minute(instant: datetime) -> str:
    here = in_utc(instant).astimezone(SHANGHAI)
    return f"{here.month}月{here.day}日 {here:%H:%M}"
