"""Shapes of JSON fields, strict about every length, character and range, and about fields that nobody knows."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wechat_sim.errors import PayError, param_error

UNSEEN = ("Cc", "Cs")


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text of so many characters, of one pattern or one of a few words."""

    longest: int
    shortest: int = 1
    pattern: str = ""
    words: tuple[str, ...] = ()

    def check(self, value: object, name: str) -> None:
        """Raise `PayError` unless the value fits."""
        if not isinstance(value, str):
            raise param_error(name, "应为字符串", value)
        if not self.shortest <= len(value) <= self.longest:
            raise param_error(name, f"长度应在 {self.shortest} 到 {self.longest} 之间", value[:200])
        if any(unicodedata.category(char) in UNSEEN and char != "\n" for char in value):
            raise param_error(name, "含有控制字符或不成对的代理字符")
        if self.pattern and not fits(self.pattern, value):
            raise param_error(name, "含有不允许的字符或格式不对", value)
        if self.words and value not in self.words:
            raise param_error(name, f"应为 {'、'.join(self.words)} 之一", value)


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole number within bounds; `1.0`, `true` and `"1"` are none."""

    least: int
    most: int

    def check(self, value: object, name: str) -> None:
        """Raise `PayError` unless the value fits."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise param_error(name, "应为整数", value)
        if not self.least <= value <= self.most:
            raise param_error(name, f"应在 {self.least} 到 {self.most} 之间", value)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, value: object, name: str) -> None:
        """Raise `PayError` unless the value fits."""
        if not isinstance(value, bool):
            raise param_error(name, "应为 true 或 false", value)


@dataclass(frozen=True, kw_only=True)
class Many:
    """A list of one shape."""

    of: Shape
    most: int

    def check(self, value: object, name: str) -> None:
        """Raise `PayError` unless the value fits."""
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise param_error(name, f"应为 1 到 {self.most} 项的数组")
        for number, item in enumerate(value):
            self.of.check(item, f"{name}/{number}")


@dataclass(frozen=True)
class Group:
    """An object with fields that must and fields that may be there, and no others."""

    needed: Mapping[str, Shape] = field(default_factory=dict)
    may: Mapping[str, Shape] = field(default_factory=dict)

    def check(self, value: object, name: str = "") -> None:
        """Raise `PayError` unless the value fits."""
        if not isinstance(value, dict):
            raise param_error(name or "/body", "应为 JSON 对象")
        for key in value:
            if key not in self.needed and key not in self.may:
                raise param_error(f"{name}/{key}", "是未知的字段")
        for key, shape in self.needed.items():
            if value.get(key) is None:
                raise param_error(f"{name}/{key}", "缺少必填字段")
            shape.check(value[key], f"{name}/{key}")
        for key, shape in self.may.items():
            if key in value:
                shape.check(value[key], f"{name}/{key}")


@dataclass(frozen=True)
class Anything:
    """Whatever it is: somebody else looks at it."""

    def check(self, value: object, name: str) -> None:
        """Raise nothing."""


Shape = Text | Whole | Flag | Many | Group | Anything


def fits(pattern: str, text: str) -> bool:
    """Whether a text has a pattern, of ASCII alone."""
    return re.fullmatch(pattern, text, re.ASCII) is not None


def read_json(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a request. Raises ValueError for anything else, a repeated key, or no finite number."""
    told = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_refuse)
    if not isinstance(told, dict):
        raise ValueError("not an object")
    return told


def read_pay_body(raw: bytes) -> dict[str, Any]:
    """Return the body of a request to WeChat Pay. Raises `PayError`."""
    try:
        return read_json(raw)
    except (ValueError, RecursionError) as error:
        raise PayError(400, "PARAM_ERROR", f"请求体不是合法的 JSON 对象：{error}") from error


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"key {name!r} stands there twice")
        found[name] = value
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")
