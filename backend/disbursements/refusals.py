"""What disbursing refuses, and in which words."""

from __future__ import annotations

from backend.core.errors import InvalidInput, Refusal
from backend.people.rights import RefusedTry


class FourEyes(RefusedTry):
    """Who proposed a payout does not approve it (bad input 28, ASVS 2.3.5)."""

    status = 403
    code = "FOUR_EYES"
    detail = "提出和批准要由两个人办理，请请另一位同事批准。"


class NothingLeft(Refusal):
    """All of the money was given back to its giver."""

    code = "NOTHING_LEFT"
    detail = "这笔钱已经全部退回给捐赠人。"


class AlreadyApproved(Refusal):
    """Somebody else has approved this payout; the money moved once."""

    code = "ALREADY_APPROVED"
    detail = "这笔拨付已经批准过了。"


class PayoutWithdrawn(Refusal):
    """Who proposed the payout has withdrawn it; no money moved and none will."""

    code = "PAYOUT_WITHDRAWN"
    detail = "这笔拨付已经由提出人撤回，没有动钱。"


class PayoutRefused(Refusal):
    """Somebody else has refused the payout; no money moved and none will."""

    code = "PAYOUT_REFUSED"
    detail = "这笔拨付已经被驳回，没有动钱。"


class NotTheProposer(Refusal):
    """Only who proposed a payout withdraws it; everybody else refuses it, with a reason."""

    status = 403
    code = "NOT_THE_PROPOSER"
    detail = "只有提出这笔拨付的人可以撤回，您可以驳回并写明原因。"


class OwnPayout(Refusal):
    """Nobody refuses what he proposed himself: he withdraws it."""

    status = 403
    code = "OWN_PAYOUT"
    detail = "这是您自己提出的拨付，请用“撤回”。"


class ProjectClosed(Refusal):
    """The project is closed: what it had is with the village's fund."""

    code = "PROJECT_CLOSED"
    detail = "这个项目已经结项，款项已转入村互助基金。"


class SpentInFuture(InvalidInput):
    """Money is spent on a day that has come."""

    code = "SPENT_IN_FUTURE"
    detail = "支出日期还没有到。"


class SpentBeforeStart(InvalidInput):
    """A project spends nothing before it has begun."""

    code = "SPENT_BEFORE_START"
    detail = "支出日期早于项目开始日期。"


class ChannelUnknown(InvalidInput):
    """Money leaves the village's account by bank, or as cash."""

    code = "CHANNEL_UNKNOWN"
    detail = "付款方式只能是银行转账或现金。"


class VoucherUsed(Refusal):
    """The same photo stands behind another spending line, of this or of another project (R33)."""

    code = "VOUCHER_USED"
    detail = "这张凭证已经用于另一笔支出，请换一张。"


class CorrectionTooLarge(Refusal):
    """Corrections of a line are never more than the line; `left_fen` is what can still be corrected."""

    code = "CORRECTION_TOO_LARGE"
    detail = "更正金额超过了这笔支出的余额。"
