"""Questions about people: WHOIS, WHOWAS, USERHOST, ISON (Modern IRC, "User-Based Queries")."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.queries import GetPeople, GetPerson, PeopleView, PersonView
from asyncchat.core.modes import BOT
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import MULTI_PREFIX, gathered
from asyncchat.dialects.irc.client_registry import shape, silent, to_server
from asyncchat.dialects.irc.features.metadata import EVERYBODY, METADATA
from asyncchat.dialects.irc.features.server import AtServerOf, no_such_server, say_at_server_of
from asyncchat.dialects.irc.modes import PERSON_LETTERS, prefix
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import each, listed, middle, numeric
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


# The client's side.

silent(numerics.RPL_ENDOFWHOIS)
shape(numerics.RPL_WHOISUSER, 5, "{1} is {2}@{3}", " ({5})")
shape(numerics.RPL_WHOISCHANNELS, 2, "{1} is in", " {2}")
shape(numerics.RPL_WHOISSERVER, 3, "{1} is on {2}", " ({3})")
shape(numerics.RPL_WHOISOPERATOR, 2, "{1}", " {2}")
shape(numerics.RPL_WHOISIDLE, 2, "{1} has been idle for", " {2} s")

to_server(GetPerson)(lambda _, c: ("WHOIS", c.name))
