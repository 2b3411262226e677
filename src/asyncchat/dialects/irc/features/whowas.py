"""People that had a nick before: WHOWAS (Modern IRC, "WHOWAS message")."""

from collections.abc import Sequence
from datetime import UTC, datetime

from asyncchat.core.commands import Command
from asyncchat.core.features.whowas import GetWhowas, WhowasView
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.features.queries import WHOIS
from asyncchat.dialects.irc.features.server import no_such_server
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import each, listed, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


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
