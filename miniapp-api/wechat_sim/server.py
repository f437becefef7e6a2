"""The simulator as a running server: one thread a request, one loop that lets refunds end and notices go."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.http import http_date
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from wechat_sim import refunds
from wechat_sim.app import create_app
from wechat_sim.books import World, keep_books
from wechat_sim.callbacks import Messenger

TICK_SECONDS, KEEP_SECONDS = 0.05, 5.0


class Handler(WSGIRequestHandler):
    """Keeps connections open as WeChat does, and cuts them where a fault wants it."""

    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """Close the line: the next request must not wait on it."""
        self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Date each answer by the simulator's clock: a wrong clock can be seen from outside."""
        world: World = self.server.app.config["WORLD"]  # type: ignore[attr-defined]  # the application of create_app
        return http_date(world.now())

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name that werkzeug gave it.
        """Stay silent; `/sim/requests` tells what was asked."""


@dataclass
class Running:
    """A server that runs, and its loop."""

    world: World
    server: BaseWSGIServer
    messenger: Messenger
    books_file: Path | None = None
    keep_seconds: float = KEEP_SECONDS
    ended: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.world.base_url

    def start(self) -> None:
        """Serve in threads of this process."""
        for act in (self.server.serve_forever, self.tell):
            thread = threading.Thread(target=act, daemon=True)
            thread.start()
            self.threads.append(thread)

    def tell(self) -> None:
        """Let refunds end and notices go, until the server stops."""
        ticks = 0
        while not self.ended.wait(TICK_SECONDS):
            with self.world.lock:
                refunds.progress(self.world)
            self.messenger.deliver_due()
            ticks += 1
            if self.books_file is not None and ticks * TICK_SECONDS % self.keep_seconds < TICK_SECONDS:
                keep_books(self.world, self.books_file)

    def stop(self) -> None:
        """Stop, and keep the books where that is wanted."""
        self.ended.set()
        self.server.shutdown()
        for thread in self.threads:
            thread.join(timeout=10)
        self.server.server_close()
        self.messenger.close()
        if self.books_file is not None:
            keep_books(self.world, self.books_file)


def prepare(world: World, *, host: str = "127.0.0.1", port: int = 0, books_file: Path | None = None) -> Running:
    """Bind the port (0: any that is free) and return a server that does not run yet."""
    server = make_server(host, port, create_app(world), threaded=True, request_handler=Handler)
    world.base_url = f"http://{host}:{server.server_port}"
    return Running(world, server, Messenger(world), books_file)
