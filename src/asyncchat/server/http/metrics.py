"""Metrics for Prometheus: ``/metrics``, for local clients only.

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
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from asyncchat.core.features.files import Files
from asyncchat.server.addresses import is_local
from asyncchat.server.http.messages import Request, Response, problem
from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.server.session import Session, SessionContext

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Headers that a proxy adds."""


def respond(context: SessionContext, started: int, request: Request, session: Session) -> Response:
    """The metrics, or a refusal."""
    if not is_local(session.address) or any(request.header(name) for name in _FORWARDED):
        return problem(403, "The figures are for this machine alone: ask it directly, not through a proxy.")
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


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"asyncchat_{name}", description, value)


def _counter(name: str, description: str, value: float) -> Metric:
    return CounterMetricFamily(f"asyncchat_{name}", description, value)


def _memory() -> int:
    """Bytes of resident memory on Linux, else 0."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
