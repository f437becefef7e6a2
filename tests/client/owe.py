"""Owes two notices since two days, in the data folder of the settings, and waits until the worker has given them up.

For a browser's world whose server does not answer: its scheduler finds nobody who takes them, and their time is over.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

from miniapp_api.app import create_app

from backend.core import clock
from backend.core.config import load_settings
from backend.core.db import write_with_retries
from backend.outbox.queries import dead_letters
from backend.outbox.service import put
from backend.payments.sandbox_book import NOTICE_KIND

WAIT_SECONDS = 40


def main() -> None:
    """Owe the notices that are named, and wait for their end."""
    numbers = sys.argv[1:]
    with create_app(load_settings()).app_context():
        since = clock.now() - timedelta(days=2)
        for number in numbers:
            told = {"kind": NOTICE_KIND, "subject": number, "key": number, "body": json.dumps({"number": number})}
            write_with_retries(lambda told=told: put(**told, now=since))
        until = time.monotonic() + WAIT_SECONDS
        while len(write_with_retries(lambda: dead_letters(before_id=None, limit=9))) < len(numbers):
            if time.monotonic() > until:
                raise SystemExit("nobody gave the notices up")
            time.sleep(0.2)


if __name__ == "__main__":
    main()
