"""Subscribe messages: one tap of the user allows one, so each is best effort beside the inbox, which is the truth.

A message is owed through the outbox under its own key. What WeChat refuses for good (the user allowed none, a field
does not fit) is dropped with its number and never sent again (bad input 43).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.core.clock import SHANGHAI, in_utc
from backend.core.config_wechat import MessageTemplate
from backend.core.db import read_with_retries
from backend.core.errors import Refusal
from backend.outbox import service as outbox
from backend.outbox.sending import DELIVERED, Message, Outcome, Sender
from backend.wechat.refusals import WechatRefused
from backend.wechat.server import WechatServer

KIND = "wechat_subscribe"
GIVE_UP_AFTER = timedelta(hours=1)
"""A reminder that comes later than this reminds of nothing."""
THING_CHARS_MAX = 20
"""A thing is any text, and is cut; every other kind fits or is not sent, for half of it would say something else."""
SHAPES = {
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}"),
    "amount": re.compile(r"[¥￥]?[0-9]{1,10}(\.[0-9]{1,2})?元?"),
    "number": re.compile(r"[0-9.]{1,32}", re.ASCII),
    "character_string": re.compile(r"[!-~]{1,32}", re.ASCII),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "date": re.compile(r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日( [0-9]{2}:[0-9]{2})?"),
}
HOME = "pages/index/index"
FindOpenid = Callable[[int], str | None]


class FieldMissing(Exception):
    """A template asks for a fact that this message does not tell, or in a form that WeChat does not take."""


def queue(
    *, person_id: int, template: str, facts: Mapping[str, str], link: str | None, key: str, now: datetime
) -> bool:
    """Owe one message, in the present transaction; False when it is owed, or was sent, already.

    `template` is our name of it, as in the settings (`gift_received`); `facts` are what its fields may tell, without a
    name or a message of anybody (law 12); `link` is an address of ours that it opens. At most once for each `key`.
    """
    told = {"person": person_id, "template": template, "facts": dict(facts), "page": page_of(link)}
    body = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return outbox.put(kind=KIND, subject=template, key=key, body=body, now=now)


def page_of(link: str | None) -> str:
    """Return the mini-program's page for an address of ours: `/gift?code=G` is `pages/gift/index?code=G`."""
    found = re.fullmatch(r"/([a-z]+)(\?[^#]*)?", link or "")
    return HOME if found is None else f"pages/{found[1]}/index{found[2] or ''}"


def moment(at: datetime) -> str:
    """Return an instant as WeChat writes times: 2026年6月1日 15:01."""
    local = in_utc(at).astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def filled(template: MessageTemplate, facts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a message, each cut to what WeChat takes. Refuses `FieldMissing`."""
    return {key: _fitting(key, facts.get(fact, "")) for fact, key in template.keys.items()}


def _fitting(key: str, fact: str) -> str:
    kind = key.rstrip("0123456789")
    text = " ".join(fact.split())
    shape = SHAPES.get("date" if kind == "time" else kind)
    if not text or (shape is not None and not shape.fullmatch(text)):
        raise FieldMissing(key)
    return text if kind != "thing" or len(text) <= THING_CHARS_MAX else f"{text[: THING_CHARS_MAX - 1]}…"


@dataclass(frozen=True, kw_only=True)
class SubscribeSender:
    """Sends one message; it asks the database who is meant only now, so the outbox holds no openid."""

    wechat: WechatServer
    find_openid: FindOpenid

    def __call__(self, message: Message, *, now: datetime) -> Outcome:
        """Send. A no for good lets the message go, anything else is tried again for an hour."""
        told = json.loads(message.body)
        template = self.wechat.settings.templates.get(told["template"])
        if template is None:
            return Outcome("dropped", "no_template")
        openid = read_with_retries(lambda: self.find_openid(told["person"]))
        if openid is None:
            return Outcome("dropped", "no_account")
        try:
            fields = filled(template, told["facts"])
            self.wechat.send_subscribed(
                openid=openid, template_id=template.template_id, page=told["page"], fields=fields, now=now
            )
        except FieldMissing as missing:
            return Outcome("dropped", f"field:{missing}")
        except Refusal as refusal:
            code = str(refusal.errcode) if isinstance(refusal, WechatRefused) else refusal.code
            return Outcome("again" if refusal.retryable else "dropped", code)
        return DELIVERED


def subscribe_sender(*, wechat: WechatServer, find_openid: FindOpenid) -> Sender:
    """Return how these messages are sent: for an hour, and nobody has to look at what was in vain."""
    send = SubscribeSender(wechat=wechat, find_openid=find_openid)
    return Sender(send=send, give_up_after=GIVE_UP_AFTER, best_effort=True)
