"""The API of a server: finds the route, checks the token, limits the rate.

Owns what holds for every route; each family of routes has its own module.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core.features.bots import ADMIN, Bots, Token, digest_of
from asyncchat.core.features.login_tokens import LoginTokens, LoginTokenUsed
from asyncchat.core.names import room_fault
from asyncchat.core.people import network_of
from asyncchat.server.http.api import (
    administration,
    hooks,
    messages,
    openapi,
    rooms,
    routes,
    schemas,
    search,
    stream,
)
from asyncchat.server.http.api.open_streams import Streams
from asyncchat.server.http.messages import Body, Request, Response, problem
from asyncchat.server.http.session_links import KEY, SessionLinks
from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.log.base import Log
    from asyncchat.server.page_cache import PageCache
    from asyncchat.server.password_guard import PasswordGuard
    from asyncchat.server.search import Searcher
    from asyncchat.server.session import Session, SessionContext

_REMEMBERED = 256
"""Paths whose routes are remembered: those of the rooms that bots are in."""

_REMEMBERED_LETTERS = 256
"""Letters of the longest of them."""

PREFIXES = (f"{routes.PREFIX}/", hooks.PREFIX)
"""What the paths begin with that ``Api`` answers."""

_USED_MICROSECONDS = 86_400_000_000
"""A login token's use is noted once a day: one that nobody uses for a season is not valid any more."""


_HOW_TO_ASK = "Send a token: Authorization: Bearer TOKEN. One is made with: asyncchat token add"

_NOT_PRIVATE = "This token is not accepted over a connection that is not encrypted."


def _too_many(what: str, seconds: int) -> Response:
    return problem(429, f"Too many {what}; go on in {seconds} s.", (("Retry-After", str(seconds)),))


async def health(call: routes.Call) -> Response:
    """Says how the server is."""
    if call.context.sessions.outbox.failing:
        return routes.json(503, schemas.Health("failing", __version__))
    return routes.json(200, schemas.Health("ok", __version__))


async def describe(_call: routes.Call) -> Response:
    """Gives the OpenAPI document."""
    return Response(200, description(), (("Content-Type", "application/json"),))


@cache
def description() -> bytes:
    """The OpenAPI document as JSON."""
    return msgspec.json.encode(openapi.document(ROUTES)) + b"\n"


ROUTES: tuple[routes.Route, ...] = (
    routes.Route(
        "GET", "/health", "readHealth", health,
        "Says whether the server is well. Nothing is needed to ask.",
        {200: routes.Answer("It is well.", schemas.Health), 503: routes.Answer("It is not.", schemas.Health)},
        query=schemas.NoQuery,
    ),
    *rooms.ROUTES,
    *messages.ROUTES,
    *search.ROUTES,
    *stream.ROUTES,
    *hooks.ROUTES,
    *administration.ROUTES,
    routes.Route(
        "GET", "/openapi.json", "readDescription", describe,
        "Gives this document.",
        {200: routes.Answer("The document.", None)},
        query=schemas.NoQuery,
    ),
)  # fmt: skip


class _Found(msgspec.Struct, frozen=True):
    """A route, and the room that its path names; '' if it names none."""

    route: routes.Route
    room: str
    room_fault: str | None
    """Why no room can be called so."""
    authorization: str = ""
    """What the header would say, if the path has the secret of a token."""


def _find(method: str, raw_path: str) -> _Found | Response:
    """The route of a method and a path, or the answer if there is none."""
    segments = routes.segments_of(raw_path)
    found = [(route, match) for route in ROUTES if (match := route.match(segments)) is not None]
    if not found:
        return problem(404, f"There is nothing here. {routes.PREFIX}/openapi.json says what there is.")
    method = "GET" if method == "HEAD" else method
    chosen = next(((route, match) for route, match in found if route.method == method), None)
    if chosen is None:
        methods = [route.method for route, _ in found]
        allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else ()), "OPTIONS"])
        if method == "OPTIONS":
            return Response(204, b"", (("Allow", allowed),))
        return problem(405, f"Only these methods are allowed here: {allowed}.", (("Allow", allowed),))
    route, match = chosen
    room = match.get("room", "")
    if room and not room.startswith("#"):
        room = f"#{room}"
    authorization = f"Bearer {match['token']}" if "token" in match else ""
    return _Found(route, room, room_fault(room) if room else None, authorization)


_remembered = lru_cache(_REMEMBERED)(_find)


def _allows(token: Token, route: routes.Route, room: str) -> bool:
    return route.action in token.actions and (not room or token.covers(room))


class Login(msgspec.Struct, frozen=True):
    """Who asks without a bot's token: the account whose login token came, with the token's digest, or the
    person in the chat whose session's key came; empty: neither did."""

    account: str = ""
    digest: str = ""
    person_id: int = 0


class Api:
    """The API of a server."""

    def __init__(
        self,
        context: SessionContext,
        log: Log,
        pages: PageCache,
        searcher: Searcher,
        links: SessionLinks,
        guard: PasswordGuard,
        started: int,
    ) -> None:
        self._context = routes.ApiContext(
            context,
            log,
            log.ids,
            pages,
            Streams(context.delivery, stream.StreamEncoder(log.ids), context.hub.chat),
            searcher,
            guard,
            started,
        )
        self._links = links
        self._guard = guard

    def update(self) -> None:
        """Takes the options as they are now."""
        if self._context.locked:
            self._context.streams.end_visitors()

    def end_stream(self, session: Session) -> bool:
        """Ends the stream of a session; whether it had one."""
        return self._context.streams.end(session)

    async def respond(self, request: Request, body: Body, session: Session) -> Response:
        """The answer to a request below one of ``PREFIXES``."""
        path = request.raw_path
        found = (_remembered if len(path) <= _REMEMBERED_LETTERS else _find)(request.method, path)
        if isinstance(found, Response):
            return found
        route, room = found.route, found.room
        token: Token | None = None
        account = Login()
        authorization = found.authorization or request.values.get("authorization")
        if authorization:
            token = self.token_of(authorization)
            if token is None:
                if route.refused is not None:
                    return self.refuse_token(session, route.refused)
                login = self._operator_login(authorization, session) if route.action == ADMIN else None
                login = login or self.login_of(authorization, session)
                if isinstance(login, Response):
                    return login
                account = login
        if self._context.sessions.options.limits:
            asker = account.account or (network_of(session.address) if token is None else token.name)
            wait = self._wait(asker)
            if wait > 0:
                return _too_many("requests", int(wait) + 1)
        operator = 0
        if route.action == ADMIN:
            found_operator = self._operator(token, account, session)
            if isinstance(found_operator, Response):
                return found_operator
            operator = found_operator
        elif route.action != routes.OPEN and not (token is not None and _allows(token, route, room)):
            refused = None if account.account else self._refusal(route, token, room)
            if refused is not None:
                return refused
            token = None
        if found.room_fault is not None:
            return problem(404, f"No room can be called so: {found.room_fault}.")
        try:
            query = routes.query_of(route.query, request.query)
        except ValueError as error:
            return problem(400, str(error))
        return await route.handler(
            routes.Call(
                self._context,
                session,
                request,
                body,
                query,
                room,
                token,
                account.account,
                account.digest,
                operator,
            )
        )

    def _refusal(self, route: routes.Route, token: Token | None, room: str) -> Response | None:
        """Why a token that does not allow a route, or its lack, is refused; None if the route needs none."""
        # A bot reads what everybody reads, but says nothing as somebody else.
        if route.optional and not self._context.locked and (token is None or route.method == "GET"):
            return None
        if token is None:
            return problem(401, _HOW_TO_ASK, routes.NEEDS_TOKEN)
        where = f" in {room}" if room else ""
        return problem(403, f"This token does not allow to {route.action}{where}.")

    def _operator_login(self, authorization: str, session: Session) -> Login | Response | None:
        """Who asks with the key of a session; None: that is none."""
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip().startswith(KEY):
            return None
        found = self._links.session_of_key(secret.strip())
        return self.refuse_token(session) if found is None else Login(person_id=found[0].id)

    def _operator(self, token: Token | None, login: Login, session: Session) -> int | Response:
        """The id under which a request administers, by the rights that are held now."""
        chat = self._context.chat
        if not session.private:  # each of these secrets is as good as an operator's password
            return problem(403, _NOT_PRIVATE)
        if token is not None:
            if ADMIN in token.actions:
                return token.operator.id
            return problem(403, f"This token does not allow to {ADMIN}.")
        if not (login.account or login.person_id):
            return problem(401, f"{_HOW_TO_ASK} --allow admin", routes.NEEDS_TOKEN)
        for person_id in chat.server_operators:
            account = chat.people[person_id].account
            if person_id == login.person_id or (login.account and account == login.account):
                return person_id
        return problem(403, "Only operators of this server may do this.")

    def refuse_token(self, session: Session, answer: Response | None = None) -> Response:
        """The answer to a wrong token. Only wrong ones wait: another bot there is not locked out."""
        wait = self._guard.token_wait(session.address)
        if wait:
            return _too_many("wrong tokens", wait)
        self._guard.record_wrong_token(session.address)
        return answer or problem(401, "That is no token, or it was revoked.", routes.NEEDS_TOKEN)

    def token_of(self, authorization: str) -> Token | None:
        """The token that an Authorization header has; None if it is not valid."""
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return Bots.of(self._context.chat).with_digest(digest_of(secret.strip()))

    def login_of(self, authorization: str, session: Session) -> Login | Response:
        """The account whose login token an Authorization header has, or the answer if it may not be used."""
        chat, now = self._context.chat, self._context.sessions.hub.now()
        scheme, _, secret = authorization.partition(" ")
        digest = digest_of(secret.strip())
        tokens = LoginTokens.of(chat)
        key = tokens.owner_of(digest, now) if scheme.lower() == "bearer" else ""
        if not key:
            return self.refuse_token(session)
        if not session.private:
            return problem(403, _NOT_PRIVATE)
        account = chat.accounts[key]
        if self._context.locked and all(one.account != account.name for one in chat.people.values()):
            return problem(403, "Join the chat first: this server has a password of its own.")
        if now - tokens.of_account(key)[digest].used > _USED_MICROSECONDS:
            self._context.sessions.hub.declare([LoginTokenUsed(account.name, digest, now, 0)])
        return Login(account.name, digest)

    def _wait(self, client: str) -> float:
        """Seconds that a client has to wait, by the same limits as a session's lines."""
        context = self._context.sessions
        budget = context.budgets.asker(client)
        wait = budget.wait(context.now())
        if not wait:
            budget.charge(1)
        return wait
