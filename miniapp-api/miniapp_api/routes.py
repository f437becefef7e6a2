"""The one table of everything that answers: API blueprints under /api/v1, and pages."""

from __future__ import annotations

from flask import Blueprint as Pages
from flask_smorest import Blueprint

from miniapp_api import (
    about,
    accounts,
    client_pages,
    donations,
    giving,
    link_pages,
    login_pages,
    logins,
    media,
    message_pictures,
    messages,
    my_data,
    notices,
    openapi,
    openings,
    ops,
    paying,
    payments,
    projects,
    receipts,
    refunds,
    regions,
    sandbox,
    sessions,
    sharing,
    statements,
    verify,
    villages,
    volunteers,
    wechat_pages,
)
from miniapp_api.desk import activities, links, payouts, reconciliation, safety, session, troubles, words
from miniapp_api.desk import media as desk_media
from miniapp_api.desk import openings as desk_openings
from miniapp_api.desk import projects as desk_projects
from miniapp_api.desk import refunds as desk_refunds

BLUEPRINTS: tuple[Blueprint, ...] = (
    about.bp,
    regions.bp,
    sessions.bp,
    logins.bp,
    accounts.bp,
    villages.bp,
    projects.bp,
    giving.bp,
    donations.bp,
    statements.bp,
    refunds.bp,
    paying.bp,
    payments.bp,
    sharing.bp,
    message_pictures.bp,
    media.bp,
    volunteers.bp,
    notices.bp,
    messages.bp,
    my_data.bp,
    openings.bp,
    session.bp,
    safety.bp,
    desk_projects.bp,
    desk_media.bp,
    payouts.bp,
    desk_refunds.bp,
    activities.bp,
    links.bp,
    reconciliation.bp,
    troubles.bp,
    words.bp,
    desk_openings.bp,
    wechat_pages.bp,
)
PAGES: tuple[Pages, ...] = (
    client_pages.pages,
    notices.pages,
    openapi.bp,
    ops.bp,
    sandbox.pages,
    receipts.pages,
    verify.pages,
    link_pages.pages,
    login_pages.pages,
)
