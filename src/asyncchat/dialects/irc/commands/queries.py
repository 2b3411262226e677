"""Questions about people: WHO, WHOIS, USERHOST, ISON (Modern IRC, "User-Based Queries")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import gathered
from asyncchat.dialects.irc.commands.moderation import UserModes, say_user_modes
from asyncchat.dialects.irc.commands.server import AtServerOf, say_at_server_of
from asyncchat.dialects.irc.commands.word import Answerer, Word, listed, numeric
from asyncchat.dialects.irc.limits import ASKED, WATCHED
from asyncchat.dialects.irc.line import word
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_ROOMS_BYTES = 300
"""Rooms in one 319, so that the line holds any names beside them."""


class WhoIs(msgspec.Struct, frozen=True):
    """Ends what WHOIS says of a nick."""

    nick: str


class UserHost(msgspec.Struct, frozen=True):
    """Purpose of a question: where some people come from."""


class IsOn(msgspec.Struct, frozen=True):
    """Purpose of a question: which of some people are here."""


def who(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Lists the members of a room, or the people a mask describes."""
    mask = message.param(0)
    return [core.AskWho("" if mask in ("0", "*") else mask, message.param(1) == "o")]


def whois(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Tells what may be known of a person; a server or nick before the nick is not needed here."""
    nick = message.params[1] if len(message.params) > 1 else message.params[0]
    nick = next(iter(listed(nick, 1)), "")
    if not nick:
        return [numeric(numerics.ERR_NONICKNAMEGIVEN, text="No nickname given")]
    return [core.AskPerson(nick), core.Answer(WhoIs(nick))]


def userhost(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Tells where up to five people come from."""
    return [core.AskPeople(message.params[:ASKED], UserHost())]


def ison(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Tells which of some nicks are here."""
    nicks = [nick for param in message.params for nick in param.split(" ") if nick]
    return [core.AskPeople(tuple(nicks[:WATCHED]), IsOn())]


# What is said to it.


def say_who(session: IrcDialect, view: replies.WhoView) -> bytes:
    """One line for each person."""
    server = session.irc.name
    return b"".join(
        (
            *(
                session.numeric(
                    numerics.RPL_WHOREPLY,
                    seen.room or "*",
                    word(seen.person.user),
                    word(seen.person.host),
                    server,
                    seen.person.name,
                    f"{'G' if seen.away else 'H'}{'*' * seen.owner}{'@' * seen.operator}",
                    text=f"0 {seen.person.realname}",
                )
                for seen in view.people
            ),
            session.numeric(numerics.RPL_ENDOFWHO, word(view.mask), text="End of /WHO list"),
        )
    )


def say_person(session: IrcDialect, view: replies.PersonView) -> bytes:
    """The lines of a WHOIS but its last."""
    person = view.seen.person
    nick = person.name
    say = session.numeric
    lines = [
        say(numerics.RPL_WHOISUSER, nick, word(person.user), word(person.host), "*", text=person.realname)
    ]
    if view.rooms:
        rooms = [f"@{room}" if operator else room for room, operator in view.rooms]
        lines.extend(
            say(numerics.RPL_WHOISCHANNELS, nick, text=some) for some in gathered(rooms, _ROOMS_BYTES)
        )
    lines.append(say(numerics.RPL_WHOISSERVER, nick, session.irc.name, text=session.irc.software))
    if view.seen.owner:
        lines.append(say(numerics.RPL_WHOISOPERATOR, nick, text="is an IRC operator"))
    if view.seen.away:
        lines.append(say(numerics.RPL_AWAY, nick, text=view.seen.away))
    return b"".join(lines)


def say_end_of_whois(session: IrcDialect, value: WhoIs) -> bytes:
    """The last line of a WHOIS."""
    return session.numeric(numerics.RPL_ENDOFWHOIS, word(value.nick), text="End of /WHOIS list")


def say_userhost(session: IrcDialect, _purpose: UserHost, view: replies.PeopleView) -> bytes:
    """Where people come from, and whether they are away."""
    found = []
    for seen in view.people:
        person = seen.person
        mark = "-" if seen.away else "+"
        found.append(f"{person.name}{'*' * seen.owner}={mark}{person.user}@{person.host}")
    return session.numeric(numerics.RPL_USERHOST, text=" ".join(found))


def say_ison(session: IrcDialect, _purpose: IsOn, view: replies.PeopleView) -> bytes:
    """Who of those asked for is here."""
    return session.numeric(numerics.RPL_ISON, text=" ".join(seen.person.name for seen in view.people))


_PURPOSES: dict[type, Callable[[IrcDialect, Any, replies.PeopleView], bytes]] = {
    UserHost: say_userhost,
    IsOn: say_ison,
    UserModes: say_user_modes,
    AtServerOf: say_at_server_of,
}


def say_people(session: IrcDialect, view: replies.PeopleView) -> bytes:
    """What some people are asked about for."""
    return _PURPOSES[type(view.purpose)](session, view.purpose, view)


WORDS: dict[str, Word] = {
    "WHO": Word(
        who,
        long=True,
        params="[<mask> [o][%<fields>[,<token>]]]",
        about="Lists the members of a channel, or the people whom a mask describes; o: operators only.",
    ),
    "WHOIS": Word(whois, 1, params="[<server>] <nickname>", about="Tells what may be known of a person."),
    "USERHOST": Word(
        userhost, 1, params="<nickname>...", about="Tells where up to five people come from, and who is away."
    ),
    "ISON": Word(ison, 1, params="<nickname>...", about="Tells which of these people are here."),
}

ANSWERS: dict[type, Answerer] = {
    replies.WhoView: say_who,
    replies.PersonView: say_person,
    replies.PeopleView: say_people,
    WhoIs: say_end_of_whois,
}
