"""Every personal field, declared once: what it is for, how it is masked, and whether the public may ever see it."""

from __future__ import annotations

from dataclasses import dataclass

GIFT_NAME, GIFT_MESSAGE, SHARE_NAME, VOLUNTEER_NAME = "gift.name", "gift.message", "share.name", "volunteer.name"
VOLUNTEER_AGE, GUARDIAN_NAME, GUARDIAN_PHONE = "volunteer.age", "guardian.name", "guardian.phone"
"""Of a volunteer under eighteen alone, under the minor's own key: `14_17` or `under_14`, and who answers for him."""
OPENID, PHONE = "account.openid", "account.phone"
REFUND_REASON = "refund.reason"
RECEIPT_DONOR = "receipt.donor"
NAME_MASK, PHONE_MASK, ID_MASK, WORDS_MASK, HIDDEN_MASK = "name", "phone", "id_number", "words", "hidden"
EVERYBODY, OWN, STAFF = "everybody", "own", "staff"
"""Who may be shown a field at all: everybody where its person chose so, its person, and staff: masked, or opened."""
STARS_MAX = 8


@dataclass(frozen=True, kw_only=True)
class FieldMark:
    """What is laid down for one field. `is_public`: its person may choose to show it to everybody.

    `may_correct`: its person may write it anew himself on his page. `mask` is how others see it who may not know it.
    `for_staff`: staff see it masked and may open it, with a right and a reason (`backend/openings`); else never.
    """

    field: str
    label: str
    purpose: str
    mask: str
    is_public: bool
    may_correct: bool
    for_staff: bool

    @property
    def shown_to(self) -> frozenset[str]:
        """Return who may be shown this field at all."""
        return frozenset({OWN} | ({EVERYBODY} if self.is_public else set()) | ({STAFF} if self.for_staff else set()))


def _mark(
    field: str, label: str, purpose: str, mask: str, *, public: bool, corrected: bool, staff: bool = True
) -> FieldMark:
    given = {"field": field, "label": label, "purpose": purpose, "mask": mask}
    return FieldMark(**given, is_public=public, may_correct=corrected, for_staff=staff)


MARKS: tuple[FieldMark, ...] = (
    _mark(GIFT_NAME, "捐赠署名", "按您的选择在捐赠名单和收据上署名", NAME_MASK, public=True, corrected=True),
    _mark(GIFT_MESSAGE, "捐赠留言", "在捐赠名单上展示您的留言", WORDS_MASK, public=True, corrected=True),
    _mark(SHARE_NAME, "分享昵称", "在您分享的卡片上署名", NAME_MASK, public=True, corrected=True),
    _mark(VOLUNTEER_NAME, "志愿者姓名", "活动签到和志愿服务记录", NAME_MASK, public=False, corrected=True),
    _mark(VOLUNTEER_AGE, "年龄段", "未成年人参加志愿服务，安排适合年龄的事", WORDS_MASK, public=False, corrected=False),
    _mark(GUARDIAN_NAME, "监护人姓名", "未成年人参加志愿服务须监护人同意", NAME_MASK, public=False, corrected=True),
    _mark(GUARDIAN_PHONE, "监护人手机号", "活动中有事时联系监护人", PHONE_MASK, public=False, corrected=True),
    _mark(
        OPENID, "微信账号标识", "用微信登录、支付和接收通知", HIDDEN_MASK, public=False, corrected=False, staff=False
    ),
    _mark(PHONE, "手机号", "用手机号登录", PHONE_MASK, public=False, corrected=False, staff=False),
    _mark(REFUND_REASON, "退款原因", "办理您的退款申请", WORDS_MASK, public=False, corrected=False),
    _mark(RECEIPT_DONOR, "收据上的捐赠人", "依法保存的捐赠收据", NAME_MASK, public=False, corrected=False),
)
BY_NAME = {mark.field: mark for mark in MARKS}
PUBLIC = frozenset(mark.field for mark in MARKS if mark.is_public)


def masked(value: str, mask: str) -> str:
    """Return a value as somebody may see it who may not know it: 张*, 138****1234, 110***********1234, ***."""
    if mask == NAME_MASK:
        return f"{value[:1]}*"
    if mask == PHONE_MASK:
        number = value.removeprefix("+86")
        return f"{number[:3]}****{number[-4:]}"
    if mask == ID_MASK:
        return f"{value[:3]}{'*' * max(0, len(value) - 7)}{value[-4:]}"
    return "" if mask == HIDDEN_MASK else "*" * min(len(value), STARS_MAX)
