"""The rotation of the vault's keys dies with -9 in its middle: everything still opens, and the next run ends it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

from miniapp_api.app import create_app

from backend.core.config import HOUSE, Settings
from backend.core.config_vault import OWN
from backend.core.db import read_with_retries
from backend.core.failpoints import KILLED
from backend.vault.checks import check_vault
from backend.vault.fields import GIFT_NAME
from backend.vault.queries import values_of
from backend.vault.rotation import counted_by_key
from tests.world.databases import dispose
from tests.world.giving import Giving, village
from tests.world.vault import with_keys

__all__ = ["village"]
NEW = b"new key of the vault, 32 letters"


def rotates(settings: Settings, *, failpoints: str = "") -> int:
    """Run the operator's command in a process of its own, two keys at a time; return how it ended."""
    own = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "VAULT_KEYS": f"new:{base64.b64encode(NEW).decode()}",
        "APP_ENV": "test",
        "FAILPOINTS": failpoints,
        "PYTHONPATH": f"{HOUSE}:{HOUSE}/miniapp-api",
    }
    told = [sys.executable, "-m", "flask", "--app", "wsgi", "rotate-vault-keys", "--chunk", "2"]
    done = subprocess.run(told, cwd=HOUSE, env=os.environ | own, timeout=120, capture_output=True, check=False)
    return done.returncode


def test_a_killed_rotation_loses_nothing_and_goes_on(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    names = {village.paid_gift(roof, display="real_name", name=f"村民{n}")["code"]: f"村民{n}" for n in range(5)}
    app = create_app(with_keys(village.settings, {"new": NEW}))

    def stands(counts: dict[str, int]) -> None:
        with app.app_context():
            assert read_with_retries(counted_by_key) == counts
            told = read_with_retries(lambda: values_of((GIFT_NAME,), names))
            assert {code: told[GIFT_NAME, code] for code in names} == names
            assert read_with_retries(check_vault) == []

    assert rotates(village.settings, failpoints="keys_rewrapped=exit@2") == KILLED
    stands({"new": 2, OWN: 3})
    assert rotates(village.settings) == 0
    stands({"new": 5})
    dispose(app)
