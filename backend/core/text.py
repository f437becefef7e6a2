"""What people type, made safe to keep: no control characters, no reordering tricks, emoji families intact."""

from __future__ import annotations

import unicodedata

from backend.core.errors import InvalidInput

ZERO_WIDTH_JOINER = "\u200d"
# Marks that reorder or hide text: RTL/LTR overrides and isolates, zero-width characters other than the joiner.
HIDDEN = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200C, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x061C]
)


class TextInvalid(InvalidInput):
    """The text holds characters that cannot be kept, is empty, or is longer than its limit in characters."""

    code = "TEXT_INVALID"
    detail = "文字内容有误，请检查后再试。"


def clean_line(text: str, *, limit: int, field: str) -> str:
    """Return one line of text, NFC, trimmed, inner white space single. Refuses an empty or too long one."""
    line = " ".join(_visible(text, limit=limit, field=field).split())
    return _within(line, limit=limit, field=field)


def clean_text(text: str, *, limit: int, field: str) -> str:
    """Return text of several lines, NFC, trimmed, without control characters. Refuses an empty or too long one."""
    kept = "\n".join(line.strip() for line in _visible(text, limit=limit, field=field).splitlines()).strip()
    return _within(kept, limit=limit, field=field)


def _visible(text: str, *, limit: int, field: str) -> str:
    if len(text) > 4 * limit + 64:  # Before all else: composing 100,000 loose accents takes ten seconds.
        raise _too_long(limit=limit, field=field)
    if any(0xD800 <= ord(char) <= 0xDFFF or char == "\0" for char in text):
        raise TextInvalid("文字里有无法保存的字符，请重新输入。", field=field)
    folded = unicodedata.normalize("NFC", text).translate(HIDDEN)
    kept = (" " if unicodedata.category(char) == "Cc" and char not in "\n\t" else char for char in folded)
    return _without_loose_joiners("".join(kept))


def _without_loose_joiners(text: str) -> str:
    """Keep a zero-width joiner only between two symbols, where it makes one emoji of several."""
    kept = []
    for index, char in enumerate(text):
        if char == ZERO_WIDTH_JOINER and not _joins_symbols(text, index):
            continue
        kept.append(char)
    return "".join(kept)


def _joins_symbols(text: str, index: int) -> bool:
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    return bool(before and after) and _is_symbol(before) and _is_symbol(after)


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) in ("So", "Sk", "Mn")


def _within(text: str, *, limit: int, field: str) -> str:
    if not text:
        raise TextInvalid("这一项不能为空。", field=field)
    if len(text) > limit:
        raise _too_long(limit=limit, field=field)
    return text


def _too_long(*, limit: int, field: str) -> TextInvalid:
    return TextInvalid(f"最多 {limit} 个字。", field=field, limit=limit)
