"""Measurements: each a ratio against its bare limit, taken in the same run on the same machine."""

from __future__ import annotations

import sys
from pathlib import Path

# As in wsgi.py: the delivery folder has a hyphen, its package has not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "miniapp-api"))
