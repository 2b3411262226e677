"""I/O commands that read the history, or look up the message that a command is about.

Owns who may read what. Members of a room and operators of the server read the room's history, as far back as
``history_access`` says. A private conversation is read by the two who had it: by their accounts, or by the
sessions that took part.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Recipients, Record, Stream
from asyncchat.core.features import edits, history, redaction, rename
from asyncchat.core.features.audit import AuditUnreadable, AuditView, ReadAudit
from asyncchat.core.features.autoreplay import wants_autoreplay
from asyncchat.core.features.history_access import erasable_since, note_history, readable_since
from asyncchat.core.features.join import may_join_again
from asyncchat.core.features.last_seen import rooms_before
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.names import ROOM_SIGNS, fold, name_fault, room_fault
from asyncchat.core.replies import NotServerOperator, Refusal
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room
from asyncchat.log import streams
from asyncchat.log.base import Log, LogError, PageQuery, StreamRange
from asyncchat.server.clock import wall_clock
from asyncchat.server.hub import Hub
from asyncchat.server.page_cache import PageCache
from asyncchat.server.recipients import Recipient
from asyncchat.server.session import IoHandler, IoResult, Session
from asyncchat.server.slices import Turns

PAGE_MOST = 1000
"""Most messages in one page of the history (CHATHISTORY in IRC)."""

ERASED_AT_ONCE = 2000
"""Messages of one event of a large erasure, which are written in some 10 ms and are one batch to others.

Everybody else's commands are decided, kept and told between two of them.
"""

_LOOKED_THROUGH = 1000
"""Messages of a room that are searched for the last one by somebody."""


class Conversation(msgspec.Struct, frozen=True):
    """Where to read in the log: a room, or the streams of a private conversation.

    What was said before ``since`` (microseconds since 1970 UTC) is hidden from whoever reads; 0: nothing.
    """

    name: str
    room: str = ""
    beside: tuple[StreamRange, ...] = ()
    since: int = 0

    def query(self, upto: int, window: history.Window, *, events: bool = False) -> PageQuery:
        """The query of a page of it, without what is hidden."""
        return PageQuery(self.room, upto, window.since(self.since), self.beside, events)


def room_conversation(room: Room, since: int = 0, *, events: bool = False) -> Conversation:
    """A room's conversation since a time (0: all of it), under its former names too."""
    keys = [fold(name) for name in room.former if fold(name) != room.key]
    names = list(keys)
    if events:
        for key in (room.key, *keys):
            names += [streams.room_changes(key), streams.room_presence(key)]
    # Messages under a former name are this room's up to the renaming; later ones are another room's.
    until = {
        name: room.renamed
        for key in keys
        for name in (key, streams.room_changes(key), streams.room_presence(key))
    }
    return Conversation(
        room.name, room.key, tuple(StreamRange(name, until=until.get(name, 0)) for name in names), since
    )


def under_current_name(where: Conversation, record: Record) -> Record:
    """A record of a room that was renamed since, with the room's current name."""
    room = getattr(record.event, "room", "")
    if not where.room or not room or fold(room) == where.room:
        return record
    return msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, room=where.name))


def was_said_in(record: Record, where: Conversation) -> bool:
    """Whether a message belongs to this conversation."""
    event = record.event
    if isinstance(event, redaction.IN_ROOMS):
        key = fold(event.room)
        return bool(where.room and record.time >= where.since) and (
            key == where.room
            or any(stream.name == key and record.time < stream.until for stream in where.beside)
        )
    if not isinstance(event, redaction.IN_PRIVATE):
        return False
    names = streams.streams_of(event)
    return any(
        stream.name in names and record.number > stream.after and record.time >= stream.since
        for stream in where.beside
    )


def note_read(session: Session, rooms: Iterable[Room]) -> None:
    """Notes for the audit that a session reads histories, where that is a server operator's right."""
    hub = session.context.hub
    hub.declare([one for room in rooms for one in note_history(hub.chat, session.person_id, room, hub.now())])


async def erase_first(
    hub: Hub, by: Recipient, room: str, numbers: tuple[int, ...]
) -> tuple[int, ...] | Refusal:
    """Erases so many of these messages of a room that the rest can be erased at once; gives the rest."""
    while len(numbers) > ERASED_AT_ONCE:
        part, numbers = numbers[:ERASED_AT_ONCE], numbers[ERASED_AT_ONCE:]
        (first, *_) = await hub.request(redaction.Erase(room, part, told_of=0), by)
        if isinstance(first, Refusal):
            return first
    return numbers


class History:
    """Reads the history for sessions.

    Args:
        chat: the state, only to be read.
        log: the history.
        pages: the newest ones of rooms.
    """

    def __init__(self, chat: Chat, log: Log, pages: PageCache) -> None:
        self.chat = chat
        self._log = log
        self._page_cache = pages
        self._turns = Turns()
        """Pages are read a few in a pass of the loop, however many ask at once."""
        self._start_number = log.last
        """The number of the last record before this run."""
        self.handlers: dict[type[Command], IoHandler] = {
            ReadAudit: self.read_acts,
            history.ReadHistory: self.read_history,
            history.ReadMissed: self.read_missed,
            history.ReadTargets: self.read_targets,
            redaction.EraseFrom: self.erase_from,
            rename.RenameRoom: self.rename_room,
            edits.GetEdits: self.get_edits,
            **dict.fromkeys(history.MessageCommand.__subclasses__(), self.find_messages),
        }
        """The I/O commands that it answers."""

    def conversation_of(self, session: Session, to: str, *, events: bool = False) -> Conversation | None:
        """The conversation that the session may read under a name; None: there is none that it may read.

        With ``events`` the events of a room belong to it.
        """
        chat = self.chat
        if to[:1] in ROOM_SIGNS:
            room = chat.rooms.get(fold(to))
            if room is None or not (
                session.person_id in room.member_blocks or session.person_id in chat.server_operators
            ):
                return None
            note_read(session, (room,))
            since = readable_since(chat, session.person_id, room)
            return room_conversation(room, since, events=events)
        mine = self.own_streams(session)
        if not mine or name_fault(to) is not None:
            return None
        other = chat.person_named(to)
        ends = [streams.name_suffix(to)]
        if other is None:
            ends.append(streams.account_suffix(to))
        elif other.account:
            ends.append(streams.account_suffix(other.account))
        account = chat.accounts.get(fold(to))
        name = other.name if other is not None else account.name if account is not None else to
        beside = [msgspec.structs.replace(stream, name=stream.name + end) for stream in mine for end in ends]
        return Conversation(name, beside=tuple(beside))

    def own_streams(self, session: Session) -> tuple[StreamRange, ...]:
        """The prefixes of the streams of a person's private conversations, and since when they are its own;
        none for a session that has not entered."""
        me = self.chat.people.get(session.person_id)
        if me is None:
            return ()
        found = StreamRange(streams.session_prefix(me.id), after=self._start_number)
        account = self.chat.accounts.get(fold(me.account)) if me.account else None
        if account is None:
            return (found,)
        # An earlier account of that name, now removed, was somebody else's.
        return (found, StreamRange(streams.account_prefix(me.account), since=account.time))

    async def read_history(self, session: Session, command: history.ReadHistory, upto: int) -> IoResult:
        """Reads a page of a room's history, or of a private conversation."""
        where = self.conversation_of(session, command.room, events=command.events)
        if where is None:
            return history.HistoryUnreadable(command.room, command.context)
        if command.unasked and not wants_autoreplay(self.chat, session.person_id):
            return history.HistoryPage(where.name, (), 0, command.context)
        window = command.window.resolved(wall_clock(), PAGE_MOST, command.newer_seconds)
        query = where.query(upto, window, events=command.events)
        await self._turns.wait()
        try:
            page = await self._page_cache.read(query, command.count_to)
            records = page.records
            if command.then is not None:
                then = where.query(upto, command.then, events=command.events)
                records += (await self._log.read(then)).records
        except LogError:
            return history.HistoryUnreadable(command.room, command.context, failed=True)
        told = tuple(
            under_current_name(where, record)
            for record in records
            if not self._is_hidden(session, where, record)
        )
        return history.HistoryPage(where.name, told, page.more, command.context, page.cut)

    def _is_hidden(self, session: Session, where: Conversation, record: Record) -> bool:
        """Whether an auditorium hides from the session that somebody joined or left."""
        event: Any = record.event  # one of presence that tells not all has a person
        if event.stream is not Stream.PRESENCE or event.recipients is Recipients.ROOM:
            return False
        room = self.chat.rooms.get(where.room)
        if (
            room is None
            or AUDITORIUM not in room.flags
            or self.chat.may(session.person_id, room, Right.MODERATE)
        ):
            return False
        # A person's number is valid only for the run in which it was given.
        return record.number <= self._start_number or event.person.id != session.person_id

    async def find_messages(self, session: Session, command: history.MessageCommand, upto: int) -> IoResult:
        """Finds the messages that a command is about."""
        found = [await self.find_message(session, which, upto) for which in command.wanted(self.chat)]
        return command.resolve(found)

    async def get_edits(self, session: Session, command: edits.GetEdits, upto: int) -> IoResult:
        """The texts that a message had."""
        found = await self.find_message(session, command.which, upto)
        to = command.which.to
        if found.record is None or not isinstance(found.record.event, Said | SaidInPrivate):
            return edits.EditRefused(
                edits.EditFault.FAILED if found.failed else edits.EditFault.UNKNOWN, to, found.id
            )
        try:
            records = [await self._log.find(number) for number in edits.edits_of(found.record.event)]
        except LogError:
            return edits.EditRefused(edits.EditFault.FAILED, to, found.id)
        return edits.EditsView(to, edits.versions(found.record, records))

    async def find_message(self, session: Session, which: history.Which, upto: int) -> history.FoundMessage:
        """A message that the session may read."""
        ids = self._log.ids
        number = ids.number_of(which.name) if which.number is None else which.number
        where = self.conversation_of(session, which.to)
        record: Record | None = None
        failed = False
        if where is not None:
            try:
                if number is None:
                    record = await self._last_message(session, which, where, upto)
                elif number <= upto:
                    record = await self._log.find(number)
            except LogError:
                failed = True
        if record is None or where is None or not was_said_in(record, where):
            return history.FoundMessage(None, number or 0, ids.id_of(number) if number else "", failed)
        return history.FoundMessage(record, record.number, ids.id_of(record.number))

    async def _last_message(
        self, session: Session, which: history.Which, where: Conversation, upto: int
    ) -> Record | None:
        """The last message of a conversation by a name.

        Raises:
            LogError: the history can't be read now.
        """
        me = self.chat.people.get(session.person_id)
        window = history.Window(limit=_LOOKED_THROUGH)
        page = await self._log.read(where.query(upto, window))
        wanted = fold(which.name)
        for record in reversed(page.records):
            assert isinstance(record.event, Said | SaidInPrivate)  # noqa: S101 - a page without events
            key = record.event.person.key
            mine = me is not None and key == me.key
            if key == wanted or (not wanted and which.own in (None, mine)):
                return record
        return None

    async def read_missed(self, session: Session, command: history.ReadMissed, upto: int) -> IoResult:
        """Reads the person's private messages, sent and received, since it was last here."""
        if not wants_autoreplay(self.chat, session.person_id):
            return history.HistoryPage("", (), 0, command.context)
        owners = self.own_streams(session)
        try:
            newest = await self._log.newest((), owners, upto)
            beside = tuple(
                msgspec.structs.replace(stream, name=name)
                for name, record in newest
                if record.time > (command.window.after_time or 0)
                for stream in owners
                if name.startswith(stream.name)
            )
            if not beside:
                return history.HistoryPage("", (), 0, command.context)
            page = await self._log.read(PageQuery("", upto, command.window, beside), history.MORE_COUNTED)
        except LogError:
            return history.HistoryUnreadable("", command.context, failed=True)
        return history.HistoryPage("", page.records, page.more, command.context)

    async def read_targets(self, session: Session, command: history.ReadTargets, upto: int) -> IoResult:
        """Reads the conversations that the session may read, with the time of each one's last message."""
        chat = self.chat
        mine = [*chat.rooms_with(session.person_id), *self._rooms_before(session)]
        rooms = {room.key: room.name for room in mine}
        since = {room.key: readable_since(chat, session.person_id, room) for room in mine}
        try:
            newest = await self._log.newest(tuple(rooms), self.own_streams(session), upto)
        except LogError:
            return history.TargetsUnreadable(command.context)
        present = {fold(person.account): person.name for person in chat.people.values() if person.account}
        times: dict[str, history.Target] = {}
        for key, record in newest:
            if record.time < since.get(key, 0):
                continue
            name = rooms.get(key) or self._peer_name(key, record, present)
            known = times.get(fold(name))
            if known is None or known.time < record.time:
                times[fold(name)] = history.Target(name, record.time)
        found = sorted(
            (one for one in times.values() if command.after_time < one.time < command.before_time),
            key=lambda one: one.time,
        )
        wanted = found[-command.limit :] if command.newest else found[: command.limit]
        return history.TargetsView(tuple(wanted), command.context, len(found) - len(wanted))

    def _rooms_before(self, session: Session) -> list[Room]:
        """The rooms of an account's last visit that it may join again; it may ask before it does."""
        chat = self.chat
        me = chat.people.get(session.person_id)
        if me is None:
            return []
        rooms = (chat.rooms.get(key) for key in rooms_before(chat, me, session.id))
        return [
            room
            for room in rooms
            if room is not None and me.id not in room.member_blocks and may_join_again(chat, room, me)
        ]

    def _peer_name(self, stream: str, record: Record, present: dict[str, str]) -> str:
        """The name by which a private conversation can be asked for."""
        event = record.event
        assert isinstance(event, SaidInPrivate)  # noqa: S101 - the newest message of a conversation
        end = stream.partition("\t")[2]
        key = end[1:]
        if end == streams.account_suffix(key):
            account = self.chat.accounts.get(key)
            return present.get(key) or (key if account is None else account.name)
        return event.to.name if event.to.key == key else event.person.name

    async def rename_room(self, _session: Session, command: rename.RenameRoom, upto: int) -> IoResult:
        """Looks whether there are messages under a room's new name; the hub decides."""
        room, to, reason = command.room, command.to, command.reason
        if fold(room) == fold(to) or room_fault(to) is not None:
            return rename.RenameRoomResolved(room, to, reason)
        try:
            found = await self._log.newest((to,), (), upto)
        except LogError:
            return rename.RenameRoomResolved(room, to, reason, failed=True)
        return rename.RenameRoomResolved(room, to, reason, bool(found))

    async def erase_from(self, session: Session, command: redaction.EraseFrom, upto: int) -> IoResult:
        """Finds the messages to erase; the hub decides whether the session may."""
        room = self.chat.room_named(command.room)
        numbers: tuple[int, ...] = ()
        if room is not None and self.chat.may(session.person_id, room, Right.MANAGE):
            since = max(
                readable_since(self.chat, session.person_id, room),
                erasable_since(self.chat, session.person_id, room),
            )
            try:
                numbers = await self._log.numbers_by(room.key, command.name, upto, since)
            except LogError:
                return history.HistoryUnreadable(command.room, failed=True)
        rest = await erase_first(session.context.hub, session, command.room, numbers)
        if isinstance(rest, Refusal):
            return rest
        return redaction.EraseFromResolved(command.room, rest, len(numbers))

    async def read_acts(self, session: Session, command: ReadAudit, upto: int) -> IoResult:
        """Reads the audit log, for an operator of the server."""
        if session.person_id not in self.chat.server_operators:
            return NotServerOperator()
        after = command.after_time or 0
        if command.newer_seconds is not None:
            after = max(after, wall_clock() - command.newer_seconds * 1_000_000)
        try:
            return AuditView(await self._log.audit(upto, after, command.limit), command.context)
        except LogError:
            return AuditUnreadable(command.context)
