"""WHO, and with chosen fields WHOX (Modern IRC, "WHO message"; IRCv3 ``whox``).

Owns the letters of fields and their order; whom a mask describes, the core finds.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.features.queries import GetWho, PersonSummary, WhoView
from asyncchat.core.modes import BOT
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import MULTI_PREFIX, token
from asyncchat.dialects.irc.client_registry import silent
from asyncchat.dialects.irc.modes import PERSON_LETTERS, prefix
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

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
    long=True,
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
    asked = GetWho("" if everyone else mask, "o" in flags, context=context)
    return [msgspec.structs.replace(asked, fields=matched) if matched else asked]


Field = Callable[[IrcSession, PersonSummary, Who], str | None]
"""The word of one field, None for none."""


@reply(WhoView)
def _say_who(session: IrcSession, view: WhoView) -> bytes:
    asked = view.context if isinstance(view.context, Who) else Who(view.mask, None, "")
    lines: list[bytes] = []
    if asked.fields is None:
        lines = [_plain(session, seen) for seen in view.people]
    elif fields := [field for letter, field in _FIELDS.items() if letter in asked.fields]:
        lines = [_chosen(session, seen, asked, fields) for seen in view.people]
    lines.append(session.numeric(numerics.RPL_ENDOFWHO, middle(asked.mask), text="End of /WHO list"))
    return b"".join(lines)


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


# The client's side.

silent(numerics.RPL_ENDOFWHO)
