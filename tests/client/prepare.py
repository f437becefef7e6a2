"""Prepares a data folder for the browser: migrates it, loads the places of two villages, tells their story.

The folder is that of the settings (DATA_DIR), as for `flask --app wsgi prepare`; only the other villages are left out.
"""

from __future__ import annotations

from datetime import timedelta

import flask_migrate
from miniapp_api.app import create_app
from miniapp_api.demo import tell_story
from miniapp_api.demo.story import WANLIANG, ZHONGXIN

from backend.core import clock
from backend.core.config import load_settings
from backend.core.db import write_with_retries
from backend.regions.loading import load_some


def main() -> None:
    """Tell a story that ends yesterday, with an activity that runs today."""
    settings = load_settings()
    places = (ZHONGXIN, WANLIANG)
    with create_app(settings).app_context():
        flask_migrate.upgrade()
        write_with_retries(lambda: load_some([place.code for place in places]))
        yesterday = clock.local_day(clock.now()) - timedelta(days=1)
        tell_story(settings=settings, ends_on=yesterday, places=places)


if __name__ == "__main__":
    main()
