"""Services: names that belong to no person, and answer what is said to them in notices.

Owns the language of their words; the services themselves are features of their own. What is said to them
goes into no history.
"""

from collections.abc import Callable, Sequence

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.registry import reply
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession


class ServicePurpose(msgspec.Struct, frozen=True):
    """Purpose of what was asked of a service, which answers in notices of its own."""

    service: str


def notice(session: IrcSession, context: object, text: str) -> bytes:
    """A notice of the service that was asked, or of the server."""
    source = session.context.name
    if isinstance(context, ServicePurpose):
        source = f"{context.service}!{context.service}@{session.context.name}"
    return line(f":{source} NOTICE {session.nick}", text)


class ServiceNotices(msgspec.Struct, frozen=True):
    """Sentences that a service says by itself."""

    texts: tuple[str, ...]
    context: ServicePurpose


class Verb(msgspec.Struct, frozen=True):
    """One word of a service: from ``least`` to ``most`` words follow it; ``secret``: a password is there."""

    make: Callable[[IrcSession, list[str]], Command]
    least: int
    most: int
    usage: str
    about: str
    secret: bool = False


def obeyed(
    session: IrcSession, text: str, verbs: dict[str, Verb], aliases: dict[str, str], context: ServicePurpose
) -> Sequence[Command]:
    """The commands that a message to a service asks for."""
    typed, *words = text.split() or [""]
    name = aliases.get(typed.upper(), typed.upper())
    verb = verbs.get(name)
    if verb is None:
        return [DialectReply(ServiceNotices(_help(verbs, name in ("", "HELP"), typed), context))]
    if not verb.least <= len(words) <= verb.most:
        return [DialectReply(ServiceNotices((f"Syntax: {name} {verb.usage}".rstrip(),), context))]
    if verb.secret and not session.is_confidential:
        return [DialectReply(AccountRefused(AccountFault.OPEN, context=context))]
    return [verb.make(session, words)]


def _help(verbs: dict[str, Verb], wanted: bool, typed: str) -> tuple[str, ...]:
    lines = (f"{name} {verb.usage}: {verb.about}".replace(" :", ":") for name, verb in verbs.items())
    return ("The commands are:" if wanted else f"There is no command {typed}; the commands are:", *lines)


@reply(ServiceNotices)
def _say(session: IrcSession, said: ServiceNotices) -> bytes:
    return b"".join(notice(session, said.context, text) for text in said.texts)
