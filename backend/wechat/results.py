"""What WeChat tells us, as far as we need it. A `session_key` is read by nobody and returned to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Suggestion = Literal["pass", "review", "risky"]


@dataclass(frozen=True, kw_only=True)
class WechatUser:
    """Somebody in one of our apps. `unionid` only where the apps are joined on WeChat's open platform."""

    app_id: str
    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class PhoneNumber:
    """A number that its owner has shown us: digits only, with the code of its country."""

    number: str = field(repr=False)
    country_code: str = "86"


@dataclass(frozen=True, kw_only=True)
class RoundCode:
    """The round code of a mini-program page, as a picture."""

    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, kw_only=True)
class TextVerdict:
    """What WeChat thinks of a text. Only `suggest` decides; that the call went well says nothing (bad input 42)."""

    suggest: Suggestion
    label: int
    trace_id: str

    @property
    def passes(self) -> bool:
        """Whether the text may be shown without a person having read it."""
        return self.suggest == "pass"


@dataclass(frozen=True, kw_only=True)
class JsConfig:
    """What `wx.config` of a page needs."""

    app_id: str
    timestamp: int
    nonce: str
    signature: str
