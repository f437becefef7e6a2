"""Subscribe messages: one tap, one message; every field within the limits of its kind."""

from __future__ import annotations

import re
from typing import Any

from wechat_sim.books import World
from wechat_sim.clock import rfc3339
from wechat_sim.errors import ServerError
from wechat_sim.keys import App
from wechat_sim.shapes import Anything, Group, Text

SEND = Group(
    {"touser": Text(longest=128), "template_id": Text(longest=64)},
    {
        "page": Text(longest=1024, shortest=0),
        "miniprogram_state": Text(longest=16, words=("developer", "trial", "formal")),
        "lang": Text(longest=8, words=("zh_CN", "en_US", "zh_HK", "zh_TW")),
        "data": Anything(),
    },
)
DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d\d-\d\d)( \d{1,2}:\d\d(:\d\d)?)?"
KINDS = {
    "thing": r"[\s\S]{1,20}",
    "number": r"\d{1,32}(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^0-9A-Za-z\u4e00-\u9fff]{1,5}",
    "character_string": r"[\x21-\x7e]{1,32}",
    "time": rf"\d{{1,2}}:\d\d(:\d\d)?|{DATE}",
    "date": DATE,
    "amount": r"[¥￥$€£]?\d{1,10}(\.\d+)?元?",
    "phone_number": r"[0-9+\- ]{1,17}",
    "car_number": r"[\u4e00-\u9fff]?[0-9A-Za-z]{1,8}",
    "name": r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
}


def send(world: World, app: App, told: dict[str, Any]) -> dict[str, Any]:
    """Send a message, and use one allowance up. Raises `ServerError`."""
    person = world.person_of(told["touser"], app.app_id)
    if person is None:
        raise ServerError(40003, "invalid openid")
    template, known = told["template_id"], world.books.templates
    if template not in known:
        raise ServerError(40037, "invalid template_id")
    if told.get("page", "").startswith("/") or world.knobs.hits("server.unpublished"):
        raise ServerError(41030, "invalid page")
    _check_fields(told.get("data"), list(known[template].fields))
    if person.quota.get(template, 0) < 1:
        raise ServerError(43101, "user refuse to accept the msg")
    person.quota[template] -= 1
    data = {name: field["value"] for name, field in told["data"].items()}
    kept = {"person": person.id, "template_id": template, "page": told.get("page", ""), "data": data}
    world.books.messages.append(kept | {"at": rfc3339(world.now())})
    return {"errcode": 0, "errmsg": "ok", "msgid": world.next_number()}


def templates(world: World) -> dict[str, Any]:
    """Tell the templates that the mini-program's owner has chosen."""
    rows = []
    for key, row in world.books.templates.items():
        content = "".join(f"{tells}:{{{{{name}.DATA}}}}\n" for name, tells in row.fields.items())
        example = "".join(f"{tells}:示例\n" for tells in row.fields.values())
        rows.append({"priTmplId": key, "title": row.title, "content": content, "example": example, "type": 2})
    return {"errcode": 0, "errmsg": "ok", "data": rows}


def _check_fields(data: object, wanted: list[str]) -> None:
    if not isinstance(data, dict) or not data:
        raise ServerError(47003, "argument invalid! hint: [data is empty]")
    if sorted(data) != sorted(wanted):
        raise ServerError(47003, f"argument invalid! hint: [the template has {'、'.join(wanted)}]")
    for name, field in data.items():
        kind = name.rstrip("0123456789")
        value = field.get("value") if isinstance(field, dict) and list(field) == ["value"] else None
        if kind not in KINDS or kind == name or not isinstance(value, str) or not _has_kind(kind, value):
            raise ServerError(47003, f"argument invalid! hint: [] data.{name}.value invalid")


def _has_kind(kind: str, value: str) -> bool:
    return re.fullmatch(KINDS[kind], value) is not None and value.replace("\n", "").isprintable()
