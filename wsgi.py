"""The application as a server finds it: `flask --app wsgi …`, `granian --interface wsgi wsgi:app`."""

from __future__ import annotations

import sys
from pathlib import Path

# The folder has a hyphen, its package has not: one line lets every tool import `miniapp_api` (ADR-0001).
sys.path.insert(0, str(Path(__file__).resolve().parent / "miniapp-api"))

from miniapp_api.app import create_app_or_explain

app = create_app_or_explain()
