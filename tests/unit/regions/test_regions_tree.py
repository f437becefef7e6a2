"""The tree of regions is walked from the provinces down to a village, and back up by its code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from backend.core.db import reading
from backend.regions import queries
from backend.regions.refusals import NotAVillage, RegionUnknown
from tests.world.regions import DAFENG, JIANGSU, XITUAN, YANCHENG, ZHONGXIN, load_some


@pytest.fixture
def tree(app: Flask) -> Iterator[None]:
    """The branch of one village, read in one transaction."""
    load_some(app, ZHONGXIN, "220122")
    with app.app_context(), reading():
        yield


@pytest.mark.usefixtures("tree")
def test_one_walks_from_the_provinces_down_to_the_village() -> None:
    assert [child.name for child in queries.children_of(None)] == ["吉林省", "江苏省"]
    for parent, child in ((JIANGSU, YANCHENG), (YANCHENG, DAFENG), (DAFENG, XITUAN)):
        assert [(below.code, below.has_children) for below in queries.children_of(parent)] == [(child, True)]
    (village,) = queries.children_of(XITUAN)
    assert (village.code, village.name, village.level, village.has_children) == (
        ZHONGXIN,
        "众心村委会",
        "village",
        False,
    )
    assert queries.children_of(ZHONGXIN) == []
    assert not queries.children_of("2201")[0].has_children, "农安县's townships are not part of this story"


@pytest.mark.usefixtures("tree")
def test_a_village_knows_all_that_it_lies_in() -> None:
    village = queries.village_or_refuse(ZHONGXIN)
    assert [parent.level for parent in village.parents] == ["province", "city", "county", "township"]
    assert [parent.name for parent in queries.parents_of(ZHONGXIN)] == ["江苏省", "盐城市", "大丰区", "西团镇"]


@pytest.mark.usefixtures("tree")
def test_names_of_many_places_leave_out_what_nobody_knows() -> None:
    assert queries.names_of([XITUAN, "320904999", "x", ""]) == {XITUAN: "西团镇"}
    assert queries.names_of([]) == {}
    assert list(queries.views_of([XITUAN, "99", JIANGSU])) == [XITUAN, JIANGSU]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("code", ["", "3", "999999999999", "众心村", "' OR 1=1", "32090410420", "0" * 5000])
def test_a_place_that_does_not_exist_is_refused_by_name(code: str) -> None:
    for ask in (queries.find_region, queries.village_or_refuse, queries.parents_of, queries.children_of):
        with pytest.raises(RegionUnknown):
            ask(code)
    with pytest.raises(RegionUnknown):
        queries.level_of("12345")


@pytest.mark.usefixtures("tree")
def test_a_township_is_no_village() -> None:
    assert queries.level_of(XITUAN) == "township"
    with pytest.raises(NotAVillage):
        queries.village_or_refuse(XITUAN)


def test_every_level_has_a_name() -> None:
    assert set(queries.LEVELS.values()) == set(queries.LEVEL_NAMES)
