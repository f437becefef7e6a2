"""A link code proves that we issued it: no other text, however alike, is ever read as one."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qr.links import CODE_LENGTH, ForgedCode, make_code, read_code

BASE62 = string.digits + string.ascii_letters
KEYS = {"1": b"k" * 32, "2": b"m" * 32}
LINK = "Ab3dEfGhIj"

link_ids = st.text(BASE62, min_size=10, max_size=10)


@settings(deadline=None)
@given(link_id=link_ids, key_id=st.sampled_from(sorted(KEYS)))
def test_a_code_names_the_link_it_was_made_for(link_id: str, key_id: str) -> None:
    code = make_code(link_id, key_id=key_id, keys=KEYS)

    assert len(code) == CODE_LENGTH
    assert set(code) <= set(BASE62 + "-_")
    assert read_code(code, keys=KEYS) == link_id


def test_the_form_of_a_code_never_changes_because_posters_hang_for_years() -> None:
    assert make_code(LINK, key_id="1", keys=KEYS) == "1Ab3dEfGhIjOFnKBZP0kBK7"


@settings(deadline=None)
@given(link_id=link_ids, place=st.integers(0, CODE_LENGTH - 1), letter=st.sampled_from(BASE62 + "-_"))
def test_a_code_with_one_changed_character_is_forged(link_id: str, place: int, letter: str) -> None:
    code = make_code(link_id, key_id="1", keys=KEYS)
    changed = code[:place] + letter + code[place + 1 :]

    assume(changed != code)
    with pytest.raises(ForgedCode):
        read_code(changed, keys=KEYS)


@settings(deadline=None)
@given(link_id=link_ids, length=st.integers(0, CODE_LENGTH - 1))
def test_a_truncated_code_is_forged(link_id: str, length: int) -> None:
    with pytest.raises(ForgedCode):
        read_code(make_code(link_id, key_id="1", keys=KEYS)[:length], keys=KEYS)


@settings(deadline=None)
@given(link_id=link_ids, more=st.text(min_size=1, max_size=3))
def test_a_lengthened_code_is_forged(link_id: str, more: str) -> None:
    code = make_code(link_id, key_id="1", keys=KEYS)

    for longer in (code + more, more + code, code + "\n"):
        with pytest.raises(ForgedCode):
            read_code(longer, keys=KEYS)


@settings(deadline=None)
@given(link_id=link_ids, stolen=st.binary(min_size=16, max_size=64))
def test_a_code_sealed_with_another_key_is_forged(link_id: str, stolen: bytes) -> None:
    code = make_code(link_id, key_id="1", keys={"1": b"x" + stolen})

    with pytest.raises(ForgedCode):
        read_code(code, keys=KEYS)


@settings(deadline=None)
@given(link_id=link_ids)
def test_a_seal_does_not_move_from_one_key_to_another(link_id: str) -> None:
    code = make_code(link_id, key_id="1", keys=KEYS)

    with pytest.raises(ForgedCode):
        read_code("2" + code[1:], keys=KEYS)


@settings(deadline=None)
@given(
    junk=st.one_of(st.text(), st.binary(), st.none(), st.integers(), st.text(BASE62 + "-_", min_size=23, max_size=23))
)
def test_junk_of_any_kind_is_forged_and_nothing_worse(junk: object) -> None:
    with pytest.raises(ForgedCode):
        read_code(junk, keys=KEYS)


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param("1Ab3dEfGhIj\ud800" + "a" * 11, id="a lone surrogate cannot be encoded"),
        pytest.param("１Ab3dEfGhIj" + "a" * 12, id="a full-width digit is no digit of ours"),
        pytest.param("1Ab3dEfGhIj" + "é" * 12, id="compare_digest refuses text beyond ASCII"),
        pytest.param("1Ab3dEfGhIj" + "a" * 11 + "\0", id="a NUL"),
        pytest.param("", id="nothing"),
        pytest.param("9" * 1_000_000, id="a very long text"),
    ],
)
def test_texts_that_break_careless_readers_are_forged(junk: str) -> None:
    with pytest.raises(ForgedCode):
        read_code(junk, keys=KEYS)


def test_after_a_rotation_old_posters_are_read_until_their_key_is_retired() -> None:
    printed = make_code(LINK, key_id="1", keys={"1": KEYS["1"]})

    assert read_code(printed, keys=KEYS) == LINK
    with pytest.raises(ForgedCode):
        read_code(printed, keys={"2": KEYS["2"]})


def test_a_key_too_short_to_trust_neither_seals_nor_reads() -> None:
    code = make_code(LINK, key_id="1", keys=KEYS)

    with pytest.raises(ValueError, match="shorter"):
        make_code(LINK, key_id="1", keys={"1": b"short"})
    with pytest.raises(ForgedCode):
        read_code(code, keys={"1": b""})


@pytest.mark.parametrize(
    ("link_id", "key_id", "reason"),
    [
        ("short", "1", "ten base62"),
        ("Ab3dEfGhI-", "1", "ten base62"),
        ("Ab3dEfGhIj\n", "1", "ten base62"),
        (LINK, "", "one base62"),
        (LINK, "-", "one base62"),
        (LINK, "12", "one base62"),
        (LINK, "7", "missing"),
    ],
)
def test_a_code_is_not_made_from_a_wrong_configuration(link_id: str, key_id: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make_code(link_id, key_id=key_id, keys=KEYS)
