"""The client's side of IRC: bytes to values, what we ask to bytes, for any IRC server.

Owns the way of the server's lines, and what may be asked; must not know sockets, time-outs, nor other
connections. What each line means is the features' (``client_registry``).
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from asyncchat.core.features.messages import Speech
from asyncchat.dialects.framing import OVERLONG, LineFramer
from asyncchat.dialects.irc import tokens
from asyncchat.dialects.irc.client_batches import Batch
from asyncchat.dialects.irc.client_connection import MEMBERS_ONLY, ClientConnection, Question, ServerLine
from asyncchat.dialects.irc.client_login import Login
from asyncchat.dialects.irc.client_registry import BATCH_READERS, READERS, SILENT, readable
from asyncchat.dialects.irc.client_sending import Pending
from asyncchat.dialects.irc.client_server import ServerFacts
from asyncchat.dialects.irc.client_values import Told, Value
from asyncchat.dialects.irc.features import messages_client, reactions, read_markers

LINE_BYTES = tokens.TAGS_BYTES + 8192
"""Longest line read: the most tags, and a line well beyond the 512 bytes that are common."""


class IrcClient(ClientConnection):
    """One connection to an IRC server, as its client sees it. Nothing that the server sends makes it raise.

    ``receive_data`` takes what was read and gives values; what is to be sent gathers in ``data_to_send``.
    Capabilities are used where offered: times, ids, echoes, labels, batches, history. Without echoes a
    message counts as taken when the PONG to a PING behind it has come.

    Args:
        nick: the nick to register with.
        user: the user name that others see; empty: made from the nick.
        realname: the real name that others see; empty: the nick.
        password: the server's; empty: none is shown.
        login: logs in to an account before the registration ends; without it we are not let in.
        playback: whether pages of the history are to have reactions, edits and redactions too.
    """

    def __init__(
        self,
        nick: str,
        *,
        user: str = "",
        realname: str = "",
        password: str = "",
        login: Login | None = None,
        playback: bool = False,
    ) -> None:
        also = {"sasl": login is not None, messages_client.PLAYBACK: playback}
        super().__init__(nick, ServerFacts(frozenset(name for name, on in also.items() if on)), login)
        self._lines = LineFramer(LINE_BYTES)
        for command in self.server.start():
            self.send(*command)
        if password:
            self.send("PASS", password)
        self.send("NICK", nick)
        self.send("USER", user or _user_name(nick), "0", "*", realname or nick)

    # What we ask.

    def change_nick(self, nick: str) -> None:
        """Asks for a nick, also before registration."""
        if not self.registered:
            self.nick = self.origin = nick
            self.send("NICK", nick)
        else:
            self.ask("NICK", nick)

    def join(self, room: str, key: str = "") -> None:
        """Asks into a room, which may have a key."""
        self.joining[self.server.fold(room)] = room
        self.ask("JOIN", room, *([key] if key else []))

    def parts(self, to: str, text: str, speech: Speech = Speech.MESSAGE) -> list[str]:
        """A text as the messages that carry it; each is a line that fits with our origin, or several."""
        return messages_client.parts(self.server, self.origin, to, text, speech)

    def say(
        self, token: int, to: str, text: str, speech: Speech = Speech.MESSAGE, reply_to: str = ""
    ) -> None:
        """Says one of ``parts``; ``Acknowledged`` or ``Undelivered`` follows under this number.

        Raises:
            ValueError: the target or the text can't be said in one line of IRC.
        """
        tags: tokens.Tags = (("label", str(token)),) if self.server.labels else ()
        tags += self.server.passed_on(messages_client.answering(reply_to))
        limit = messages_client.text_bytes(self.server, self.origin, to, speech)
        line = messages_client.said(to, text, speech, tags, limit)
        self.sending.put(Pending(token, to, self.server.fold(to), text, speech, line))

    def react(self, to: str, id: str, reaction: str, on: bool) -> bool:
        """Puts a reaction to a message, or takes it back; False: the server passes no reactions on.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        message = reactions.reaction(to, id, reaction, on)
        tags = self.server.passed_on(message.tags)
        if len(tags) < 2 or tags[-1] != message.tags[-1]:  # it needs the id and the reaction itself
            return False
        self.ask_line(msgspec.structs.replace(message, tags=tags))
        return True

    def edit(self, to: str, id: str, text: str) -> bool:
        """Replaces what a message of ours says; False: the server does not know edits.

        Raises:
            ValueError: the target can't be said in one line of IRC.
        """
        if messages_client.EDITS not in self.server.capabilities:
            return False
        limit = messages_client.text_bytes(self.server, self.origin, to, Speech.MESSAGE)
        said = messages_client.said(to, text, Speech.MESSAGE, messages_client.editing(id), limit)
        self.ask_bytes(said)
        return True

    def typing(self, to: str, state: str) -> None:
        """Tells others whether we type, where the server passes that on."""
        tags = self.server.passed_on(((messages_client.TYPING, state),))
        if tags:
            self.ask_line(tokens.Message("TAGMSG", (to,), tags=tags))

    def mark_read(self, target: str, time: datetime) -> None:
        """Tells the server how far we have read a room or a conversation, if it keeps that."""
        read_markers.mark_read(self, target, time)

    def ping(self, token: str) -> None:
        """Asks for a ``Pong``."""
        self.send("PING", token)

    def history(self, token: int, room: str, kind: str, *positions: str, limit: int) -> None:
        """Asks the history; ``HistoryPage`` or ``HistoryFailed`` follows under this number, one at a time.

        Args:
            token: the caller's number.
            room: the room, or a person.
            kind: ``LATEST``, ``BEFORE``, ``AFTER`` or ``AROUND``.
            positions: ``*``, ``msgid=…`` or ``timestamp=…``.
            limit: most messages wanted.
        """
        self.put_question(Question(token, room, ("CHATHISTORY", kind, room, *positions, str(limit))))

    def search(self, token: int, attributes: Iterable[tuple[str, str]]) -> None:
        """Searches (https://soju.im/search); what follows is the same as for ``history``.

        Args:
            token: the caller's number.
            attributes: what is searched for.

        Raises:
            ValueError: that is too long for a line.
        """
        command = "SEARCH", tokens.format_tags(attributes)
        if len(tokens.format(tokens.Message(command[0], command[1:]))) > self.server.line_bytes:
            raise ValueError("that is too long to be searched for")
        self.put_question(Question(token, "", command))

    def pins(self, token: int, room: str) -> None:
        """Asks for the pinned messages of a room; what follows is the same as for ``history``."""
        self.put_question(Question(token, room, ("PINS", room), MEMBERS_ONLY))

    # What the server says.

    def receive_data(self, data: bytes, now: datetime) -> list[Value]:
        """Takes what was read.

        Args:
            data: bytes, in chunks of any size.
            now: the time of lines that carry none, aware.

        Returns:
            What they say, in order.
        """
        values: list[Value] = []
        self._lines.feed(data)
        for raw in self._lines.take(self._lines.ready):
            if raw is OVERLONG:
                continue
            line = tokens.parse(raw, fallback="latin-1")
            if not isinstance(line, tokens.Fault):
                values.extend(self._receive(line, now))
        return values

    def _receive(self, line: tokens.Message, now: datetime) -> list[Value]:
        if line.command == "BATCH":
            batch = self.batches.boundary(line)
            return list(self._batch(batch, now)) if batch is not None else []
        if self.batches.take(line):
            return []
        return list(self._one(ServerLine.of(line, line.tag("label") or "", now)))

    def _batch(self, batch: Batch, now: datetime) -> Iterable[Value]:
        reader = BATCH_READERS.get(batch.kind)
        if reader is not None:
            yield from reader(self, batch, now)
            return
        for line in batch.lines():
            yield from self._one(ServerLine.of(line, line.tag("label") or batch.label, now))
        if batch.label:  # whatever it held, the server has dealt with that message
            yield from self.acknowledge(self.sending.labeled(batch.label), "", now)

    def _one(self, line: ServerLine) -> Iterable[Value]:
        if line.command not in ("PRIVMSG", "NOTICE"):
            self.head = None  # what follows continues no message
        reader = READERS.get(line.command)
        if reader is not None:
            return reader(self, line)
        if not line.command.isdigit():
            return ()
        if "400" <= line.command < "600":
            return self.refuse(line, line.params[1:-1], line.last)
        if line.command in SILENT:
            return ()
        return (Told(line.time, readable(line), line.command),)


def _user_name(nick: str) -> str:
    """A user name that every server takes."""
    return "".join(char for char in nick.lower() if char.isascii() and char.isalnum())[:9] or "asyncchat"
