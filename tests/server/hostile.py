"""A crowd that sends anything: lines of the whole tables, torn, labelled, in batches, by many at once.

What must hold all the while: nobody waits for ever, nothing is a bug of asyncchat, every label is answered
once, lines keep their limits, who is told is who is there, and a replay gives the state. To run it for long:
``python -m tests.server.hostile FIRST LAST STEPS``; with ``hall`` at the end, a few people are busy with one
room that hides its members.
"""

import asyncio
import base64
import logging
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import uvloop

from asyncchat.config.options import ServeConfig
from asyncchat.core.chat import Chat
from asyncchat.core.features.invites import Invites
from asyncchat.core.features.monitor import Monitor
from asyncchat.core.features.read_markers import ReadMarkers
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.names import fold
from asyncchat.dialects.irc.capabilities import CAPABILITIES
from asyncchat.dialects.irc.registry import COMMANDS
from asyncchat.log.memory import MemoryLog
from asyncchat.server import addresses, auth
from asyncchat.server.addresses import Address
from asyncchat.server.recipients import Absent
from asyncchat.server.server import Server
from asyncchat.server.server_passwords import OwnerCode
from asyncchat.text.slash import COMMANDS as TYPED
from tests.server.harness import CODE, PATIENCE

SECRET = "hunter2secret"  # noqa: S105
"""The password of every account here; nothing may show it."""

NAMES = [
    "anna", "ANNA", "bob", "zoe", "Иван", "иван", "x" * 30, "раul", "NickServ", "a,b", "*", "0", ":x",
]  # fmt: skip
ROOMS = [
    "#lobby", "#tea", "#Tea", "#класс", "#beer", "#a b", "#", " ", "&x", "#new1", "0", "*", "@#tea", "#a,#b",
]  # fmt: skip
HALL_NAMES = ["anna", "bob", "zoe", "ivan"]
HALLS = ["#tea", "#Tea", "#beer"]
TEXTS = [
    "hi", "", "x" * 400, "\x01ACTION waves\x01", "\x03red", "ы" * 150, "\u202e bidi", "a\u0300" * 100, " :: ",
    "<script>", "HELP",
]  # fmt: skip
ODDS = ["*", "+", "-", "1", "-1", "9" * 30, "LATEST", "*!*@*", "%tcuhinaorlfd,42", "5m", "", "REGISTER"]
MODES = [
    "+i", "-i", "+m", "+u", "-u", "+s", "-s", "+k key", "-k *", "+l 3", "+b *!*@*", "-b *!*@*", "+b m:*!*@*",
    "+f #beer", "+W 5", "+q anna", "+o bob", "-o bob", "+h zoe", "+v anna", "+R", "+M", "+Z",
    "+ovh anna bob zoe",
    "-u+u", "+U", "+b",
]  # fmt: skip
TORN = [
    b"\x00\x01", b"\xff\xfe JOIN", b"@", b"@ ", b":", b": ", b" ", b"@label= PING", b"@label=\xff PING x",
    b"@" + b"a=b;" * 1500 + b" PING x", b"PRIVMSG #tea :" + b"y" * 600, b"PRIVMSG #tea :\xd0",
    b"JOIN " + b"#r," * 150, b"JOIN " + b",".join(b"#r%d" % n for n in range(60)),
    b"@label=" + b"z" * 65 + b" PING x",
    b"@batch=a;draft/multiline-concat PRIVMSG #tea :y", b"@batch=a PRIVMSG #lobby :y",
]  # fmt: skip


class Lines:
    """Makes command lines."""

    people = 8

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.ids = ["1-1"]

    def __call__(self) -> str:
        pick = self.chance.choice
        name, room, text, odd = pick(NAMES), pick(ROOMS), pick(TEXTS), pick(ODDS)
        where, id = pick((name, room)), pick(self.ids)
        point = pick(("*", f"msgid={id}", "timestamp=2026-01-01T00:00:00.000Z", odd))
        plain = base64.b64encode(f"\0{name}\0{SECRET}".encode()).decode()
        negotiated = " ".join(pick(("", "-")) + one.name for one in self.chance.sample(CAPABILITIES, 3))
        steps = ("PLAIN", "SCRAM-SHA-256", "+", "*", plain)
        more = (pick((name, room, odd)) for _ in range(self.chance.randrange(4)))
        service = pick(
            (
                f"REGISTER {SECRET}", f"IDENTIFY {SECRET}", f"IDENTIFY anna {SECRET}",
                f"GHOST {name} {SECRET}",
                f"REGAIN {name} {SECRET}", f"INFO {name}", "LOGOUT", f"DROP {SECRET}", f"DROP anna {SECRET}",
                f"SET PASSWORD {SECRET}", "SET ALWAYSON ON", "SET ALWAYSON OFF", "HELP", odd,
            )
        )  # fmt: skip
        return pick(
            (
                f"PRIVMSG {where} :{text}", f"PRIVMSG {room} :{text}", f"NOTICE {room},{name} :{text}",
                f"JOIN {room}", f"JOIN {room} key", f"PART {room} :{text}", "JOIN 0", f"NICK {name}",
                f"MODE {room} {pick(MODES)}", f"MODE {room} {pick(MODES)}", f"MODE {name} +iwBR-x",
                f"KICK {room} {name} :{text}", f"TOPIC {room} :{text}", f"NAMES {room}", "LIST",
                f"WHO {room} {odd}",
                f"WHOIS {name}", f"INVITE {name} {room}", f"KNOCK {room}",
                f"RENAME {room} {pick(ROOMS)} :{text}",
                f"REDACT {where} {id} :{text}", f"CHATHISTORY LATEST {where} {point} 50",
                f"CHATHISTORY TARGETS {point} {point} 10", f"MARKREAD {where} {point}",
                f"HISTORY {where} {odd}",
                f"SEARCH in={room};text=hi", f"MONITOR {pick('+-LCS')} {name}", f"AWAY :{text}",
                f"SETNAME :{text}",
                f"OPER owner {CODE}", f"KILL {name} :{text}", f"WALLOPS :{text}",
                f"PRIVMSG NickServ :{service}",
                f"NS {service}", f"CS {pick(('REGISTER', 'DROP', 'INFO', 'OP'))} {room} {name}",
                f"REGISTER {name} * {SECRET}", f"AUTHENTICATE {pick(steps)}",
                f"CAP REQ :{negotiated}", "CAP END", f"BATCH +{pick('ab')} draft/multiline {where}",
                f"BATCH -{pick('ab')}", f"@+draft/react=x;+draft/reply={id} TAGMSG {where}",
                f"@+reply={id} PRIVMSG {where} :{text}", f"TBAN {room} {odd} {name}",
                " ".join((pick(list(COMMANDS)), *more)),
            )
        )  # fmt: skip

    def typed(self) -> str:
        """A line of somebody at a terminal."""
        pick = self.chance.choice
        if self.chance.random() < 0.3:
            return pick(TEXTS)
        if self.chance.random() < 0.1:
            return pick(
                (
                    f"/register {SECRET}",
                    f"/login {SECRET}",
                    f"/login anna {SECRET}",
                    f"/unregister {SECRET}",
                    "/stay on",
                )
            )
        word = pick([word for word in TYPED if word not in ("quit", "exit")])
        return " ".join(
            (f"/{word}", *(pick((*NAMES, *ROOMS, *ODDS)) for _ in range(self.chance.randrange(4))))
        )


class HallLines(Lines):
    """Makes lines about one room, which hides its members and shows them again, by a few people."""

    people = 4

    def __call__(self) -> str:
        pick = self.chance.choice
        name, other, hall = pick(HALL_NAMES), pick(HALL_NAMES), pick(HALLS)
        role = f"{pick('+-')}{pick('ohv')} {other}"
        return pick(
            (
                f"JOIN {hall}", f"JOIN {hall}", f"JOIN {hall}", f"PART {hall}", f"NICK {name}",
                f"MODE {hall} +u", f"MODE {hall} -u", f"MODE {hall} {pick(('+', '-'))}u{role}",
                f"MODE {hall} -u+u", f"MODE {hall} +ub x!*@*", f"MODE {hall} -uk *", f"MODE {hall} {role}",
                f"MODE {hall} {role}", f"MODE {hall} {role[0]}i{role[1]}b {other} x!*@*",
                f"KICK {hall} {other}", f"RENAME {hall} {pick(HALLS)}", f"NAMES {hall}", f"WHO {hall}",
                f"PRIVMSG {hall} :hi", "AWAY :gone", "AWAY", "QUIT", f"OPER owner {CODE}",
                f"MODE {name} -o", f"NS REGISTER {SECRET}", f"NS IDENTIFY {name} {SECRET}", "NS LOGOUT",
                f"NS GHOST {other} {SECRET}", f"NS REGAIN {other} {SECRET}", "NS SET ALWAYSON ON",
                f"NS DROP {SECRET}", f"CS REGISTER {hall}", f"CS DROP {hall}", f"CS OP {hall} {other}",
                f"KILL {other} :out", "JOIN 0", f"CHGHOST {other} u h{self.chance.randrange(9)}",
            )
        )  # fmt: skip

    def typed(self) -> str:
        """The same at a terminal."""
        pick = self.chance.choice
        name, hall = pick(HALL_NAMES), pick(HALLS)
        return pick(
            (
                f"/join {hall}",
                f"/part {hall}",
                f"/op {hall} {name}",
                f"/login {SECRET}",
                f"/nick {name}",
                "hi",
            )
        )


class Peer:
    """One of the crowd."""

    def __init__(self, crowd: "Crowd", number: int) -> None:
        self.crowd = crowd
        self.number = number
        self.irc = crowd.chance.random() < 0.8
        self.labelled = False
        self.labels: set[str] = set()
        self.told: list[bytes] = []
        self.gone = False

    async def come(self) -> None:
        self.server = self.crowd.chance.choice(self.crowd.servers)
        port = self.server.listeners.addresses[0].port
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        self.reading = asyncio.create_task(self._read())
        pick = self.crowd.chance.choice
        name = pick(NAMES[:6])
        if not self.irc:
            self.writer.write(f"{name}{pick(('', self.number))}\n".encode())
            return
        self.labelled = pick((True, False))
        held = [
            one.name for one in CAPABILITIES if one.requestable and (self.labelled or pick((True, False)))
        ]
        plain = base64.b64encode(f"\0{name}\0{SECRET}".encode()).decode()
        login = pick(("", f"AUTHENTICATE PLAIN\r\nAUTHENTICATE {plain}\r\n"))
        self.writer.write(
            f"CAP REQ :{' '.join(held[::2])}\r\nCAP REQ :{' '.join(held[1::2])}\r\n"  # one line is too short
            f"NICK {name}\r\nUSER u 0 * :real\r\n{login}CAP END\r\n"
            f"{'' if login else f'NICK u{self.number}'}\r\nJOIN #lobby,#tea\r\n".encode()
        )

    def send(self) -> None:
        """Says something."""
        chance, lines = self.crowd.chance, self.crowd.lines
        said = b""
        for _ in range(chance.choice((1, 1, 2, 5))):
            if not self.irc:
                raw = lines.typed().encode()
            elif chance.random() < 0.06:
                raw = chance.choice(TORN)
            else:
                raw = lines().encode()[:500]
                if raw.startswith(b"CAP "):  # labels may end by it
                    self.labelled = False
                    self.labels.clear()
                tag = b"batch=a" if chance.random() < 0.1 else b""
                if not tag and self.labelled and chance.random() < 0.4:
                    label = f"L{self.crowd.count()}"
                    self.labels.add(label)
                    tag = f"label={label}".encode()
                if tag:
                    raw = b"@%b;%b" % (tag, raw[1:]) if raw[:1] == b"@" else b"@%b %b" % (tag, raw)
            said += raw + (b"\r\n" if self.irc else b"\n")
        cut = chance.randrange(len(said))
        self.write(said[:cut])
        self.write(said[cut:])

    def write(self, data: bytes) -> None:
        """Writes, to who is still there."""
        if not self.gone and not self.writer.transport.is_closing():
            self.writer.write(data)

    def ask(self, token: str) -> None:
        """Asks for a sign of life."""
        self.told.clear()
        self.write((f"PING {token}\r\n" if self.irc else f"/{token}\n").encode())

    def has(self, token: str) -> bool:
        """Whether it came; who is asked for a name at a terminal, or for a password, gets none."""
        told = b"\n".join(self.told)
        return self.gone or token.encode() in told or (not self.irc and told.endswith((b": ", b":")))

    async def _read(self) -> None:
        unread = b""
        try:
            while data := await self.reader.read(65536):
                *lines, unread = (unread + data).split(b"\n")
                for line in lines:
                    self._hear(line)
                if not self.irc and unread:
                    self.told.append(unread)
                self.crowd.heard.set()
        except OSError:  # it was aborted
            self.told.clear()
        finally:
            self.gone = True
            self.crowd.heard.set()

    def _hear(self, line: bytes) -> None:
        self.told.append(line)
        if not self.irc:
            return
        line = line.removesuffix(b"\r")
        line.decode()
        assert line, "an empty line"
        assert b"\0" not in line, line
        assert b"\r" not in line, line
        tags, _, body = line.partition(b" ") if line[:1] == b"@" else (b"", b"", line)
        assert len(body) <= 510, line
        stated = dict(tag.partition(b"=")[::2] for tag in tags[1:].split(b";") if tag)
        if b"msgid" in stated:
            self.crowd.lines.ids = [*self.crowd.lines.ids[-40:], stated[b"msgid"].decode()]
        label = stated.get(b"label", b"").decode()
        if label.startswith("L") and self.labelled:
            assert label in self.labels, f"{label} is answered twice"
            self.labels.remove(label)


class Crowd:
    """Many of them, and the server that they come to."""

    def __init__(self, seed: int, lines: type[Lines] = Lines) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.lines = lines(self.chance)
        self.heard = asyncio.Event()
        self.peers: list[Peer] = []
        self.facts: list[Any] = []
        self._count = 0
        self.servers: list[Server] = []
        """One; more where they are the nodes of a cluster."""
        self._serving: list[asyncio.Task[None]] = []

    def count(self) -> int:
        """A number that nobody had yet."""
        self._count += 1
        return self._count

    async def riot(self, steps: int) -> None:
        """Comes, talks, and looks whether all is well."""
        log = MemoryLog()
        server = Server(
            ServeConfig(port=0, db=":memory:", limits=False, before_connect=True), log, OwnerCode(CODE)
        )
        keep = log.append

        async def append(expected: int, records: Any) -> None:
            self.facts += [record.event for record in records]
            await keep(expected, records)

        log.append = append  # type: ignore[method-assign,assignment]
        await self.talk(steps, self.serve(server))
        assert Chat.replay(self.facts).state() == server.hub.chat.state()

    async def serve(self, server: Server) -> None:
        """Starts a server, or one more."""
        address = Address("127.0.0.1", 0)
        await server.start([(address, addresses.open_listener(address))])
        self.servers.append(server)
        self._serving.append(asyncio.create_task(server.run()))

    async def talk(self, steps: int, start: Awaitable[None]) -> None:
        """Starts the servers, has the crowd come and talk, and ends all."""
        try:
            await start
            for step in range(steps):
                await self._step()
                if step % 20 == 19:
                    await self._settle()
                    self.look()
        finally:
            for server in self.servers[::-1]:
                await server.stop("over")
            for task in self._serving:
                task.cancel()
            for peer in self.peers:
                peer.writer.transport.abort()
            reading = [peer.reading for peer in self.peers]
            await asyncio.gather(*self._serving, *reading, return_exceptions=True)

    async def _step(self) -> None:
        for peer in self.peers:
            if peer.gone:
                peer.writer.close()
                peer.reading.result()
        self.peers = [peer for peer in self.peers if not peer.gone]
        while len(self.peers) < self.lines.people:
            self.peers.append(Peer(self, self.count()))
            await self.peers[-1].come()
        peer = self.chance.choice(self.peers)
        if self.chance.random() < 0.04:
            peer.writer.transport.abort()
        else:
            peer.send()
        await asyncio.sleep(0)

    async def _settle(self) -> None:
        token = f"settled{self.count()}"
        for peer in self.peers:
            peer.ask(token)
        async with asyncio.timeout(PATIENCE):
            while not all(peer.has(token) for peer in self.peers):
                self.heard.clear()
                await self.heard.wait()
        for peer in self.peers:
            sessions = peer.server.context.sessions
            session = next((one for one in sessions if one.id == self._session_of(peer)), None)
            batches = getattr(session and session.dialect, "client_batches", None)
            opened = batches and batches.open
            left = peer.labels - ({opened.label} if opened else set())
            assert peer.gone or not peer.labelled or not left, f"{left} is not answered"
        await self.decided()
        for server in self.servers:
            while server.outbox.waiting:
                await server.outbox.emptied()

    async def decided(self) -> None:
        """Waits until all servers know what was asked."""

    def _session_of(self, peer: Peer) -> int:
        own = peer.writer.get_extra_info("sockname")
        sessions = peer.server.context.sessions
        found = [one.id for one in sessions if one._writer.get_extra_info("peername") == own]
        return found[0] if found else 0

    def look(self) -> None:
        """Looks whether all is as it should be."""
        for server in self.servers:
            if not server.outbox.waiting and not server.outbox._busy:  # else somebody left meanwhile
                self._look_at(server)

    def _look_at(self, server: Server) -> None:
        """Who is told is who is there."""
        chat, delivery = server.hub.chat, server.delivery
        assert set(delivery.presence.first) == set(chat.people)
        assert delivery.presence.operators == chat.server_operators
        for person_id in chat.people:
            ids = (
                []
                if person_id in chat.sessions.offline_since
                else list(chat.sessions.several.get(person_id, (person_id,)))
            )
            present: list[Any] = list(delivery.presence.recipients_of(person_id))
            told = [one.id for one in present if not isinstance(one, Absent)]
            assert sorted(told) == sorted(ids), (person_id, person_id in chat.sessions.offline_since)
        for key, room in chat.rooms.items():
            subscribers = delivery._rooms.get(key)
            members = set() if subscribers is None else set(subscribers.members.values())
            assert members == {
                one for person_id in room.member_blocks for one in delivery.presence.recipients_of(person_id)
            }, key
            if subscribers is not None:
                assert subscribers.hides_members == (AUDITORIUM in room.flags), key
                shown, given = +_counted(subscribers.roles), +_counted(room.roles)
                assert shown == given, (key, shown, given, room.member_blocks, subscribers.members)
        assert not [
            name for name, one in delivery._rooms.items() if fold(name) not in chat.rooms and one.members
        ]
        kept: list[Iterable[int]] = [
            chat.server_operators,
            chat.people.away,
            chat.rooms.joined,
            Invites.of(chat).rooms,
            Invites.of(chat).knocks,
        ]
        kept += [
            chat.people.flags,
            {person for watchers in Monitor.of(chat).watchers.values() for person in watchers.values()},
            ReadMarkers.of(chat).guests,
            chat.people.last_spoke,
            chat.people.since,
        ]
        assert set().union(*kept) <= set(chat.people)


def _counted(roles: dict[int, int]) -> Counter[int]:
    return Counter(roles)


class Complaints(logging.Handler):
    """What the log must not have: bugs, and the secret."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        if record.exc_info or "bug of asyncchat" in text or SECRET in text:
            self.found.append(text)


def riot(
    seed: int, steps: int, lines: type[Lines] = Lines, kind: Callable[[int, type[Lines]], Crowd] = Crowd
) -> None:
    """Runs one crowd; what is wrong is raised."""
    complaints = Complaints()
    logger = logging.getLogger("asyncchat")
    level = logger.level
    logger.addHandler(complaints)
    logger.setLevel(logging.DEBUG)
    crowd: Crowd | None = None

    async def run() -> None:
        nonlocal crowd
        crowd = kind(seed, lines)
        await crowd.riot(steps)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
    finally:
        logger.removeHandler(complaints)
        logger.setLevel(level)
        assert not complaints.found, complaints.found
    assert crowd is not None
    assert SECRET not in repr(crowd.facts)


if __name__ == "__main__":
    vars(auth)["WRONG_SECONDS"] = 0.0
    first, last, length = map(int, sys.argv[1:4])
    for number in range(first, last):
        riot(number, length, HallLines if sys.argv[4:] == ["hall"] else Lines)
        sys.stdout.write(f"{number} is well\n")
        sys.stdout.flush()
