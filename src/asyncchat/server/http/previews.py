"""Link previews over HTTP: ``GET /previews/…?to=ROOM&id=MESSAGE``, for the page.

Owns who is answered: a session of the chat, about a message that it may read. So nobody has the server look
at a link that nobody said. Must not know what a preview is made of (``server.previews``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import msgspec

from asyncchat.core.features.history import Which
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.server.http.messages import Response, problem
from asyncchat.server.previews import link_in
from asyncchat.server.session import Session

if TYPE_CHECKING:
    from asyncchat.core.ids import Ids
    from asyncchat.server.history import History
    from asyncchat.server.http.messages import Request
    from asyncchat.server.http.session_links import SessionLinks
    from asyncchat.server.previews import Previews
    from asyncchat.server.session import SessionContext

PREVIEWS_PATH: Final = "/previews/"

LOOK_LINES: Final = 10
"""As how many lines a page counts that the server has to look at."""

_JSON = (("Content-Type", "application/json"),)


class PreviewsApp:
    """Answers requests for previews.

    Args:
        context: what sessions share.
        history: knows who may read what.
        previews: makes them.
        links: know who asks.
        ids: those of messages.
    """

    def __init__(
        self, context: SessionContext, history: History, previews: Previews, links: SessionLinks, ids: Ids
    ) -> None:
        self._context = context
        self._history = history
        self._previews = previews
        self._links = links
        self._ids = ids

    def link(self, person_id: int, session_id: int) -> str:
        """The path at which a session asks; empty: there are no previews."""
        if not self._context.options.previews:
            return ""
        return PREVIEWS_PATH + self._links.mark(person_id, session_id)

    async def respond(self, request: Request, session: Session) -> Response:
        """The answer to a request below ``PREVIEWS_PATH``, which comes over ``session``."""
        if request.method != "GET":
            return problem(405, "A preview can only be read, with GET.", (("Allow", "GET"),))
        if not self._context.options.previews:
            return problem(404, "This server makes no previews of links.")
        found = self._links.session_of(request.raw_path[len(PREVIEWS_PATH) :])
        asks = None if found is None else self._asking(found[0].id, found[1])
        if asks is None:
            return problem(403, "This link is no longer valid, because its connection has ended.")
        query = parse_qs(request.query, max_num_fields=5)
        to, id = query.get("to", [""])[0], query.get("id", [""])[0]
        number = self._ids.number_of(id)
        message = None
        if to and number is not None:
            which = Which(to, number)
            message = (await self._history.find_message(asks, which, self._context.delivery.delivered)).record
        if message is None or not isinstance(message.event, Said | SaidInPrivate):
            return problem(404, "There is no such message that you may read.")
        url = link_in(message.event.text)
        if url and self._previews.known(url) is None:
            if self._previews.is_busy:
                return problem(503, "Too many links are looked at. Ask again.", (("Retry-After", "5"),))
            await session.pay(LOOK_LINES)
        preview = await self._previews.of(url) if url else None
        return Response(200, msgspec.json.encode({"preview": preview}) + b"\n", _JSON)

    def _asking(self, person_id: int, session_id: int) -> Session | None:
        """The session of the chat that asks."""
        mine = self._context.delivery.presence.recipients_of(person_id)
        return next((one for one in mine if one.id == session_id and isinstance(one, Session)), None)
