"""Makes the application: settings in, Flask out."""

from __future__ import annotations

import sys
from typing import NoReturn

from flask import Flask
from flask_migrate import Migrate

from backend import tables
from backend.core import clock, failpoints
from backend.core.config import HOUSE, BadSetting, Settings, load_settings
from backend.core.db import db, open_engine
from backend.payments.wechat.self_check import self_check
from backend.vault import keyring
from miniapp_api.commands import install_commands
from miniapp_api.edge import install_edge
from miniapp_api.etag import install_shared_answers
from miniapp_api.limits import install_limits
from miniapp_api.logs import configure_logs, install_logs
from miniapp_api.metrics import install_metrics
from miniapp_api.openapi import LateApi
from miniapp_api.payments import install_provider
from miniapp_api.problems import install_problem_handlers
from miniapp_api.read_only import install_read_only
from miniapp_api.routes import BLUEPRINTS, PAGES

MIGRATIONS = str(HOUSE / "backend" / "migrations")


def create_app(settings: Settings) -> Flask:
    """Return the application for these settings. Opens no connection and starts no thread."""
    assert tables.ALL
    configure_logs()
    failpoints.arm(settings.failpoints, is_production=settings.is_production)
    app = Flask("miniapp_api", static_folder=None)
    app.config.update(
        SETTINGS=settings,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        TESTING=settings.app_env == "test",
        API_TITLE="幸福家园 Happy Home",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        PROPAGATE_EXCEPTIONS=False,
    )
    install_shared_answers(app, milliseconds=settings.shared_answer_ms)
    install_edge(app)
    install_read_only(app)
    install_logs(app)
    install_metrics(app)
    db.init_app(app)
    with app.app_context():
        open_engine(db.engine)
        keyring.hang_on(db.engine, settings.vault)
    Migrate(app, db, directory=MIGRATIONS)
    _install_routes(app)
    install_limits(app, settings)
    install_problem_handlers(app)  # After the routes: flask-smorest brings a handler of its own, ours replaces it.
    install_commands(app)
    install_provider(app)
    return app


def create_app_or_explain() -> Flask:
    """Return the application for this process's settings, or end it with one clear sentence."""
    try:
        settings = load_settings()
        refuse_unfit(settings)
        return create_app(settings)
    except BadSetting as error:
        _explain(str(error))


def refuse_unfit(settings: Settings) -> None:
    """Refuse to start with a merchant account that cannot work: half a pair of keys, nothing to verify with (bug 22).

    Raises `BadSetting`; calls nobody. `doctor` looks at all of it.
    """
    wrong = [one.text for one in self_check(settings, now=clock.now()) if one.level == "bad"]
    if wrong:
        raise BadSetting(wrong[0])


def _explain(sentence: str) -> NoReturn:
    sys.stderr.write(f"设置有误 (bad setting)：{sentence}\n")
    raise SystemExit(2)


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.database_url.startswith("sqlite"):
        return {"pool_size": 16, "max_overflow": 24}
    return {"pool_size": 16, "max_overflow": 24, "pool_pre_ping": False, "connect_args": {"connect_timeout": 5}}


def _install_routes(app: Flask) -> None:
    api = LateApi(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix="/api/v1")
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
