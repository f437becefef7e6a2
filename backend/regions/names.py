"""How a unit's name is found: what of it tells one place from another, and what is only its kind. No database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# Raise it when a rule below changes: every database then makes its endings anew at the next load.
RULES_VERSION = "1"
VILLAGE_START, UPPER_START, VILLAGE_INNER, UPPER_INNER = range(4)
WORDS_MAX = 5
TEXT_LIMIT = 60  # Characters; the longest full address of a village has 50.

# What follows a village's name in the official list: 众心村委会, 众心村村民委员会, 众心村民委员会 are one name. The
# beginnings (村民, 居委 …) are here because people see results while they still type.
_OFFICES = (
    "村民委员会|居民委员会|民委员会|委员会|村委会|居委会|委会|社区|村民委员|村民委|村民|村委|居民委员|居民委|居民|居委"
)
_OFFICE = re.compile(rf"(..+?)((?:{_OFFICES}|村)*)")
# What follows the name of a larger unit; longer words first.
UPPER_KINDS = (
    "特别行政区",
    "街道办事处",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "地区",
    "街道",
    "新区",
    *"省市区县旗镇乡盟",
)
_UPPER = re.compile(rf"(..+?)(?:{'|'.join(UPPER_KINDS)})")
_ADDRESS = re.compile(r"..+?(?:特别行政区|自治[区州县旗]|地区|街道办事处|街道|[省市区县旗镇乡盟])")
_plain = re.compile(r"[\u4e00-\u9fff]*").fullmatch  # Nothing to fold: four names of a thousand are left.
_BETWEEN = re.compile(r"[\s,.;:/|，。、；：·>-]+")


class Word(NamedTuple):
    """One word of a search: as typed without the office's name, and its core without its kind (村, 区, 镇 …)."""

    typed: str
    core: str
    is_community: bool
    """Whether the asker named a community (社区, 居委会), which then goes before a village of the same name."""


def folded(text: str) -> str:
    """Return the text with full-width letters and digits made plain, in lower case, for comparing only."""
    return text if _plain(text) else unicodedata.normalize("NFKC", text).casefold()


def village_name(name: str) -> str:
    """Return the name by which people call a village: 众心村委会 and 众心村民委员会 are 众心村, 竹溪居委会 is 竹溪."""
    core, office = _parts(name)
    return _as_village(core) if "村" in office else core


def endings_of(code: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield (place, ending) for each ending of at least two characters, the whole name first."""
    is_village = len(code) == 12
    text = village_name(folded(name)) if is_village else folded(name)
    yield (VILLAGE_START if is_village else UPPER_START), text
    for start in range(1, len(text) - 1):
        yield (VILLAGE_INNER if is_village else UPPER_INNER), text[start:]


def word_of(text: str) -> Word:
    """Return one word of `words_of`, which has at least two characters, parted into what is searched for."""
    core, office = _parts(text)
    typed = _as_village(core) if "村" in office else core
    upper = None if office else _UPPER.fullmatch(core)
    return Word(typed, upper[1] if upper else core, "社区" in office or "居" in office)


def words_of(text: str) -> list[str]:
    """Return the words of a search text, folded, at most five; single characters say too little and are left out.

    A name written with gaps, 众 心, is one word.
    """
    parts = [part for part in _BETWEEN.split(folded(text)[:TEXT_LIMIT]) if part]
    words = [part for part in parts if len(part) >= 2] or ["".join(parts)]
    return [word for word in words if len(word) >= 2][:WORDS_MAX]


def splits_of(text: str) -> Iterator[list[str]]:
    """Yield ways to read a text without spaces as places: 大丰区西团镇众心村 by its kinds, 大丰众心 at each point."""
    parts = _ADDRESS.findall(text)
    rest = text[sum(map(len, parts)) :]
    if parts and len(rest) >= 2:
        yield [*parts, rest][-WORDS_MAX:]
    if len(text) <= 8:
        yield from ([text[:point], text[point:]] for point in range(2, len(text) - 1))


def exact_forms(word: Word) -> list[str]:
    """Return the names that are this word and nothing more: 大丰 is 大丰村 and 大丰区, but not 大丰桥村."""
    return [word.core, f"{word.core}村", *(word.core + kind for kind in UPPER_KINDS)]


def _as_village(core: str) -> str:
    return core if core.endswith("村") else f"{core}村"


def _parts(name: str) -> tuple[str, str]:
    """Part a name into what is its own, at least two characters, and the words of its office."""
    found = _OFFICE.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")
