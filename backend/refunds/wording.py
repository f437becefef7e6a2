"""What a giver reads about his refund. Pure rules, no database; nobody's name and nothing that he wrote (law 12)."""

from __future__ import annotations

from backend.donations.wording import yuan
from backend.refunds.workflow import ABNORMAL, APPROVED, CLOSED, REFUSED, SUCCESS

SENT_REASON = "捐赠退款"
"""What the provider shows as the reason; the giver's own words stay in the house."""
PRINTED_REASON = "捐赠人申请退款，款项已原路退回"
"""What the papers that cancel a receipt state as the reason."""
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


def told_to_giver(state: str, *, amount_fen: int, reason: str = "") -> tuple[str, str]:
    """Return title and text of the message about a refund that reached `state`."""
    return _TITLES[state], _TEXTS[state].format(amount=yuan(amount_fen), reason=reason)
