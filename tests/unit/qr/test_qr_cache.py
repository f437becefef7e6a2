"""A picture is drawn once, is never seen half written, and never fills the disk."""

import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qr.appeal import Appeal
from qr.cache import PictureCache, content_key

values = st.recursive(
    st.one_of(st.none(), st.text(max_size=4), st.binary(max_size=4), st.integers(-3, 30)),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)


def never() -> bytes:
    raise AssertionError("drawn again")


def draw_slowly() -> bytes:
    time.sleep(0.01)
    return b"picture" * 1000


def draw_many(directory: str) -> bool:
    """What one worker process does: the same pictures as all the others, with a bound that prunes all the time."""
    cache = PictureCache(Path(directory), max_bytes=20_000)
    drawn = [cache.get_or_draw("card.jpg", 1, str(number % 7), draw_slowly) for number in range(40)]
    cache.prune()
    return all(picture == b"picture" * 1000 for picture in drawn)


def test_a_picture_is_drawn_once(tmp_path: Path) -> None:
    PictureCache(tmp_path).get_or_draw("poster.jpg", 1, "石桥村", lambda: b"drawn")

    assert PictureCache(tmp_path).get_or_draw("poster.jpg", 1, "石桥村", never) == b"drawn"


def test_another_text_another_kind_and_another_version_are_other_pictures(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path)
    cache.get_or_draw("poster.jpg", 1, "石桥村", lambda: b"first")

    assert cache.get_or_draw("poster.jpg", 1, "木桥村", lambda: b"text") == b"text"
    assert cache.get_or_draw("card.jpg", 1, "石桥村", lambda: b"kind") == b"kind"
    assert cache.get_or_draw("poster.jpg", 2, "石桥村", lambda: b"version") == b"version"


def test_every_field_of_an_appeal_belongs_to_its_name(appeal: Appeal) -> None:
    changes: list[dict[str, Any]] = [
        {"title": "x"},
        {"parents": ("贵州省", "")},
        {"cover": b"x"},
        {"cover": b""},
        {"demo": True},
        {"sharer": "None"},
    ]
    names = {content_key("poster.jpg", 1, replace(appeal, **change)) for change in [{}, *changes]}

    assert len(names) == len(changes) + 1


@settings(deadline=None)
@given(one=values, other=values)
def test_two_inputs_share_a_name_only_if_they_are_the_same(one: object, other: object) -> None:
    assert (content_key("k", 1, one) == content_key("k", 1, other)) == (one == other)


@pytest.mark.parametrize("value", [1.5, ["list"], {"a": 1}, object(), Appeal])
def test_what_has_no_certain_text_form_names_no_picture(value: object) -> None:
    with pytest.raises(TypeError):
        content_key("k", 1, value)


def test_a_kept_picture_has_a_file_name_that_a_browser_knows(tmp_path: Path) -> None:
    assert PictureCache(tmp_path).path_of("poster.jpg", 1, "x").suffix == ".jpg"


def test_a_picture_emptied_by_a_power_cut_is_drawn_again(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path)
    cache.get_or_draw("card.jpg", 1, "x", lambda: b"whole")
    cache.path_of("card.jpg", 1, "x").write_bytes(b"")

    assert cache.get_or_draw("card.jpg", 1, "x", lambda: b"again") == b"again"


def test_a_failed_write_leaves_nothing_behind_and_the_picture_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)

    assert PictureCache(tmp_path).get_or_draw("card.jpg", 1, "x", lambda: b"served") == b"served"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_picture_that_cannot_be_drawn_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="drawn again"):
        PictureCache(tmp_path).get_or_draw("card.jpg", 1, "x", never)

    assert list(tmp_path.rglob("*")) == []


def test_the_least_recently_used_pictures_go_first(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=1_000)
    for number in range(10):
        cache.get_or_draw("card.jpg", 1, number, lambda: b"x" * 100)
        os.utime(cache.path_of("card.jpg", 1, number), (number, number))
    assert cache.prune() == 0, "exactly the bound is not above it"
    cache.get_or_draw("card.jpg", 1, 0, never)
    cache.get_or_draw("card.jpg", 1, 10, lambda: b"x" * 100)

    assert cache.prune() == 3
    gone = [number for number in range(11) if not cache.path_of("card.jpg", 1, number).exists()]
    assert gone == [1, 2, 3]


def test_a_bound_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=0)

    assert cache.get_or_draw("card.jpg", 1, "x", lambda: b"served") == b"served"
    assert list(tmp_path.rglob("*.jpg")) == []


def test_a_directory_prunes_itself_while_it_is_used(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=1_000)
    for number in range(120):
        cache.get_or_draw("card.jpg", 1, number, lambda: b"x" * 100)

    assert len(list(tmp_path.rglob("*.jpg"))) < 70


def test_a_file_left_by_a_killed_process_goes_after_an_hour(tmp_path: Path) -> None:
    folder = tmp_path / "ab"
    folder.mkdir()
    old, young = folder / "old.part", folder / "young.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    PictureCache(tmp_path).prune()

    assert (old.exists(), young.exists()) == (False, True)


def test_a_picture_that_vanishes_during_pruning_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "ab"
    folder.mkdir()
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere")

    assert PictureCache(tmp_path, max_bytes=0).prune() == 0


def test_processes_that_share_a_directory_see_whole_pictures_only(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(draw_many, [str(tmp_path)] * 3) == [True] * 3
        pool.close()
        pool.join()  # Workers that end by themselves, not by a signal, tell what they ran.

    assert list(tmp_path.rglob("*.part")) == []
