"""Keepalive: finds clients that are gone or never gave a name, and removes expired bans.

Owns the time-outs. Must not know dialects beyond ``probe`` and ``lapse``.
"""

import asyncio
from collections.abc import Callable, Generator

from asyncchat.server.limits import REGISTRATION_SECONDS
from asyncchat.server.recipients import Recipient
from asyncchat.server.session import Session, SessionContext

ROUND = 5.0
"""Seconds between two checks of all sessions."""

SILENCE = 120.0
"""Seconds of silence after which a client is pinged."""

WEB_SILENCE = 45.0
"""The same of a WebSocket: proxies end one after 60 seconds. The ping comes up to ``ROUND`` seconds later."""

ANSWER = 60.0
"""Seconds that it has to answer: a laptop's Wi-Fi may be slow to come back."""

NAME_SILENCE = 5.0
"""Seconds of silence after which a client is asked whether it is there when its name is asked for."""

NAME_ANSWER = 5.0
"""Seconds that it has to answer then: somebody from its own address is most likely the same person, back."""


class Keepalive:
    """Checks all sessions of a server.

    Args:
        context: has the sessions.
        name: the server's, which removes what has expired.
    """

    def __init__(self, context: SessionContext, name: str) -> None:
        self._context = context
        self._name = name
        self.ask_holder: Callable[[int, str], None] = lambda _holder, _address: None
        """Asks the other nodes of a cluster for a session that has a name: by its person, for an address."""

    async def run(self) -> None:
        """Checks all sessions every ``ROUND`` seconds, until cancelled."""
        while True:
            await asyncio.sleep(ROUND)
            more = True
            while more:
                more = self._context.hub.expire(self._name)
                await asyncio.sleep(0)
            self._context.budgets.forget_idle()
            await self._context.slices.finish(self._check_all(), lambda _lines: None)

    def _check_all(self) -> Generator[None, None, None]:
        for session in list(self._context.sessions):
            self._check(session, self._context.now())
            yield

    def probe(self, requester: Recipient, holder: int) -> None:
        """Pings the session whose name is asked for from the same address, if it is silent."""
        if isinstance(self._context.delivery.presence.first.get(holder), Session):
            self.probe_here(holder, requester.address)
        else:
            self.ask_holder(holder, requester.address)

    def probe_here(self, holder: int, address: str) -> None:
        """The same, if this server has that session; ``address``: from where its name is asked for."""
        session = self._context.delivery.presence.first.get(holder)
        if not isinstance(session, Session) or session.address != address or session.ended:
            return
        asked_at = self._context.now()
        if asked_at - session.heard_at < NAME_SILENCE:
            return  # it is there
        question = session.dialect.ping() if session.dialect is not None else b""
        if question and not session.is_crowded():
            if asked_at - session.probed_at < NAME_ANSWER:
                return  # it was pinged just now
            session.probed_at = asked_at
            session.tell(question)
            self._context.loop.call_later(NAME_ANSWER, self._judge, session, asked_at)
        else:
            # It has no ping, or would not read it before what waits is sent.
            session.probe_by_kernel(int(NAME_ANSWER))

    def _judge(self, session: Session, asked_at: float) -> None:
        if not session.ended and session.heard_at < asked_at:
            session.disconnect("no answer", at_once=True)

    def _check(self, session: Session, now: float) -> None:
        if session.ended or self._context.stopping:
            return
        if session.is_slow():
            self._context.delivery.too_slow += 1
            return session.disconnect("too slow", at_once=True)
        dialect = session.dialect
        if dialect is None or not dialect.entered:
            if now - session.waiting_since > REGISTRATION_SECONDS:
                session.disconnect("no name in time")
            return
        lapsed = dialect.on_tick(now)
        if lapsed:
            session.tell(lapsed)
        silent = now - session.heard_at
        if silent < (WEB_SILENCE if dialect.is_web else SILENCE):
            return
        if (
            session.probed_at <= session.heard_at
        ):  # the loop's clock counts milliseconds: an answer may take none
            question = dialect.ping()
            if question:
                session.probed_at = now
                session.tell(question)
        elif now - session.probed_at > ANSWER:
            session.disconnect(f"no answer for {int(silent)} seconds", at_once=True)
