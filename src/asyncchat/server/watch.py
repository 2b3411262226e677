"""The watch: finds sessions whose client is gone or never said who it is, and bans that are over.

Owns the time-outs and who is asked; must not know dialects beyond ``ping`` and ``on_tick``.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from asyncchat.server.limits import REGISTRATION_SECONDS

if TYPE_CHECKING:
    from asyncchat.server.service import Service
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.watch")

ROUND = 5.0
"""Seconds between two looks at all sessions."""

SILENCE = 120.0
"""Seconds of silence after which a client is asked whether it is there."""

ANSWER = 60.0
"""Seconds it has for its answer: a laptop's Wi-Fi may be slow to come back."""

NAME_ANSWER = 5.0
"""Seconds it has when somebody from the same address asks for its name: most likely the same person, back."""


class Watch:
    """Looks after all sessions of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def run(self) -> None:
        """Looks at all sessions again and again, until cancelled."""
        while True:
            await asyncio.sleep(ROUND)
            self._service.hub.end_what_is_over(self._service.info.name)
            now = self._service.now()
            for session in list(self._service.sessions):
                self._look_at(session, now)

    def probe(self, asker: Session, holder: int) -> None:
        """Asks a session whose name another from the same address wants whether it is still there."""
        session = self._service.delivery.people.first.get(holder)
        if session is None or session.address != asker.address or session.ended:
            return
        asked_at = self._service.now()
        question = session.dialect.ping() if session.dialect is not None else b""
        if question and not session.is_crowded():
            if asked_at - session.probed < NAME_ANSWER:
                return  # it is being asked
            session.probed = asked_at
            session.tell(question)
            self._service.loop.call_later(NAME_ANSWER, self._judge, session, asked_at)
        else:
            # No question that a program answers, or its answer would not be read before what waits is sent.
            session.probe_by_kernel(int(NAME_ANSWER))

    def _judge(self, session: Session, asked_at: float) -> None:
        if not session.ended and session.heard < asked_at:
            session.expel("no answer", at_once=True)

    def _look_at(self, session: Session, now: float) -> None:
        if session.ended:
            return
        dialect = session.dialect
        if dialect is None or not dialect.entered:
            if now - session.born > REGISTRATION_SECONDS:
                session.expel("no name in time")
            return
        lapsed = dialect.on_tick(now)
        if lapsed:
            session.tell(lapsed)
        silent = now - session.heard
        if silent < SILENCE:
            return
        if session.probed <= session.heard:  # the loop's clock counts milliseconds: an answer may take none
            question = dialect.ping()
            if question:
                session.probed = now
                session.tell(question)
        elif now - session.probed > ANSWER:
            session.expel(f"no answer for {int(silent)} seconds", at_once=True)
