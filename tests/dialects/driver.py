"""A hub and sessions in memory: dialects around one ``core.Chat``, without sockets, log or clock.

Plays what the server does to a dialect: submits its commands, decides, applies, numbers the events, puts the
questions, answers I/O commands, gives the outcome and tells the others, each in the order of the commands.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from asyncchat.core import scram
from asyncchat.core.chat import Chat
from asyncchat.core.coalesce import coalesce
from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.engine import Engine
from asyncchat.core.events import Ephemeral, Event, Recipients, Record
from asyncchat.core.features.accounts import (
    Authenticate,
    Challenge,
    DropAccount,
    DropAccountVerified,
    LogInVerified,
    LogInWithPassword,
    NewPassword,
    NewPasswordVerified,
    Reclaim,
    ReclaimVerified,
    RegisterAccount,
    RegisterAccountVerified,
    shown_password,
)
from asyncchat.core.features.audit import AuditView, ReadAudit
from asyncchat.core.features.autoreplay import wants_autoreplay
from asyncchat.core.features.certificates import AddCertificate, AddCertificateVerified
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.edits import EditFault, EditRefused, EditsView, GetEdits, edits_of, versions
from asyncchat.core.features.history import (
    FoundMessage,
    HistoryPage,
    HistoryUnreadable,
    MessageCommand,
    NoSuchMessage,
    ReadHistory,
    ReadMissed,
    ReadTargets,
    ReplyTo,
    Target,
    TargetsView,
    Which,
    Window,
)
from asyncchat.core.features.host import HostChanged
from asyncchat.core.features.invite_codes import (
    CodeFault,
    InviteCode,
    MakeInviteCode,
    NewInviteCode,
    code_digest,
    code_for,
)
from asyncchat.core.features.join import JoinWithCode
from asyncchat.core.features.messages import Said, SaidInPrivate, Say
from asyncchat.core.features.opers import GrantOper, NotFromHere, Oper
from asyncchat.core.features.reactions import React, ReactResolved, ReactUnresolved
from asyncchat.core.features.redaction import Redact, RedactResolved
from asyncchat.core.features.rename import RenameRoom, RenameRoomResolved, RoomRenamed
from asyncchat.core.features.search import NotSearched, Search, SearchPage, matches_terms
from asyncchat.core.features.server import Reload, Reloaded, Unlock, Unlocked, WrongPassword
from asyncchat.core.features.server_bans import Killed
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.core.replies import AccountFault, AccountRefused, NotServerOperator
from asyncchat.dialects.base import Dialect, ServerInfo

SENT: set[str] = set()
"""First words of lines that peers sent in this run of the tests."""

TOLD: set[str] = set()
"""Numerics that peers were told in it."""

_NUMERIC = re.compile(r"^(?:@[^ ]+ )?:[^ ]+ ([0-9]{3}) ", re.MULTILINE)

START = 1_700_000_000_000_000
CODE = "7KQ2-M9XD"
INVITE = "7KQ2-M9XD-4TRV"
PASSWORD = "open sesame"  # noqa: S105
OPERATORS = {"alice": "secret"}


def server_info(**fields) -> ServerInfo:
    plain = {"name": "irc.test", "version": "0.1", "started": START, "ids": Ids([(1, "e1")])}
    return ServerInfo(**{**plain, **fields})


@dataclass
class Peer:
    """One client's end: what it was sent, and its server-side dialect."""

    hub: "Hub"
    id: int
    dialect: Dialect
    address: str = ""
    tls: str | None = None
    sent: bytearray = field(default_factory=bytearray)
    gone: bool = False

    def send(self, *lines: str) -> list[str]:
        """Sends lines; gives what came for it in answer to all of them (and what came before, unread)."""
        return self.send_raw("".join(line + "\r\n" for line in lines).encode())

    def send_raw(self, data: bytes) -> list[str]:
        for line in data.decode("utf-8", "replace").splitlines():
            words = [word for word in line.split(" ") if word and word[0] not in "@:"]
            SENT.update(word.upper() for word in words[:1])
        self.hub.receive(self, data)
        return self.read()

    def read(self) -> list[str]:
        """The lines that came since the last read, without CR LF."""
        data, self.sent[:] = bytes(self.sent), b""
        assert not data or data.endswith(b"\n")
        TOLD.update(_NUMERIC.findall(data.decode()))
        return data.decode().replace("\r\n", "\n").split("\n")[:-1]


def within(record: Record, window: Window) -> bool:
    return (
        (window.after is None or record.number > window.after)
        and (window.before is None or record.number < window.before)
        and (window.after_time is None or record.time > window.after_time)
        and (window.before_time is None or record.time < window.before_time)
    )


def part(found: list[Record], window: Window) -> list[Record]:
    return found[-window.limit :] if window.newest else found[: window.limit]


class NotingEngine(Engine):
    """Notes what is recorded, and who is told of it: from the state before the event."""

    def __init__(self, hub: "Hub") -> None:
        super().__init__(hub.chat)
        self._hub = hub
        self.told: dict[int, set[int]] = {}
        """By the ``id`` of an event of the last command."""

    def _ephemeral(self, event: Event) -> Ephemeral:
        self.told[id(event)] = self._hub.audience(event)
        return super()._ephemeral(event)

    def _record(self, event: Event) -> Record:
        self.told[id(event)] = self._hub.audience(event)
        record = super()._record(event)
        self._hub.records.append(record)
        if isinstance(event, Killed):
            self._hub.killed.append(record)
        return record


class Hub:
    """Decides for peers; ``tick`` microseconds pass with each command."""

    def __init__(self, tick: int = 1000) -> None:
        self.chat = Chat()
        self.engine = NotingEngine(self)
        self.records: list[Record] = []
        self.killed: list[Record] = []
        self.peers: dict[int, Peer] = {}
        self.reloaded: object = Reloaded("chat.toml", ("motd", "password"), ("listen",))
        self.searchable = True
        self.now = START
        self.tick = tick

    def join(self, make: Callable[[int], Dialect]) -> Peer:
        """A new session, whose dialect is made with its number."""
        id = len(self.peers) + 1
        peer = self.peers[id] = Peer(self, id, make(id))
        return peer

    def receive(self, peer: Peer, data: bytes) -> None:
        asked = peer.dialect.receive_data(data)
        while asked and not peer.gone:
            for command in asked:
                self.submit(peer, command)
                if isinstance(command, Quit):
                    peer.sent += peer.dialect.closing_bytes("")
                    peer.gone = True
                    return
            asked = peer.dialect.receive_data(b"")

    def submit(self, peer: Peer, command: Command) -> None:
        self.now += self.tick
        if isinstance(command, Connect):
            command = msgspec.structs.replace(command, address=peer.address, tls=peer.tls)
        if isinstance(command, DialectReply):
            peer.sent += peer.dialect.encode_outcome((command.value,))
            return
        handler = _IO_HANDLERS.get(type(command))
        if handler is None and isinstance(command, MessageCommand):
            handler = Hub.find_messages
        if handler is not None:
            assert peer.dialect.awaits(command), "a dialect waits for an I/O command"
            outcome = handler(self, peer, command)
        else:
            outcome = self.decide(peer, command)
        peer.sent += peer.dialect.encode_outcome(outcome)
        killed, self.killed = self.killed, []
        for record in killed:
            self.end(peer, record)

    def decide(self, peer: Peer, command: Command) -> list[object]:
        """The outcome of a command; the others are told of its events at once."""
        if isinstance(command, Say) and peer.id in self.chat.people:
            self.chat.people.last_spoke[peer.id] = self.now
        self.engine.time = self.now
        self.engine.told.clear()
        outcome, _ = self.engine.execute(peer.id, command)
        told = self.engine.told
        if len(outcome) == 1 and isinstance(said := outcome[0], Record) and id(said.event) not in told:
            self.records.append(said)  # a message: it changes no state, so that the engine applied nothing
            told[id(said.event)] = self.audience(said.event)
        for item in coalesce(outcome):
            if isinstance(item, Record):
                renamed = isinstance(item.event, RoomRenamed)
                if isinstance(item.event, HostChanged) and item.event.now.id != peer.id:
                    subject = self.peers[item.event.now.id]
                    subject.sent += subject.dialect.encode_outcome((item,))
                for other in told[id(item.event)] - {peer.id}:
                    dialect = self.peers[other].dialect
                    self.peers[other].sent += (
                        dialect.encode_rename(outcome) if renamed else dialect.encoder.encode(item)
                    )
        return outcome

    def end(self, by: Peer, record: Record) -> None:
        """Ends the session of who was killed, as delivery does."""
        event = record.event
        assert isinstance(event, Killed)
        victim = self.peers[event.person.id]
        if victim is not by:
            victim.sent += victim.dialect.encoder.encode(record)
        reason = f"Killed ({event.by.name} ({event.reason}))"
        victim.sent += victim.dialect.closing_bytes(reason)
        victim.gone = True
        self.decide(victim, Quit(reason))

    def audience(self, event: Any) -> set[int]:
        """Who is told, from the state before the event."""
        if event.recipients in (Recipients.ROOM, Recipients.VISIBLE):
            room = self.chat.room_named(event.room)
            if room is None:
                return set()
            hides = event.recipients is Recipients.VISIBLE
            return {
                person_id
                for person_id in room.member_blocks
                if not (hides and self.chat.hides_member(room, person_id, event.person.id))
            }
        if event.recipients is Recipients.PEERS:
            subject = event.person.id
            rooms = self.chat.rooms_with(subject)
            return {
                w
                for room in rooms
                for w in room.member_blocks
                if not self.chat.hides_member(room, w, subject)
            }
        if event.recipients is Recipients.PAIR:
            return {event.to.id}
        return set() if event.recipients is Recipients.NOBODY else set(event.to)

    def read_missed(self, peer: Peer, asked: ReadMissed) -> list[object]:
        me = self.chat.people[peer.id]
        found = [
            record
            for record in self.records
            if wants_autoreplay(self.chat, peer.id)
            and isinstance(record.event, SaidInPrivate)
            and within(record, asked.window)
            and me.account in (record.event.to.account, record.event.person.account)
        ]
        return [HistoryPage("", tuple(found), 0, asked.context)]

    def read_history(self, peer: Peer, asked: ReadHistory) -> list[object]:
        room = self.chat.room_named(asked.room)
        if room is None or peer.id not in room.member_blocks:
            return [HistoryUnreadable(asked.room, asked.context)]
        if asked.unasked and not wants_autoreplay(self.chat, peer.id):
            return [HistoryPage(room.name, (), 0, asked.context)]
        found = [
            record
            for record in self.records
            if (asked.events or isinstance(record.event, Said))
            and fold(getattr(record.event, "room", "")) == room.key
            and within(record, asked.window)
        ]
        page = part(found, asked.window)
        answer = HistoryPage(room.name, tuple(page), len(found) - len(page), asked.context)
        if asked.then is not None:
            (rest,) = self.read_history(peer, msgspec.structs.replace(asked, window=asked.then, then=None))
            assert isinstance(rest, HistoryPage)
            answer = msgspec.structs.replace(answer, records=answer.records + rest.records)
        return [answer]

    def redact(self, peer: Peer, asked: Redact) -> list[object]:
        me = self.chat.people[peer.id]
        wanted = asked.which
        found = next(
            (
                record
                for record in reversed(self.records)
                if isinstance(record.event, Said | SaidInPrivate)
                and (wanted.number is None or wanted.number == record.number)
                and (not wanted.name or fold(wanted.name) == record.event.person.key)
                and (not wanted.own or record.event.person.key == me.key)
            ),
            None,
        )
        return self.decide(peer, RedactResolved(wanted, found, asked.reason, asked.context))

    def read_targets(self, peer: Peer, asked: ReadTargets) -> list[object]:
        last: dict[str, int] = {}
        for record in self.records:
            if isinstance(record.event, Said):
                last[record.event.room] = record.time
        found = sorted((Target(name, time) for name, time in last.items()), key=lambda target: target.time)
        found = [one for one in found if asked.after_time < one.time < asked.before_time]
        page = found[-asked.limit :] if asked.newest else found[: asked.limit]
        return [TargetsView(tuple(page), asked.context)]

    def read_acts(self, peer: Peer, asked: ReadAudit) -> list[object]:
        if peer.id not in self.chat.server_operators:
            return [NotServerOperator()]
        found = [record for record in self.records if record.event.audited]
        return [AuditView(tuple(found[-asked.limit :]), asked.context)]

    def rename(self, peer: Peer, asked: RenameRoom) -> list[object]:
        taken = any(fold(getattr(one.event, "room", "")) == fold(asked.to) for one in self.records) and fold(
            asked.room
        ) != fold(asked.to)
        return self.decide(peer, RenameRoomResolved(asked.room, asked.to, asked.reason, taken))

    def find_messages(self, peer: Peer, asked: MessageCommand) -> list[object]:
        found = asked.resolve([self.find_message(which) for which in asked.wanted(self.chat)])
        return self.decide(peer, found) if isinstance(found, Command) else [found]

    def find_message(self, which: Which) -> FoundMessage:
        ids = Ids([(1, "e1")])
        room = self.chat.room_named(which.to)
        number = ids.number_of(which.name) if which.number is None else which.number
        for record in reversed(self.records):
            event = record.event
            if not isinstance(event, Said) or room is None or fold(event.room) != room.key:
                continue
            by_name = not which.name or fold(which.name) == event.person.key
            if record.number == number or (number is None and by_name):
                return FoundMessage(record, record.number, ids.id_of(record.number))
        return FoundMessage(None, number or 0, ids.id_of(number) if number else "")

    def get_edits(self, peer: Peer, asked: GetEdits) -> list[object]:
        found = self.find_message(asked.which)
        if found.record is None or not isinstance(found.record.event, Said):
            return [EditRefused(EditFault.UNKNOWN, asked.which.to, found.id)]
        told = [self.records[number - 1] for number in edits_of(found.record.event)]
        return [EditsView(asked.which.to, versions(found.record, told))]

    def react(self, peer: Peer, asked: React) -> list[object]:
        room = self.chat.room_named(asked.which.to)
        found = next(
            (
                record
                for record in reversed(self.records)
                if isinstance(record.event, Said | SaidInPrivate)
                and (asked.which.number in (None, record.number))
                and (room is None or fold(getattr(record.event, "room", "")) == room.key)
            ),
            None,
        )
        if found is None:
            if not asked.tags:
                return [NoSuchMessage(asked.which.to, asked.which.number)]
            return self.decide(peer, ReactUnresolved(asked.which.to, asked.tags))
        tags = asked.tags or (("+reply", f"e1-{found.number}"), ("+draft/react", asked.reaction))
        put = ReactResolved(asked.which.to, found, asked.reaction, asked.on, tags)
        return self.decide(peer, put)

    def reply(self, peer: Peer, asked: ReplyTo) -> list[object]:
        said = Say(asked.which.to, f"{asked.which.name}: {asked.text}")
        return self.decide(peer, said)

    def search(self, peer: Peer, asked: Search) -> list[object]:
        rooms = {room.key for room in self.chat.rooms_with(peer.id)}
        if asked.room[:1].isalpha():
            return [self.search_private(peer, asked)]
        if (asked.room and fold(asked.room) not in rooms) or not self.searchable:
            return [NotSearched(asked.room if self.searchable else "", asked.context)]
        rooms = {fold(asked.room)} if asked.room else rooms
        found = [
            record
            for record in self.records
            if isinstance(record.event, Said)
            and fold(record.event.room) in rooms
            and (not asked.name or record.event.person.key == fold(asked.name))
            and matches_terms(record.event.text, asked.terms)
            and within(record, asked.window)
        ]
        page = part(found, asked.window)
        reached = None if len(found) == len(page) else page[0 if asked.window.newest else -1].number
        return [SearchPage(tuple(page), reached, self.now, asked.context)]

    def search_private(self, peer: Peer, asked: Search) -> SearchPage:
        pair = {self.chat.people[peer.id].key, fold(asked.room)}
        found = [
            record
            for record in self.records
            if isinstance(record.event, SaidInPrivate)
            and {record.event.person.key, record.event.to.key} == pair
            and matches_terms(record.event.text, asked.terms)
        ]
        return SearchPage(tuple(found), None, self.now, asked.context)

    def claim(self, peer: Peer, asked: Oper) -> list[object]:
        if asked.name == "elsewhere":
            return [NotFromHere(asked.name)]
        right = OPERATORS.get(asked.name) if asked.name else CODE
        return self.decide(peer, GrantOper(asked.code == right, asked.name))

    def new_code(self, peer: Peer, asked: NewInviteCode) -> list[object]:
        made = MakeInviteCode(
            asked.room, code_digest(INVITE), asked.uses, asked.seconds, asked.role, INVITE, "http://x/#r"
        )
        return self.decide(peer, made)

    def reload(self, peer: Peer, _asked: Reload) -> list[object]:
        if peer.id not in self.chat.server_operators:
            return [NotServerOperator()]
        return [self.reloaded]

    def unlock(self, peer: Peer, asked: Unlock) -> list[object]:
        if asked.password == PASSWORD:
            return [Unlocked()]
        code = code_for(self.chat, asked.password, self.now)
        if isinstance(code, InviteCode):
            return [Unlocked(asked.password)]
        if asked.last:
            peer.gone = True
        reason = "" if code is CodeFault.WRONG else code.text
        return [WrongPassword(bool(asked.password), asked.last, reason=reason)]

    # What the server does for accounts, without counting.

    def right(self, account: str, password: str) -> bool:
        found = self.chat.accounts.get(fold(account))
        return found is not None and scram.is_password(scram.read_verifier(found.verifier), password)

    def name_of(self, peer: Peer) -> str:
        person = self.chat.people.get(peer.id)
        return "" if person is None else person.name

    def authenticate(self, peer: Peer, asked: Authenticate) -> list[object]:
        exchange = asked.exchange
        try:
            if asked.mechanism == "PLAIN":
                _, name, password = asked.data.decode().split("\0")
                return self.show(peer, LogInWithPassword(name, password, asked.context))
            if exchange is None:
                first = scram.begin(asked.data)
                found = self.chat.accounts[fold(first.name)]
                begun = scram.challenged(first, scram.read_verifier(found.verifier), "nonce")
                return [Challenge(begun.challenge.encode(), begun)]
            if isinstance(exchange, scram.Exchange):
                last = scram.proven(exchange, asked.data)
                name = exchange.first.name
                if last is None:
                    return self.decide(peer, LogInVerified(name, False, asked.context))
                return [Challenge(last, scram.Proven(name, exchange.known))]
        except ValueError as fault:
            refused = AccountFault.MALFORMED
            return [AccountRefused(refused, detail=str(fault), context=asked.context)]
        assert isinstance(exchange, scram.Proven)
        return self.decide(peer, LogInVerified(exchange.name, True, asked.context))

    def show(self, peer: Peer, asked: LogInWithPassword) -> list[object]:
        name, password = shown_password(self.chat, self.name_of(peer), asked)
        return self.decide(peer, LogInVerified(name, self.right(name, password), asked.context))

    def register(self, peer: Peer, asked: RegisterAccount) -> list[object]:
        name = asked.account or self.name_of(peer) or asked.name
        if len(asked.password) < 4:
            weak = AccountFault.WEAK
            return [AccountRefused(weak, name, context=asked.context)]
        verifier = self.verifier(asked.password)
        if verifier is None:
            return [AccountRefused(AccountFault.BAD_PASSWORD, name, context=asked.context)]
        return self.decide(peer, RegisterAccountVerified(name, verifier, asked.email, asked.context))

    def new_password(self, peer: Peer, asked: NewPassword) -> list[object]:
        verifier = self.verifier(asked.password)
        if verifier is None:
            return [AccountRefused(AccountFault.BAD_PASSWORD, context=asked.context)]
        return self.decide(peer, NewPasswordVerified("", verifier, asked.context))

    def verifier(self, password: str) -> str | None:
        try:
            return str(scram.verifier(password, b"salt" * 4, 4096))
        except scram.ScramFault:
            return None

    def drop(self, peer: Peer, asked: DropAccount) -> list[object]:
        name, password = shown_password(self.chat, self.chat.people[peer.id].account, asked)
        return self.decide(peer, DropAccountVerified(name, self.right(name, password), asked.context))

    def reclaim(self, peer: Peer, asked: Reclaim) -> list[object]:
        right = bool(asked.password) and self.right(asked.name, asked.password)
        return self.decide(peer, ReclaimVerified(asked.name, right, asked.take, asked.context))


_IO_HANDLERS: dict[type[Command], Callable[[Hub, Peer, Any], list[object]]] = {
    ReadHistory: Hub.read_history,
    ReadMissed: Hub.read_missed,
    ReadAudit: Hub.read_acts,
    GetEdits: Hub.get_edits,
    React: Hub.react,
    ReplyTo: Hub.reply,
    Redact: Hub.redact,
    ReadTargets: Hub.read_targets,
    RenameRoom: Hub.rename,
    Search: Hub.search,
    Oper: Hub.claim,
    Reload: Hub.reload,
    Unlock: Hub.unlock,
    Authenticate: Hub.authenticate,
    LogInWithPassword: Hub.show,
    AddCertificate: lambda hub, peer, asked: hub.decide(
        peer, AddCertificateVerified(asked.fingerprint or peer.tls or "", asked.context)
    ),
    RegisterAccount: Hub.register,
    NewPassword: Hub.new_password,
    DropAccount: Hub.drop,
    Reclaim: Hub.reclaim,
    JoinWithCode: lambda hub, peer, asked: hub.decide(peer, asked.join),
    NewInviteCode: Hub.new_code,
}
