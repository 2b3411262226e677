"""Events as lines for people: sentences, times, day marks and colours.

Owns the wording and what may reach a terminal; must not know where the lines go.
"""

import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime

import msgspec

from asyncchat.client import events
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.mentions import Mentions
from asyncchat.core.names import LOBBY, fold
from asyncchat.text.sanitize import shown

Fragments = list[tuple[str, str]]
"""(style, text) pairs: one line. Styles are those of ``_SGR``, and ''."""

NICK_COLOURS = ("36", "32", "35", "34", "33", "31", "96", "92", "95", "94")
"""Foreground colours that can be read on dark and on light, as SGR codes (ECMA-48, 8.3.117)."""

_SGR = {"dim": "2", "error": "31", "own": "1", "calls": "1;33"} | {colour: colour for colour in NICK_COLOURS}

_QUOTED = 40
"""Characters of a message that are shown with its answer: enough to recognise it."""

UNDER = " " * 8
"""Indents the further lines of a message: as wide as its time and a little more."""

KNOWN = 2000
"""Messages remembered: some 300 bytes each."""

_NAMES_SHOWN = 20
"""Most names of a room on one line; /who shows all."""


def ansi(fragments: Fragments, *, colour: bool) -> str:
    """A line as a terminal takes it."""
    if not colour:
        return "".join(text for _, text in fragments)
    return "".join(f"\x1b[{_SGR[style]}m{text}\x1b[0m" if style else text for style, text in fragments)


def plain_lines(message: events.Message) -> list[str]:
    """A message as lines of a pipe: ``NAME: text``, each of its lines one."""
    nick = shown(message.nick)
    before = f"* {nick} " if message.action else f"{nick}: "
    return [before + shown(text) for text in lines_of(message.text)]


def lines_of(text: str) -> list[str]:
    """The lines of a message."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def names_line(names: Sequence[str], *, most: int = _NAMES_SHOWN) -> str:
    """Names as one line, the rest counted."""
    told = ", ".join(shown(name) for name in names[:most])
    return told if len(names) <= most else f"{told} and {len(names) - most} more"


def notice_of(event: events.Event, room: str) -> str:
    """What an event other than a message says to people; '' for nothing. ``room`` is the current one."""
    return shown(_notice(event, room))


class MessageCache:
    """The messages that were shown lately, by their ids, the newest last.

    A person names a message by its author; a reaction names it by its id.
    """

    def __init__(self) -> None:
        self._messages: dict[str, events.Message] = {}

    def put(self, message: events.Message) -> None:
        """Remembers a message that has an id, but not its further parts."""
        if not message.id or message.part:
            return
        if len(self._messages) >= KNOWN:
            self._messages.pop(next(iter(self._messages)), None)
        self._messages[message.id] = message

    def get(self, id: str) -> events.Message | None:
        """The message with this id, if it was shown."""
        return self._messages.get(id)

    def rename_room(self, room: str, now: str) -> None:
        """Notes that a room has another name now."""
        for id, message in self._messages.items():
            if fold(message.room) == fold(room):
                self._messages[id] = msgspec.structs.replace(message, room=now)

    def last(self, room: str, nick: str = "", *, own: bool = False) -> events.Message | None:
        """The newest message of a person in a room; without a nick our own (``own``), or anybody else's."""
        for message in reversed(list(self._messages.values())):
            by = fold(message.nick) == fold(nick) if nick else message.own is own
            if by and fold(message.room) == fold(room):
                return message
        return None


class Renderer:
    """Turns events into lines, one after the other; it knows which day it showed last.

    Args:
        zone: converts a time to the reader's zone.
        recent: the messages that were shown.
        ignored: names whose words are not shown.
    """

    def __init__(
        self, zone: Callable[[datetime], datetime] = datetime.astimezone, recent: MessageCache | None = None
    ) -> None:
        self.room = LOBBY
        self.ignored = IgnoredNames()
        self.nick = ""
        self.mentions = Mentions()
        self._zone = zone
        self._day: date | None = None
        self.recent = MessageCache() if recent is None else recent

    def event(self, event: events.Event) -> list[Fragments]:
        """The lines of an event."""
        if isinstance(event, events.Message):
            return [] if event.nick in self.ignored and not event.own else self.message(event)
        if isinstance(event, events.Disconnected):  # the prompt says when it tries again
            return [[("error", f"-- {shown(f'disconnected{_why_broken(event)}')} --")]]
        if isinstance(event, events.Reacted | events.Redacted | events.Edited):
            return [] if event.nick in self.ignored else [[("dim", f"-- {self._marked(event)} --")]]
        if isinstance(event, events.RoomRenamed):
            self.recent.rename_room(event.room, event.now)
            if fold(event.room) == fold(self.room):
                self.room = event.now
        notice = notice_of(event, self.room)
        if not notice:
            return []
        style = "error" if isinstance(event, events.Refused | events.Gap | events.Unconfirmed) else "dim"
        return [[(style, f"-- {notice} --")]]

    def message(self, message: events.Message) -> list[Fragments]:
        """The lines of a message: a day mark where the day changes, then itself."""
        told = self._about(message.reply_to) if message.reply_to else ""
        self.recent.put(message)
        at = self._zone(message.time)
        lines: list[Fragments] = []
        if at.date() != self._day:
            if self._day is not None or message.replayed:
                lines.append([("dim", f"-- {at:%a} {at.day} {at:%b %Y} --")])
            self._day = at.date()
        line: Fragments = [("dim", f"{at:%H:%M} ")]
        nick, private = shown(message.nick), not message.room.startswith(("#", "&"))
        if not private and fold(message.room) != fold(self.room):
            line.append(("dim", f"[{shown(message.room)}] "))
        who = ("own" if message.own else _colour(nick), nick)
        if private:
            other = shown(message.room)
            line += [who, ("dim", f" → {other if message.own else 'you'}")]
        elif message.action:
            line += [("", "* "), who]
        else:
            line.append(who)
        if told:
            line.append(("dim", f" (to {told})"))
        first, *others = lines_of(message.text)
        style = "calls" if self.mentions.call(message, self.nick) else ""
        if message.action:
            line.append((style, f"{': *' if private else ''} {shown(first)}"))
        else:
            line.append(("", ": "))
            line.append((style, shown(first)))
        return [*lines, line, *([(style, UNDER + shown(text))] for text in others)]

    def _marked(self, event: events.Reacted | events.Redacted | events.Edited) -> str:
        """What was done to a message."""
        where, nick = _in(event.room, self.room), shown(event.nick)
        place = f" in{shown(where)}" if where and event.room.startswith(("#", "&")) else ""
        if isinstance(event, events.Reacted):
            verb, to = ("reacted", "to") if event.on else ("took back", "from")
            return f"{nick} {verb} {shown(event.reaction)} {to} {self._about(event.id)}{place}"
        if isinstance(event, events.Edited):
            return f"{nick} corrected {self._about(event.id)}{place}: {shown(event.text)}"
        why = f" ({shown(event.reason)})" if event.reason else ""
        known = self.recent.get(event.id)
        verb = "took back" if known is None or fold(known.nick) == fold(event.nick) else "erased"
        return f"{nick} {verb} {self._about(event.id)}{place}{why}"

    def _about(self, id: str) -> str:
        """A message by its author and first words, where it was shown."""
        known = self.recent.get(id)
        if known is None:
            return "an earlier message"
        short = shown(known.text)
        return f"{shown(known.nick)}: {short[:_QUOTED].rstrip()}{'…' if len(short) > _QUOTED else ''}"


def _colour(nick: str) -> str:
    return NICK_COLOURS[zlib.crc32(fold(nick).encode("utf-8", "replace")) % len(NICK_COLOURS)]


# Notices.


def _in(event_room: str, room: str) -> str:
    return "" if fold(event_room) == fold(room) else f" {event_room}"


def _why(reason: str) -> str:
    # IRC servers put a word of their own before the reason of a quit.
    reason = "" if reason == "Quit" else reason.removeprefix("Quit:").strip()
    return f" ({reason})" if reason else ""


def _why_broken(event: events.Disconnected) -> str:
    return "" if event.reason == "the server closed the connection" else _why(event.reason)


def _notice(event: events.Event, room: str) -> str:
    match event:
        case events.Joined(own=True):
            return f"you are {event.nick} in {event.room}"
        case events.Joined():
            return f"{event.nick} {'is online' if fold(event.room) == LOBBY else f'joined {event.room}'}"
        case events.Left(own=True):
            return f"you left {event.room}{_why(event.reason)}"
        case events.Left():
            place = "chat" if fold(event.room) == LOBBY else event.room
            return f"{event.nick} left {place}{_why(event.reason)}"
        case events.Kicked():
            who = "you were" if event.own else f"{event.nick} was"
            return f"{who} removed from {event.room} by {event.by}{_why(event.reason)}"
        case events.Renamed():
            return f"{'you are' if event.own else f'{event.nick} is'} now {event.now}"
        case events.RoomRenamed():
            return f"{event.nick} renamed {event.room} to {event.now}{_why(event.reason)}"
        case events.Reacted(on=True):
            return f"{event.nick} reacted {event.reaction} to an earlier message"
        case events.Reacted():
            return f"{event.nick} took back {event.reaction}"
        case events.Edited():
            return f"{event.nick} corrected an earlier message: {event.text}"
        case events.Redacted():
            return f"{event.nick} erased a message in {event.room}{_why(event.reason)}"
        case events.TopicChanged():
            where = _in(event.room, room)
            topic = f"topic{' of' + where if where else ''}"
            return (
                f"{topic}: {event.topic} ({event.nick})"
                if event.topic
                else f"{event.nick} removed the {topic}"
            )
        case events.ModeChanged():
            return f"{event.nick} set {event.room} {event.mode}"
        case events.Present():
            topic = f"; topic: {event.topic}" if event.topic else ""
            return f"in {event.room}: {names_line(event.nicks)}{topic}"
        case _:
            return _notice_of_connection(event)


def _notice_of_connection(event: events.Event) -> str:
    match event:
        case events.Told():
            return event.text
        case events.Refused():
            about = "" if event.about in event.reason else f"{event.about}: "
            text = f" (not sent: {event.text})" if event.text else ""
            return f"{about}{event.reason}{text}"
        case events.Disconnected():
            after = event.retry_in
            again = "" if after is None else f", trying again in {after:.0f} s (Ctrl-C leaves)"
            return f"disconnected{_why_broken(event)}{again}"
        case events.Reconnected():
            return f"connected again as {event.nick}"
        case events.Gap():
            since, until = event.since.astimezone(), event.until.astimezone()
            return f"what was said in {event.room} between {since:%H:%M:%S} and {until:%H:%M:%S} is not known"
        case events.Unconfirmed():
            return f"not known whether it was sent: {event.text}"
        case _:
            return ""
