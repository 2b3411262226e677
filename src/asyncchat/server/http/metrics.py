"""Metrics for Prometheus: ``/metrics``, for local clients only.

Owns their names; other modules count.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from asyncchat import __version__
from asyncchat.server.addresses import is_local
from asyncchat.server.http.messages import Request, Response, problem

if TYPE_CHECKING:
    from asyncchat.server.session import Session, SessionContext

KIND = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Headers that a proxy adds."""


def respond(context: SessionContext, started: int, request: Request, session: Session) -> Response:
    """The metrics, or a refusal."""
    if not is_local(session.address) or any(request.header(name) for name in _FORWARDED):
        return problem(403, "The figures are for this machine alone: ask it directly, not through a proxy.")
    lines = []
    for name, kind, words, value in _metrics(context, started):
        bare = name.partition("{")[0]
        lines.append(f"# HELP asyncchat_{bare} {words}\n# TYPE asyncchat_{bare} {kind}\n")
        lines.append(f"asyncchat_{name} {value}\n")
    return Response(200, "".join(lines).encode(), (("Content-Type", KIND),))


def _metrics(context: SessionContext, started: int) -> list[tuple[str, str, str, str]]:
    chat, outbox, delivery = context.hub.chat, context.outbox, context.delivery
    metrics: list[tuple[str, str, str, float]] = [
        ("sessions", "gauge", "Connections of all kinds.", len(context.sessions)),
        ("people", "gauge", "People in the chat.", len(chat.people)),
        ("rooms", "gauge", "Rooms that are open.", len(chat.rooms)),
        ("records_total", "counter", "Facts in the history, messages among them.", delivery.delivered),
        ("writes_total", "counter", "Writes of what a room was told, one a member.", delivery.writes),
        ("outbox_outcomes", "gauge", "Outcomes that wait to be kept and told.", outbox.waiting),
        ("storage_failing", "gauge", "1 while the history can't be written.", int(outbox.failing)),
        ("start_time_seconds", "gauge", "When this run began.", started / 1_000_000),
    ]
    memory = _memory()
    if memory:
        metrics.append(("resident_memory_bytes", "gauge", "Memory in use.", memory))
    found = [(name, kind, words, f"{value:.15g}") for name, kind, words, value in metrics]
    return [(f'info{{version="{__version__}"}}', "gauge", "This version.", "1"), *found]


def _memory() -> int:
    """Bytes of resident memory on Linux, else 0."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
