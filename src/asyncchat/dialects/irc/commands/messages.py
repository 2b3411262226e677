"""What people say: PRIVMSG, NOTICE, TAGMSG (Modern IRC, "Sending Messages")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.events import Cuts, Speech
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import MESSAGE_TAGS
from asyncchat.dialects.irc.commands import services
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, listed, numeric
from asyncchat.dialects.irc.limits import TARGETS
from asyncchat.dialects.irc.modes import PREFIXED, STATUSMSG
from asyncchat.dialects.irc.speech import parse_ctcp
from asyncchat.dialects.irc.tokens import Message, Tags

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def privmsg(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Says something to rooms or people."""
    targets = listed(message.param(0), TARGETS + 1)
    if not targets:
        return [numeric(numerics.ERR_NORECIPIENT, text="No recipient given (PRIVMSG)")]
    if not message.param(1):
        return [numeric(numerics.ERR_NOTEXTTOSEND, text="No text to send")]
    if len(targets) > TARGETS:
        return [_too_many(targets)]
    text, speech = parse_ctcp(False, message.params[1])
    tags = relayed(session, message)
    if any(fold(target) in services.KEYS for target in targets):
        return _with_services(session, targets, message.params[1], lambda to: said(to, text, speech, tags))
    return [said(target, text, speech, tags) for target in targets]


def _with_services(
    session: IrcDialect, targets: Sequence[str], text: str, said_to: Callable[[str], core.Command]
) -> list[core.Command]:
    """Says something to people and to one service: its answer may take time, so it is the last."""
    service = next(target for target in targets if fold(target) in services.KEYS)
    others = [said_to(target) for target in targets if fold(target) not in services.KEYS]
    return [*others, *services.heard(session, service, text)]


def notice(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Says something that is never answered, not even with an error (RFC 2812, 3.3.2)."""
    targets = [name for name in listed(message.param(0), TARGETS + 1) if fold(name) not in services.KEYS]
    if len(targets) > TARGETS or not message.param(1):
        return []
    text, speech = parse_ctcp(True, message.params[1])
    tags = relayed(session, message)
    return [said(target, text, speech, tags) for target in targets]


def _for_a_role(target: str) -> bool:
    """Whether a target is ``@#room``: those who have that role there, or a higher one (STATUSMSG)."""
    return target[:1] in PREFIXED and target.lstrip(STATUSMSG)[:1] in ROOM_SIGNS


def _role_and_room(target: str) -> tuple[str, str]:
    """The lowest of the roles before a room's name, and the room: ``@%#room`` means ``%#room``."""
    room = target.lstrip(STATUSMSG)
    signs = target[: len(target) - len(room)]
    return PREFIXED[max(signs, key=STATUSMSG.index)], room


def said(target: str, text: str, speech: Speech, tags: Tags, cuts: Cuts = ()) -> core.Command:
    """Asks to say something to a room, a person, or those of a room who have a role."""
    if _for_a_role(target):
        role, room = _role_and_room(target)
        return core.Confide(room, role, text, speech, tags, cuts)
    return core.Say(target, text, speech, tags, cuts)


def _signalled(target: str, tags: Tags) -> core.Command:
    if not _for_a_role(target):
        return core.Signal(target, tags)
    role, room = _role_and_room(target)
    return core.Signal(room, tags, role)


def tagmsg(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Says something to programs alone (IRCv3 message-tags, "TAGMSG")."""
    if not session.caps_in & MESSAGE_TAGS:
        return [numeric(numerics.ERR_UNKNOWNCOMMAND, "TAGMSG", text="Unknown command")]
    targets = listed(message.param(0), TARGETS + 1)
    if not targets:
        return [numeric(numerics.ERR_NORECIPIENT, text="No recipient given (TAGMSG)")]
    if len(targets) > TARGETS:
        return [_too_many(targets)]
    tags = relayed(session, message)
    reaction = _reaction(session, targets, tags)
    if reaction is not None:
        return [reaction]
    return [_signalled(target, tags) for target in targets]


def _reaction(session: IrcDialect, targets: Sequence[str], tags: Tags) -> core.Command | None:
    """The reaction that tags mean (client-tags/react): one of them, to a message that can be known."""
    given = dict(tags)
    reactions = [name for name in _REACTIONS if given.get(name)]
    answered = given.get("+reply") or given.get("+draft/reply")
    if len(reactions) != 1 or not answered or len(targets) != 1 or _for_a_role(targets[0]):
        return None
    number = session.context.server.ids.number_of(answered)
    if number is None:
        return None
    name = reactions[0]
    session.pause()
    return core.React(core.Which(targets[0], number), given[name], _REACTIONS[name], tags)


_REACTIONS = {"+draft/react": True, "+draft/unreact": False}
"""The tags of a reaction, and whether it is put or taken back."""


def relayed(session: IrcDialect, message: Message) -> Tags:
    """The tags that go on to others: those of clients, from a client that asked for tags."""
    if not message.tags or not session.caps_in & MESSAGE_TAGS:
        return ()
    return tuple(tag for tag in message.tags if tag[0][:1] == "+" and tag[0] != "+")


def _too_many(targets: Sequence[str]) -> core.Answer:
    text = f"At most {TARGETS} targets at once"
    return numeric(numerics.ERR_TOOMANYTARGETS, targets[TARGETS], text=text)


def say_away(session: IrcDialect, note: replies.AwayNote) -> bytes:
    """Who was written to is away."""
    return session.numeric(numerics.RPL_AWAY, note.person.name, text=note.text)


COMMANDS: dict[str, CommandSpec] = {
    "PRIVMSG": CommandSpec(
        privmsg,
        params="<target>{,<target>} :<text>",
        about="Says something to channels or people.",
    ),
    "NOTICE": CommandSpec(
        notice,
        params="<target>{,<target>} :<text>",
        about="Says something that no program answers, not even with an error.",
    ),
    "TAGMSG": CommandSpec(
        tagmsg,
        params="<target>{,<target>}",
        about="Tells other people's programs something without a text, as that you are typing.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {replies.AwayNote: say_away}
