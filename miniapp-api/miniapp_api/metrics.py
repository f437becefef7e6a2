"""Counters for operators in Prometheus' text form: by rule and status, nothing about a person."""

from __future__ import annotations

import os
from collections.abc import Iterator

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select

from backend.core import clock
from backend.core.db import db
from backend.jobs import clock_guard
from backend.jobs.models import ScheduledRun
from backend.ledger import queries
from backend.ledger.models import Flow
from backend.notices.models import Notice
from backend.outbox import queries as letters
from backend.payments.alerts import open_by_kind
from miniapp_api.logs import endpoint_of_request, took_ms

METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
OWN = CollectorRegistry()
REQUESTS = Counter("happy_home_requests", "answered requests", ["method", "endpoint", "status"], registry=OWN)
SECONDS = Histogram(
    "happy_home_request_seconds",
    "time to answer",
    ["endpoint"],
    registry=OWN,
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10),
)


def install_metrics(app: Flask) -> None:
    """Count every answered request."""
    app.after_request(_count)


def _count(response: Response) -> Response:
    count_answer(
        method=request.method, endpoint=endpoint_of_request(), status=response.status_code, milliseconds=took_ms()
    )
    return response


def count_answer(*, method: str, endpoint: str, status: int, milliseconds: int) -> None:
    """Count one answered request."""
    REQUESTS.labels(method if method in METHODS else "OTHER", endpoint, str(status)).inc()
    SECONDS.labels(endpoint).observe(milliseconds / 1000)


def shown() -> tuple[bytes, str]:
    """Return all metrics and their content type; asks the database, so call it in a reading transaction."""
    return generate_latest(_requests()) + generate_latest(_state()), CONTENT_TYPE_LATEST


def _requests() -> CollectorRegistry:
    """Several server processes add up through a folder, which the variable names; one process counts by itself."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return OWN
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library does not type it.
    return registry


def _state() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Told([*_gauges(), *_waiting()]))
    return registry


class _Told:
    """Numbers already read, in the shape that the library collects."""

    def __init__(self, gauges: list[Metric]) -> None:
        self.gauges = gauges

    def collect(self) -> list[Metric]:
        """Return the numbers."""
        return self.gauges


def _gauges() -> Iterator[Metric]:
    now = clock.now()
    settled = select(func.coalesce(func.sum(Flow.in_count), 0)).where(Flow.reason.in_(("gift", "gift_unallocated")))
    undone = select(func.count()).select_from(ScheduledRun).where(ScheduledRun.done_at.is_(None))
    notices = select(func.count()).select_from(Notice)
    oldest = queries.oldest_queued_at()
    waited = 0 if oldest is None else max(0, round((now - oldest).total_seconds()))
    yield GaugeMetricFamily("happy_home_ledger_queue", "transfers without a place in the order", queries.queue_length())
    yield GaugeMetricFamily("happy_home_ledger_queue_seconds", "wait of the oldest of them", waited)
    yield GaugeMetricFamily("happy_home_ledger_position", "last position of the order", queries.last_position())
    yield GaugeMetricFamily("happy_home_gifts_settled", "gifts in the ledger", int(db.session.scalar(settled) or 0))
    yield GaugeMetricFamily("happy_home_notices", "published notices", db.session.scalar(notices) or 0)
    yield GaugeMetricFamily("happy_home_periods_open", "periods claimed, not done", db.session.scalar(undone) or 0)
    yield GaugeMetricFamily("happy_home_scheduler_alive", "1: it beats", int(clock_guard.is_alive(now=now)))
    is_paused = clock_guard.state().paused_at is not None
    yield GaugeMetricFamily("happy_home_periods_paused", "1: the clock is not believed", int(is_paused))


def _waiting() -> Iterator[Metric]:
    """What is owed to the outside and what waits for a person, by kind: the runbook has a page for each."""
    owed = GaugeMetricFamily("happy_home_outbox", "messages owed, or given up", labels=["kind", "state"])
    for labels, count in sorted(letters.waiting_by_kind().items()):
        owed.add_metric(labels, count)
    yield owed
    since = letters.oldest_owed_since()
    waited = 0 if since is None else max(0, round((clock.now() - since).total_seconds()))
    yield GaugeMetricFamily("happy_home_outbox_oldest_seconds", "wait of the oldest message owed", waited)
    alerts = GaugeMetricFamily("happy_home_alerts_open", "alerts that nobody has dealt with", labels=["kind"])
    for kind, count in sorted(open_by_kind().items()):
        alerts.add_metric([kind], count)
    yield alerts
