"""The Flask application of the simulator."""

from __future__ import annotations

from flask import Flask

from wechat_sim import control, oauth, pages, pay_api, server_api
from wechat_sim.books import World

BODY_BYTES_MAX = 2 * 1024 * 1024


def create_app(world: World) -> Flask:
    """Return the application that plays one world."""
    app = Flask("wechat_sim")
    app.config["WORLD"] = world
    app.config["PROPAGATE_EXCEPTIONS"] = True  # A cut line must reach the server, not become a 500.
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    for blueprint in (pay_api.bp, server_api.bp, oauth.bp, pages.bp, control.bp):
        app.register_blueprint(blueprint)
    return app
