"""Named refusals: the domain says no with a status, a stable code and a sentence in Chinese."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """The base of every refusal. A subclass names one rule; `detail` is what the person on the phone reads."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "REFUSED"
    detail: str = "现在不能这样做。"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        """Keep `facts`, which the interface shows beside the detail; they hold no personal data."""
        if detail is not None:
            self.detail = detail
        self.facts = facts
        super().__init__(f"{self.code}: {self.detail}")


class NotFound(Refusal):
    """What was asked for does not exist, or the asker may not know that it does."""

    status = 404
    code = "NOT_FOUND"
    detail = "没有找到您要的内容。"


class InvalidInput(Refusal):
    """What was sent cannot be understood; `field` names the place."""

    status = 422
    code = "INVALID_INPUT"
    detail = "填写的内容有误，请检查后再试。"


class DatabaseBusy(Refusal):
    """The database could not take the transaction in time; nothing was written."""

    status = 503
    code = "DATABASE_BUSY"
    detail = "现在办理的人较多，请稍后再试。"
    retryable = True


class BooksStopped(Refusal):
    """The ledger was found out of joint: nothing is posted until an operator has seen to it; reading goes on (P3)."""

    status = 503
    code = "BOOKS_STOPPED"
    detail = "正在核对账目，暂时不能办理，请稍后再试；已有的记录不受影响。"
    retryable = True


class StorageUnavailable(Refusal):
    """The disk is full or read-only; nothing was written, reading goes on."""

    status = 503
    code = "STORAGE_UNAVAILABLE"
    detail = "系统暂时无法保存，请稍后再试；已有的记录不受影响。"
    retryable = True
