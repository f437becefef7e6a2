"""What reconciliation refuses, and in which words."""

from __future__ import annotations

from backend.core.errors import InvalidInput, Refusal
from backend.people.rights import RefusedTry


class FourEyes(RefusedTry):
    """Who proposed that money is posted does not approve it (ASVS 2.3.5)."""

    status = 403
    code = "FOUR_EYES"
    detail = "提出和批准要由两个人办理，请请另一位同事批准。"


class NotTheProposer(Refusal):
    """Only who proposed something takes it back; everybody else refuses it, with a reason."""

    status = 403
    code = "NOT_THE_PROPOSER"
    detail = "只有提出的人可以撤回，您可以驳回并写明原因。"


class DifferenceDone(Refusal):
    """The difference was worked off before, or has healed by itself."""

    code = "DIFFERENCE_DONE"
    detail = "这笔差异已经处理过了。"


class DifferenceProposed(Refusal):
    """Somebody has proposed how to work this difference off; it waits for a second person."""

    code = "DIFFERENCE_PROPOSED"
    detail = "这笔差异已有人提出处理办法，正在等另一位同事批准。"


class NothingProposed(Refusal):
    """Nobody has proposed anything that could be approved or taken back."""

    code = "NOTHING_PROPOSED"
    detail = "这笔差异还没有人提出处理办法。"


class ActionUnfit(InvalidInput):
    """The money of this difference does not go that way: what arrived is taken in, what is lacking is covered."""

    code = "ACTION_UNFIT"
    detail = "这笔差异不能这样处理。"


class DayHasOpen(Refusal):
    """A day with open differences is not closed; `open` says how many there are."""

    code = "DAY_HAS_OPEN"
    detail = "这一天还有没处理完的差异，不能结账。"


class DayNotMatched(Refusal):
    """The day's bills have not been compared yet."""

    code = "DAY_NOT_MATCHED"
    detail = "这一天的账单还没有对完，请稍后再试。"


class DayNotClosed(Refusal):
    """Only a closed day is opened again."""

    code = "DAY_NOT_CLOSED"
    detail = "这一天还没有结账，不需要重开。"


class BillStillComes(Refusal):
    """The provider may still make the bill: a day is compared without one only when it is overdue."""

    code = "BILL_STILL_COMES"
    detail = "账单可能还会生成，过了次日再过一天仍然没有，才能按没有账单处理。"


class OwnMoneyDone(Refusal):
    """This money of the federation's own was approved or ended before."""

    code = "OWN_MONEY_DONE"
    detail = "这笔自有资金已经办理过了。"


class ReceivedInFuture(InvalidInput):
    """Money is received on a day that has come."""

    code = "RECEIVED_IN_FUTURE"
    detail = "到账日期还没有到。"
