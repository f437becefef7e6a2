"""Whoever is called by an alert finds a page for it, and every command and figure that the page names is there."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from flask import Flask
from miniapp_api import metrics

from backend.core.db import reading
from backend.payments.alerts import AlertKind

HOUSE = Path(__file__).resolve().parents[2]
PAGES = HOUSE / "backend" / "docs" / "runbook"
DESK = HOUSE / "miniapp-api" / "client" / "src" / "i18n" / "desk" / "zh-Hans.json"
INDEX = "README.md"
FORM = ("发生了什么", "对钱意味着什么", "怎么看", "怎么办", "什么时候算完", "千万不要")
KINDS = frozenset(get_args(AlertKind))
NAMES = sorted(page.name for page in PAGES.glob("*.md") if page.name != INDEX)


def text_of(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def everything() -> str:
    return "\n".join(text_of(name) for name in (INDEX, *NAMES))


def code() -> Iterator[ast.AST]:
    for folder in ("backend", "miniapp-api/miniapp_api"):
        for path in sorted((HOUSE / folder).rglob("*.py")):
            if path.name != "alerts.py":
                yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_each_kind_of_alert_has_its_page_and_each_page_its_kind() -> None:
    pages = {name.removesuffix(".md") for name in NAMES}
    assert {name for name in pages if name.isupper()} == KINDS


def test_each_kind_is_raised_somewhere_and_none_is_raised_that_is_not_listed() -> None:
    nodes = list(code())
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert KINDS - words == set()
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("raise_alert")]
    told = {word.value.value for call in calls for word in call.keywords if isinstance(word.value, ast.Constant)}
    assert len(calls) > 15
    assert told - KINDS == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_tells_what_happened_what_to_do_and_what_never_to_do(name: str) -> None:
    parts = re.split(r"^## (.+)$", text_of(name), flags=re.MULTILINE)
    assert tuple(parts[1::2]) == FORM
    assert all(len(part.strip()) > 10 for part in parts[2::2])
    stem = name.removesuffix(".md")
    assert parts[0].startswith("# ")
    assert stem not in KINDS or parts[0].startswith(f"# {stem}：")


def test_the_index_leads_to_every_page_and_no_link_leads_nowhere() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", text_of(INDEX))
    assert sorted(linked) == NAMES
    assert {link for name in NAMES for link in re.findall(r"\]\(([^)]+)\)", text_of(name))} - set(NAMES) == set()


def test_every_command_of_the_runbook_exists_with_the_options_that_it_names(app: Flask) -> None:
    named = re.findall(r"flask --app wsgi ([a-z-]+)([^`\n]*)`", everything())
    commands: dict[str, Any] = dict(app.cli.commands)
    assert len({name for name, _ in named}) > 8
    wrong = {name for name, _ in named if name not in commands}
    for name, rest in named:
        known = {word for one in commands[name].params for word in one.opts} if name in commands else set()
        wrong |= {f"{name} {option}" for option in re.findall(r"--[a-z-]+", rest) if option not in known}
    assert wrong == set()


def test_every_figure_that_the_runbook_watches_is_shown(app: Flask) -> None:
    with app.app_context(), reading():
        shown = metrics.shown()[0].decode()
    named = set(re.findall(r"happy_home_\w+", everything()))
    assert {name for name in named if f"# TYPE {name.removesuffix('_total')}" not in shown} == set()


def test_every_screen_of_the_desk_that_the_runbook_opens_is_called_so() -> None:
    said = set(json.loads(DESK.read_text(encoding="utf-8")).values())
    named = set(re.findall(r"工作台 → ([^\s。，；：→）”]+)", everything()))
    assert len(named) > 3
    assert named - said == set()


def test_every_button_that_the_runbook_has_pressed_is_called_so() -> None:
    said = set(json.loads(DESK.read_text(encoding="utf-8")).values())
    named = set(re.findall("[按点选]“([^”]+)”", everything()))
    assert len(named) > 5
    assert named - said == set()
