"""The list of regions is loaded whole or not at all, and once."""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from backend.core.config import HOUSE, Settings
from backend.core.db import reading, writing
from backend.regions import loading
from backend.regions.queries import names_of
from backend.regions.refusals import RegionUnknown
from backend.regions.search import search
from tests.world.regions import DAFENG, JIANGSU, XITUAN, YANCHENG, ZHONGXIN, load_some

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
UNITS = {
    "11": "北京市",
    "1101": "市辖区",
    "110101": "东城区",
    "110101001": "东华门街道",
    "110101001001": "多福巷社区居委会",
}
WHOLE = {JIANGSU, YANCHENG, DAFENG, XITUAN, ZHONGXIN}

# A load in a process of its own that the machine kills when half of the rows are written.
KILLED_LOAD = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from wsgi import app
from backend.core.db import writing
from backend.regions import loading

def die(done, total):
    if done * 2 > total:
        os.kill(os.getpid(), signal.SIGKILL)

with app.app_context(), writing():
    loading.load_all(now=datetime.now(UTC), progress=die, file=Path(sys.argv[1]))
"""


def edition(folder: Path, units: dict[str, str]) -> Path:
    """Write a small list of regions as the official one is written."""
    path = folder / "regions.csv.xz"
    path.write_bytes(lzma.compress(("code,name\n" + "".join(f"{c},{n}\n" for c, n in units.items())).encode()))
    return path


def load(app: Flask, file: Path) -> int:
    with app.app_context(), writing():
        return loading.load_all(now=NOON, file=file)


def found(app: Flask, text: str) -> list[str]:
    with app.app_context(), reading():
        return [region.name for region in search(text)]


def named(app: Flask, *codes: str) -> dict[str, str]:
    with app.app_context(), reading():
        return names_of(codes)


def test_a_second_load_of_the_same_list_does_nothing(app: Flask, tmp_path: Path) -> None:
    file = edition(tmp_path, UNITS)
    with app.app_context(), reading():
        assert not loading.is_loaded(file)
    assert load(app, file) == 5
    assert load(app, file) == 0
    with app.app_context(), reading():
        assert loading.is_loaded(file)


def test_a_load_tells_how_far_it_is(app: Flask, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with app.app_context(), writing():
        loading.load_all(
            now=NOON, file=edition(tmp_path, UNITS), progress=lambda done, total: told.append((done, total))
        )
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


def test_a_killed_load_leaves_nothing_and_the_next_one_loads_all(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    file = edition(tmp_path, UNITS)
    own = {"DATABASE_URL": settings.database_url, "DATA_DIR": str(tmp_path), "APP_ENV": "test"}
    command = [sys.executable, "-c", KILLED_LOAD, str(file)]
    killed = subprocess.run(command, cwd=HOUSE, env=os.environ | own, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    assert named(app, *UNITS) == {}
    assert load(app, file) == 5
    assert named(app, *UNITS) == UNITS


def test_two_loads_at_once_load_once(app: Flask, tmp_path: Path) -> None:
    file = edition(tmp_path, UNITS)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(load(app, file))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 5]


def test_a_newer_list_renames_a_village_and_forgets_none(app: Flask, tmp_path: Path) -> None:
    load(app, edition(tmp_path, UNITS | {"110101001002": "银闸社区居委会"}))
    load(app, edition(tmp_path, UNITS | {"110101001001": "新巷社区居委会"}))
    assert found(app, "新巷") == ["新巷社区居委会"]
    assert found(app, "多福巷") == []
    assert found(app, "银闸") == [], "a village that the list no longer names is not offered"
    assert named(app, "110101001002") == {"110101001002": "银闸社区居委会"}, "but gifts to it still know its name"


def test_a_name_with_a_backslash_is_kept_as_it_is(app: Flask, tmp_path: Path) -> None:
    load(app, edition(tmp_path, {"11": "北京\\n市", "1101": "市辖\\区"}))
    assert named(app, "11", "1101") == {"11": "北京\\n市", "1101": "市辖\\区"}


def test_a_story_loads_only_its_villages_with_all_that_they_lie_in(app: Flask) -> None:
    load_some(app, ZHONGXIN)
    load_some(app, ZHONGXIN, XITUAN)
    load_some(app)
    assert set(named(app, *WHOLE, "32090410")) == WHOLE
    assert found(app, "众心") == ["众心村委会"]


def test_after_a_story_the_whole_list_still_loads(app: Flask, tmp_path: Path) -> None:
    load_some(app, ZHONGXIN)
    assert load(app, edition(tmp_path, UNITS | {JIANGSU: "江苏省"})) == 6


@pytest.mark.parametrize("code", ["999999999999", "", "众心", "32\n11"])
def test_a_story_about_a_place_that_does_not_exist_is_refused(app: Flask, code: str) -> None:
    with pytest.raises(RegionUnknown):
        load_some(app, code)
