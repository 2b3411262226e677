"""The client's side of IRC: bytes to values, what we ask to bytes, for any IRC server.

Owns one connection from registration to its end; must not know sockets, time-outs, nor other connections.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from asyncchat.core.events import Speech
from asyncchat.core.scram import ScramFault
from asyncchat.dialects.framing import OVERLONG, LineFramer
from asyncchat.dialects.irc import client_marks, client_speech, numerics, tokens
from asyncchat.dialects.irc.client_batches import Batch, Batches
from asyncchat.dialects.irc.client_login import Login
from asyncchat.dialects.irc.client_replies import JOIN_REFUSALS, SILENT, SPEECH_REFUSALS, Question, readable
from asyncchat.dialects.irc.client_rooms import ClientRooms
from asyncchat.dialects.irc.client_sending import Pending, Sending
from asyncchat.dialects.irc.client_server import ServerFacts
from asyncchat.dialects.irc.client_speech import moment, nick_of
from asyncchat.dialects.irc.client_values import (
    Acknowledged,
    CantJoin,
    Closing,
    HistoryFailed,
    HistoryPage,
    LoginRefused,
    Message,
    NickRefused,
    PasswordRefused,
    Pong,
    Refused,
    Registered,
    Told,
    Undelivered,
    Value,
)

LINE_BYTES = tokens.TAGS_BYTES + 8192
"""Longest line read: the most tags, and a line well beyond the 512 bytes that are common."""

_BARRIER = "said-"
"""What our own PINGs behind messages begin with."""

Values = Iterable[Value]


class IrcClient:
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
    """

    def __init__(
        self,
        nick: str,
        *,
        user: str = "",
        realname: str = "",
        password: str = "",
        login: Login | None = None,
    ) -> None:
        self.nick = nick
        self._login = login
        self.server = ServerFacts(frozenset() if login is None else frozenset(("sasl",)))
        self.rooms = ClientRooms(self.server, self._is_own)
        self.registered = False
        self._origin = nick
        self._welcomed = False
        self._joining: dict[str, str] = {}
        self._lines = LineFramer(LINE_BYTES)
        self._out: list[bytes] = []
        self._batches = Batches()
        self._sending = Sending()
        self._questions: list[Question] = []
        self._reader = client_speech.Reader(self.server, self._is_own)
        self._marks = client_marks.Marks(self.server, self._is_own)
        for command in self.server.start():
            self.send(*command)
        if password:
            self.send("PASS", password)
        self.send("NICK", nick)
        self.send("USER", user or _user_name(nick), "0", "*", realname or nick)

    # What we ask.

    def send(self, command: str, *params: str) -> None:
        """Sends any command.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        self._out.append(tokens.format(tokens.Message(command, params)))

    def ask(self, command: str, *params: str) -> None:
        """Sends a command behind all that was said before it.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        self._ask(tokens.Message(command, params))

    def react(self, to: str, id: str, reaction: str, on: bool) -> None:
        """Puts a reaction to a message, or takes it back.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        self._ask(client_marks.reaction(to, id, reaction, on))

    def _ask(self, message: tokens.Message) -> None:
        line = tokens.format(message)
        if self._sending.queued:
            self._sending.put(line)
        else:
            self._out.append(line)

    def data_to_send(self) -> bytes:
        """What has gathered to be sent."""
        self._release()
        data = b"".join(self._out)
        self._out.clear()
        return data

    def change_nick(self, nick: str) -> None:
        """Asks for a nick, also before registration."""
        if not self.registered:
            self.nick = self._origin = nick
            self.send("NICK", nick)
        else:
            self.ask("NICK", nick)

    def join(self, room: str, key: str = "") -> None:
        """Asks into a room, which may have a key."""
        self._joining[self.server.fold(room)] = room
        self.ask("JOIN", room, *([key] if key else []))

    def parts(self, to: str, text: str, speech: Speech = Speech.MESSAGE) -> list[str]:
        """A text as the messages that carry it; each is a line that fits with our origin, or several."""
        return client_speech.parts(self.server, self._origin, to, text, speech)

    def say(
        self, token: int, to: str, text: str, speech: Speech = Speech.MESSAGE, reply_to: str = ""
    ) -> None:
        """Says one of ``parts``; ``Acknowledged`` or ``Undelivered`` follows under this number.

        Raises:
            ValueError: the target or the text can't be said in one line of IRC.
        """
        tags: tokens.Tags = (("label", str(token)),) if self.server.labels else ()
        if "message-tags" in self.server.capabilities:
            tags += client_marks.answering(reply_to)
        limit = client_speech.text_bytes(self.server, self._origin, to, speech)
        line = client_speech.said(to, text, speech, tags, limit)
        self._sending.put(Pending(token, to, self.server.fold(to), text, speech, line))

    @property
    def under_way(self) -> list[int]:
        """Numbers of the messages sent and not yet answered, in order."""
        return self._sending.under_way

    def confirm(self) -> None:
        """Has the server answer for all that is under way, also where it echoes nothing: a PING behind it."""
        self._release()
        if (number := self._sending.barrier()) is not None:
            self.send("PING", f"{_BARRIER}{number}")

    def ping(self, token: str) -> None:
        """Asks for a ``Pong``."""
        self.send("PING", token)

    def history(self, token: int, room: str, kind: str, *positions: str, limit: int) -> None:
        """Asks the history; ``HistoryPage`` or ``HistoryFailed`` follows under this number, one at a time.

        Args:
            token: the caller's number.
            room: the room, or a person.
            kind: ``LATEST``, ``BEFORE`` or ``AFTER``.
            positions: ``*``, ``msgid=…`` or ``timestamp=…``.
            limit: most messages wanted.
        """
        self._put(Question(token, room, ("CHATHISTORY", kind, room, *positions, str(limit))))

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
        self._put(Question(token, "", command))

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
            batch = self._batches.boundary(line)
            return list(self._batch(batch, now)) if batch is not None else []
        if self._batches.take(line):
            return []
        return list(self._one(line, line.tag("label") or "", now))

    def _batch(self, batch: Batch, now: datetime) -> Values:
        if batch.kind == "chathistory":
            messages = self._replayed(batch, now)
            target = batch.params[0] if batch.params else ""
            room = self._questions[0].room if self._asked("CHATHISTORY") else ""
            if room and self.server.fold(room) == self.server.fold(target):
                question = self._answered()
                yield HistoryPage(question.token, question.room, messages)
            else:
                yield from messages
            return
        if batch.kind == "soju.im/search":
            if self._asked("SEARCH"):
                question = self._answered()
                yield HistoryPage(question.token, "", self._replayed(batch, now))
            return
        for line in batch.lines():
            yield from self._one(line, line.tag("label") or batch.label, now)
        if batch.label:  # whatever it held, the server has dealt with that message
            yield from self._acknowledge(self._sending.labeled(batch.label), "", now)

    def _replayed(self, batch: Batch, now: datetime) -> tuple[Message, ...]:
        """The messages of a batch of what was said earlier."""
        reader = client_speech.Reader(self.server, self._is_own)
        said = (line for line in batch.lines() if line.command in ("PRIVMSG", "NOTICE"))
        read = [reader.read(line, now, replayed=True) for line in said]
        return tuple(message for message in read if isinstance(message, Message))

    def _one(self, line: tokens.Message, label: str, now: datetime) -> Values:
        if line.command in ("PRIVMSG", "NOTICE"):
            return self._said(line, label, now)
        self._reader.interrupt()
        handler = _HANDLERS.get(line.command)
        if handler is not None:
            return handler(self, line, label, now)
        return self._numeric(line, label, now) if line.command.isdigit() else ()

    def _said(self, line: tokens.Message, label: str, now: datetime) -> Values:
        value = self._reader.read(line, now, replayed=False)
        if isinstance(value, Message) and value.own:
            self._learn_origin(line.source)
            pending = None
            if label:
                pending = self._sending.labeled(label)
            elif not self.server.labels and not value.part:
                pending = self._sending.echoed(self.server.fold(value.room), value.text)
            if pending is not None:
                return (Acknowledged(pending.token, value),)
        return () if value is None else (value,)

    def _release(self) -> None:
        if not self.registered:
            return
        self._out.extend(self._sending.release())
        if not self.server.echoes and not self.server.labels:
            number = self._sending.barrier()
            if number is not None:
                self.send("PING", f"{_BARRIER}{number}")

    def _acknowledge(self, pending: Pending | None, id: str, now: datetime) -> Values:
        if pending is None:
            return ()
        action, notice = pending.speech is Speech.ACTION, pending.speech is Speech.NOTICE
        message = Message(id, now, pending.to, self.nick, pending.text, True, action, notice)
        return (Acknowledged(pending.token, message),)

    def _is_own(self, nick: str) -> bool:
        return self.server.fold(nick) == self.server.fold(self.nick)

    def _learn_origin(self, source: str) -> None:
        if "!" in source:
            self._origin = source

    def _put(self, question: Question) -> None:
        self._questions.append(question)
        if len(self._questions) == 1:
            self.send(*question.command)

    def _asked(self, command: str) -> bool:
        """Whether an answer to this command is awaited."""
        return bool(self._questions) and self._questions[0].command[0] == command

    def _answered(self) -> Question:
        question = self._questions.pop(0)
        if self._questions:
            self.send(*self._questions[0].command)
        return question

    # One handler for each command.

    def _ping(self, line: tokens.Message, label: str, now: datetime) -> Values:
        self.send("PONG", *line.params[-1:])
        return ()

    def _pong(self, line: tokens.Message, label: str, now: datetime) -> Values:
        token = line.params[-1] if line.params else ""
        number = token.removeprefix(_BARRIER)
        if number == token:
            yield Pong(token)
        elif number.isascii() and number.isdigit() and len(number) < 18:
            for pending in self._sending.passed(int(number)):
                yield from self._acknowledge(pending, "", now)

    def _ack(self, line: tokens.Message, label: str, now: datetime) -> Values:
        return self._acknowledge(self._sending.labeled(label), "", now)

    def _cap(self, line: tokens.Message, label: str, now: datetime) -> Values:
        for command in self.server.cap(line):
            if command == ("CAP", "END") and self._login is not None and not self._login.done:
                if "sasl" not in self.server.capabilities:
                    return (LoginRefused("the server has no accounts"),)
                for step in self._login.begin():
                    self.send(*step)
            else:
                self.send(*command)
        return ()

    def _authenticate(self, line: tokens.Message, label: str, now: datetime) -> Values:
        if self._login is None or not self._login.under_way:
            return ()
        try:
            for step in self._login.answer(line.param(0)):
                self.send(*step)
        except ScramFault as fault:
            return (LoginRefused(str(fault)),)
        return ()

    def _logged_in(self, line: tokens.Message, label: str, now: datetime) -> Values:
        if self._login is None or not self._login.under_way:
            return ()
        self._login.under_way = False
        if not self._login.done:
            return (LoginRefused("the server did not show that it knows the password"),)
        self.send("CAP", "END")
        return ()

    def _not_logged_in(self, line: tokens.Message, label: str, now: datetime) -> Values:
        if self._login is None or not self._login.under_way:
            return ()
        self._login.under_way = False
        return (LoginRefused(line.params[-1] if line.params else ""),)

    def _error(self, line: tokens.Message, label: str, now: datetime) -> Values:
        return (Closing(line.params[-1] if line.params else ""),)

    def _host_changed(self, line: tokens.Message, label: str, now: datetime) -> Values:
        nick = nick_of(line.source)
        if self._is_own(nick) and line.param(1):
            self._learn_origin(f"{nick}!{line.param(0)}@{line.param(1)}")
        return ()

    def _join(self, line: tokens.Message, label: str, now: datetime) -> Values:
        if self._is_own(nick_of(line.source)):
            self._learn_origin(line.source)
            self._joining.pop(self.server.fold(line.param(0)), None)
        return self.rooms.join(line, now)

    def _nick(self, line: tokens.Message, label: str, now: datetime) -> Values:
        values = self.rooms.nick(line, now)
        if values and self._is_own(nick_of(line.source)):
            self.nick = line.param(0)
            self._origin = self.nick + self._origin[len(nick_of(self._origin)) :]
        return values

    def _fail(self, line: tokens.Message, label: str, now: datetime) -> Values:
        command, code, reason = line.param(0), line.param(1), line.params[-1] if line.params else ""
        if self._asked(command):
            question = self._answered()
            return (HistoryFailed(question.token, question.room, code, reason),)
        if command in ("PRIVMSG", "NOTICE", "JOIN") or (command == "BATCH" and label):
            return self._refuse(line, line.params[2:-1], reason, label, now)
        return (Refused(moment(line, now), command, reason, "", "FAIL"),)

    def _note(self, line: tokens.Message, label: str, now: datetime) -> Values:
        return (Told(moment(line, now), line.params[-1]),) if line.params else ()

    def _invited(self, line: tokens.Message, label: str, now: datetime) -> Values:
        by, room = line.source.partition("!")[0], line.param(1)
        return (Told(moment(line, now), f"{by} invites you to {room}"),) if room else ()

    # Numerics.

    def _numeric(self, line: tokens.Message, label: str, now: datetime) -> Values:
        handler = _NUMERICS.get(line.command)
        if handler is not None:
            return handler(self, line, label, now)
        if "400" <= line.command < "600":
            return self._refuse(line, line.params[1:-1], line.params[-1] if line.params else "", label, now)
        if line.command in SILENT:
            return ()
        return (Told(moment(line, now), readable(line), line.command),)

    def _welcome(self, line: tokens.Message, label: str, now: datetime) -> Values:
        self._welcomed = True
        self.nick = line.param(0) or self.nick
        self._origin = self.nick
        last = line.params[-1].rpartition(" ")[2] if line.params else ""
        if nick_of(last) == self.nick:
            self._learn_origin(last)
        self.server.negotiating = False
        return ()

    def _isupport(self, line: tokens.Message, label: str, now: datetime) -> Values:
        self.server.isupport(line)
        return ()

    def _ready(self, line: tokens.Message, label: str, now: datetime) -> Values:
        if self.registered or not self._welcomed:
            return ()
        self.registered = True
        return (Registered(self.nick, line.source),)

    def _nick_refused(self, line: tokens.Message, label: str, now: datetime) -> Values:
        taken = line.command in (numerics.ERR_NICKNAMEINUSE, "436", "437")
        nick = line.param(1) if len(line.params) > 2 else self.nick
        return (NickRefused(nick, line.params[-1] if line.params else "", taken),)

    def _password_refused(self, line: tokens.Message, label: str, now: datetime) -> Values:
        reason = line.params[-1] if line.params else ""
        if self._welcomed:  # an OPER's
            return self._refuse(line, (), reason, label, now)
        return (PasswordRefused(reason),)

    def _refuse(
        self, line: tokens.Message, about: Sequence[str], reason: str, label: str, now: datetime
    ) -> Values:
        at, subject = moment(line, now), about[0] if about else ""
        keys = [self.server.fold(word) for word in about]
        if any(self._asked(word) for word in about):  # unknown command, too few parameters …
            question = self._answered()
            return (HistoryFailed(question.token, question.room, line.command, reason),)
        if label:
            pending = self._sending.labeled(label)
        else:
            pending = self._sending.refused(keys) if line.command in SPEECH_REFUSALS else None
        if pending is not None:
            refusal = Refused(at, pending.to, reason, pending.text, line.command)
            return (Undelivered(pending.token, refusal),)
        if keys and line.command in JOIN_REFUSALS and (room := self._joining.pop(keys[0], None)) is not None:
            return (CantJoin(room, reason),)
        return (Refused(at, subject, reason, "", line.command),)


def _user_name(nick: str) -> str:
    """A user name that every server takes."""
    return "".join(char for char in nick.lower() if char.isascii() and char.isalnum())[:9] or "asyncchat"


_Handler = Callable[[IrcClient, tokens.Message, str, datetime], Values]

_HANDLERS: dict[str, _Handler] = {
    "ACK": IrcClient._ack,
    "AUTHENTICATE": IrcClient._authenticate,
    "CAP": IrcClient._cap,
    "CHGHOST": IrcClient._host_changed,
    numerics.RPL_SASLSUCCESS: IrcClient._logged_in,
    numerics.ERR_SASLFAIL: IrcClient._not_logged_in,
    numerics.ERR_SASLTOOLONG: IrcClient._not_logged_in,
    numerics.ERR_SASLABORTED: IrcClient._not_logged_in,
    "902": IrcClient._not_logged_in,  # ERR_NICKLOCKED
    "ERROR": IrcClient._error,
    "FAIL": IrcClient._fail,
    "INVITE": IrcClient._invited,
    "JOIN": IrcClient._join,
    "KICK": lambda client, line, _, now: client.rooms.kick(line, now),
    "MODE": lambda client, line, _, now: client.rooms.mode(line, now),
    "NICK": IrcClient._nick,
    "NOTE": IrcClient._note,
    "PART": lambda client, line, _, now: client.rooms.part(line, now),
    "PING": IrcClient._ping,
    "PONG": IrcClient._pong,
    "REDACT": lambda client, line, _, now: client._marks.redacted(line, now),
    "RENAME": lambda client, line, _, now: client.rooms.rename(line, now),
    "TAGMSG": lambda client, line, _, now: client._marks.signalled(line, now),
    "QUIT": lambda client, line, _, now: client.rooms.quit(line, now),
    "TOPIC": lambda client, line, _, now: client.rooms.topic(line, now),
    "WARN": IrcClient._note,
}

_NUMERICS: dict[str, _Handler] = {
    numerics.RPL_WELCOME: IrcClient._welcome,
    numerics.RPL_ISUPPORT: IrcClient._isupport,
    numerics.RPL_ENDOFMOTD: IrcClient._ready,
    numerics.ERR_NOMOTD: IrcClient._ready,
    numerics.ERR_ERRONEUSNICKNAME: IrcClient._nick_refused,
    numerics.ERR_NICKNAMEINUSE: IrcClient._nick_refused,
    numerics.ERR_PASSWDMISMATCH: IrcClient._password_refused,
    "436": IrcClient._nick_refused,  # ERR_NICKCOLLISION
    "437": IrcClient._nick_refused,  # ERR_UNAVAILRESOURCE
    numerics.RPL_NAMREPLY: lambda client, line, _, now: client.rooms.names(line, now),
    numerics.RPL_ENDOFNAMES: lambda client, line, _, now: client.rooms.names_end(line, now),
    numerics.RPL_TOPIC: lambda client, line, _, now: client.rooms.topic_is(line, now),
    numerics.RPL_NOTOPIC: lambda client, line, _, now: client.rooms.topic_is(line, now),
}
