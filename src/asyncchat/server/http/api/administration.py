"""Routes of administration: what operators of the server do, for them and for tokens that allow ``admin``.

Owns the form of the answers. Who asks says ``dispatch``; what it may do, the commands decide each time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from asyncchat.control.executor import sentence
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record
from asyncchat.core.features.audit import note_read
from asyncchat.core.features.bots import ADMIN
from asyncchat.core.features.forget import CONSOLE
from asyncchat.core.features.history import Which
from asyncchat.core.features.moderation import Kick
from asyncchat.core.features.redaction import (
    Erase,
    Erased,
    EraseFrom,
    RedactionFault,
    RedactionRefused,
    RedactResolved,
)
from asyncchat.core.features.server_bans import (
    BanFromServer,
    Kill,
    NoSuchServerBan,
    ServerBan,
    ServerBanChanged,
    ServerBans,
    ServerBanTooWide,
    TooManyServerBans,
    matches_everybody,
    would_ban_address,
)
from asyncchat.core.modes import BOT, SECRET
from asyncchat.core.names import fold
from asyncchat.core.people import Person, from_origin
from asyncchat.core.registry import SLICED_HANDLERS
from asyncchat.core.replies import NoSuchPerson, NoSuchRoom, NotThere, Refusal, StorageDown
from asyncchat.core.rooms import Room
from asyncchat.dialects.base import Outcome
from asyncchat.log.base import LogError
from asyncchat.server.history import Conversation, erase_first, room_conversation, was_said_in
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.access import unreadable
from asyncchat.server.http.api.routes import Answer, Call, Handler, Route, body_of, json, json_body
from asyncchat.server.http.messages import Response, problem
from asyncchat.server.recipients import Absent, SilentRecipient
from asyncchat.server.session import Session
from asyncchat.text.sentences import audit_sentence, full_origin
from asyncchat.text.times import Zone, milliseconds, timestamp

_LOOKED_THROUGH: Final = 1000
"""Entries of the audit that one request looks through."""

_UTC: Final = Zone("UTC", 0)


class _Operator(SilentRecipient):
    """Stands for whoever asks; what that costs is charged to its connection."""

    is_charged = True

    def __init__(self, call: Call) -> None:
        sessions = call.context.chat.sessions.of(call.operator)
        super().__init__(sessions[0] if sessions else 0, call.operator)
        self._call = call

    def charge(self, lines: float, told: float = 0.0) -> None:
        """Charges what it asked."""
        self._call.session.charge(lines, told)


async def _do(call: Call, command: Command) -> tuple[Event, ...] | Refusal:
    """Has a command decided for whoever asks; its events, or why it is refused."""
    outcome = await call.context.sessions.hub.request(command, _Operator(call))
    return _refusal_in(outcome) or tuple(item.event for item in outcome if isinstance(item, Record))


async def _noted(call: Call, what: str) -> Refusal | None:
    """Has the audit say what is read, before it is shown; or why it can't."""
    hub = call.context.sessions.hub
    return _refusal_in(await hub.declared(note_read(call.context.chat, call.operator, what, "", hub.now())))


def _refusal_in(outcome: Outcome) -> Refusal | None:
    return next((item for item in outcome if isinstance(item, Refusal)), None)


def _refused(refusal: Refusal) -> Response:
    if isinstance(refusal, StorageDown):
        return problem(503, sentence(refusal), (("Retry-After", "5"),))
    if isinstance(refusal, RedactionRefused):
        status = {RedactionFault.UNKNOWN: 404, RedactionFault.TARGET: 404}.get(refusal.fault, 403)
        return problem(status, sentence(refusal))
    return problem(_STATUS.get(type(refusal), 403), sentence(refusal))


_STATUS: Final[dict[type[Refusal], int]] = {
    **dict.fromkeys((NoSuchPerson, NoSuchRoom, NotThere, NoSuchServerBan), 404),
    **dict.fromkeys((ServerBanTooWide, TooManyServerBans), 422),
}
"""The answers to refusals that are not for lack of rights (403)."""


async def _page(
    call: Call,
    field: bytes,
    keys: Callable[[], Iterable[str]],
    find: Callable[[str], tuple[str, msgspec.Struct] | None],
) -> Response:
    """A page of a list that is sorted by keys, each item of which is found and encoded by itself.

    ``find`` gives the name and the item for a key, None where there is none, or it is not asked for.
    """
    query: schemas.ListQuery = call.query
    after = fold(query.after)

    def encode() -> Generator[None, None, bytes]:
        wanted = sorted(key for key in keys() if key > after)
        yield
        pieces: list[bytes] = []
        name = following = ""
        for key in wanted:
            found = find(key)
            if found is not None and len(pieces) == query.limit:
                following = name
                break
            if found is not None:
                name = found[0]
                pieces.append(msgspec.json.encode(found[1]))
            yield
        return b'{"%b":[%b],"next":%b}\n' % (field, b",".join(pieces), msgspec.json.encode(following))

    return json_body(200, await call.context.sessions.slices.finish(encode(), call.session.charge))


async def people(call: Call) -> Response:
    """Lists the people who are connected."""
    if (refusal := await _noted(call, "addresses")) is not None:
        return _refused(refusal)
    chat, now = call.context.chat, call.context.sessions.hub.now()
    wanted = fold(call.query.text)

    def find(key: str) -> tuple[str, schemas.Person] | None:
        person = chat.person_named(key)
        if person is None:  # meanwhile
            return None
        texts = (person.name, person.account, person.host, person.address)
        if wanted and not any(wanted in fold(text) for text in texts):
            return None
        return person.name, _person(call, person, now)

    return await _page(call, b"people", lambda: chat.people.by_name, find)


def _person(call: Call, person: Person, now: int) -> schemas.Person:
    chat = call.context.chat
    since = chat.people.since.get(person.id, now)
    idle = max(0, now - chat.people.last_spoke.get(person.id, since)) // 1_000_000
    return schemas.Person(
        person.name,
        person.account,
        person.address or person.host,
        person.host,
        timestamp(since),
        idle,
        chat.people.away.get(person.id, ""),
        person.id in chat.server_operators,
        chat.has(person.id, BOT),
        tuple(_clients(call, person)),
        tuple(room.name for room in chat.rooms_with(person.id)),
    )


def _clients(call: Call, person: Person) -> Iterator[schemas.Client]:
    sessions = call.context.chat.sessions
    for one in call.context.sessions.delivery.presence.recipients_of(person.id):
        if isinstance(one, Session):
            if one.dialect is not None:
                yield schemas.Client(schemas.client_kind(one.dialect), one.address, one.secure)
        elif not isinstance(one, Absent):
            _host, address = sessions.hosts.get(one.id, ("", person.address or person.host))
            yield schemas.Client(schemas.ELSEWHERE, address, one.id in sessions.encrypted)


async def rooms(call: Call) -> Response:
    """Lists the rooms that are open."""
    if (refusal := await _noted(call, "secrets")) is not None:
        return _refused(refusal)
    chat = call.context.chat
    wanted = fold(call.query.text)

    def find(key: str) -> tuple[str, schemas.OpenRoom] | None:
        room = chat.rooms.get(key)
        return None if room is None or wanted not in room.key else (room.name, _room(room))

    return await _page(call, b"rooms", lambda: chat.rooms, find)


def _room(room: Room) -> schemas.OpenRoom:
    topic = "" if room.topic is None else room.topic.text
    return schemas.OpenRoom(
        room.name, topic, len(room.member_blocks), room.is_public, SECRET in room.flags, room.founder
    )


async def kick(call: Call) -> Response:
    """Removes somebody from a room."""
    body: schemas.KickDraft | Response = await body_of(call, {_JSON: schemas.KickDraft})
    if isinstance(body, Response):
        return body
    return _nothing(await _do(call, Kick(schemas.room_name(body.room), body.name, body.reason)))


async def disconnect(call: Call) -> Response:
    """Disconnects somebody from the server."""
    body: schemas.DisconnectDraft | Response = await body_of(call, {_JSON: schemas.DisconnectDraft})
    if isinstance(body, Response):
        return body
    return _nothing(await _do(call, Kill(body.name, body.reason or "disconnected")))


def _nothing(done: tuple[Event, ...] | Refusal) -> Response:
    return _refused(done) if isinstance(done, Refusal) else Response(204)


async def bans(call: Call) -> Response:
    """Lists the bans from the server."""
    chat, now = call.context.chat, call.context.sessions.hub.now()
    found = ServerBans.of(chat)

    def find(key: str) -> tuple[str, schemas.Ban] | None:
        ban = found.get(by_key.get(key, ""))
        return None if ban is None or not ban.is_active(now) else (ban.mask, _ban(ban))

    by_key = {fold(mask): mask for mask in found}
    return await _page(call, b"bans", lambda: by_key, find)


def _ban(ban: ServerBan) -> schemas.Ban:
    until = timestamp(ban.until) if ban.until else ""
    return schemas.Ban(ban.mask, full_origin(from_origin(ban.by)), timestamp(ban.time), until, ban.reason)


async def ban(call: Call) -> Response:
    """Bans a mask from the server, and disconnects those whom it matches."""
    body: schemas.BanDraft | Response = await body_of(call, {_JSON: schemas.BanDraft})
    if isinstance(body, Response):
        return body
    chat, slices, session = call.context.chat, call.context.sessions.slices, call.session
    mine = would_ban_address(body.mask, session.host, session.address)
    if mine and not matches_everybody(body.mask):  # nobody could lift it from there
        return problem(422, f"{body.mask} would ban you, too: your address is {session.address}.")
    wanted = BanFromServer(body.mask, True, body.seconds, body.reason)
    looking = SLICED_HANDLERS[BanFromServer](chat, call.operator, wanted, call.context.sessions.hub.now())
    banned: ServerBan | None = None
    for command in await slices.finish(looking, call.session.charge):
        assert isinstance(command, Command)  # noqa: S101  # the handler gives what decides
        done = await _do(call, command)
        if isinstance(done, Refusal):
            return _refused(done)
        for event in done:
            if isinstance(event, ServerBanChanged) and event.on:
                banned = ServerBan(event.mask, event.person.origin, event.time, event.until, event.reason)
    assert banned is not None  # noqa: S101  # it was not refused
    return json(201, _ban(banned))


async def unban(call: Call) -> Response:
    """Lifts a ban."""
    body: schemas.UnbanDraft | Response = await body_of(call, {_JSON: schemas.UnbanDraft})
    if isinstance(body, Response):
        return body
    chat = call.context.chat
    wanted = BanFromServer(body.mask, False)
    looking = SLICED_HANDLERS[BanFromServer](chat, call.operator, wanted, call.context.sessions.hub.now())
    (command,) = await call.context.sessions.slices.finish(looking, call.session.charge)
    assert isinstance(command, Command)  # noqa: S101  # the handler gives what decides
    return _nothing(await _do(call, command))


async def erase(call: Call) -> Response:
    """Erases a message, or all of a person's."""
    body: schemas.EraseDraft | Response = await body_of(call, {_JSON: schemas.EraseDraft})
    if isinstance(body, Response):
        return body
    if bool(body.id) == bool(body.name) or (body.id and not body.room):
        return problem(422, "Send room and id, to erase a message, or name: whose messages are to be erased.")
    since = _micros(body.since)
    if since is None:
        return _no_time("since")
    try:
        done = await (_erase_one(call, body) if body.id else _erase_all(call, body, since))
    except LogError:
        return unreadable()
    return _refused(done) if isinstance(done, Refusal) else json(200, schemas.ErasedCount(done))


async def _erase_one(call: Call, body: schemas.EraseDraft) -> int | Refusal:
    """Erases a message of a room, which need not be open.

    Raises:
        LogError: the history can't be read now.
    """
    context = call.context
    name = schemas.room_name(body.room)
    room = context.chat.room_named(name)
    where = Conversation(name, fold(name)) if room is None else room_conversation(room)
    number = context.ids.number_of(body.id)
    found: Record | None = None
    if number is not None and number <= context.sessions.delivery.delivered:
        found = await context.log.find(number)
    if found is None or not was_said_in(found, where):
        return RedactionRefused(RedactionFault.UNKNOWN, name)
    if room is None:
        command: Command = Erase(name, (found.number,), body.reason)
    else:
        command = RedactResolved(Which(room.name, found.number), found, body.reason)
    done = await _do(call, command)
    return done if isinstance(done, Refusal) else _count(done)


async def _erase_all(call: Call, body: schemas.EraseDraft, since: int) -> int | Refusal:
    """Erases all that a name said in a room, or in all rooms, since a time; they need not be open.

    Raises:
        LogError: the history can't be read now.
    """
    context, erased = call.context, 0
    log, hub, upto = context.log, context.sessions.hub, context.sessions.delivery.delivered
    call.session.charge(EraseFrom.cost)
    if body.room:
        key = fold(schemas.room_name(body.room))
        found = {key: await log.numbers_by(key, body.name, upto, since)}
    else:
        found = await log.numbers_in_rooms(body.name, upto, since)
    for key, numbers in found.items():
        if not numbers:
            continue
        room = context.chat.rooms.get(key)
        name = key if room is None else room.name
        rest = await erase_first(hub, _Operator(call), name, numbers)
        if isinstance(rest, Refusal):
            return rest
        done = await _do(call, Erase(name, rest, body.reason, told_of=len(numbers)))
        if isinstance(done, Refusal):
            return done
        erased += len(numbers)
    return erased


def _count(events: Iterable[Event]) -> int:
    return sum(len(event.numbers) for event in events if isinstance(event, Erased))


async def audit(call: Call) -> Response:
    """Gives a page of the audit, newest first."""
    query: schemas.AuditQuery = call.query
    log, ids = call.context.log, call.context.ids
    since = _micros(query.since)
    if since is None:
        return _no_time("since")
    upto = call.context.sessions.delivery.delivered
    if query.before:
        before = ids.number_of(query.before)
        if before is None:
            return problem(404, f"There is no entry {query.before}.")
        upto = min(upto, before - 1)
    looked = _LOOKED_THROUGH if query.text or query.kind else query.limit + 1
    call.session.charge(looked / 200)
    try:
        records = await log.audit(upto, since - 1, looked)
    except LogError:
        return unreadable()
    wanted = fold(query.text)

    def encode() -> Generator[None, None, bytes]:
        pieces: list[bytes] = []
        following = ids.id_of(records[0].number) if len(records) == looked else ""
        for at in range(len(records) - 1, -1, -1):
            yield
            entry = _entry(ids.id_of(records[at].number), records[at])
            if (query.kind and entry.kind != query.kind) or wanted not in fold(entry.says):
                continue
            pieces.append(msgspec.json.encode(entry))
            if len(pieces) == query.limit:
                following = entry.id if at else following and entry.id
                break
        return b'{"entries":[%b],"next":%b}\n' % (b",".join(pieces), msgspec.json.encode(following))

    return json_body(200, await call.context.sessions.slices.finish(encode(), call.session.charge))


def _entry(id: str, record: Record) -> schemas.AuditEntry:
    event: Any = record.event
    by: Any = getattr(event, "by", "") or getattr(event, "person", CONSOLE)
    who = by if isinstance(by, str) else full_origin(by)
    return schemas.AuditEntry(
        id, timestamp(record.time), event.__struct_config__.tag, who, audit_sentence(event, _UTC)
    )


async def limits(call: Call) -> Response:
    """Says how often limits were hit, and by whom now."""
    if (refusal := await _noted(call, "networks")) is not None:
        return _refused(refusal)
    context = call.context.sessions
    hits = {**context.budgets.hits, "slow_readers": context.delivery.too_slow}
    found = tuple(schemas.LimitHits(name, count, _LIMITS[name]) for name, count in hits.items())
    busy = tuple(
        schemas.BusyNetwork(network, budget.connections, budget.people, round(wait, 1))
        for network, budget, wait in context.budgets.busiest(_BUSIEST)
    )

    def look() -> Generator[None, None, tuple[schemas.RefusedNetwork, ...]]:
        refused: list[schemas.RefusedNetwork] = []
        for what, network, seconds in call.context.guard.refused():
            if network and len(refused) < schemas.PAGE:
                refused.append(schemas.RefusedNetwork(network, what, seconds))
            yield
        return tuple(refused)

    refused = await context.slices.finish(look(), call.session.charge)
    return json(200, schemas.Limits(timestamp(call.context.started), found, busy, refused))


_BUSIEST: Final = 20
"""Networks of which it is told how many connections they have."""


_LIMITS: Final = {
    "lines": "somebody sent lines too fast and had to wait",
    "connections": "a network had too many connections",
    "server_full": "the server had too many connections",
    "guests": "the guests of a network had sent as much as they may in a day",
    "slow_readers": "somebody read too slowly and was disconnected",
}


def _micros(text: str) -> int | None:
    """A time of a request in microseconds since 1970 UTC, 0 for none; None if it is no time."""
    if not text:
        return 0
    time = milliseconds(text)
    return None if time is None else time * 1000


def _no_time(name: str) -> Response:
    return problem(400, f"{name} is no time; write it as 2026-11-30T21:14:00.000Z.")


_JSON: Final = "application/json"

_NOT_FOUND: Final = {404: "There is no such room, person, message or ban."}
_BODY: Final = {415: "The body is not JSON.", 422: "The body says nothing that can be done."}


def _route(
    method: str,
    path: str,
    name: str,
    handler: Handler,
    summary: str,
    answers: Mapping[int, Answer],
    query: type[msgspec.Struct] = schemas.NoQuery,
    body: type[msgspec.Struct] | None = None,
    problems: Mapping[int, str] | None = None,
) -> Route:
    """A route for whoever has the rights of a server operator."""
    problems = {**(problems or {}), **({} if body is None else _BODY)}
    bodies = {} if body is None else {_JSON: body}
    path = f"/admin{path}"
    return Route(
        method, path, name, handler, summary, answers, ADMIN, query=query, body=bodies, problems=problems
    )


_DONE: Final = {204: Answer("It is done.", kind="")}

ROUTES = (
    _route(
        "GET", "/people", "listPeople", people, "Lists who is connected, with addresses, by name.",
        {200: Answer("The people.", schemas.People)}, schemas.ListQuery,
    ),
    _route(
        "GET", "/rooms", "listOpenRooms", rooms, "Lists the open rooms, also secret ones, by name.",
        {200: Answer("The rooms.", schemas.OpenRooms)}, schemas.ListQuery,
    ),
    _route(
        "POST", "/kick", "kick", kick, "Removes somebody from a room.",
        _DONE, body=schemas.KickDraft, problems=_NOT_FOUND,
    ),
    _route(
        "POST", "/disconnect", "disconnect", disconnect, "Disconnects somebody from the server.",
        _DONE, body=schemas.DisconnectDraft, problems=_NOT_FOUND,
    ),
    _route(
        "GET", "/bans", "listBans", bans, "Lists the bans from the server that are in force, by mask.",
        {200: Answer("The bans.", schemas.Bans)}, schemas.PageQuery,
    ),
    _route(
        "POST", "/ban", "ban", ban,
        "Bans a mask from the server, and disconnects whom it matches, except operators of the server.",
        {201: Answer("It is banned.", schemas.Ban)}, body=schemas.BanDraft,
    ),
    _route(
        "POST", "/unban", "unban", unban, "Lifts a ban from the server.",
        _DONE, body=schemas.UnbanDraft, problems=_NOT_FOUND,
    ),
    _route(
        "POST", "/erase", "erase", erase,
        "Erases a message of a room, or all that a name said in a room or in all rooms, which need not be "
        "open. Private messages stay.",
        {200: Answer("They are erased.", schemas.ErasedCount)}, body=schemas.EraseDraft, problems=_NOT_FOUND,
    ),
    _route(
        "GET", "/audit", "readAudit", audit, "Gives what operators of the server did, newest first.",
        {200: Answer("The entries.", schemas.Audit)}, schemas.AuditQuery,
        problems={404: "There is no such entry."},
    ),
    _route(
        "GET", "/limits", "readLimits", limits, "Says how often limits were hit since the start.",
        {200: Answer("The counts.", schemas.Limits)},
    ),
)  # fmt: skip
