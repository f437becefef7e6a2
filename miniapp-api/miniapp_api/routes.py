"""The one table of everything that answers: API blueprints under /api/v1, and pages."""

from __future__ import annotations

from flask import Blueprint as Pages
from flask_smorest import Blueprint

from miniapp_api import client_pages, regions, sessions
from miniapp_api.desk import session

BLUEPRINTS: tuple[Blueprint, ...] = (regions.bp, sessions.bp, session.bp)
PAGES: tuple[Pages, ...] = (client_pages.pages,)
