"""Nobody calls over a network while a transaction is open: others would wait for a stranger's answer (law 13)."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.core.db import reading, refuse_calling_out, writing
from backend.core.wire import HttpWire, WireBroken

NOWHERE = "http://127.0.0.1:9/"


def test_the_wire_refuses_to_call_inside_a_transaction(app: Flask) -> None:
    wire = HttpWire()
    with app.app_context():
        with writing() as session:
            session.connection()
            with pytest.raises(RuntimeError, match="no network call"):
                wire.post(NOWHERE, headers={}, body=b"")
        with reading() as session:
            session.connection()
            with pytest.raises(RuntimeError, match="no network call"):
                wire.get(NOWHERE)
        with pytest.raises(WireBroken):
            wire.get(NOWHERE)


def test_outside_of_an_application_nothing_is_open() -> None:
    refuse_calling_out()
    with pytest.raises(WireBroken):
        HttpWire().get(NOWHERE)
