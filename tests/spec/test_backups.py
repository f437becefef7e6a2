"""What was saved can be brought back, and ends in the same balance to the fen."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from miniapp_api.app import create_app

from backend.backups import dumping, service
from backend.backups.manifest import NAME
from backend.core.ids import new_code
from tests.conftest import Maker
from tests.world.databases import PostgresqlMaker, dispose, settings_for
from tests.world.giving import Giving, village

__all__ = ["village"]


class Keeper:
    """Who makes the backups of a village and reads them back elsewhere."""

    def __init__(self, village: Giving, database: Maker, folder: Path) -> None:
        self.village, self.database, self.folder = village, database, folder

    def backs_up(self, app: Flask | None = None) -> Path:
        """Back up; return the folder."""
        result = run(app or self.village.app, "backup", "--into", str(self.folder / "saved"))
        assert result.exit_code == 0, result.output
        return Path(result.stdout.rsplit("已备份到 ", 1)[1].splitlines()[0])

    @contextmanager
    def new_house(self) -> Iterator[Flask]:
        """An installation with nothing in it, not even a table."""
        folder = self.folder / f"new-{new_code(6)}"
        folder.mkdir()
        url = None
        if isinstance(self.database, PostgresqlMaker):  # pragma: no cover - on PostgreSQL, where nothing is measured.
            url = self.database._create(f"n{new_code(8).lower()}", of="template0")
        app = create_app(settings_for(folder, url=url))
        yield app
        dispose(app)


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=list(words))


@pytest.fixture
def keeper(village: Giving, app: Flask, database: Maker, tmp_path: Path) -> Keeper:
    village.paid_gift(village.fund, 1234)
    media = Path(app.config["SETTINGS"].data_dir) / "media" / "ab"
    media.mkdir(parents=True)
    (media / "abcdefghijklmnop.jpg").write_bytes(b"a picture")
    (media / "half.part").write_bytes(b"half a picture")
    return Keeper(village, database, tmp_path)


def test_a_restore_ends_in_the_same_trial_balance_and_verify_is_clean(keeper: Keeper) -> None:
    saved = keeper.backs_up()
    with keeper.new_house() as new:
        result = run(new, "restore", "--from", str(saved))
        assert result.exit_code == 0, result.output
        assert "1 笔转账" in result.output
        assert "账本核对无误" in run(new, "verify").output
        data = Path(new.config["SETTINGS"].data_dir)
        assert (data / "media/ab/abcdefghijklmnop.jpg").read_bytes() == b"a picture"
        assert not list(data.rglob("*.part"))


def test_the_keys_come_back_and_those_of_the_first_start_are_put_aside(keeper: Keeper) -> None:
    data = Path(keeper.village.app.config["SETTINGS"].data_dir)
    (data / "secret_key").write_text("the secret of the printed codes")
    saved = keeper.backs_up()
    with keeper.new_house() as new:
        fresh = Path(new.config["SETTINGS"].data_dir)
        (fresh / "secret_key").write_text("made at the first start")
        assert run(new, "restore", "--from", str(saved)).exit_code == 0
        assert (fresh / "secret_key").read_text() == "the secret of the printed codes"
        assert (fresh / "secret_key.before-restore").read_text() == "made at the first start"


def test_gifts_that_come_during_a_backup_are_in_it_whole_or_not_at_all(keeper: Keeper) -> None:
    stop, failed = threading.Event(), []

    def gives() -> None:
        while not stop.is_set():
            try:
                keeper.village.paid_gift(keeper.village.fund, 100)
            except Exception as error:  # pragma: no cover - only a fault of the product comes here.
                failed.append(error)

    giver = threading.Thread(target=gives)
    giver.start()
    try:
        saved = [keeper.backs_up() for _ in range(3)]
    finally:
        stop.set()
        giver.join()
    assert failed == []
    for one in saved:
        with keeper.new_house() as new:
            assert "试算平衡一致" in run(new, "restore", "--from", str(one)).output


def test_a_backup_is_for_its_owner_alone(keeper: Keeper) -> None:
    assert keeper.backs_up().stat().st_mode & 0o077 == 0


def test_one_changed_byte_is_found_before_anything_is_written(keeper: Keeper) -> None:
    saved = keeper.backs_up()
    path = saved / dumping.FILES[json.loads((saved / NAME).read_text())["kind"]]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with keeper.new_house() as new:
        assert "已损坏" in run(new, "restore", "--from", str(saved)).output
        with new.app_context():
            assert dumping.is_empty()


def test_a_folder_without_a_list_is_no_backup(keeper: Keeper, tmp_path: Path) -> None:
    assert "没有完整的备份清单" in run(keeper.village.app, "restore", "--from", str(tmp_path)).output


def test_nothing_that_stands_is_ever_overwritten(keeper: Keeper) -> None:
    saved = keeper.backs_up()
    assert "数据库里已有数据" in run(keeper.village.app, "restore", "--from", str(saved)).output
    with keeper.new_house() as new:
        pictures = Path(new.config["SETTINGS"].data_dir) / "media" / "cd"
        pictures.mkdir(parents=True)
        assert "已有图片" in run(new, "restore", "--from", str(saved)).output


def test_a_backup_of_the_other_database_is_refused(keeper: Keeper) -> None:
    saved = keeper.backs_up()
    told = json.loads((saved / NAME).read_text())
    told["kind"] = "oracle"
    (saved / NAME).write_text(json.dumps(told))
    assert "来自 oracle" in run(keeper.village.app, "restore", "--from", str(saved)).output


def test_a_restore_that_ends_in_another_balance_says_so(keeper: Keeper) -> None:
    saved = keeper.backs_up()
    told = json.loads((saved / NAME).read_text())
    told["balance"]["sha256"] = "0" * 64
    (saved / NAME).write_text(json.dumps(told))
    with keeper.new_house() as new:
        result = run(new, "restore", "--from", str(saved))
        assert result.exit_code == 1
        assert "试算平衡与备份清单不一致" in result.output


def test_a_backup_that_fails_half_way_leaves_nothing_behind(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise OSError(28, "No space left on device", "/full")

    monkeypatch.setattr(service, "_copy_files", breaks)
    into = keeper.folder / "saved"
    result = run(keeper.village.app, "backup", "--into", str(into))
    assert "No space left" in result.output
    assert list(into.iterdir()) == []


def test_without_the_database_s_own_programs_the_missing_one_is_named(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = run(keeper.village.app, "backup", "--into", str(keeper.folder / "saved")).output
    needs_programs = isinstance(keeper.database, PostgresqlMaker)
    assert ("postgresql-client" in said) is needs_programs
    assert ("已备份到" in said) is not needs_programs


@pytest.mark.parametrize("damage", [b"not a snapshot", b""], ids=["another file", "an empty file"])
def test_a_damaged_snapshot_never_takes_the_place_of_the_database(
    keeper: Keeper, damage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = keeper.backs_up()
    monkeypatch.setattr(dumping, "make_url", lambda url: url.set(password="hunter2"))
    with keeper.new_house() as new, new.app_context():
        (saved / dumping.FILES[dumping.kind()]).write_bytes(damage)
        with pytest.raises(dumping.DumpFailed) as told:
            dumping.load_from(saved)
        assert "hunter2" not in str(told.value)
        assert dumping.is_empty()


def test_a_page_of_zeros_in_the_snapshot_is_found(keeper: Keeper) -> None:
    saved = keeper.backs_up()
    with keeper.new_house() as new, new.app_context():
        path = saved / dumping.FILES[dumping.kind()]
        content = bytearray(path.read_bytes())
        content[4096:12288] = bytes(8192)
        path.write_bytes(content)
        with pytest.raises(dumping.DumpFailed):
            dumping.load_from(saved)
        assert dumping.is_empty()
