"""A real Redis of the tests' own, thrown away afterwards."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.world.postgres import free_port


@contextmanager
def redis_server() -> Iterator[str]:
    """Run one server; yield its URL."""
    with tempfile.TemporaryDirectory(prefix="happy-home-redis-") as folder:
        port = free_port()
        words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        server = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.kill()
            server.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with redis.Redis(port=port) as client:
                client.ping()
            return
        except redis.ConnectionError:  # pragma: no cover - chance: it may be there at once.
            assert time.monotonic() < deadline, "the Redis server does not answer"
            time.sleep(0.05)
