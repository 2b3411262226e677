"""How others' events are told in IRC: the bytes of an event, once for all with the same capabilities.

Owns the line of each kind of event. ``CapabilityEncoder.encode`` is on the hottest path of the program: a
message to a room is three byte strings joined, two of them remembered.
"""

from collections.abc import Callable
from typing import Any, Final

from asyncchat.core import events
from asyncchat.core.events import AnyEvent, Record, Said, Speech, Together
from asyncchat.core.ids import Ids
from asyncchat.core.people import Person
from asyncchat.core.roles import ROLES
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.batches import CONCAT
from asyncchat.dialects.irc.batches import MULTILINE as MULTILINE_BATCH
from asyncchat.dialects.irc.capabilities import (
    ACCOUNT_NOTIFY,
    ACCOUNT_TAG,
    AWAY_NOTIFY,
    CHGHOST,
    EXTENDED_JOIN,
    EXTENDED_MONITOR,
    INVITE_NOTIFY,
    MESSAGE_REDACTION,
    MESSAGE_TAGS,
    METADATA,
    MULTILINE,
    OPER_TAG,
    READ_MARKER,
    SERVER_TIME,
    SETNAME,
)
from asyncchat.dialects.irc.metadata_lines import metadata_line
from asyncchat.dialects.irc.mode_lines import CHANGES, mode_lines
from asyncchat.dialects.irc.modes import PREFIXES, ROLE_LETTERS
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.speech import batch_lines, said_lines
from asyncchat.dialects.irc.timestamps import timestamp
from asyncchat.dialects.irc.tokens import LINE_BYTES, format_tags

_OPER: Final = "draft/oper"
"""The tag of what an operator of the server does (IRCv3 oper-tag), without saying which one."""

MOST_REMEMBERED: Final = 20_000
"""Heads of lines that are remembered: one for each who speaks, some 150 bytes; then it begins anew."""


class Heads:
    """What lines begin with and whom they go to, as bytes: the same for all encoders, which share them."""

    __slots__ = ("origins", "targets")

    def __init__(self) -> None:
        self.origins: dict[str, bytes] = {}
        self.targets: dict[str, bytes] = {}


_Signal = events.Signalled | events.SignalledTo | events.SignalledToRole | events.Reacted | events.ReactedTo


class CapabilityEncoder:
    """The bytes of others' events for sessions with one set of capabilities.

    Args:
        source: the server's name, for what it says itself.
        ids: gives the msgid.
        caps: the capabilities, of which those that change bytes count.
        heads: those that others have made already.
    """

    __slots__ = (
        "__weakref__",
        "_caps",
        "_heads",
        "_ids",
        "_last",
        "_last_told",
        "_marks",
        "_millisecond",
        "_multiline",
        "_redacts",
        "_source",
        "_tagged",
        "_tags_account",
        "_tags_head",
        "_tags_ids",
        "_tags_oper",
        "_tags_time",
        "_targets",
    )

    def __init__(self, source: str, ids: Ids, caps: int, heads: Heads | None = None) -> None:
        self._source = source
        self._ids = ids
        self._caps = caps
        self._tags_time = bool(caps & SERVER_TIME)
        self._tags_ids = bool(caps & MESSAGE_TAGS)
        self._tags_account = bool(caps & ACCOUNT_TAG)
        self._tags_oper = bool(caps & OPER_TAG)
        self._multiline = bool(caps & MULTILINE)
        self._marks = bool(caps & READ_MARKER)
        self._redacts = bool(caps & MESSAGE_REDACTION)
        self._tagged = self._tags_time or self._tags_ids
        self._millisecond = -1
        self._last: Record | None = None
        self._last_told = b""
        self._tags_head = b"@msgid="
        heads = heads or Heads()
        self._heads = heads.origins
        self._targets = heads.targets

    def encode(self, record: Record) -> bytes:
        """The bytes of an event: whole lines, or nothing where IRC has no word for it."""
        if record is self._last:
            return self._last_told  # the echo to its sender
        event = record.event
        if type(event) is Said and event.speech is Speech.MESSAGE:
            text = event.text
            origin = event.person.origin
            head = self._heads.get(origin) or self._head(origin)
            target = self._targets.get(event.room) or self._target(event.room)
            raw = b"%b%b%b\r\n" % (head, target, text.encode())
            if len(raw) <= LINE_BYTES and "\n" not in text and "\r" not in text and not event.cuts:
                by = event.person
                if (
                    (self._tags_account and by.account)
                    or (self._tags_ids and by.bot)
                    or (self._tags_oper and by.oper)
                ):
                    whole = self.tags(record) + raw
                elif not self._tagged:
                    return raw
                else:
                    whole = (self.tags(record) if event.tags else self._quick_tags(record)) + raw
                self._last, self._last_told = record, whole
                return whole
        if isinstance(event, events.Said | events.Whispered | events.Confided):
            return self.said(record)
        if isinstance(event, _Signal):
            return self._signalled(record, event)
        if self._redacts and isinstance(event, events.Erased | events.Retracted):
            return self._redacted(record, event, self.tags(record, first=False))
        if type(record) is Together:
            told = mode_lines([one.event for one in record.records])  # type: ignore[misc]  # changes, all
        else:
            lines = _LINES.get(type(event))
            told = [] if lines is None else lines(self, event).splitlines(keepends=True)
        told = [one for one in told if one]
        before = self._stamps(record, event) if told else b""
        return b"".join([before + one for one in told]) if before else b"".join(told)

    def _stamps(self, record: Record, event: AnyEvent, batch: str = "") -> bytes:
        """The tags of what is no message, those of whoever caused it, ``@`` and space included."""
        by = _cause(event)
        account = by.account if by is not None and self._tags_account else ""
        bot = by is not None and self._tags_ids and by.bot
        oper = by is not None and self._tags_oper and by.oper
        if not (account or bot or oper or batch):
            return b"@time=%b " % timestamp(record.time).encode() if self._tags_time else b""
        tags = [("batch", batch)] if batch else []
        if self._tags_time:
            tags.append(("time", timestamp(record.time)))
        if account:
            tags.append(("account", account))
        if bot:
            tags.append(("bot", ""))
        if oper:
            tags.append((_OPER, ""))
        return f"@{format_tags(tags)} ".encode()

    def said(self, record: Record, batch: str = "") -> bytes:
        """The lines of a message.

        The id is on the first, time and batch on each; with draft/multiline more than one are a batch, which
        has all of that on its first line.

        Args:
            record: the message.
            batch: the reference tag of the batch that it stands in, a page of the history.
        """
        event = record.event
        if isinstance(event, Said):
            target = event.room
        elif isinstance(event, events.Whispered):
            target = event.to.name
        elif isinstance(event, events.Confided):
            target = f"{PREFIXES[event.role]}{event.room}"
        else:
            return b""
        spoken = event.person.origin, target, event.text, event.speech, event.cuts
        if self._multiline:
            parts = batch_lines(*spoken)
            if len(parts) > 1:
                return self._batch(record, batch, target, parts)
        lines = said_lines(*spoken)
        if not (self._tagged or self._tags_account or self._tags_oper or batch):
            return b"".join(lines)
        others = self.tags(record, batch, first=False) if len(lines) > 1 else b""
        return self.tags(record, batch) + others.join(lines)

    def _batch(self, record: Record, outer: str, target: str, parts: list[tuple[bytes, bool]]) -> bytes:
        """A message of several lines as one (draft/multiline); its name is the record's number."""
        name = f"m{record.number}"
        origin = record.event.person.origin  # type: ignore[union-attr]  # messages have it
        begin = line(f":{origin} BATCH +{name} {MULTILINE_BATCH} {target}")
        end = line(f":{self._source} BATCH -{name}")
        if outer:
            end = f"@batch={outer} ".encode() + end
        plain, joined = f"@batch={name} ".encode(), f"@batch={name};{CONCAT} ".encode()
        lines = [(joined if goes_on else plain) + part for part, goes_on in parts]
        return b"".join((self.tags(record, outer), begin, *lines, end))

    def past(self, record: Record, batch: str) -> bytes:
        """What happened earlier, as a page of the history tells it (draft/event-playback).

        Args:
            record: what it was.
            batch: the reference tag of the page's batch; empty for none.
        """
        event = record.event
        if isinstance(event, events.Said | events.Whispered):
            return self.said(record, batch)
        if isinstance(event, events.Reacted | events.ReactedTo):
            return self._signalled(record, event, batch)
        if isinstance(event, events.Erased | events.Retracted):
            return (
                self._redacted(record, event, self.tags(record, batch, first=False)) if self._redacts else b""
            )
        head = self._stamps(record, event, batch)
        if type(event) in CHANGES:
            told = b"".join(mode_lines([event]))  # type: ignore[list-item]  # it is a change
        else:
            lines = _LINES.get(type(event))
            told = b"" if lines is None else lines(self, event)
        if self._tags_ids:
            id = f"msgid={self._ids.id_of(record.number)} ".encode()
            head = b"%b;%b" % (head[:-1], id) if head else b"@" + id
        return b"".join(head + one + b"\r\n" for one in told.split(b"\r\n")[:-1])

    def _redacted(self, record: Record, event: events.Erased | events.Retracted, head: bytes) -> bytes:
        """A REDACT for each message (draft/message-redaction)."""
        if isinstance(event, events.Erased):
            target, numbers = event.room, event.numbers
        else:
            target, numbers = event.to.name, (event.number,)
        start = f":{event.person.origin} REDACT {target}"
        reason = event.reason or None
        return b"".join(head + line(f"{start} {self._ids.id_of(number)}", reason) for number in numbers)

    def _read(self, event: events.ReadUpTo) -> bytes:
        """A MARKREAD, only for who has draft/read-marker."""
        if not self._marks:
            return b""
        return line(f":{self._source} MARKREAD {event.target} timestamp={timestamp(event.time)}")

    def _retracted(self, event: events.Retracted) -> bytes:
        because = f": {event.reason}" if event.reason else ""
        text = f"{event.person.name} took back a private message{because}"
        return line(f":{self._source} NOTICE {event.to.name}", text)

    def _quick_tags(self, record: Record) -> bytes:
        """``tags`` without a batch; most messages share their millisecond with the one before."""
        millisecond = record.time // 1000
        if millisecond != self._millisecond and self._tags_time:
            self._millisecond = millisecond
            end = ";msgid=" if self._tags_ids else " "
            self._tags_head = f"@time={timestamp(record.time)}{end}".encode()
        if self._tags_ids:
            return b"%b%b " % (self._tags_head, self._ids.id_of(record.number).encode())
        return self._tags_head

    def _signalled(self, record: Record, event: _Signal, batch: str = "") -> bytes:
        """A TAGMSG, only for who has message-tags."""
        if not self._tags_ids:
            return b""
        if isinstance(event, events.SignalledToRole):
            target = f"{PREFIXES[event.role]}{event.room}"
        else:
            target = event.room if isinstance(event, events.Signalled | events.Reacted) else event.to.name
        return self.tags(record, batch) + line(f":{event.person.origin} TAGMSG {target}")

    def tags(self, record: Record, batch: str = "", *, first: bool = True) -> bytes:
        """The tags of a message's line, ``@`` and space included; id and sender's tags are on the first."""
        pieces = []
        if batch:
            pieces.append(f"batch={batch}")
        if self._tags_time:
            pieces.append(f"time={timestamp(record.time)}")
        if self._tags_account and record.event.person.account:  # type: ignore[union-attr]  # messages have it
            pieces.append(format_tags((("account", record.event.person.account),)))  # type: ignore[union-attr]
        if self._tags_ids and record.event.person.bot:  # type: ignore[union-attr]  # messages have it
            pieces.append("bot")
        if self._tags_oper and record.event.person.oper:  # type: ignore[union-attr]  # messages have it
            pieces.append(_OPER)
        if first and self._tags_ids:
            if record.number:
                pieces.append(f"msgid={self._ids.id_of(record.number)}")
            if record.event.tags:  # type: ignore[union-attr]  # messages have them
                # Last: what the server adds must not be pushed out of the limit (message-tags).
                pieces.append(format_tags(record.event.tags))  # type: ignore[union-attr]
        return f"@{';'.join(pieces)} ".encode() if pieces else b""

    def _head(self, origin: str) -> bytes:
        if len(self._heads) >= MOST_REMEMBERED:
            self._heads.clear()
        head = self._heads[origin] = f":{origin} PRIVMSG ".encode("utf-8", "replace")
        return head

    def _target(self, room: str) -> bytes:
        if len(self._targets) >= MOST_REMEMBERED:
            self._targets.clear()
        target = self._targets[room] = f"{room} :".encode("utf-8", "replace")
        return target

    # What each event is called.

    def _joined(self, event: events.Joined) -> bytes:
        person = event.person
        if self._caps & EXTENDED_JOIN:
            told = line(f":{person.origin} JOIN {event.room} {person.account or '*'}", person.realname)
        else:
            told = line(f":{person.origin} JOIN {event.room}")
        if event.away and self._caps & AWAY_NOTIFY:
            told += line(f":{event.person.origin} AWAY", event.away)
        return told

    def _away_changed(self, event: events.AwayChanged) -> bytes:
        if not self._caps & AWAY_NOTIFY:
            return b""
        return line(f":{event.person.origin} AWAY", event.text or None)

    def _realname_changed(self, event: events.RealnameChanged) -> bytes:
        if not self._caps & SETNAME:
            return b""
        return line(f":{event.person.origin} SETNAME", event.now.realname)

    def _host_changed(self, event: events.HostChanged) -> bytes:
        """Who does not know CHGHOST sees the person go; ``HostShown`` brings it back."""
        if self._caps & CHGHOST:
            return line(f":{event.person.origin} CHGHOST {event.now.user} {event.now.host}")
        return line(f":{event.person.origin} QUIT", "Changing host")

    def _host_shown(self, event: events.HostShown) -> bytes:
        if self._caps & CHGHOST:
            return b""
        told = self._joined(events.Joined(event.room, event.person, away=event.away))
        name = event.person.name
        letters = [ROLE_LETTERS[role.name] for role in ROLES if event.roles & role.bit]
        if letters:
            told += line(f":{self._source} MODE {event.room} +{''.join(letters)}{f' {name}' * len(letters)}")
        return told

    def _came(self, event: events.Came) -> bytes:
        """To all who watch: ``*`` stands for each of them (monitor, "730")."""
        return line(f":{self._source} {numerics.RPL_MONONLINE} *", event.person.origin)

    def _went(self, event: events.Went) -> bytes:
        return line(f":{self._source} {numerics.RPL_MONOFFLINE} *", event.person.name)

    def _noticed(self, event: events.Noticed) -> bytes:
        told = _LINES.get(type(event.change))
        if type(event.change) is events.HostChanged and not self._caps & CHGHOST:
            return b""  # who shares no room has nothing to be shown anew
        return told(self, event.change) if told is not None and self._caps & EXTENDED_MONITOR else b""

    def _metadata_shown(self, event: events.MetadataShown) -> bytes:
        if not self._caps & METADATA:
            return b""
        return metadata_line(
            self._source if event.by is None else event.by.origin, event.target, event.key, event.value
        )

    def _invite_shown(self, event: events.InviteShown) -> bytes:
        if not self._caps & INVITE_NOTIFY:
            return b""
        return line(f":{event.person.origin} INVITE {event.to.name} {event.room}")

    def _logged(self, event: events.LoggedIn | events.LoggedOut) -> bytes:
        if not self._caps & ACCOUNT_NOTIFY:
            return b""
        return line(f":{event.person.origin} ACCOUNT {event.now.account or '*'}")

    def _parted(self, event: events.Parted) -> bytes:
        return line(f":{event.person.origin} PART {event.room}", event.reason or None)

    def _room_renamed(self, event: events.RoomRenamed) -> bytes:
        return line(f":{event.person.origin} RENAME {event.room} {event.to}", event.reason)

    def _kicked(self, event: events.Kicked) -> bytes:
        return line(
            f":{event.by.origin} KICK {event.room} {event.person.name}", event.reason or event.by.name
        )

    def _left(self, event: events.Left) -> bytes:
        return line(f":{event.person.origin} QUIT", event.reason or "Quit: ")

    def _renamed(self, event: events.Renamed) -> bytes:
        return line(f":{event.person.origin} NICK {event.now.name}")

    def _topic_changed(self, event: events.TopicChanged) -> bytes:
        return line(f":{event.person.origin} TOPIC {event.room}", event.text)

    def _changed(self, event: events.Change) -> bytes:
        return b"".join(mode_lines((event,)))

    def _invited(self, event: events.Invited) -> bytes:
        return line(f":{event.person.origin} INVITE {event.to.name} {event.room}")

    def _knocked(self, event: events.Knocked) -> bytes:
        """The room stands where a numeric has its reader, so that the line is the same for all of them."""
        asks = f"has asked for an invite: {event.text}" if event.text else "has asked for an invite."
        head = f":{self._source} {numerics.RPL_KNOCK} {event.room} {event.room} {event.person.origin}"
        return line(head, asks)

    def _announced(self, event: events.Announced) -> bytes:
        return line(f":{event.person.origin} WALLOPS", event.text)

    def _killed(self, event: events.Killed) -> bytes:
        return line(f":{event.by.origin} KILL {event.person.name}", event.reason)

    def _erased(self, event: events.Erased) -> bytes:
        count = len(event.numbers)
        what = "1 message" if count == 1 else f"{count} messages"
        because = f": {event.reason}" if event.reason else ""
        return line(f":{self._source} NOTICE {event.room}", f"{event.person.name} erased {what}{because}")


_THE_SERVERS = (
    events.Erased,
    events.Retracted,
    events.ReadUpTo,
    events.Came,
    events.Went,
    events.HostShown,
)
"""Events whose lines are not somebody's own."""


def _cause(event: AnyEvent) -> Person | None:
    """Whose words an event's line is; None: the server's."""
    if isinstance(event, _THE_SERVERS):
        return None
    if isinstance(event, events.Kicked | events.RoleChanged | events.Killed | events.MetadataShown):
        return event.by
    return event.person  # type: ignore[union-attr]  # what is told is of somebody


_LINES: dict[type[AnyEvent], Callable[[CapabilityEncoder, Any], bytes]] = {
    events.Joined: CapabilityEncoder._joined,
    events.Parted: CapabilityEncoder._parted,
    events.RoomRenamed: CapabilityEncoder._room_renamed,
    events.Kicked: CapabilityEncoder._kicked,
    events.Left: CapabilityEncoder._left,
    events.LoggedIn: CapabilityEncoder._logged,
    events.LoggedOut: CapabilityEncoder._logged,
    events.Renamed: CapabilityEncoder._renamed,
    events.TopicChanged: CapabilityEncoder._topic_changed,
    **dict.fromkeys(CHANGES, CapabilityEncoder._changed),  # type: ignore[arg-type]  # all of them are events
    events.Invited: CapabilityEncoder._invited,
    events.InviteShown: CapabilityEncoder._invite_shown,
    events.MetadataShown: CapabilityEncoder._metadata_shown,
    events.Came: CapabilityEncoder._came,
    events.Went: CapabilityEncoder._went,
    events.Noticed: CapabilityEncoder._noticed,
    events.AwayChanged: CapabilityEncoder._away_changed,
    events.RealnameChanged: CapabilityEncoder._realname_changed,
    events.HostChanged: CapabilityEncoder._host_changed,
    events.HostShown: CapabilityEncoder._host_shown,
    events.Knocked: CapabilityEncoder._knocked,
    events.Erased: CapabilityEncoder._erased,
    events.Retracted: CapabilityEncoder._retracted,
    events.ReadUpTo: CapabilityEncoder._read,
    events.Announced: CapabilityEncoder._announced,
    events.Killed: CapabilityEncoder._killed,
}
"""The line of each kind of event; the others of ``AnyEvent`` are not told."""
