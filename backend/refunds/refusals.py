"""The named refusals of refunds."""

from __future__ import annotations

from backend.core.errors import InvalidInput, NotFound, Refusal
from backend.people.rights import RefusedTry


class RefundUnknown(NotFound):
    """No refund has this code, or the asker may not know that one does."""

    code = "REFUND_UNKNOWN"
    detail = "没有找到这个退款申请。"


class GiftNotPaid(Refusal):
    """Only money that has arrived can be given back."""

    code = "GIFT_NOT_PAID"
    detail = "这笔捐赠还没有到账，不用退款。"


class RefundTooLarge(Refusal):
    """More was asked than is free: the rest was given back, is promised, or moved on. `free_fen` is what is left."""

    code = "REFUND_TOO_LARGE"
    detail = "超过了现在可以退的金额。"


class RefundTooLate(Refusal):
    """The provider gives nothing back after 365 days; `until` was the last moment."""

    code = "REFUND_TOO_LATE"
    detail = "付款已超过365天，支付机构不再办理原路退款。"


class RefundTooOften(Refusal):
    """A payment is given back in at most 50 parts (`limit`)."""

    code = "REFUND_TOO_OFTEN"
    detail = "这笔捐赠已经分50次退过款，不能再分次退。"


class RefundTooSoon(Refusal):
    """Two parts of one payment are sent at least a minute apart; `not_before` is when the next one may be."""

    code = "REFUND_TOO_SOON"
    detail = "同一笔捐赠的两次退款要间隔一分钟，请稍后再试。"
    retryable = True


class RefundWaits(Refusal):
    """Another request for the same gift is not decided yet; one at a time."""

    code = "REFUND_WAITS"
    detail = "这笔捐赠已有一个退款申请在等待审核，请等它办完。"


class RefundDecided(Refusal):
    """It was approved, refused or withdrawn already; `state` says which."""

    code = "REFUND_DECIDED"
    detail = "这个退款申请已经办过了，请刷新后再看。"


class FourEyes(RefusedTry):
    """Who asked does not decide, and two different people approve (ASVS 2.3.5)."""

    status = 403
    code = "FOUR_EYES"
    detail = "退款要由两个人审核，提出申请的人也不能审核，请请另一位同事办理。"


class NotUnderWay(Refusal):
    """Only a refund that was sent and has not ended can be asked about."""

    code = "REFUND_NOT_UNDER_WAY"
    detail = "这个退款没有在办理中。"


class RefundUnderWay(Refusal):
    """Money that is promised back to its giver is not given to a project."""

    code = "REFUND_UNDER_WAY"
    detail = "这笔钱正在退回给捐赠人，等退款办完再分配。"


class NotAbnormal(Refusal):
    """Only a refund that the provider calls abnormal is sent to another card."""

    code = "REFUND_NOT_ABNORMAL"
    detail = "这个退款现在不是异常状态，不用填银行卡，请刷新后再看。"


class CardsNotTaken(Refusal):
    """The provider of this installation sends no refund to another card."""

    code = "CARDS_NOT_TAKEN"
    detail = "现在的支付渠道不能把退款改退到银行卡。"


class CardInvalid(InvalidInput):
    """A card number is 12 to 19 digits. What was typed is not repeated."""

    code = "CARD_INVALID"
    detail = "银行卡号应是12到19位数字，请核对后再填。"


class CardUnknown(NotFound):
    """No card with this code was written down for this refund."""

    code = "CARD_UNKNOWN"
    detail = "没有找到这张银行卡，请刷新后再看。"


class CardWaits(Refusal):
    """Another card was written down for this refund, and waits for its confirmation or for the provider."""

    code = "CARD_WAITS"
    detail = "这个退款已经填了一张银行卡，正在等确认或等渠道答复。"


class CardDecided(Refusal):
    """The card was confirmed, refused or withdrawn already; `state` says which."""

    code = "CARD_DECIDED"
    detail = "这张银行卡已经办过了，请刷新后再看。"


class CardMayHaveGone(Refusal):
    """The card was sent, and no answer came that can be trusted: it may have been taken. `stands`: so the provider.

    It can be taken back once the provider, asked ten minutes after the last attempt, calls the refund abnormal still.
    """

    code = "CARD_MAY_HAVE_GONE"
    detail = "这张卡可能已经送到支付渠道，还不能收回。请过十分钟再试；渠道说退款仍是异常，才能收回。"
    retryable = True


class CardFourEyes(RefusedTry):
    """Who wrote a card down does not confirm it (ASVS 2.3.5)."""

    status = 403
    code = "CARD_FOUR_EYES"
    detail = "填银行卡的人不能自己确认，请另一位同事和捐赠人核对后确认。"
