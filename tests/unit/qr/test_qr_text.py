"""Chinese text is set as in a book: marks stand on the right line, words and numbers stay whole, nothing is lost."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from qr.fonts import DEFAULT
from qr.text import ELLIPSIS, NEVER_FIRST, NEVER_LAST, fit, wrap

WORDS = st.sampled_from(["村", "路灯", "孩子们", "40", "1,200.50", "solar", "LED", "https://a.cn/s/1x", "A4", "盏"])
MARKS = st.sampled_from(["，", "。", "、", "！？", "”", "）", "……", "——", "％", "》。", ",", " "])
OPENERS = st.sampled_from(["（", "“", "《", "「", " ", "（“"])
sentences = st.lists(st.one_of(WORDS, WORDS, WORDS, MARKS, OPENERS), max_size=40).map("".join)


def wide(text: str) -> float:
    """A letter of the Latin kind is half as wide as a Chinese character."""
    return sum(1 if letter < "\u2000" else 2 for letter in text)


def squeezed(text: str) -> str:
    return "".join(text.split())


def longest_run_of_marks(text: str) -> int:
    longest = run = 0
    for letter in text:
        run = run + 1 if letter in NEVER_FIRST | NEVER_LAST or letter == " " else 0
        longest = max(longest, run)
    return longest


@settings(deadline=None)
@given(text=sentences, width=st.integers(40, 80))
@example(text="村（ 40", width=40)
@example(text="村 ，村", width=40)
def test_no_line_begins_or_ends_with_the_wrong_mark(text: str, width: int) -> None:
    assume(longest_run_of_marks(text) <= 5)
    lines = wrap(text, width=width, measure=wide)

    assert all(line[0] not in NEVER_FIRST for line in lines[1:])
    assert all(line[-1] not in NEVER_LAST for line in lines[:-1])


@settings(deadline=None)
@given(text=st.one_of(sentences, st.text(max_size=80)), width=st.integers(1, 60))
def test_nothing_is_lost_whatever_the_width(text: str, width: int) -> None:
    assert squeezed("".join(wrap(text, width=width, measure=wide))) == squeezed(text)


@settings(deadline=None)
@given(text=st.one_of(sentences, st.text(max_size=80)), width=st.integers(2, 60))
def test_no_line_is_wider_than_the_page(text: str, width: int) -> None:
    assert all(wide(line) <= width for line in wrap(text, width=width, measure=wide))


@settings(deadline=None)
@given(
    parts=st.lists(st.tuples(WORDS, st.sampled_from(["村", " ", "，村", "（", "”村"])), max_size=30),
    width=st.integers(24, 60),
)
def test_a_latin_word_or_a_number_is_never_torn(parts: list[tuple[str, str]], width: int) -> None:
    text = "".join(word + after for word, after in parts)
    lines = wrap(text, width=width, measure=wide)

    for word in ("1,200.50", "solar", "https://a.cn/s/1x"):
        assert sum(line.count(word) for line in lines) == text.count(word)


@settings(deadline=None)
@given(text=st.one_of(sentences, st.text(max_size=80)), width=st.integers(4, 60), limit=st.integers(1, 4))
def test_what_does_not_fit_ends_in_an_ellipsis(text: str, width: int, limit: int) -> None:
    whole = wrap(text, width=width, measure=wide)
    cut = wrap(text, width=width, measure=wide, max_lines=limit)

    if len(whole) <= limit:
        assert cut == whole
    else:
        assert len(cut) == limit
        assert cut[:-1] == whole[: limit - 1]
        assert cut[-1].endswith(ELLIPSIS)
        assert wide(cut[-1]) <= width
        assert cut[-1][-2:-1] not in NEVER_FIRST | NEVER_LAST | {" "}


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        pytest.param("村里没有路灯。", 12, ["村里没有路", "灯。"], id="the full stop takes a character with it"),
        pytest.param("他说：“好”", 8, ["他说：", "“好”"], id="the opening quote waits for what it opens"),
        pytest.param("装 40 盏灯", 6, ["装", "40 盏", "灯"], id="a number keeps what it counts"),
        pytest.param("2026年11月21日", 10, ["2026年11月", "21日"], id="a date breaks between its parts"),
        pytest.param("太阳能 solar lamp 灯", 12, ["太阳能 solar", "lamp 灯"], id="the space at a break goes"),
        pytest.param("一村\n\n二村", 20, ["一村", "二村"], id="a new line stays, an empty one goes"),
        pytest.param("abcdefghij", 4, ["abcd", "efgh", "ij"], id="a word wider than the line is torn after all"),
        pytest.param("村abcdefghij", 4, ["村", "abcd", "efgh", "ij"], id="and begins a line of its own"),
        pytest.param("，村", 4, ["，村"], id="a mark that opens the text has nowhere else to go"),
        pytest.param("村，，，，", 4, ["村，", "，，", "，"], id="a run of marks wider than the line"),
        pytest.param("", 4, [], id="nothing"),
        pytest.param("  \n ", 4, [], id="only space"),
    ],
)
def test_lines_break_where_a_reader_expects(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width=width, measure=wide) == lines


def test_an_ellipsis_that_has_no_room_stands_alone() -> None:
    assert wrap("村村村", width=2, measure=wide, max_lines=1) == [ELLIPSIS]


def test_a_short_title_is_set_large_and_a_long_one_small() -> None:
    steps = ((100, 1), (50, 2), (25, 3))

    assert fit("石桥村", width=400, steps=steps, face=DEFAULT).size == 100
    assert fit("石桥村的路灯", width=400, steps=steps, face=DEFAULT).size == 50
    assert fit("石" * 17, width=400, steps=steps, face=DEFAULT).size == 25


def test_a_title_too_long_for_every_size_is_cut() -> None:
    setting = fit("石" * 100, width=400, steps=((100, 1), (50, 2)), face=DEFAULT)

    assert (setting.size, len(setting.lines)) == (50, 2)
    assert setting.lines[-1].endswith(ELLIPSIS)


def test_a_heading_leaves_no_single_character_on_its_last_line() -> None:
    assert fit("一二三四五六七八九", width=400, steps=((50, 2),), face=DEFAULT).lines == ["一二三四五", "六七八九"]


def test_evening_out_tears_no_word() -> None:
    assert fit("Solarstrassenlampe", width=400, steps=((40, 1),), face=DEFAULT).lines == ["Solarstrassenlampe"]


def test_an_empty_text_is_no_line() -> None:
    assert fit("", width=400, steps=((40, 1),), face=DEFAULT).lines == []
