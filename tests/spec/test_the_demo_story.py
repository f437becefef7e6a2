"""Who starts the product for the first time finds five villages with a past that holds up to every question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from miniapp_api import commands_start, demo
from miniapp_api.app import create_app
from miniapp_api.commands import CHECKS
from miniapp_api.demo import demo_accounts, is_told, keep_one_running, tell_story
from miniapp_api.demo.story import PLACES, WANLIANG, ZHONGXIN
from sqlalchemy import ColumnElement, func, select

from backend.core.config import Settings, load_settings
from backend.core.db import db, read_with_retries, write_with_retries
from backend.disbursements.models import SpendingCorrection, SpendingLine
from backend.ledger.models import Transfer
from backend.ledger.queries import purse_figures
from backend.ledger.reasons import CHANNEL_FEE, OWN_MONEY
from backend.notices.models import Notice
from backend.outbox.models import OutboxItem
from backend.projects.models import Project
from backend.receipts.models import Receipt
from backend.reconciliation.models import BillDifference, ReconciledDay
from backend.refunds.models import Refund
from backend.regions.loading import load_some
from backend.volunteers.models import Activity, CheckEvent
from tests.conftest import Maker
from tests.world.databases import dispose

LAST_DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def story(database: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """众心村's story, told once for all questions."""
    folder = tmp_path_factory.mktemp("story")
    with database.fresh(folder) as settings:
        app = create_app(settings)
        tell(app, settings, (ZHONGXIN,))
        yield app
        dispose(app)


def tell(app: Flask, settings: Settings, places: tuple[object, ...], **how: object) -> None:
    with app.app_context():
        write_with_retries(lambda: load_some([place.code for place in PLACES]))
        tell_story(settings=settings, ends_on=LAST_DAY, places=places, **how)  # type: ignore[arg-type]  # a short hand


def count(app: Flask, table: type, *which: ColumnElement[bool]) -> int:
    with app.app_context():
        return read_with_retries(lambda: db.session.scalar(select(func.count()).select_from(table).where(*which))) or 0


def test_the_villages_of_the_story_are_real_ones() -> None:
    assert ZHONGXIN.code == "320904104209"
    assert {place.code[:2] for place in PLACES} == {"32", "22", "15", "65", "53"}


def test_zhongxin_raised_more_than_850_000_yuan_with_five_projects(story: Flask) -> None:
    with story.app_context():
        codes = read_with_retries(lambda: list(db.session.scalars(_projects())))
        figures = read_with_retries(lambda: purse_figures([(code, ZHONGXIN.code) for code in codes]))
    assert len(codes) == 5
    assert sum(found.received_fen for found in figures.values()) > 850_000_00
    assert all(found.spent_fen > 0 for found in figures.values())


def _projects() -> object:
    return select(Project.code).where(Project.kind != "mutual_aid_fund")


def test_every_figure_of_the_story_can_be_recomputed(story: Flask) -> None:
    with story.app_context():
        assert [finding for check in CHECKS for finding in read_with_retries(check)] == []


def test_the_story_has_receipts_vouchers_a_mistake_its_correction_and_hours(story: Flask) -> None:
    with story.app_context():
        gifts = select(func.count()).select_from(Transfer).where(Transfer.reason == "gift")
        assert (
            read_with_retries(lambda: db.session.scalar(gifts)) == count(story, Receipt, Receipt.kind == "gift") > 250
        )
        without_voucher = select(SpendingLine).where(SpendingLine.voucher_media.is_(None))
        assert read_with_retries(lambda: db.session.execute(without_voucher).first()) is None
    assert count(story, SpendingLine) == 11
    assert count(story, SpendingCorrection) == 1
    assert count(story, CheckEvent) == 2 * len(ZHONGXIN.volunteers)


def test_in_the_story_one_giver_has_his_money_back_and_another_waits_for_the_second_person(story: Flask) -> None:
    assert count(story, Refund, Refund.state == "success") == count(story, Refund, Refund.state == "checked") == 1
    assert count(story, Refund) == 2
    assert (count(story, Receipt, Receipt.kind == "cancels"), count(story, Receipt, Receipt.kind == "rest")) == (1, 1)
    assert count(story, OutboxItem, OutboxItem.next_at.is_not(None)) == 0, "nothing is owed to the sandbox"


def test_the_notices_of_the_story_appeared_month_by_month_and_one_was_corrected(story: Flask) -> None:
    with story.app_context():
        columns = (Notice.scope, Notice.version, Notice.kind, Notice.period_key)
        rows = read_with_retries(lambda: db.session.execute(select(*columns).order_by(Notice.id)).all())
    of_village = [row.period_key for row in rows if row.scope == "village" and row.version == 1]
    assert of_village == sorted(of_village)
    assert of_village[-1] == "2026-10"
    assert any(row.version == 2 for row in rows)
    assert any(row.kind == "project_end" for row in rows)


def test_each_day_of_the_story_is_reconciled_and_sealed_and_its_fee_paid(story: Flask) -> None:
    sealed = count(story, ReconciledDay, ReconciledDay.state == "sealed")
    assert sealed == count(story, ReconciledDay) > 150
    assert count(story, BillDifference) == 0
    assert count(story, Transfer, Transfer.reason == CHANNEL_FEE) > 100


def test_each_day_that_the_demo_is_started_an_activity_runs_in_zhongxin(story: Flask) -> None:
    before = count(story, Activity)
    for day, more in ((21, 0), (22, 1), (22, 1), (25, 2)):
        with story.app_context():
            keep_one_running(now=datetime(2026, 11, day, 4, tzinfo=UTC))
        assert count(story, Activity) == before + more


def test_the_past_is_told_by_the_sandbox_where_wechat_takes_the_money_of_today(app: Flask, settings: Settings) -> None:
    tell(app, replace(settings, payment_provider="wechat"), ())
    with app.app_context():
        assert read_with_retries(is_told)
    assert count(app, Transfer, Transfer.reason == OWN_MONEY) == 1


def test_a_story_that_was_cut_off_goes_on_where_it_stopped(app: Flask, settings: Settings) -> None:
    class CutOff(Exception):
        """The process died."""

    def die(line: str) -> None:
        if "2026-10" in line:
            raise CutOff

    with pytest.raises(CutOff):
        tell(app, settings, (WANLIANG,), progress=die)
    with app.app_context():
        assert not read_with_retries(is_told)
    of_the_village = Transfer.reason.not_in((OWN_MONEY, CHANNEL_FEE))
    half = count(app, Transfer, of_the_village)

    tell(app, settings, (WANLIANG,))
    tell(app, settings, (WANLIANG,))
    assert half < count(app, Transfer, of_the_village) == count_of_a_whole_telling(WANLIANG)
    with app.app_context():
        assert read_with_retries(is_told)
        assert [finding for check in CHECKS for finding in read_with_retries(check)] == []


def count_of_a_whole_telling(place: object) -> int:
    """Gifts, payouts, spending: what the story's data say."""
    told = place.projects[0]  # type: ignore[attr-defined]  # a place of the story
    return int(place.fund_gifts + told.small_gifts + len(told.large_gifts) + 1 + len(told.spent))  # type: ignore[attr-defined]  # the same


def test_prepare_makes_everything_once_and_welcome_shows_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)}, house=tmp_path)
    app = create_app(settings)
    monkeypatch.setattr(commands_start, "load_all", lambda **_: load_some([place.code for place in PLACES]))
    monkeypatch.setattr(commands_start, "is_loaded", lambda: False)
    monkeypatch.setattr(demo, "tell_story", partial(tell_story, places=(WANLIANG,)))
    run = app.test_cli_runner()

    assert "还没有准备好" in run.invoke(args=["verify"]).output
    first = run.invoke(args=["prepare"])
    assert first.exit_code == 0, first.output
    assert "讲述演示故事" in first.output
    greeting = tmp_path / "greeting"
    second = run.invoke(args=["prepare", "--greeting", str(greeting)])
    assert second.exit_code == 0, second.output
    assert "讲述演示故事" not in second.output

    welcome = run.invoke(args=["welcome"]).output
    assert greeting.read_text(encoding="utf-8") == welcome
    assert settings.public_url in welcome
    with app.app_context():
        for account in read_with_retries(demo_accounts):
            assert account.login in welcome
        flask_migrate.check()
    assert "核对无误" in run.invoke(args=["verify"]).output
    dispose(app)


def test_where_there_is_no_demo_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path), "DEMO": "0"}, house=tmp_path)
    app = create_app(settings)
    monkeypatch.setattr(commands_start, "is_loaded", lambda: True)
    run = app.test_cli_runner()

    assert run.invoke(args=["prepare"]).exit_code == 0
    assert "演示" not in run.invoke(args=["welcome"]).output
    assert count(app, Project) == 0
    dispose(app)


def test_a_long_load_is_shown_in_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    shown = commands_start.ProgressShown()
    for done in range(0, 101):
        shown(done, 100)
    assert capsys.readouterr().out.split() == [f"{tenth}0%" for tenth in range(1, 11)]
