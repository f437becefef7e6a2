"""What we tell people about their data: numbered texts that are never edited; a change is the next number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

TEXTS = Path(__file__).with_name("policies")


@dataclass(frozen=True, kw_only=True)
class Section:
    """One heading and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One version of the text; `effective_on` is a local date."""

    version: int
    title: str
    effective_on: str
    sections: tuple[Section, ...]


@cache
def present_policy() -> Policy:
    """Return the newest version."""
    version = max(int(path.stem) for path in TEXTS.glob("*.txt"))
    title, effective_on, *lines = (TEXTS / f"{version}.txt").read_text(encoding="utf-8").splitlines()
    parts = "\n".join(lines).split("# ")[1:]
    sections = tuple(_section(part.strip().splitlines()) for part in parts)
    return Policy(version=version, title=title, effective_on=effective_on, sections=sections)


def _section(lines: list[str]) -> Section:
    return Section(heading=lines[0], paragraphs=tuple(lines[1:]))
