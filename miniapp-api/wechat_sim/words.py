"""What WeChat thinks of a text (msg_sec_check v2): by lists of words here, by more than that at WeChat."""

from __future__ import annotations

import re
from typing import Any

from wechat_sim.books import World
from wechat_sim.errors import ServerError
from wechat_sim.keys import App, random_text
from wechat_sim.people import has_visited
from wechat_sim.shapes import Group, Text, Whole

SHAPE = Group(
    {"content": Text(longest=2500)},
    {
        "version": Whole(least=1, most=2),
        "scene": Whole(least=1, most=4),
        "openid": Text(longest=128),
        "title": Text(longest=2500, shortest=0),
        "nickname": Text(longest=2500, shortest=0),
        "signature": Text(longest=2500, shortest=0),
    },
)
PASS, REVIEW, RISKY = "pass", "review", "risky"
OK = 100
LISTS = (
    (RISKY, 20006, ("赌博", "毒品", "枪支", "模拟违规")),
    (RISKY, 20008, ("诈骗", "刷单返利", "稳赚不赔")),
    (RISKY, 20002, ("色情", "裸聊")),
    (RISKY, 20003, ("王八蛋", "去死")),
    (REVIEW, 10001, ("加微信", "代购", "贷款", "点击链接", "模拟复核")),
)
ESCAPED = re.compile(rb"\\u[0-9A-Fa-f]{4}")


def check(world: World, app: App, told: dict[str, Any], raw: bytes) -> dict[str, Any]:
    """Return a verdict; errcode 0 is no pass. Raises `ServerError`."""
    if ESCAPED.search(raw):
        raise ServerError(47001, "data format error hint: [send UTF-8, not \\uXXXX: escapes are not read]")
    text = " ".join(str(told.get(name, "")) for name in ("content", "title", "nickname", "signature"))
    suggest, label, keyword = verdict(text)
    if told.get("version", 1) == 1:
        if suggest == RISKY:
            raise ServerError(87014, "risky content")
        return {"errcode": 0, "errmsg": "ok"}
    if "scene" not in told or "openid" not in told:
        raise ServerError(40097, "invalid args hint: [version 2 wants scene and openid]")
    person = world.person_of(told["openid"], app.app_id)
    if person is None:
        raise ServerError(40003, "invalid openid")
    if not has_visited(world, person, app.app_id):
        raise ServerError(61010, "code is expired hint: [the user did not open the mini-program within 2 hours]")
    if suggest == PASS and world.knobs.hits("server.review"):
        suggest, label = REVIEW, 21000
    detail = {"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
    words = [{"strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "level": 90, "keyword": keyword}]
    told = {"errcode": 0, "errmsg": "ok", "result": {"suggest": suggest, "label": label}}
    return told | {"detail": [detail, *(words if keyword else [])], "trace_id": random_text(24, "0123456789abcdef")}


def verdict(text: str) -> tuple[str, int, str]:
    """Return the worst that the lists say of a text: suggestion, label, the word."""
    found = ((suggest, label, word) for suggest, label, words in LISTS for word in words if word in text)
    return next(found, (PASS, OK, ""))
