"""A village is known by its own name, whatever the office calls it."""

from __future__ import annotations

import pytest

from backend.regions.names import endings_of, exact_forms, splits_of, village_name, word_of, words_of

VILLAGE_NAMES = [
    ("众心村委会", "众心村", "the short form of the office"),
    ("众心村村民委员会", "众心村", "the long form, with the village's own 村 before it"),
    ("众心村民委员会", "众心村", "the long form without it"),
    ("竹溪居委会", "竹溪", "a community's office"),
    ("李家社区居民委员会", "李家", "a community's long form"),
    ("王村委会", "王村", "a name of one character keeps its 村"),
    ("大村村委会", "大村", "a name that ends with 村 is not given another"),
    ("新村", "新村", "nothing is left of it without 村"),
    ("春晓社区村民委员会", "春晓村", "a community that became a village's office"),
    ("县", "县", "a single character has no parts"),
]


@pytest.mark.parametrize(("name", "called", "reason"), VILLAGE_NAMES, ids=[row[0] for row in VILLAGE_NAMES])
def test_the_office_is_no_part_of_a_village_s_name(name: str, called: str, reason: str) -> None:
    assert village_name(name) == called, reason


def test_a_name_is_known_by_its_endings_of_two_characters_or_more() -> None:
    assert list(endings_of("320904104209", "众心村委会")) == [(0, "众心村"), (2, "心村")]
    assert list(endings_of("320904", "大丰区")) == [(1, "大丰区"), (3, "丰区")]


def test_full_width_digits_are_found_by_plain_ones() -> None:
    assert next(endings_of("320904104209", "１０连队")) == (0, "10连队")


def test_a_word_that_is_still_being_typed_already_names_its_village() -> None:
    whole = "众心村民委员会"
    assert {word_of(whole[:length]).core for length in range(2, len(whole) + 1)} == {"众心"}


def test_a_word_knows_which_kind_of_unit_it_names() -> None:
    assert word_of("竹溪社区").is_community
    assert not word_of("竹溪村").is_community
    assert word_of("西团镇") == ("西团镇", "西团", False)
    assert "大丰区" in exact_forms(word_of("大丰市")), "大丰 was a city until 2015, and people still say so"


def test_a_text_is_cut_into_at_most_five_words_of_two_characters() -> None:
    assert words_of("大丰，众心、西团/李 家") == ["大丰", "众心", "西团"]
    assert words_of("一一 二二 三三 四四 五五 六六") == ["一一", "二二", "三三", "四四", "五五"]


def test_an_address_without_spaces_is_read_by_its_kinds_of_units() -> None:
    assert next(splits_of("江苏省盐城市大丰区西团镇众心村")) == ["江苏省", "盐城市", "大丰区", "西团镇", "众心村"]
    assert ["大丰", "众心"] in list(splits_of("大丰众心"))
    assert list(splits_of("这是一个很长但没有地名的句子")) == []
