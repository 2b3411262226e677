"""Questions about people and rooms: WHOIS, WHOWAS, WHO, USERHOST, ISON, LIST (Modern IRC).

Owns the letters of WHO's fields and their order (IRCv3 ``whox``), and how a condition of LIST is spelled.
Whom a mask describes and which rooms meet a condition, the core finds.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.queries import (
    GetPeople,
    GetPerson,
    GetRooms,
    GetWho,
    PeopleView,
    PersonSummary,
    PersonView,
    RoomsView,
    Span,
    WhoView,
)
from asyncchat.core.features.whowas import GetWhowas, WhowasView
from asyncchat.core.modes import BOT
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import MULTI_PREFIX, gathered, token
from asyncchat.dialects.irc.client_registry import shape, silent, to_server
from asyncchat.dialects.irc.features.metadata import EVERYBODY, METADATA
from asyncchat.dialects.irc.features.server import AtServerOf, no_such_server, say_at_server_of
from asyncchat.dialects.irc.modes import PERSON_LETTERS, prefix
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import each, listed, middle, numeric, too_many
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

ASKED: Final = 5
"""Nicks of one USERHOST (RFC 2812, 4.8)."""

WATCHED: Final = 50
"""Nicks of one ISON: a line of common ones."""

WHOIS: Final = 4
"""Nicks of one WHOIS (TARGMAX): each is some ten lines."""

_ROOMS_BYTES = 300
"""Rooms in one 319, so that the line holds any names beside them."""


class WhoIs(msgspec.Struct):
    """Purpose of the questions of a WHOIS of ``asked``; ``vain`` once its server is found not to be there."""

    asked: str
    vain: bool = False


class AtServer(msgspec.Struct, frozen=True):
    """Purpose of a question: whether somebody is here whose server a WHOIS is put to."""

    name: str
    whois: WhoIs


class UserHost(msgspec.Struct, frozen=True):
    """Purpose of a question: where some people come from."""


class IsOn(msgspec.Struct, frozen=True):
    """Purpose of a question: which of some people are here."""


@command("WHOIS [<server>] <nickname>{,<nickname>}", "Tells about people.", targets=WHOIS)
def _whois(session: IrcSession, message: Message) -> Sequence[Command]:
    """Tells what may be known of people; ``WHOIS server nick`` asks a server, or that of a person."""
    asked = message.param(0 if len(message.params) < 2 else 1)
    nicks = listed(asked, WHOIS)
    if not nicks:
        return [numeric(numerics.ERR_NONICKNAMEGIVEN, text="No nickname given")]
    context = WhoIs(asked)
    questions: list[Command] = []
    if len(message.params) > 1:
        server = message.params[0]
        if session.context.names_server(server) and not session.context.is_called(server):
            return [no_such_server(server)]
        if not session.context.is_called(server) and server not in nicks:
            questions.append(GetPeople((server,), AtServer(server, context)))
    questions.extend(each(asked, WHOIS, lambda nick: GetPerson(nick, context)))
    return [*questions, DialectReply(context)]


@command("USERHOST <nickname>...", "Tells the hosts of up to five people, and who is away.", least=1)
def _userhost(session: IrcSession, message: Message) -> Sequence[Command]:
    return [GetPeople(message.params[:ASKED], UserHost())]


@command("ISON <nickname>...", "Tells which of these people are here.", least=1)
def _ison(session: IrcSession, message: Message) -> Sequence[Command]:
    nicks = [nick for param in message.params for nick in param.split(" ") if nick]
    return [GetPeople(tuple(nicks[:WATCHED]), IsOn())]


@reply(PersonView)
def _say_person(session: IrcSession, view: PersonView) -> bytes:
    if isinstance(view.context, WhoIs) and view.context.vain:
        return b""
    person = view.seen.person
    nick = person.name
    say = session.numeric
    lines = [
        say(numerics.RPL_WHOISUSER, nick, middle(person.user), middle(person.host), "*", text=person.realname)
    ]
    if view.rooms:
        every = bool(session.caps_out & MULTI_PREFIX)
        rooms = [prefix(roles, every) + room for room, roles in view.rooms]
        told = gathered(rooms, _ROOMS_BYTES)
        lines.extend(say(numerics.RPL_WHOISCHANNELS, nick, text=some) for some in told)
    ours = session.context.server.description or session.context.software
    lines.append(say(numerics.RPL_WHOISSERVER, nick, session.context.name, text=ours))
    if view.seen.server_operator:
        lines.append(say(numerics.RPL_WHOISOPERATOR, nick, text="is an IRC operator"))
    if person.account:
        lines.append(say(numerics.RPL_WHOISACCOUNT, nick, person.account, text="is logged in as"))
    if view.certificates is not None:
        lines.append(say(numerics.RPL_WHOISSECURE, nick, text="is using a secure connection"))
        lines.extend(
            say(numerics.RPL_WHOISCERTFP, nick, text=f"has client certificate fingerprint {one}")
            for one in view.certificates
        )
    if BOT in view.seen.flags:
        lines.append(say(numerics.RPL_WHOISBOT, nick, text="is a bot"))
    if view.seen.away:
        lines.append(say(numerics.RPL_AWAY, nick, text=view.seen.away))
    if view.offline_since:
        since = f"has not been connected since {session.context.moment(view.offline_since)}"
        lines.append(say(numerics.RPL_WHOISSPECIAL, nick, text=since))
    if view.private:
        modes = "".join(sorted(PERSON_LETTERS[flag] for flag in view.seen.flags))
        modes += "o" * view.seen.server_operator
        if modes:
            lines.append(say(numerics.RPL_WHOISMODES, nick, text=f"is using modes +{modes}"))
        address = view.seen.address
        text = f"is connecting from {person.user}@{address} {address}"
        lines.append(say(numerics.RPL_WHOISHOST, nick, text=text))
        lines.append(say(numerics.RPL_WHOISACTUALLY, nick, middle(address), text="Is actually using host"))
        for gateway in view.gateways:  # as InspIRCd says it: the real host, and the real address
            text = f"is connected via the {gateway} WebIRC gateway"
            lines.append(say(numerics.RPL_WHOISGATEWAY, nick, middle(address), middle(address), text=text))
    if session.caps_out & METADATA:
        code = numerics.RPL_WHOISKEYVALUE
        lines.extend(say(code, nick, key, EVERYBODY, text=value) for key, value in view.metadata)
    times = str(view.seen.idle), str(view.connected_at // 1_000_000)
    lines.append(say(numerics.RPL_WHOISIDLE, nick, *times, text="seconds idle, signon time"))
    return b"".join(lines)


@reply(WhoIs)
def _say_end_of_whois(session: IrcSession, value: WhoIs) -> bytes:
    return session.numeric(numerics.RPL_ENDOFWHOIS, middle(value.asked), text="End of /WHOIS list")


def say_at_server(session: IrcSession, context: AtServer, view: PeopleView) -> bytes:
    """There is no such server, unless the name is that of a person, whose server was meant."""
    if view.people:
        return b""
    context.whois.vain = True
    return session.numeric(numerics.ERR_NOSUCHSERVER, middle(context.name), text="No such server")


def say_userhost(session: IrcSession, _purpose: UserHost, view: PeopleView) -> bytes:
    """The hosts of people, and whether they are away."""
    found = []
    for seen in view.people:
        person = seen.person
        mark = "-" if seen.away else "+"
        found.append(
            f"{person.name}{'*' * seen.server_operator}={mark}{person.user}@{seen.address or person.host}"
        )
    return session.numeric(numerics.RPL_USERHOST, text=" ".join(found))


def say_ison(session: IrcSession, _purpose: IsOn, view: PeopleView) -> bytes:
    """The people asked for that are here."""
    return session.numeric(numerics.RPL_ISON, text=" ".join(seen.person.name for seen in view.people))


_PURPOSES: dict[type, Callable[[IrcSession, Any, PeopleView], bytes]] = {
    UserHost: say_userhost,
    IsOn: say_ison,
    AtServerOf: say_at_server_of,
    AtServer: say_at_server,
}


@reply(PeopleView)
def _say_people(session: IrcSession, view: PeopleView) -> bytes:
    return _PURPOSES[type(view.context)](session, view.context, view)


@command("WHOWAS <nickname>{,<nickname>} [<count> [<server>]]", "Tells who had a nickname before.", least=1)
def _whowas(session: IrcSession, message: Message) -> Sequence[Command]:
    """Tells who had a nick before; a count that is no positive number asks for all (RFC 2812, 3.6.3)."""
    if not listed(message.params[0], 1):
        return [numeric(numerics.ERR_NONICKNAMEGIVEN, text="No nickname given")]
    server = message.param(2)
    if server and not session.context.is_called(server):
        return [no_such_server(server)]
    count = message.param(1)
    most = int(count) if count.isascii() and count.isdigit() and len(count) < 9 else 0
    return each(message.params[0], WHOIS, lambda nick: GetWhowas(nick, most))


@reply(WhowasView)
def _say_gone(session: IrcSession, view: WhowasView) -> bytes:
    """The people that had a nick, the last first, each with the time until which it had it."""
    say = session.numeric
    name = middle(view.name)
    lines = []
    for gone in view.entries:
        person = gone.person
        origin = person.name, middle(person.user), middle(person.host)
        lines.append(say(numerics.RPL_WHOWASUSER, *origin, "*", text=person.realname))
        until = f"{datetime.fromtimestamp(gone.time / 1_000_000, UTC):%a %b %d %Y %H:%M:%S} UTC"
        lines.append(say(numerics.RPL_WHOISSERVER, person.name, session.context.name, text=until))
    if not lines:
        lines.append(say(numerics.ERR_WASNOSUCHNICK, name, text="There was no such nickname"))
    return b"".join((*lines, say(numerics.RPL_ENDOFWHOWAS, name, text="End of WHOWAS")))


token("WHOX")

_MATCHED: Final = {"n": "name", "u": "user", "h": "host", "i": "host", "r": "realname"}
"""What a flag before the fields has a mask held against instead of all of them."""

_UNKNOWN_ADDRESS: Final = "255.255.255.255"
"""In the place of an address that is not told (whox)."""


class Who(msgspec.Struct, frozen=True):
    """Purpose of a question: WHO of a mask; WHOX's letters (None: it is none), and its token."""

    mask: str
    fields: str | None
    label: str


@command(
    "WHO [<mask> [<flags>][%<fields>[,<token>]]]",
    "Lists the members of a channel, or the people that a mask matches. Flags: o server operators "
    "only; n, u, h, r compare the mask with nickname, user, host, real name alone.",
)
def _who(session: IrcSession, message: Message) -> Sequence[Command]:
    """Lists the members of a room, or the people a mask describes: ``WHO mask [flags][%fields[,token]]``."""
    mask = message.param(0)
    flags, chosen, wanted = message.param(1).partition("%")
    letters, _, label = wanted.partition(",")
    if not (label.isascii() and label.isdigit() and len(label) <= 3):
        label = "0"
    everyone = mask in ("", "0", "*") or (
        session.context.names_server(mask) and session.context.is_called(mask)
    )
    matched = tuple(dict.fromkeys(field for letter, field in _MATCHED.items() if letter in flags))
    context = Who(mask, letters if chosen else None, label)
    asked = GetWho(
        "" if everyone else mask, "o" in flags, context=context, addresses=bool(chosen) and "i" in letters
    )
    return [msgspec.structs.replace(asked, fields=matched) if matched else asked]


Field = Callable[[IrcSession, PersonSummary, Who], str | None]
"""The word of one field, None for none."""


@reply(WhoView)
def _say_who(session: IrcSession, view: WhoView) -> Iterator[bytes]:
    asked = view.context if isinstance(view.context, Who) else Who(view.mask, None, "")
    if asked.fields is None:
        for seen in view.people:
            yield _plain(session, seen)
    elif fields := [field for letter, field in _FIELDS.items() if letter in asked.fields]:
        for seen in view.people:
            yield _chosen(session, seen, asked, fields)
    yield session.numeric(numerics.RPL_ENDOFWHO, middle(asked.mask), text="End of /WHO list")


def _plain(session: IrcSession, seen: PersonSummary) -> bytes:
    person = seen.person
    return session.numeric(
        numerics.RPL_WHOREPLY,
        seen.room or "*",
        middle(person.user),
        middle(person.host),
        session.context.name,
        person.name,
        _flags(session, seen),
        text=f"0 {person.realname}",
    )


def _chosen(session: IrcSession, seen: PersonSummary, asked: Who, fields: Sequence[Field]) -> bytes:
    words = [field(session, seen, asked) for field in fields]
    text = seen.person.realname if "r" in (asked.fields or "") else None
    return session.numeric(numerics.RPL_WHOSPCRPL, *(word for word in words if word is not None), text=text)


def _flags(session: IrcSession, seen: PersonSummary) -> str:
    """Away, operator of the server, roles in the room, bot (IRCv3 bot-mode)."""
    roles = prefix(seen.roles, bool(session.caps_out & MULTI_PREFIX))
    bot = PERSON_LETTERS[BOT] if BOT in seen.flags else ""
    return f"{'G' if seen.away else 'H'}{'*' * seen.server_operator}{roles}{bot}"


_FIELDS: dict[str, Field] = {
    "t": lambda session, seen, asked: asked.label,
    "c": lambda session, seen, asked: seen.room or "*",
    "u": lambda session, seen, asked: middle(seen.person.user),
    "i": lambda session, seen, asked: middle(seen.address or _UNKNOWN_ADDRESS),
    "h": lambda session, seen, asked: middle(seen.person.host),
    "s": lambda session, seen, asked: session.context.name,
    "n": lambda session, seen, asked: seen.person.name,
    "f": lambda session, seen, asked: _flags(session, seen),
    "d": lambda session, seen, asked: "0",
    "l": lambda session, seen, asked: str(seen.idle),
    "a": lambda session, seen, asked: seen.person.account or "0",
    "o": lambda session, seen, asked: "n/a",
    "r": lambda session, seen, asked: None,
}
"""The word of each field, in the order of the answer; the real name is its text instead."""


ELIST: Final = "CMNTU"
"""Kinds of conditions of LIST (ELIST): creation time, mask, negated mask, topic time, users."""

LISTED: Final = 50
"""Rooms that LIST takes by name (TARGMAX)."""

token("ELIST", ELIST)
token("SAFELIST")

_SPAN = re.compile(r"([CT]?)([<>])([0-9]{1,9})", re.ASCII | re.IGNORECASE)

_SPANS = {"": "people", "C": "opened", "T": "topic"}


@command(
    "LIST [<channel>{,<channel>}] [<condition>{,<condition>}]",
    "Lists the channels. Conditions: a mask like #a*, !mask, >n and <n people, C>n and C<n minutes "
    "since it was opened, T>n and T<n minutes since its topic was set.",
    targets=LISTED,
)
def _list_rooms(session: IrcSession, message: Message) -> Sequence[Command]:
    """Lists all rooms, those named, or those that meet conditions; the second parameter may be a server."""
    conditions = listed(message.param(0), LISTED + 1)
    second = message.param(1)
    if session.context.names_server(second):
        if not session.context.is_called(second):
            return [no_such_server(second)]
    else:
        conditions += listed(second, LISTED + 1)
    asked = parse_conditions(conditions[:LISTED])
    return [asked, too_many(conditions[LISTED], LISTED)] if len(conditions) > LISTED else [asked]


def parse_conditions(conditions: Sequence[str]) -> GetRooms:
    """The query for some conditions: if a kind is given twice the last counts, masks add up."""
    names: list[str] = []
    masks: list[str] = []
    without: list[str] = []
    spans = {field: Span() for field in _SPANS.values()}
    for text in conditions:
        found = _SPAN.fullmatch(text)
        if found is not None:
            field = _SPANS[found[1].upper()]
            bound = "over" if found[2] == ">" else "under"
            spans[field] = msgspec.structs.replace(spans[field], **{bound: int(found[3])})
        elif text[0] == "!":
            without.append(text[1:])
        elif text[0] in ROOM_SIGNS and "*" not in text and "?" not in text:
            names.append(text)
        else:
            masks.append(text)
    return GetRooms(tuple(names), tuple(masks), tuple(without), **spans)


@reply(RoomsView)
def _say_rooms(session: IrcSession, view: RoomsView) -> Iterator[bytes]:
    say = session.numeric
    yield say(numerics.RPL_LISTSTART, "Channel", text="Users  Name")
    for room in view.rooms:
        yield say(numerics.RPL_LIST, room.room, str(room.size), text=room.topic)
    yield say(numerics.RPL_LISTEND, text="End of /LIST")


# The client's side.


silent(numerics.RPL_ENDOFWHOIS)
shape(numerics.RPL_WHOISUSER, 5, "{1} is {2}@{3}", " ({5})")
shape(numerics.RPL_WHOISCHANNELS, 2, "{1} is in", " {2}")
shape(numerics.RPL_WHOISSERVER, 3, "{1} is on {2}", " ({3})")
shape(numerics.RPL_WHOISOPERATOR, 2, "{1}", " {2}")
shape(numerics.RPL_WHOISIDLE, 2, "{1} has been idle for", " {2} s")

to_server(GetPerson)(lambda _, c: ("WHOIS", c.name))

silent(numerics.RPL_ENDOFWHO)

silent(numerics.RPL_LISTSTART, numerics.RPL_LISTEND)
shape(numerics.RPL_LIST, 3, "{1} ({2})", " {3}")

to_server(GetRooms)(lambda _, _command: ("LIST",))
