"""Services: names that belong to no person, and answer what is said to them in notices.

Owns the language of their words; the services themselves are features of their own. What is said to them
goes into no history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from asyncchat.core.commands import Answer, Command
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.registry import reply
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession


class ServicePurpose(msgspec.Struct, frozen=True):
    """Purpose of what was asked of a service, which answers in notices of its own."""

    service: str


def notice(session: IrcSession, purpose: object, text: str) -> bytes:
    """A notice of the service that was asked, or of the server."""
    source = session.context.name
    if isinstance(purpose, ServicePurpose):
        source = f"{purpose.service}!{purpose.service}@{session.context.name}"
    return line(f":{source} NOTICE {session.nick}", text)


class ServiceNotices(msgspec.Struct, frozen=True):
    """Sentences that a service says by itself."""

    texts: tuple[str, ...]
    purpose: ServicePurpose


class Verb(msgspec.Struct, frozen=True):
    """One word of a service: from ``least`` to ``most`` words follow it; ``secret``: a password is there."""

    make: Callable[[IrcSession, list[str]], Command]
    least: int
    most: int
    usage: str
    about: str
    secret: bool = False


def obeyed(
    session: IrcSession, text: str, verbs: dict[str, Verb], aliases: dict[str, str], purpose: ServicePurpose
) -> Sequence[Command]:
    """The commands that a message to a service asks for."""
    typed, *words = text.split() or [""]
    name = aliases.get(typed.upper(), typed.upper())
    verb = verbs.get(name)
    if verb is None:
        return [Answer(ServiceNotices(_help(verbs, name in ("", "HELP"), typed), purpose))]
    if not verb.least <= len(words) <= verb.most:
        return [Answer(ServiceNotices((f"Syntax: {name} {verb.usage}".rstrip(),), purpose))]
    if verb.secret and not session.is_confidential:
        return [Answer(AccountRefused(AccountFault.OPEN, purpose=purpose))]
    return [verb.make(session, words)]


def _help(verbs: dict[str, Verb], wanted: bool, typed: str) -> tuple[str, ...]:
    lines = (f"{name} {verb.usage}: {verb.about}".replace(" :", ":") for name, verb in verbs.items())
    return ("The commands are:" if wanted else f"There is no command {typed}; the commands are:", *lines)


@reply(ServiceNotices)
def _say(session: IrcSession, said: ServiceNotices) -> bytes:
    return b"".join(notice(session, said.purpose, text) for text in said.texts)
