"""PRIVMSG and NOTICE as a client reads and writes them.

Owns actions, continuation lines, and the room that a line has for text.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from asyncchat.core.features.edits import EDITS_TAG
from asyncchat.core.features.messages import Speech
from asyncchat.core.text import cut, size
from asyncchat.dialects.irc import tokens
from asyncchat.dialects.irc.batches import CONCAT, MULTILINE
from asyncchat.dialects.irc.client_batches import Batch
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.client_server import HOST_BYTES, USER_BYTES, ServerFacts, wanted
from asyncchat.dialects.irc.client_values import Acknowledged, Edited, Message, Told, Value
from asyncchat.dialects.irc.features.messages import EDIT_TAG

_ACTION = "\x01ACTION "
_CUT_FREE = 4
"""Bytes cut() needs at least; a target that leaves less room than that is none that a server gave."""

REPLY: Final = ("+reply", "+draft/reply")
"""The tags that name the message answered (IRCv3 client-tags/reply), the newer name first."""


TYPING: Final = "+typing"
"""The tag of a TAGMSG that says whether its sender types (IRCv3 client-tags/typing)."""

TYPING_STATES: Final = ("active", "paused", "done")

EDITS: Final = "draft/message-edit"
"""The capability of servers that tell what a message says now, instead of a message with a correction."""

wanted(EDITS)

PLAYBACK: Final = "draft/event-playback"
"""The capability of pages of the history with all that happened; for who can use more than messages."""


def answering(id: str) -> tokens.Tags:
    """The tags of a message that answers another one."""
    return tuple((name, id) for name in REPLY) if id else ()


def editing(id: str) -> tokens.Tags:
    """The tags of a message that replaces what another one says."""
    return ((EDIT_TAG, id),)


def read(
    client: ClientConnection, line: ServerLine, *, head: Message | None, replayed: bool
) -> Message | Told | None:
    """The message in a PRIVMSG or NOTICE; None where it is not for people (CTCP).

    Args:
        client: the connection.
        line: the line.
        head: the message before it, if this line may go on with it (``continued``).
        replayed: whether it was said earlier.
    """
    nick = line.nick
    target = client.server.bare_room(line.param(0))
    text = line.param(1)
    notice = line.command == "NOTICE"
    in_room = client.server.is_room(target)
    if notice and not in_room and ("!" not in line.source or target == "*"):
        return Told(line.time, text)
    action = text.startswith(_ACTION)
    if action:
        text = text[len(_ACTION) :].removesuffix("\x01")
    elif text.startswith("\x01"):
        return None
    own = client.is_own(nick)
    room = target if in_room or own else nick
    id = line.tag("msgid") or ""
    part = 0
    if not id and head is not None and (head.room, head.nick, head.notice) == (room, nick, notice):
        # A message longer than a line: the server puts its id on the first line only.
        id, part = head.id, head.part + 1
    answered = next((line.tag(key) for key in REPLY if line.tag(key)), None) or ""
    edited = line.tag(EDITS_TAG) is not None
    return Message(id, line.time, room, nick, text, own, action, notice, replayed, part, answered, edited)


def continued(value: Message | Told | None) -> Message | None:
    """The message that the next line may go on with."""
    return value if isinstance(value, Message) and value.id else None


def replayed(client: ClientConnection, batch: Batch, now: datetime) -> tuple[Message, ...]:
    """The messages of a batch of what was said earlier."""
    found: list[Message] = []
    head: Message | None = None
    for line in batch.lines():
        if line.command in ("PRIVMSG", "NOTICE") and not _edited_id(client, line):
            value = read(client, ServerLine.of(line, batch.label, now), head=head, replayed=True)
            head = continued(value)
            if isinstance(value, Message):
                found.append(value)
    return tuple(found)


def edit(client: ClientConnection, line: ServerLine, value: Message | Told | None) -> Edited | None:
    """What a line with that value replaces; None: nothing."""
    id = _edited_id(client, line)
    if not id or not isinstance(value, Message):
        return None
    return Edited(value.time, value.room, value.nick, id, value.text, value.own)


@from_server("PRIVMSG", "NOTICE")
def _message(client: ClientConnection, line: ServerLine) -> Iterable[Value]:
    """A message; our own acknowledges what we said."""
    value = read(client, line, head=client.head, replayed=False)
    if (edited := edit(client, line, value)) is not None:
        client.head = None
        return (edited,)
    client.head = continued(value)
    if isinstance(value, Message) and value.own:
        client.learn_origin(line.source)
        pending = None
        if line.label:
            pending = client.sending.labeled(line.label)
        elif not client.server.labels and not value.part:
            pending = client.sending.echoed(client.server.fold(value.room), value.text)
        if pending is not None:
            return (Acknowledged(pending.token, value),)
    return () if value is None else (value,)


def _edited_id(client: ClientConnection, line: tokens.Message) -> str:
    """The id of the message that a line edits; '' for none."""
    return (line.tag(EDIT_TAG) or "") if EDITS in client.server.capabilities else ""


wanted("draft/multiline", batch=True)


def text_bytes(server: ServerFacts, origin: str, to: str, speech: Speech) -> int:
    """How many bytes of text fit in one line as the server relays it, with our origin before it.

    Args:
        server: its line length and what it shows of users.
        origin: ``nick!user@host``, or the nick alone while the rest is not known.
        to: the target.
        speech: how it is said.
    """
    prefix = len(origin.encode())
    if "!" not in origin:
        user = server.number("USERLEN", USER_BYTES)
        prefix += 2 + user + server.number("HOSTLEN", HOST_BYTES)
    around = len(f": {_command(speech)}  :\r\n") + len(to.encode())
    if speech is Speech.ACTION:
        around += len(_ACTION) + 1
    return max(_CUT_FREE, server.line_bytes - prefix - around)


def parts(server: ServerFacts, origin: str, to: str, text: str, speech: Speech) -> list[str]:
    """A text as the messages that carry it: whole where the server takes several lines as one message.

    Else each line is one, and these are cut so that each fits once it is relayed.
    """
    limit = text_bytes(server, origin, to, speech)
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    lines = clean.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if server.multiline is None:
        return [part for line in lines if line.strip() for part in cut(line, limit) if part]
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        del lines[0]
    return _gathered(lines, limit, *server.multiline)


def _gathered(lines: list[str], limit: int, most_bytes: int, most_lines: int) -> list[str]:
    """Lines as few messages, each within what the server takes of one."""
    whole: list[str] = []
    held, count, used = "", 0, 0
    for line in lines:
        for index, piece in enumerate(cut(line, limit)):
            apart = "" if index or not count else "\n"
            if count and (count == most_lines or used + len(apart) + size(piece) > most_bytes):
                whole.append(held)
                held, count, used, apart = "", 0, 0, ""
            held += apart + piece
            count += 1
            used += len(apart) + size(piece)
    return [text for text in (*whole, held) if text.strip()]


def said(to: str, text: str, speech: Speech, tags: tokens.Tags, limit: int) -> bytes:
    """The bytes that say one part: a line, or a batch of them (draft/multiline).

    Args:
        to: the target.
        text: the part.
        speech: how it is said.
        tags: of the whole: label, reply.
        limit: bytes of text that fit a line.
    """
    command = _command(speech)
    pieces = [
        (piece, bool(index)) for line in text.split("\n") for index, piece in enumerate(cut(line, limit))
    ]
    before, after = (_ACTION, "\x01") if speech is Speech.ACTION else ("", "")
    if len(pieces) == 1:
        return tokens.format(tokens.Message(command, (to, f"{before}{text}{after}"), tags=tags))
    pieces[0] = (before + pieces[0][0], False)
    pieces[-1] = (pieces[-1][0] + after, pieces[-1][1])
    ref = dict(tags).get("label", "m")
    told = [tokens.Message("BATCH", (f"+{ref}", MULTILINE, to), tags=tags)]
    for piece, joined in pieces:
        concat: tokens.Tags = ((CONCAT, ""),) if joined else ()
        told.append(tokens.Message(command, (to, piece), tags=(("batch", ref), *concat)))
    told.append(tokens.Message("BATCH", (f"-{ref}",)))
    return b"".join(map(tokens.format, told))


def _command(speech: Speech) -> str:
    return "NOTICE" if speech is Speech.NOTICE else "PRIVMSG"
