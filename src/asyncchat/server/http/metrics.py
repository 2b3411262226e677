"""Metrics for Prometheus: ``/metrics``, for local clients, named networks and tokens.

Owns their names and help texts; must not know how the values are counted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from asyncchat.core.features.bots import METRICS
from asyncchat.core.features.files import Files
from asyncchat.server.addresses import is_local, is_within
from asyncchat.server.http.messages import Request, Response, problem
from asyncchat.server.measurements import SECONDS, Histogram
from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.server.http.api.dispatch import Api
    from asyncchat.server.session import Session, SessionContext

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Headers that a proxy adds."""


def respond(context: SessionContext, api: Api, started: int, request: Request, session: Session) -> Response:
    """The metrics, or a refusal."""
    authorization = request.values.get("authorization")
    token = api.token_of(authorization) if authorization else None
    if authorization and token is None:
        return api.refuse_token(session)
    from_there = is_local(session.address) or is_within(session.address, context.options.metrics_from)
    if token is not None:
        if METRICS not in token.actions:
            return problem(403, "This token does not allow to read the figures.")
    elif not from_there or any(request.header(name) for name in _FORWARDED):
        return problem(
            403,
            "The figures are for this machine and --metrics-from, asked directly and not through a proxy; "
            "or send a token: asyncchat token add NAME --allow metrics.",
        )
    body = generate_latest(_ServerCollector(context, started))
    return Response(200, body, (("Content-Type", CONTENT_TYPE_PLAIN_0_0_4),))


class _ServerCollector(Collector):
    def __init__(self, context: SessionContext, started: int) -> None:
        self._context = context
        self._started = started

    def collect(self) -> Iterator[Metric]:
        context = self._context
        chat, outbox, delivery = context.hub.chat, context.outbox, context.delivery
        watchdog = context.watchdog
        info = GaugeMetricFamily("asyncchat_info", "This version.", labels=("version",))
        info.add_metric((__version__,), 1)
        yield info
        yield _gauge("sessions", "Connections of all kinds.", len(context.sessions))
        yield _gauge("people", "People in the chat.", len(chat.people))
        yield _gauge("rooms", "Rooms that are open.", len(chat.rooms))
        files = Files.of(chat)
        yield _gauge("files", "Uploaded files that are kept.", len(files.by_id))
        yield _gauge("file_bytes", "Bytes of their contents; equal ones count once.", files.bytes)
        yield _counter("records_total", "Facts in the history, messages among them.", delivery.delivered)
        yield _counter("writes_total", "Writes of what a room was told, one a member.", delivery.writes)
        yield _gauge("outbox_outcomes", "Outcomes that wait to be kept and told.", outbox.waiting)
        yield _gauge("storage_failing", "1 while the history can't be written.", int(outbox.failing))
        blocked = "How often the whole server stood still for longer than log_blocked_ms."
        yield _counter("loop_blocks_total", blocked, watchdog.blocks)
        seconds = "For how many seconds it did in all."
        yield _counter("loop_blocked_seconds_total", seconds, watchdog.blocked_seconds)
        yield from self._measured()
        yield _gauge("start_time_seconds", "When this run began.", self._started / 1_000_000)
        refused = "Headers of the PROXY protocol from who may not send them, or that are none."
        yield _counter("proxy_headers_refused_total", refused, context.proxies_refused)
        tasks = len(asyncio.all_tasks())
        yield _gauge("tasks", "Tasks of the event loop: a few, and some for each connection.", tasks)
        yield _gauge("threads", "Threads of the server.", threading.active_count())
        if memory := _memory():
            yield _gauge("resident_memory_bytes", "Memory in use.", memory)
            yield _gauge(
                "open_descriptors", "Files and sockets that are open.", len(os.listdir("/proc/self/fd"))
            )

    def _measured(self) -> Iterator[Metric]:
        """How long things took, and what was limited."""
        measured, delivery = self._context.measurements, self._context.delivery
        told = "From the decision of a batch's first command until all of the batch is told."
        yield _histogram("delivery_delay_seconds", told, measured.delivery)
        yield _histogram("commit_seconds", "In which the records of a batch are kept.", measured.commit)
        yield _histogram("loop_lag_seconds", "How late the loop is, asked once a second.", measured.loop_lag)
        http = HistogramMetricFamily(
            "asyncchat_http_request_seconds",
            "From the head of a request to its answer, without streams and WebSockets.",
            labels=("status",),
        )
        for digit, histogram in enumerate(measured.http):
            if histogram.up_to[-1]:
                _add(http, histogram, f"{digit}xx")
        yield http
        hits = CounterMetricFamily(
            "asyncchat_limits_hit_total", "How often somebody had to wait, or was refused.", labels=("limit",)
        )
        for limit, count in self._context.budgets.hits.items():
            hits.add_metric((limit,), count)
        yield hits
        gone = "Readers that were disconnected because they did not read."
        yield _counter("slow_readers_total", gone, delivery.too_slow)


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"asyncchat_{name}", description, value)


def _counter(name: str, description: str, value: float) -> Metric:
    return CounterMetricFamily(f"asyncchat_{name}", description, value)


def _histogram(name: str, description: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(f"asyncchat_{name}", description, labels=())
    _add(family, histogram)
    return family


def _add(family: HistogramMetricFamily, histogram: Histogram, *labels: str) -> None:
    bounds = [*map(str, SECONDS), "+Inf"]
    family.add_metric(labels, list(zip(bounds, histogram.up_to, strict=True)), histogram.total)


def _memory() -> int:
    """Bytes of resident memory on Linux, else 0."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
