"""One step of a refund in a process of its own, so that a test can have it killed in the middle."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import select

from backend.core import clock
from backend.core.config import load_settings
from backend.core.db import db, write_with_retries
from backend.jobs.senders import senders_of
from backend.outbox.worker import outbox_steps
from backend.payments.worker import money_steps
from backend.people.models import Staff
from backend.people.staff import find_staff
from backend.refunds import service
from tests.world.giving import ClientWire


def main(step: str, refund: str, at: str) -> None:
    """Approve a refund as its second person, send what is owed, or ask the provider; as of `at`."""
    now = datetime.fromisoformat(at)
    clock.now = lambda: now  # The edge of this process asks the test's clock.
    app = create_app(load_settings(os.environ, house=Path.cwd()))
    wire = ClientWire(app)
    with app.app_context():
        if step == "approve":
            write_with_retries(lambda: approves(refund, now))
            return
        does(step, app, wire, now)  # pragma: no cover - it is killed in it.


def does(step: str, app: Flask, wire: ClientWire, now: datetime) -> None:  # pragma: no cover - it is killed in it.
    settings = app.config["SETTINGS"]
    steps = (*outbox_steps(senders_of(settings, wire=wire)), *money_steps(settings, wire=wire))
    (wanted,) = [one for one in steps if one.name == step]
    wanted.act(now)


def approves(refund: str, now: datetime) -> None:
    login = db.session.scalars(select(Staff.login).where(Staff.login == "second")).one()
    staff = find_staff(login)
    assert staff is not None
    service.approve_refund(refund=refund, staff=staff, now=now)


if __name__ == "__main__":  # pragma: no branch - it is always run as a program.
    main(*sys.argv[1:4])
