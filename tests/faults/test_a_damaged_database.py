"""A file of which a page is broken is not written any more: the start says so, and how it is mended (bad input 35)."""

from __future__ import annotations

import random
from pathlib import Path

from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy.engine import make_url

from backend.backups.damage import is_damaged
from tests.world.databases import dispose, migrate, settings_for
from tests.world.money import Money

PAGE = 4096


def file_of(app: Flask) -> Path:
    return Path(make_url(app.config["SETTINGS"].database_url).database or "")


def breaks_pages(file: Path, *, at: range) -> bytes:
    """A disk fault: these pages hold something else now; return the whole file as it is then."""
    told = bytearray(file.read_bytes())
    chance = random.Random(35)
    for page in at:
        told[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    file.write_bytes(told)
    return bytes(told)


def test_a_database_that_is_whole_is_not_called_damaged(app: Flask) -> None:
    with app.app_context():
        assert not is_damaged()


def test_a_start_upon_a_broken_page_writes_nothing_and_names_the_command_that_mends_it(tmp_path: Path) -> None:
    for name, broken in (("inside", range(2, 60)), ("head", range(1))):
        (tmp_path / name).mkdir()
        settings = settings_for(tmp_path / name)
        migrate(settings)
        app = create_app(settings)
        Money(app).comes_in(to="00/roof", fen=5_00, reference="a")
        dispose(app)
        for beside in file_of(app).parent.glob(file_of(app).name + "-*"):  # pragma: no cover - there may be none.
            beside.unlink()
        before = breaks_pages(file_of(app), at=broken)
        answer = app.test_cli_runner().invoke(args=["prepare"])
        assert (answer.exit_code, "已损坏" in answer.output, "restore --from" in answer.output) == (1, True, True), name
        assert file_of(app).read_bytes() == before, "nothing was written upon it"
        assert "已损坏" in app.test_cli_runner().invoke(args=["doctor", "--offline"]).output
        dispose(app)
