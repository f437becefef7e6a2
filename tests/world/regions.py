"""Real places for tests: a few of them in a moment, or the whole list once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from miniapp_api.app import create_app

from backend.core.db import writing
from backend.regions import loading
from tests.world.databases import PostgresqlMaker, SqliteMaker, dispose

ZHONGXIN = "320904104209"
"""众心村委会, 西团镇, 大丰区, 盐城市, 江苏省: where the story of the demo takes place."""
XITUAN, DAFENG, YANCHENG, JIANGSU = ZHONGXIN[:9], ZHONGXIN[:6], ZHONGXIN[:4], ZHONGXIN[:2]


def load_some(app: Flask, *codes: str) -> None:
    """Load these units and all their parents, under their real names."""
    with app.app_context(), writing():
        loading.load_some(codes)


@pytest.fixture(scope="session")
def whole_country(database: SqliteMaker | PostgresqlMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application with all 665,276 regions, loaded by the operators' command once for each database. Read only."""
    with database.fresh(tmp_path_factory.mktemp("country")) as settings:
        app = create_app(settings)
        said = app.test_cli_runner().invoke(args=["load-regions"])
        assert said.exit_code == 0, said.output
        assert said.output.endswith("已装入 665,276 个行政区划单位。\n")
        yield app
        dispose(app)
