"""The HTTP application: checks every request, then routes it to the API, the metrics, the page or how to
join.

Must not know the connection (``connection``).
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import msgspec

from asyncchat.config.origins import parse_authority
from asyncchat.control.executor import sentence
from asyncchat.core.features.server_bans import ServerBanChanged, address_ban_on
from asyncchat.server import banner
from asyncchat.server.addresses import is_local
from asyncchat.server.clock import wall_clock
from asyncchat.server.http import metrics, static
from asyncchat.server.http.api.dispatch import PREFIXES, Api, description
from asyncchat.server.http.files import FILE_PATHS, FilesApp
from asyncchat.server.http.hosts import Hosts
from asyncchat.server.http.messages import Body, Headers, Request, Response, problem, text
from asyncchat.server.http.previews import PREVIEWS_PATH, PreviewsApp
from asyncchat.server.http.session_links import SessionLinks

if TYPE_CHECKING:
    from asyncchat.log.base import Log
    from asyncchat.server.auth import Authentication
    from asyncchat.server.history import History
    from asyncchat.server.listeners import Listeners
    from asyncchat.server.page_cache import PageCache
    from asyncchat.server.previews import Previews
    from asyncchat.server.search import Searcher
    from asyncchat.server.session import Session, SessionContext
    from asyncchat.server.uploads import Uploads


_PREFLIGHT: Headers = (
    ("Access-Control-Allow-Methods", "GET, HEAD, POST"),
    (
        "Access-Control-Allow-Headers",
        "Authorization, Content-Disposition, Content-Type, Idempotency-Key, Last-Event-ID",
    ),
    ("Access-Control-Max-Age", "600"),
)

LOADING_SECONDS = 5.0
"""How long after its last file a browser may still open connections for others."""

_MOST_LOADING = 1000
"""Addresses; more are looked through for those whose time is over."""


class App:
    """The HTTP application of a server.

    Args:
        context: what sessions share.
        log: the history.
        pages: the newest ones of rooms.
        searcher: searches rooms.
        listeners: know how to join.
        started: when this run began, in microseconds since 1970 UTC.
        uploads: the files that people uploaded.
        previews: those of links.
        history: knows who may read what.
        auth: checks the passwords of accounts.
        links: those that only one session knows.
    """

    def __init__(
        self,
        context: SessionContext,
        log: Log,
        pages: PageCache,
        searcher: Searcher,
        listeners: Listeners,
        started: int,
        *,
        uploads: Uploads,
        previews: Previews,
        history: History,
        auth: Authentication,
        links: SessionLinks,
    ) -> None:
        self._context = context
        self._listeners = listeners
        self._started = started
        self._api = Api(context, log, pages, searcher, links, auth.guard, started)
        self.files = FilesApp(context, uploads, auth, self._api, links)
        self.previews = PreviewsApp(context, history, previews, links, log.ids)
        self._loading: dict[str, float] = {}
        self.update()
        context.delivery.observe(ServerBanChanged, self._ban_changed)

    async def prepare(self) -> None:
        """Makes what is made once and takes long, in a thread, before somebody asks for it."""
        await asyncio.to_thread(static.files)
        await asyncio.to_thread(description)

    def update(self) -> None:
        """Takes the options as they are now: host names, origins, and who reads without a token."""
        self._api.update()
        options = self._context.options
        own = socket.gethostname()
        # A machine without a name server is known in its network as NAME.local (multicast DNS, RFC 6762).
        names = (options.name, own, f"{own.partition('.')[0]}.local")
        self._hosts = Hosts(names, options.origins)

    def loading_seconds(self, address: str) -> float:
        """For how many seconds a browser at this address may still be loading the page."""
        return self._loading.get(address, 0.0) - self._context.now()

    def _note_loading(self, address: str) -> None:
        now = self._context.now()
        if len(self._loading) >= _MOST_LOADING:
            self._loading = {one: until for one, until in self._loading.items() if until > now}
        self._loading[address] = now + LOADING_SECONDS

    def ban(self, session: Session) -> Response | None:
        """The answer to whoever asks from an address that is banned from the server, else None."""
        chat = self._context.hub.chat
        banned = address_ban_on(chat, session.host, session.address, wall_clock())
        return None if banned is None else problem(403, sentence(banned), close=True)

    def _ban_changed(self, event: ServerBanChanged) -> None:
        """Ends the requests and streams of those who are banned now; people are killed by the command."""
        for session in list(self._context.sessions) if event.on else ():
            if session.dialect is None and self.ban(session) is not None:
                session.disconnect("banned")

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request for a foreign host name or from a foreign origin, else None."""
        hosts = self._hosts
        # HTTP/1.0 may leave the host out; a browser never does.
        named = request.host or "host" in request.values
        if named and not hosts.answers_to(request.host):
            return problem(
                421,
                f"This server does not answer to the name {request.host[:255]}. Use its address, or start it "
                "with --name or --origin.",
                close=True,
            )
        origin = request.values.get("origin")
        if origin and not hosts.lets_in(origin, request.host):
            return problem(
                403,
                f"Pages of {origin[:255]} may not use this server. Start it with --origin to allow them.",
                close=True,
            )
        return None

    def end_stream(self, session: Session) -> bool:
        """Ends the stream of a session; whether it had one."""
        return self._api.end_stream(session)

    async def respond(self, request: Request, body: Body, session: Session) -> Response:
        """The answer to a request that ``refusal`` let pass."""
        origin = request.values.get("origin")
        if not origin or not self._hosts.is_foreign(origin, request.host):
            return await self._answer(request, body, session)
        # A page of an allowed origin reads the answers too (WHATWG Fetch, "CORS protocol").
        shared: Headers = (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", "Location"),
            ("Vary", "Origin"),
        )
        if request.method == "OPTIONS" and request.header("access-control-request-method"):
            return Response(204, b"", (*shared, *_PREFLIGHT))
        response = await self._answer(request, body, session)
        return msgspec.structs.replace(response, headers=(*response.headers, *shared))

    async def _answer(self, request: Request, body: Body, session: Session) -> Response:
        path = request.raw_path
        if path.startswith(PREFIXES):
            return await self._api.respond(request, body, session)
        if path.startswith(FILE_PATHS):
            return await self.files.respond(request, body, session, self.base(request, session))
        if path.startswith(PREVIEWS_PATH):
            return await self.previews.respond(request, session)
        return self._answer_at_once(request, session)

    def base(self, request: Request, session: Session) -> str:
        """The address of the server in links, as the one who asks reaches it, and if possible others too."""
        options = self._context.options
        if options.file_url:
            return options.file_url.rstrip("/") + options.base_path
        host = parse_authority(request.host)
        if host is not None and (host[0] == "localhost" or is_local(host[0].strip("[]"))):
            best = banner.best(self._listeners.reachable)
            if not best.path and not is_local(best.host):
                return banner.root(best).rstrip("/")
        scheme = "https" if session.secure else "http"
        return self._hosts.origin_for(request.host, request.header("origin"), scheme) + options.base_path

    def _answer_at_once(self, request: Request, session: Session) -> Response:
        """The answer to all that waits for nothing."""
        if request.target == "*":
            return Response(204, b"", (("Allow", "GET, HEAD, POST, OPTIONS"),))
        path = request.path
        if path == "/metrics":
            return self._require_read(request) or metrics.respond(
                self._context, self._api, self._started, request, session
            )
        if path == "/healthz":
            return self._require_read(request) or text(200, "ok\n")
        if path == "/readyz":
            fault = self._fault()
            return self._require_read(request) or (text(503, f"{fault}\n") if fault else text(200, "ok\n"))
        if path == "/":
            if not request.accepts_html:
                return self._require_read(request) or text(
                    200, self._listeners.how_to_join(), (("Vary", "Accept"),)
                )
            path = static.INDEX
        response = static.respond(path, request)
        if response is None:
            return problem(404, "There is nothing here. The page is at /.")
        refused = self._require_read(request)
        if refused is not None:
            return refused
        self._note_loading(session.address)
        return response

    def _fault(self) -> str:
        """Why nobody should be sent here now; '' for nothing."""
        if self._context.draining:
            return "this server is taken out of service"
        return "the history can't be written" if self._context.outbox.failing else ""

    def _require_read(self, request: Request) -> Response | None:
        if request.method in ("GET", "HEAD"):
            return None
        allow = (("Allow", "GET, HEAD, OPTIONS"),)
        if request.method == "OPTIONS":
            return Response(204, b"", allow)
        return problem(405, "This can only be read, with GET.", allow)
