"""Services: names that belong to no person, and answer what is said to them in notices.

Owns the language of their words; the services themselves are features of their own. What is said to them
goes into no history.
"""

from collections.abc import Callable, Sequence

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.names import fold
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.registry import command, reply, service
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


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


Make = Callable[[IrcSession, list[str]], Command]
"""(session, the words behind the verb) -> what is asked of the chat."""


class Verb(msgspec.Struct, frozen=True):
    """One word of a service: from ``least`` to ``most`` words follow it.

    ``secret``: a password is there. ``spaced``: the last may have spaces.
    """

    make: Make
    least: int
    most: int
    usage: str
    about: str
    secret: bool = False
    spaced: bool = False


class Service:
    """A service: a table of words, which are declared by calling it.

    Args:
        name: to which messages go.
        commands: of IRC that say the same as a message to it.
        about: of these commands.
        aliases: other words for some of its words.
    """

    def __init__(self, name: str, commands: tuple[str, ...], about: str, aliases: dict[str, str]) -> None:
        self.purpose = ServicePurpose(name)
        self.verbs: dict[str, Verb] = {}
        self._aliases = aliases
        service(fold(name))(self._obey)
        for one in commands:
            command(f"{one} <word> [<parameters>]", about)(self._obey_command)

    def __call__(
        self,
        name: str,
        least: int,
        most: int,
        usage: str,
        about: str,
        *,
        secret: bool = False,
        spaced: bool = False,
    ) -> Callable[[Make], Make]:
        """Declares a word; the arguments are those of ``Verb``."""

        def declare(make: Make) -> Make:
            self.verbs[name] = Verb(make, least, most, usage, about, secret, spaced or secret)
            return make

        return declare

    def _obey_command(self, session: IrcSession, message: Message) -> Sequence[Command]:
        return self._obey(session, " ".join(message.params))

    def _obey(self, session: IrcSession, text: str) -> Sequence[Command]:
        typed, *rest = text.strip().split(maxsplit=1) or [""]
        name = self._aliases.get(typed.upper(), typed.upper())
        verb = self.verbs.get(name)
        if verb is None:
            return [self._told(*self._help(name in ("", "HELP"), typed))]
        words = "".join(rest).split(maxsplit=verb.most - 1 if verb.spaced else -1)
        if not verb.least <= len(words) <= verb.most:
            return [self._told(f"Syntax: {name} {verb.usage}".rstrip())]
        if verb.secret and not session.is_confidential:
            return [DialectReply(AccountRefused(AccountFault.OPEN, context=self.purpose))]
        return [verb.make(session, words)]

    def _told(self, *texts: str) -> DialectReply:
        return DialectReply(ServiceNotices(texts, self.purpose))

    def _help(self, wanted: bool, typed: str) -> tuple[str, ...]:
        told = (f"{name} {verb.usage}: {verb.about}".replace(" :", ":") for name, verb in self.verbs.items())
        return ("The commands are:" if wanted else f"There is no command {typed}; the commands are:", *told)


@reply(ServiceNotices)
def _say(session: IrcSession, said: ServiceNotices) -> bytes:
    return b"".join(notice(session, said.context, text) for text in said.texts)


def noticed(kind: type, text: str) -> None:
    """Declares that a reply, ``r`` in the text, is told in a notice of the service that was asked."""
    reply(kind)(lambda session, r: notice(session, r.context, text.format(r=r)))
