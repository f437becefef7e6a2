"""A process of its own that asks for a token with four threads at once, and writes down what each was told."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from miniapp_api.app import create_app

from backend.core import clock
from backend.core.config import load_settings
from backend.wechat.calling import Caller
from backend.wechat.opening import wechat_of


def main() -> None:
    """Ask when the other side says go."""
    settings = load_settings()
    app, server = create_app(settings), wechat_of(settings)
    calls = Caller(settings=settings.wechat, wire=server.wire)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()

    def asks(_number: int) -> str:
        with app.app_context():
            return calls.access_token(settings.wechat.mini, now=clock.now())

    with ThreadPoolExecutor(4) as threads:
        sys.stdout.write(" ".join(threads.map(asks, range(4))))


if __name__ == "__main__":  # pragma: no branch - it is always run as a program.
    main()
