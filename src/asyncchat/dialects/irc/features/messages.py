"""Messages: PRIVMSG, NOTICE, TAGMSG (Modern IRC, "Sending Messages"; IRCv3 message-tags)."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.edits import Edit
from asyncchat.core.features.history import NoSuchMessage, Which
from asyncchat.core.features.messages import (
    CannotSpeak,
    Cuts,
    PrivateTagMessage,
    RoomTagMessage,
    Said,
    SaidInPrivate,
    SaidToRole,
    Say,
    SayToRole,
    Speech,
    TagMessageSent,
    TagMessageSentInPrivate,
    TagMessageSentToRole,
    Typing,
    TypingInPrivate,
)
from asyncchat.core.features.messages import SendTagMessage as SignalCommand
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.replies import NoSuchPerson, NoText, TextTooLong
from asyncchat.dialects.irc import batches, numerics
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE, MESSAGE_TAGS, MULTILINE, token
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.modes import PREFIXED, PREFIXES, STATUSMSG
from asyncchat.dialects.irc.registry import SERVICES, command, refusal, tagged, to_self, to_siblings
from asyncchat.dialects.irc.serialize import line, listed, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.speech import batch_lines, parse_ctcp, said_lines
from asyncchat.dialects.irc.tokens import LINE_BYTES, Message, Tags, is_denied

EDIT_TAG: Final = "+draft/edit"
"""The tag of a PRIVMSG that replaces what an own message says: that one's id. No client's is passed on."""

TARGETS: Final = 4
"""Targets of one PRIVMSG or NOTICE (TARGMAX): a line must not become a mass mailing."""

token("STATUSMSG", STATUSMSG)

TagmsgMeaning = Callable[[IrcSession, Sequence[str], Tags], Command | None]
"""(session, targets, tags) -> what a TAGMSG asks for that is more than to pass the tags on."""

TAGMSG_MEANINGS: Final[list[TagmsgMeaning]] = []
"""Those that features have added."""


@command("PRIVMSG <target>{,<target>} :<text>", "Says something to channels or people.", targets=TARGETS)
def _privmsg(session: IrcSession, message: Message) -> Sequence[Command]:
    targets = listed(message.param(0), TARGETS + 1)
    if not targets:
        return [numeric(numerics.ERR_NORECIPIENT, text="No recipient given (PRIVMSG)")]
    if not message.param(1):
        return [numeric(numerics.ERR_NOTEXTTOSEND, text="No text to send")]
    if len(targets) > TARGETS:
        return [_too_many(targets)]
    text, speech = parse_ctcp(False, message.params[1])
    if message.tags and (edit := edit_meant(session, targets[0], message.tags, text)):
        return [edit]
    tags = relayed(session, message)
    if any(fold(target) in SERVICES for target in targets):
        return _with_services(session, targets, message.params[1], lambda to: said(to, text, speech, tags))
    return [said(target, text, speech, tags) for target in targets]


def _with_services(
    session: IrcSession, targets: Sequence[str], text: str, said_to: Callable[[str], Command]
) -> list[Command]:
    """Says something to people and to one service: its answer may take time, so it is the last."""
    service = next(target for target in targets if fold(target) in SERVICES)
    others = [said_to(target) for target in targets if fold(target) not in SERVICES]
    return [*others, *SERVICES[fold(service)](session, text)]


@command(
    "NOTICE <target>{,<target>} :<text>",
    "Says something that no program answers, not even with an error.",
    targets=TARGETS,
)
def _notice(session: IrcSession, message: Message) -> Sequence[Command]:
    """Says something that is never answered, not even with an error (RFC 2812, 3.3.2)."""
    targets = [name for name in listed(message.param(0), TARGETS + 1) if fold(name) not in SERVICES]
    if len(targets) > TARGETS or not message.param(1):
        return []
    text, speech = parse_ctcp(True, message.params[1])
    tags = relayed(session, message)
    return [said(target, text, speech, tags) for target in targets]


def for_a_role(target: str) -> bool:
    """Whether a target is ``@#room``: the members with that role, or a higher one (STATUSMSG)."""
    return target[:1] in PREFIXED and target.lstrip(STATUSMSG)[:1] in ROOM_SIGNS


def _role_and_room(target: str) -> tuple[str, str]:
    """The lowest of the roles before a room's name, and the room: ``@%#room`` means ``%#room``."""
    room = target.lstrip(STATUSMSG)
    signs = target[: len(target) - len(room)]
    return PREFIXED[max(signs, key=STATUSMSG.index)], room


def said(target: str, text: str, speech: Speech, tags: Tags, cuts: Cuts = ()) -> Command:
    """The command that says something to a room, to a person, or to a room's members with a role."""
    if for_a_role(target):
        role, room = _role_and_room(target)
        return SayToRole(room, role, text, speech, tags, cuts)
    return Say(target, text, speech, tags, cuts)


def _signalled(target: str, tags: Tags) -> Command:
    if not for_a_role(target):
        return SignalCommand(target, tags)
    role, room = _role_and_room(target)
    return SignalCommand(room, tags, role)


@command(
    "TAGMSG <target>{,<target>}",
    "Tells other people's programs something without a text, for example that you are typing.",
    targets=TARGETS,
    needs=MESSAGE_TAGS,
)
def _tagmsg(session: IrcSession, message: Message) -> Sequence[Command]:
    """Passes tags on to other programs, without a text (IRCv3 message-tags, "TAGMSG")."""
    targets = listed(message.param(0), TARGETS + 1)
    if not targets:
        return [numeric(numerics.ERR_NORECIPIENT, text="No recipient given (TAGMSG)")]
    if len(targets) > TARGETS:
        return [_too_many(targets)]
    tags = relayed(session, message)
    for meaning in TAGMSG_MEANINGS:
        asked = meaning(session, targets, tags)
        if asked is not None:
            return [asked]
    if not tags and session.context.server.client_tag_deny:
        return []  # a tag that is denied is ignored silently
    return [_signalled(target, tags) for target in targets]


def relayed(session: IrcSession, message: Message) -> Tags:
    """The tags that go on to others: those of clients, from a client that asked for tags."""
    if not message.tags or not session.caps_in & MESSAGE_TAGS:
        return ()
    denied = session.context.server.client_tag_deny
    tags = (tag for tag in message.tags if tag[0][:1] == "+" and tag[0] not in ("+", EDIT_TAG))
    return tuple(tag for tag in tags if not (denied and is_denied(denied, tag[0][1:])))


def edit_meant(session: IrcSession, to: str, tags: Tags, text: str, cuts: Cuts = ()) -> Command | None:
    """The edit that the tags of a PRIVMSG mean, if they mean one."""
    id = next((value for name, value in tags if name == EDIT_TAG), None)
    if id is None or not session.caps_in & MESSAGE_TAGS:
        return None
    return Edit(Which(to, session.context.server.ids.number_of(id) or 0), text, cuts, id)


def _too_many(targets: Sequence[str]) -> DialectReply:
    text = f"At most {TARGETS} targets at once"
    return numeric(numerics.ERR_TOOMANYTARGETS, targets[TARGETS], text=text)


refusal(NoSuchPerson, numerics.ERR_NOSUCHNICK, "{r.name}", "No such nick/channel")
refusal(CannotSpeak, numerics.ERR_CANNOTSENDTOCHAN, "{r.room}", "Cannot send to channel: {r.why}")
refusal(NoText, numerics.ERR_NOTEXTTOSEND, "", "No text to send")
refusal(TextTooLong, numerics.ERR_INPUTTOOLONG, "", "Text over {r.limit} bytes")
refusal(NoSuchMessage, numerics.ERR_UNKNOWNERROR, "*", "There is no such message")

Spoken = Said | SaidInPrivate | SaidToRole
Signal = RoomTagMessage | PrivateTagMessage | TagMessageSentToRole | Reacted | ReactedTo


def message_lines(encoder: EncoderBase, record: Record, batch: str = "") -> bytes:
    """The lines of a message, in the batch with this reference tag; nothing of what is no message."""
    event = record.event
    return _message_lines(encoder, record, event, batch) if isinstance(event, Spoken) else b""


def _message_lines(encoder: EncoderBase, record: Record, event: Spoken, batch: str) -> bytes:
    """The lines of a message.

    The id is on the first, all other tags are on each unless they are long. With draft/multiline more than
    one are a batch, which has all of that on its first line.
    """
    if isinstance(event, Said):
        target = event.room
    elif isinstance(event, SaidInPrivate):
        target = event.to.name
    else:
        target = f"{PREFIXES[event.role]}{event.room}"
    spoken = event.person.origin, target, event.text, event.speech, event.cuts
    tags = encoder.tags_of(record, event.person, event.tags, batch)
    if encoder.caps & MULTILINE:
        parts = batch_lines(*spoken)
        if len(parts) > 1:
            return tags + _multiline(encoder, f"m{record.number}", batch, event.person.origin, target, parts)
    told = said_lines(*spoken)
    if not tags:
        return b"".join(told)
    if len(told) == 1:
        return tags + told[0]
    # Tags of 4 KB on each of a hundred lines would be a way to flood others.
    again = event.tags if len(tags) <= LINE_BYTES else None
    others = encoder.tags_of(record, event.person, again, batch, first=False)
    return tags + others.join(told)


tagged(Said, SaidInPrivate)(_message_lines)
tagged(SaidToRole, playback=False)(_message_lines)


def _multiline(
    encoder: EncoderBase,
    name: str,
    outer: str,
    origin: str,
    target: str,
    parts: Sequence[tuple[bytes, bool]],
) -> bytes:
    """A message of several lines as one (draft/multiline), in a batch of this name."""
    begin = line(f":{origin} BATCH +{name} {batches.MULTILINE} {target}")
    end = line(f":{encoder.source} BATCH -{name}")
    if outer:
        end = f"@batch={outer} ".encode() + end
    plain, joined = f"@batch={name} ".encode(), f"@batch={name};{batches.CONCAT} ".encode()
    return b"".join((begin, *((joined if goes_on else plain) + part for part, goes_on in parts), end))


@tagged(Typing, TypingInPrivate, TagMessageSentToRole, playback=False)
@tagged(TagMessageSent, TagMessageSentInPrivate)
def signal_lines(encoder: EncoderBase, record: Record, event: Signal, batch: str) -> bytes:
    """A TAGMSG, only for clients with message-tags."""
    if not encoder.caps & MESSAGE_TAGS:
        return b""
    if isinstance(event, TagMessageSentToRole):
        target = f"{PREFIXES[event.role]}{event.room}"
    else:
        target = event.to.name if isinstance(event, PrivateTagMessage | ReactedTo) else event.room
    tags = encoder.tags_of(record, event.person, event.tags, batch)
    return tags + line(f":{event.person.origin} TAGMSG {target}")


@to_self(Said, TagMessageSent, Typing, SaidToRole, TagMessageSentToRole)
def echo(session: IrcSession, record: Record, _event: object) -> bytes:
    """Tells what others are told, to those who know echoes."""
    return session.encoder.encode(record) if session.caps_out & ECHO_MESSAGE else b""


@to_self(SaidInPrivate, TagMessageSentInPrivate, TypingInPrivate)
def private_echo(session: IrcSession, record: Record, event: Any) -> bytes:
    """As ``echo``; those who write to themselves are told twice."""
    told = session.encoder.encode(record)
    echoed = told if session.caps_out & ECHO_MESSAGE else b""
    return echoed + session.beside_answer(told) if event.to.id == session.id else echoed


@to_siblings(SaidInPrivate, TagMessageSentInPrivate, TypingInPrivate)
def private_from_sibling(session: IrcSession, record: Record, event: Any, _alone: bool) -> bytes:
    """Tells of a message to another person: only clients that know echoes take it for what it is."""
    if event.to.id == session.id or not session.caps_out & ECHO_MESSAGE:
        return b""
    return session.encoder.encode(record)
