"""A hub and sessions in memory: dialects around one ``core.Chat``, without sockets, log or clock.

Plays what the server does to a dialect: submits its commands, decides, applies, numbers the events, puts the
questions, opens the gates, hands out the outcome and tells the others, each in the order of the commands.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from asyncchat.core import commands, events, replies, scram
from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Reach, Record, together
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.core.searching import holds
from asyncchat.dialects.base import Dialect, ServerInfo

SENT: set[str] = set()
"""First words of lines that peers sent in this run of the tests."""

TOLD: set[str] = set()
"""Numerics that peers were told in it."""

_NUMERIC = re.compile(r"^(?:@[^ ]+ )?:[^ ]+ ([0-9]{3}) ", re.MULTILINE)

START = 1_700_000_000_000_000
CODE = "7KQ2-M9XD"
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


class Hub:
    """Decides for peers; ``tick`` microseconds pass with each command."""

    def __init__(self, tick: int = 1000) -> None:
        self.chat = Chat()
        self.records: list[Record] = []
        self.killed: list[Record] = []
        self.peers: dict[int, Peer] = {}
        self.reloaded: object = replies.Reloaded("chat.toml", ("motd", "password"), ("listen",))
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
                if isinstance(command, commands.Quit):
                    peer.sent += peer.dialect.closing_bytes("")
                    peer.gone = True
                    return
            asked = peer.dialect.receive_data(b"")

    def submit(self, peer: Peer, command: commands.Command) -> None:
        self.now += self.tick
        if isinstance(command, commands.Enter):
            command = msgspec.structs.replace(command, address=peer.address)
        if isinstance(command, commands.Answer):
            peer.sent += peer.dialect.encode_outcome((command.value,))
            return
        gate = _GATES.get(type(command))
        if gate is not None:
            assert peer.dialect.awaits(command), "a dialect waits for a gate"
            outcome = gate(self, peer, command)
        else:
            outcome = self.decide(peer, command)
        peer.sent += peer.dialect.encode_outcome(outcome)
        killed, self.killed = self.killed, []
        for record in killed:
            self.end(peer, record)

    def decide(self, peer: Peer, command: commands.Command) -> list[object]:
        """The outcome of a command; the others are told of its events at once."""
        if isinstance(command, commands.Say) and peer.id in self.chat.people:
            self.chat.spoke[peer.id] = self.now
        outcome: list[object] = []
        told: dict[int, set[int]] = {}
        self.gather(peer, command, outcome, told)
        for item in together(outcome):
            if isinstance(item, Record):
                renamed = isinstance(item.event, events.RoomRenamed)
                if isinstance(item.event, events.HostChanged) and item.event.now.id != peer.id:
                    subject = self.peers[item.event.now.id]
                    subject.sent += subject.dialect.encode_outcome((item,))
                for other in told[item.number] - {peer.id}:
                    dialect = self.peers[other].dialect
                    self.peers[other].sent += (
                        dialect.encode_rename(outcome) if renamed else dialect.encoder.encode(item)
                    )
        return outcome

    def gather(
        self, peer: Peer, command: commands.Command, outcome: list[object], told: dict[int, set[int]]
    ) -> None:
        """Puts what becomes of a command at the end of the outcome, and notes who is told of which event."""
        for item in self.chat.decide(peer.id, command, self.now):
            if isinstance(item, Event):
                record = Record(len(self.records) + 1, self.now, item)
                self.records.append(record)
                told[record.number] = self.audience(item)
                self.chat.apply(item)
                outcome.append(record)
                if isinstance(item, events.Killed):
                    self.killed.append(record)
            elif isinstance(item, commands.Question):
                outcome.append(self.chat.answer(peer.id, item))
            elif isinstance(item, commands.Answer):
                outcome.append(item.value)
            elif isinstance(item, commands.Command):
                self.gather(peer, item, outcome, told)
            elif not (isinstance(item, replies.Refusal) and item in outcome):
                outcome.append(item)

    def end(self, by: Peer, record: Record) -> None:
        """Ends the session of who was killed, as delivery does."""
        event = record.event
        assert isinstance(event, events.Killed)
        victim = self.peers[event.person.id]
        if victim is not by:
            victim.sent += victim.dialect.encoder.encode(record)
        reason = f"Killed ({event.by.name} ({event.reason}))"
        victim.sent += victim.dialect.closing_bytes(reason)
        victim.gone = True
        self.decide(victim, commands.Quit(reason))

    def audience(self, event: Any) -> set[int]:
        """Who is told, from the state before the event."""
        if event.reach is Reach.ROOM:
            room = self.chat.room_named(event.room)
            if room is None:
                return set()
            if isinstance(event, events.Joined | events.Parted | events.Kicked):
                return {who for who in room.seats if not self.chat.veils(room, who, event.person.id)}
            return set(room.seats)
        if event.reach is Reach.PEERS:
            subject = event.person.id
            rooms = self.chat.rooms_with(subject)
            return {w for room in rooms for w in room.seats if not self.chat.veils(room, w, subject)}
        if event.reach is Reach.SOME:
            return set(event.to)
        return {event.to.id} if event.reach is Reach.PAIR else set()

    def read_missed(self, peer: Peer, asked: commands.ReadMissed) -> list[object]:
        me = self.chat.people[peer.id]
        found = [
            record
            for record in self.records[: asked.before - 1]
            if isinstance(record.event, events.Whispered)
            and record.time > asked.after_time
            and me.account in (record.event.to.account, record.event.person.account)
        ]
        return [replies.HistoryPage("", tuple(found), 0, asked.purpose)]

    def read_history(self, peer: Peer, asked: commands.ReadHistory) -> list[object]:
        room = self.chat.room_named(asked.room)
        if room is None or peer.id not in room.seats:
            return [replies.HistoryUnreadable(asked.room, asked.purpose)]
        found = [
            record
            for record in self.records
            if isinstance(record.event, events.Said)
            and fold(record.event.room) == room.key
            and (asked.after is None or record.number > asked.after)
            and (asked.before is None or record.number < asked.before)
            and (asked.after_time is None or record.time > asked.after_time)
            and (asked.before_time is None or record.time < asked.before_time)
        ]
        newest = asked.end is commands.Direction.NEWEST
        page = found[-asked.limit :] if newest else found[: asked.limit]
        answer = replies.HistoryPage(room.name, tuple(page), len(found) - len(page), asked.purpose)
        if asked.then is not None:
            (rest,) = self.read_history(peer, asked.then)
            assert isinstance(rest, replies.HistoryPage)
            answer = msgspec.structs.replace(answer, records=answer.records + rest.records)
        return [answer]

    def redact(self, peer: Peer, asked: commands.Redact) -> list[object]:
        me = self.chat.people[peer.id]
        wanted = asked.which
        found = next(
            (
                record
                for record in reversed(self.records)
                if isinstance(record.event, events.Said | events.Whispered)
                and (wanted.number is None or wanted.number == record.number)
                and (not wanted.name or fold(wanted.name) == record.event.person.key)
                and (not wanted.own or record.event.person.key == me.key)
            ),
            None,
        )
        return self.decide(peer, commands.TakeBack(wanted, found, asked.reason, asked.purpose))

    def read_targets(self, peer: Peer, asked: commands.ReadTargets) -> list[object]:
        last: dict[str, int] = {}
        for record in self.records:
            if isinstance(record.event, events.Said):
                last[record.event.room] = record.time
        found = sorted(
            (replies.Target(name, time) for name, time in last.items()), key=lambda target: target.time
        )
        found = [one for one in found if asked.after_time < one.time < asked.before_time]
        page = found[-asked.limit :] if asked.newest else found[: asked.limit]
        return [replies.TargetsView(tuple(page), asked.purpose)]

    def read_acts(self, peer: Peer, asked: commands.ReadActs) -> list[object]:
        if peer.id not in self.chat.owners:
            return [replies.NotServerOperator()]
        found = [record for record in self.records if isinstance(record.event, events.ACTS)]
        return [replies.ActsView(tuple(found[-asked.limit :]), asked.purpose)]

    def react(self, peer: Peer, asked: commands.React) -> list[object]:
        room = self.chat.room_named(asked.which.to)
        found = next(
            (
                record
                for record in reversed(self.records)
                if isinstance(record.event, events.Said | events.Whispered)
                and (asked.which.number in (None, record.number))
                and (room is None or fold(getattr(record.event, "room", "")) == room.key)
            ),
            None,
        )
        if found is None:
            if not asked.tags:
                return [replies.NoSuchMessage(asked.which.to, asked.which.number)]
            return self.decide(peer, commands.PassOn(asked.which.to, asked.tags))
        tags = asked.tags or (("+reply", f"e1-{found.number}"), ("+draft/react", asked.reaction))
        put = commands.PutReaction(asked.which.to, found, asked.reaction, asked.on, tags)
        return self.decide(peer, put)

    def reply(self, peer: Peer, asked: commands.Reply) -> list[object]:
        said = commands.Say(asked.which.to, f"{asked.which.name}: {asked.text}")
        return self.decide(peer, said)

    def search(self, peer: Peer, asked: commands.Search) -> list[object]:
        rooms = {room.key for room in self.chat.rooms_with(peer.id)}
        if asked.room[:1].isalpha():
            return [self.search_private(peer, asked)]
        if (asked.room and fold(asked.room) not in rooms) or not self.searchable:
            return [replies.NotSearched(asked.room if self.searchable else "", asked.purpose)]
        rooms = {fold(asked.room)} if asked.room else rooms
        found = [
            record
            for record in self.records
            if isinstance(record.event, events.Said)
            and fold(record.event.room) in rooms
            and (not asked.name or record.event.person.key == fold(asked.name))
            and holds(record.event.text, asked.terms)
            and (asked.before is None or record.number < asked.before)
            and (asked.after_time is None or record.time > asked.after_time)
            and (asked.before_time is None or record.time < asked.before_time)
        ]
        newest = asked.end is commands.Direction.NEWEST
        page = found[-asked.limit :] if newest else found[: asked.limit]
        reached = None if len(found) == len(page) else page[0 if newest else -1].number
        return [replies.SearchPage(tuple(page), reached, self.now, asked.purpose)]

    def search_private(self, peer: Peer, asked: commands.Search) -> replies.SearchPage:
        pair = {self.chat.people[peer.id].key, fold(asked.room)}
        found = [
            record
            for record in self.records
            if isinstance(record.event, events.Whispered)
            and {record.event.person.key, record.event.to.key} == pair
            and holds(record.event.text, asked.terms)
        ]
        return replies.SearchPage(tuple(found), None, self.now, asked.purpose)

    def claim(self, peer: Peer, asked: commands.Owner) -> list[object]:
        if asked.name == "elsewhere":
            return [replies.NotFromHere(asked.name)]
        right = OPERATORS.get(asked.name) if asked.name else CODE
        return self.decide(peer, commands.ClaimOwner(asked.code == right, asked.name))

    def reload(self, peer: Peer, _asked: commands.Reload) -> list[object]:
        if peer.id not in self.chat.owners:
            return [replies.NotServerOperator()]
        return [self.reloaded]

    def unlock(self, peer: Peer, asked: commands.Unlock) -> list[object]:
        if asked.password == PASSWORD:
            return [replies.Unlocked()]
        if asked.last:
            peer.gone = True
        return [replies.WrongPassword(bool(asked.password), asked.last)]

    # What the server does for accounts, without counting.

    def right(self, account: str, password: str) -> bool:
        found = self.chat.accounts.get(fold(account))
        return found is not None and scram.is_password(scram.read_verifier(found.verifier), password)

    def name_of(self, peer: Peer) -> str:
        person = self.chat.people.get(peer.id)
        return "" if person is None else person.name

    def authenticate(self, peer: Peer, asked: commands.Authenticate) -> list[object]:
        exchange = asked.exchange
        try:
            if asked.mechanism == "PLAIN":
                _, name, password = asked.data.decode().split("\0")
                return self.show(peer, commands.ShowPassword(name, password, asked.purpose))
            if exchange is None:
                first = scram.begin(asked.data)
                found = self.chat.accounts[fold(first.name)]
                begun = scram.challenged(first, scram.read_verifier(found.verifier), "nonce")
                return [replies.Challenge(begun.challenge.encode(), begun)]
            if isinstance(exchange, scram.Exchange):
                last = scram.proven(exchange, asked.data)
                name = exchange.first.name
                if last is None:
                    return self.decide(peer, commands.LogIn(name, False, asked.purpose))
                return [replies.Challenge(last, scram.Proven(name, exchange.known))]
        except ValueError as fault:
            refused = replies.AccountFault.MALFORMED
            return [replies.AccountRefused(refused, detail=str(fault), purpose=asked.purpose)]
        assert isinstance(exchange, scram.Proven)
        return self.decide(peer, commands.LogIn(exchange.name, True, asked.purpose))

    def show(self, peer: Peer, asked: commands.ShowPassword) -> list[object]:
        name = asked.account or self.name_of(peer)
        return self.decide(peer, commands.LogIn(name, self.right(name, asked.password), asked.purpose))

    def register(self, peer: Peer, asked: commands.Register) -> list[object]:
        name = asked.account or self.name_of(peer) or asked.name
        if len(asked.password) < 4:
            weak = replies.AccountFault.WEAK
            return [replies.AccountRefused(weak, name, purpose=asked.purpose)]
        verifier = str(scram.verifier(asked.password, b"salt" * 4, 4096))
        return self.decide(peer, commands.MakeAccount(name, verifier, asked.email, asked.purpose))

    def new_password(self, peer: Peer, asked: commands.NewPassword) -> list[object]:
        verifier = str(scram.verifier(asked.password, b"salt" * 4, 4096))
        return self.decide(peer, commands.ChangePassword("", verifier, asked.purpose))

    def drop(self, peer: Peer, asked: commands.DropAccount) -> list[object]:
        name = asked.account or self.chat.people[peer.id].account
        right = self.right(name, asked.password)
        return self.decide(peer, commands.RemoveAccount(asked.account, right, asked.purpose))

    def reclaim(self, peer: Peer, asked: commands.Reclaim) -> list[object]:
        right = bool(asked.password) and self.right(asked.name, asked.password)
        return self.decide(peer, commands.Release(asked.name, right, asked.take, asked.purpose))


_GATES: dict[type[commands.Command], Callable[[Hub, Peer, Any], list[object]]] = {
    commands.ReadHistory: Hub.read_history,
    commands.ReadMissed: Hub.read_missed,
    commands.ReadActs: Hub.read_acts,
    commands.React: Hub.react,
    commands.Reply: Hub.reply,
    commands.Redact: Hub.redact,
    commands.ReadTargets: Hub.read_targets,
    commands.Search: Hub.search,
    commands.Owner: Hub.claim,
    commands.Reload: Hub.reload,
    commands.Unlock: Hub.unlock,
    commands.Authenticate: Hub.authenticate,
    commands.ShowPassword: Hub.show,
    commands.Register: Hub.register,
    commands.NewPassword: Hub.new_password,
    commands.DropAccount: Hub.drop,
    commands.Reclaim: Hub.reclaim,
}
