"""The step of the worker that asks WeChat about words; none where no mini-program is set up."""

from __future__ import annotations

from backend.content import asking
from backend.content.asking import FindOpenid
from backend.core.config import Settings
from backend.jobs.steps import Step
from backend.wechat.server import WechatServer


def checks_words(settings: Settings) -> bool:
    """Say whether words are checked here before they are shown; without a mini-program nobody could be asked."""
    return settings.wechat.mini is not None


def word_steps(settings: Settings, *, wechat: WechatServer, find_openid: FindOpenid) -> tuple[Step, ...]:
    """Return the step, if words are checked here."""
    if not checks_words(settings):
        return ()
    return (
        Step(
            name="check_words",
            act=lambda now: asking.ask_due(wechat=wechat, find_openid=find_openid, now=now),
            has_work=lambda now: asking.has_due(now=now),
            calls_out=True,
        ),
    )
