"""The server's side of IRC: one ``IrcDialect`` for each session; what they share is ``IrcContext``.

Owns framing and the order of what a session asks and is told. What commands mean and how events are told is
the features' (``registry``).
"""

from collections.abc import Iterator, Sequence

from asyncchat.core.coalesce import coalesce
from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said, Say
from asyncchat.core.features.opers import NotFromHere, OfferRenewed, WrongCode
from asyncchat.core.replies import NotServerOperator, Refusal, StorageDown
from asyncchat.dialects.base import COMMANDS_A_TURN, Outcome, Way
from asyncchat.dialects.framing import LineFramer
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE, LABELED_RESPONSE, MULTILINE
from asyncchat.dialects.irc.dispatch import MOST_BYTES, dispatch
from asyncchat.dialects.irc.fast_path import fast_path
from asyncchat.dialects.irc.features import multiline, slash
from asyncchat.dialects.irc.labels import LabeledResponse, LabelStart, with_label
from asyncchat.dialects.irc.registry import (
    FAILURES,
    REFUSALS,
    REPLIES,
    SELF_EVENTS,
    SIBLING_EVENTS,
    SIBLING_REPLIES,
)
from asyncchat.dialects.irc.serialize import Numeric, line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.shared_state import SharedState


class IrcDialect(IrcSession):
    """One session's IRC, as the server hears and speaks it (``dialects.base.Dialect``).

    What arrives is framed in an object that lives only while half a line waits.
    """

    is_web = False
    __slots__ = ("_in_batch", "_lines")

    def __init__(
        self,
        context: SharedState,
        session: int,
        host: str,
        *,
        is_confidential: bool = True,
        reached_at: str = "",
        way: Way = Way.OPEN,
    ) -> None:
        super().__init__(
            context, session, host, is_confidential=is_confidential, reached_at=reached_at, way=way
        )
        self._lines: LineFramer | None = None
        self._in_batch = 0
        """Lines of batches that have not been counted yet."""

    def awaits(self, command: Command) -> bool:
        """Whether nothing is read after this command until its outcome has been told."""
        return command.barrier

    @property
    def backlog(self) -> int:
        """Bytes received that are not yet given out as commands."""
        held = 0 if self._lines is None else self._lines.backlog
        return held + len(self._queued) if self._queued else held

    def receive_data(self, data: bytes, limit: int = COMMANDS_A_TURN) -> list[Command]:
        """Takes what was read, gives the next commands."""
        if (
            self._lines is None
            and self._person is not None
            and self._queued is None
            and self.client_batches is None
        ):
            commands = fast_path(data, limit, self.context.pong)
            if commands is not None:
                self._count(commands)
                return commands
        return self._receive(data, limit)

    def cost(self, commands: Sequence[Command]) -> int:
        """One for each command; labels are none, and several lines of one message count as one."""
        lines = len(commands)
        if self.caps_in & LABELED_RESPONSE:
            lines = sum(
                not (type(asked) is DialectReply and type(asked.value) is LabelStart) for asked in commands
            )
        if self.caps_in & MULTILINE and _IN_BATCH[0] in commands:
            in_batch = sum(asked is _IN_BATCH[0] for asked in commands)
            counted, self._in_batch = divmod(self._in_batch + in_batch, _LINES_AS_ONE)
            lines -= in_batch - counted
        return lines

    def receive_eof(self) -> list[Command]:
        """Half a line means nothing in IRC."""
        self._lines = None
        return []

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The lines that tell the session what became of its command."""
        if self._label is not None and type(outcome[0] if outcome else None) is not OfferRenewed:
            label = self._label
            if label.slash is not None:
                return self._gather(label, slash.in_sentences(self, label.slash, outcome))
            return self._gather(label, self.say(outcome))
        if len(outcome) == 1:
            item = outcome[0]
            if type(item) is Record:
                if type(item.event) is Said:
                    return self.encoder.encode(item) if self.caps_out & ECHO_MESSAGE else b""
            elif type(item) is bytes:
                return item
        return self.say(outcome)

    def encode_slices(self, outcome: Outcome) -> Iterator[bytes]:
        """The same in pieces."""
        label = self._label
        if label is None:
            yield from self._say_slices(outcome)
            return
        if label.slash is not None:
            yield self._gather(label, slash.in_sentences(self, label.slash, outcome))
            return
        for piece in self._say_slices(outcome):
            label.add_piece(piece)
            if label.is_long:
                yield label.beginning(self.context.name, self.next_batch())
        yield self._gather(label, b"")

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The lines that tell it that a room has another name, by another session's doing."""
        return self.say(outcome)

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """The lines that tell it what another session of its person caused."""
        told = []
        for item in coalesce(outcome):
            if isinstance(item, Record):
                event = SIBLING_EVENTS.get(type(item.event))
                if event is not None:
                    told.append(event(self, item, item.event, alone))
            else:
                reply = SIBLING_REPLIES.get(type(item))
                if reply is not None:
                    told.append(reply(self, item))
        return b"".join(told)

    def on_tick(self, now: float) -> bytes:
        """Ends a batch that was left open for too long."""
        failed = None if self.client_batches is None else self.client_batches.on_tick(now)
        if failed is None:
            return b""
        told = multiline.say_failed(self, failed)
        return with_label(failed.label, told) if failed.label and self.caps_out & LABELED_RESPONSE else told

    def ping(self) -> bytes:
        """A PING."""
        return line(f"PING :{self.context.name}")

    def say(self, items: Outcome) -> bytes:
        """The lines of several answers."""
        return b"".join([self._say(item) for item in coalesce(items)])

    def _say_slices(self, items: Outcome) -> Iterator[bytes]:
        for item in coalesce(items):
            reply = REPLIES.get(type(item))
            told = self._say(item) if reply is None or isinstance(item, Refusal) else reply(self, item)
            if isinstance(told, bytes):
                yield told
            else:
                yield from told

    # Bytes in.

    def _receive(self, data: bytes, limit: int) -> list[Command]:
        lines = self._lines
        if data:
            if lines is None:
                lines = self._lines = LineFramer(MOST_BYTES)
            lines.feed(data)
        commands = self._take_queued()
        if lines is not None and not (commands and commands[-1].barrier):
            self._read_lines(lines, commands, limit)
            if lines.idle:
                self._lines = None
        end = 0
        for command in commands[:limit]:
            end += 1
            if command.barrier:
                break
        if len(commands) > end:
            # What one line asks may be cut here.
            self._queued = [*commands[end:], *(self._queued or ())]
            del commands[end:]
        return commands

    def _take_queued(self) -> list[Command]:
        """The commands to be submitted next, up to the one that is waited for."""
        queued, self._queued = self._queued or [], None
        for index, command in enumerate(queued[:-1]):
            if command.barrier:
                self._queued = queued[index + 1 :]
                return queued[: index + 1]
        return queued

    def _read_lines(self, lines: LineFramer, commands: list[Command], limit: int) -> None:
        while lines.ready and len(commands) < limit:
            taken = lines.take(limit - len(commands))
            for index, raw in enumerate(taken):
                asked = dispatch(self, raw)
                if not asked:
                    asked = _NOTHING if self.client_batches is None else _IN_BATCH
                commands.extend(asked)
                for command in asked:
                    if command.barrier:
                        lines.put_back(taken[index + 1 :])
                        return
                if len(commands) >= limit:
                    lines.put_back(taken[index + 1 :])
                    break

    def _count(self, commands: Sequence[Command]) -> None:
        """Counts what came by the fast path: nothing but PRIVMSG and PING."""
        counts = self.context.command_counts
        said = list(map(type, commands)).count(Say)
        if said:
            counts["PRIVMSG"] = counts.get("PRIVMSG", 0) + said
        if said < len(commands):
            counts["PING"] = counts.get("PING", 0) + len(commands) - said

    # Bytes out.

    def _gather(self, label: LabeledResponse, data: bytes) -> bytes:
        """Keeps an answer until the last one of its line has come."""
        label.add(data)
        return b"" if label.left > 0 else self.close_label(label)

    def _say(self, item: object) -> bytes:
        if isinstance(item, Record):
            own = SELF_EVENTS.get(type(item.event))
            return self.encoder.encode(item) if own is None else own(self, item, item.event)
        if type(item) is bytes:
            return item
        if type(item) is Numeric:
            return self.numeric(item.code, *item.words, text=item.text)
        reply = REPLIES.get(type(item))
        if reply is not None:
            lines = reply(self, item)
            told = lines if isinstance(lines, bytes) else b"".join(lines)
        else:
            told = self._refuse(item) if isinstance(item, Refusal) else b""
        if self.caps_out & slash.SENTENCES and isinstance(item, Refusal):
            return slash.reworded(told, item)
        return told

    def _refuse(self, refusal: Refusal) -> bytes:
        if self._person is None:
            # A refused nick is forgotten, all else that was said of oneself stays.
            self.registration.nick = ""
        elif isinstance(refusal, StorageDown | WrongCode | NotFromHere | NotServerOperator):
            self.drop_queued()
        failure = FAILURES.get(type(refusal))
        if failure is not None:
            command, failed, context, text = failure(refusal)
            return self.fail(command, failed, *(middle(part) for part in context), text=text)
        code, parts, text = REFUSALS[type(refusal)](refusal)
        return self.numeric(code, *(middle(part) for part in parts), text=text)


_NOTHING = (DialectReply(b""),)
"""What a line asks that asks nothing, so that it counts as one: a flood of them is a flood."""

_IN_BATCH = (DialectReply(b""),)
"""The same for a line of a batch, which is a part of a message."""

_LINES_AS_ONE = 8
"""Lines of a batch that count as one line: their bytes and their time count anyway."""
