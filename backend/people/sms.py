"""Who brings a one-time code to a phone. The house ships no sender; an installation names its own (ADR-0017)."""

from __future__ import annotations

import importlib
from typing import Protocol

from backend.core.errors import Refusal

PAGE, NONE = "page", "none"


class PhoneLoginUnavailable(Refusal):
    """This installation sends no codes; people come back by WeChat, or give as guests."""

    code = "PHONE_LOGIN_UNAVAILABLE"
    detail = "本平台没有开通手机号登录。不登录也可以捐赠。"


class SmsFailed(Refusal):
    """The sender could not be reached or did not take the message; no code is on its way."""

    status = 503
    code = "SMS_FAILED"
    detail = "验证码没有发出，请稍后再试。"
    retryable = True


class SmsProvider(Protocol):
    """Brings a code to a phone. It makes one call over the network, with a timeout, and no transaction is open."""

    def send(self, *, phone: str, code: str) -> str | None:
        """Send `code` to `phone` (`+86…`). Return None, or the code itself when it is to be shown on the page.

        Raises `SmsFailed` when it was not taken, and `PhoneLoginUnavailable` when none is ever sent.
        """
        ...


class ShownOnPage:
    """Sends nothing: the page shows the code and says so. It proves nothing, so production refuses it."""

    def send(self, *, phone: str, code: str) -> str | None:
        """Return the code."""
        return code


class NoSms:
    """Sends nothing and says so."""

    def send(self, *, phone: str, code: str) -> str | None:
        """Refuse `PhoneLoginUnavailable`."""
        raise PhoneLoginUnavailable()


def provider_named(name: str) -> SmsProvider:
    """Return the provider of `SMS_PROVIDER`: `page`, `none`, or `module:factory` of the installation's own."""
    if name == PAGE:
        return ShownOnPage()
    if name == NONE:
        return NoSms()
    module, _, factory = name.partition(":")
    made: SmsProvider = getattr(importlib.import_module(module), factory)()
    return made
