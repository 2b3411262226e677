"""What the person at the terminal client sees of the chat: rooms, what was said, what is unread, who calls.

Owns what each event means for the rooms; must not know the screen, threads or the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from asyncchat.client import events
from asyncchat.client.events import Message
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.mentions import Mentions
from asyncchat.client.render import notice_of
from asyncchat.core.names import LOBBY, fold
from asyncchat.text.slash import is_room
from asyncchat.tui.wrapping import display_line, display_lines, one_line

HIDDEN_ENTRIES = 5_000
"""Most entries kept of a room that is not shown: older ones are read again from the history."""

SHOWN_ENTRIES = 200_000
"""Most entries kept of the room that is shown: some 200 MB."""

TYPING_LASTS = {"active": timedelta(seconds=6), "paused": timedelta(seconds=30)}
"""How long somebody counts as typing (IRCv3 client-tags/typing)."""

REACTED_TO = 10_000
"""Most messages of a room whose reactions are known, the messages themselves or not."""

_QUOTED = 80
"""Characters of a message shown above its answer."""


class Entry:
    """One thing in a room's timeline; ``version`` grows with each change of how it looks."""

    __slots__ = ("time", "version")

    def __init__(self, time: datetime) -> None:
        self.time = time
        self.version = 0


class Notice(Entry):
    """A line about something that is not said: somebody came, a topic, an answer of the server.

    ``presence`` has who came and left, where it is only about that: those of one moment are one line.
    """

    __slots__ = ("is_error", "presence", "text")

    def __init__(
        self, time: datetime, text: str, *, is_error: bool = False, presence: dict[str, str] | None = None
    ) -> None:
        super().__init__(time)
        self.text = display_line(text)
        self.is_error = is_error
        self.presence = presence


class Said(Entry):
    """A message: as it was said, and what happened to it since.

    Attributes:
        message: as the server told it, with the text of now.
        calls: whether it calls us: by our name, a highlight word, or as a private message.
        quote: what it answers, for people; '': nothing.
        reactions: who reacted, by reaction; folded nick -> nick.
        edited: whether the text is another than at first.
        redacted: who took it away; '': nobody.
    """

    __slots__ = ("calls", "edited", "lines", "message", "quote", "reactions", "redacted")

    def __init__(self, message: Message, *, calls: bool = False, quote: str = "") -> None:
        super().__init__(message.time)
        self.message = message
        self.calls = calls
        self.quote = quote
        self.lines = display_lines(message.text)
        self.reactions: dict[str, dict[str, str]] = {}
        self.edited = message.edited
        self.redacted = ""

    @property
    def is_of_server(self) -> bool:
        """Whether the server tells it of the room, such as who pinned what; no nick has a full stop."""
        return self.message.notice and "." in self.message.nick


class Conversation:
    """A room or a private conversation, as one person sees it.

    Attributes:
        name: its name: ``#…``, or the other person's nick.
        entries: what is known of it, oldest first.
        removed: how many entries were taken off the front, less those that were put there.
        changed: entries that look different now; whoever shows them empties it.
        unread: messages since the person last looked; ``calls`` of them are highlights.
        unread_from: the first of them; it keeps its line until the person looks elsewhere.
        read_up_to: how far the person has read here, as far as the server knows.
        draft: what was typed here and not sent.
        is_complete: whether there is nothing older in the history.
        read_to: the id of the oldest message that was read from the history; '': none was asked for.
        is_joined: whether we are in the room.
        is_settling: whether what is told from the history was there before we came.
        typing: folded nick -> (nick, until when it counts).
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.removed = 0
        self.changed: list[Entry] = []
        self.unread = 0
        self.calls = 0
        self.unread_from: Entry | None = None
        self.read_up_to: datetime | None = None
        self.draft = ""
        self.is_complete = False
        self.read_to = ""
        self.is_joined = False
        self.is_settling = False
        self.typing: dict[str, tuple[str, datetime]] = {}
        self.by_id: dict[str, Said] = {}
        self._reactions: dict[str, dict[tuple[str, str], events.Reacted]] = {}
        self._known: set[tuple[str, int]] = set()

    @property
    def key(self) -> str:
        """Its folded name."""
        return fold(self.name)

    @property
    def is_private(self) -> bool:
        """Whether it is with one person."""
        return not is_room(self.name)

    @property
    def older_than(self) -> str:
        """The id of the message before which the history is read on; '' where nothing is known."""
        if self.read_to:
            return self.read_to
        return next((e.message.id for e in self.entries if isinstance(e, Said) and e.message.id), "")

    def has(self, message: Message) -> bool:
        """Whether a message is here already."""
        return bool(message.id) and (message.id, message.part) in self._known

    def add(self, entry: Entry) -> None:
        """Adds what has just happened."""
        self.entries.append(entry)
        self._learn(entry)

    def add_older(self, entries: Iterable[Entry]) -> int:
        """Puts older messages before all others; returns how many were new."""
        new = [entry for entry in entries if not (isinstance(entry, Said) and self.has(entry.message))]
        for entry in new:
            self._learn(entry)
        self.entries[:0] = new
        self.removed -= len(new)
        return len(new)

    def react(self, event: events.Reacted) -> None:
        """Takes a reaction, of now or of the history, in any order; its message may be read later."""
        last = self._reactions.pop(event.id, {})
        self._reactions[event.id] = last
        if len(self._reactions) > REACTED_TO:
            del self._reactions[next(iter(self._reactions))]
        key = one_line(event.reaction, 24), fold(event.nick)
        if key in last and last[key].time > event.time:
            return
        last[key] = event
        if (entry := self.by_id.get(event.id)) is not None and not entry.redacted:
            self._show_reactions(entry)
            self.change(entry)

    def _show_reactions(self, entry: Said) -> None:
        entry.reactions = {}
        for (reaction, nick), event in self._reactions.get(entry.message.id, {}).items():
            if event.on:
                entry.reactions.setdefault(reaction, {})[nick] = event.nick

    def change(self, entry: Entry) -> None:
        """Notes that an entry looks different."""
        entry.version += 1
        self.changed.append(entry)

    def trim(self, most: int) -> None:
        """Forgets the oldest entries, if there are more; they can be read again."""
        surplus = len(self.entries) - most
        if surplus <= most // 10:  # not each time that one is added
            return
        for entry in self.entries[:surplus]:
            if isinstance(entry, Said):
                self._known.discard((entry.message.id, entry.message.part))
                self.by_id.pop(entry.message.id, None)
        del self.entries[:surplus]
        self.removed += surplus
        self.is_complete, self.read_to = False, ""

    def look(self) -> None:
        """Notes that the person has read all of it."""
        self.unread = self.calls = 0

    def _learn(self, entry: Entry) -> None:
        if isinstance(entry, Said) and entry.message.id:
            self._known.add((entry.message.id, entry.message.part))
            self.by_id.setdefault(entry.message.id, entry)
            if entry.message.id in self._reactions:
                self._show_reactions(entry)


@dataclass(frozen=True, slots=True)
class Call:
    """Something that the person should look at now."""

    room: str
    nick: str
    text: str


@dataclass
class ChatState:
    """All rooms, and which of them is looked at.

    Attributes:
        nick: our nick.
        conversations: by folded name, in the order in which they are shown.
        current: the one that is shown.
        is_watched: whether the person looks at the terminal, and at the end of what is shown.
        ignored: names whose messages are not shown.
        mentions: the words that call us.
        disconnected: why there is no connection; '': there is one.
        calls: what the person should be told of at once; whoever does that empties it.
    """

    nick: str
    ignored: IgnoredNames = field(default_factory=IgnoredNames)
    mentions: Mentions = field(default_factory=Mentions)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    current: Conversation = field(default_factory=lambda: Conversation(LOBBY))
    is_watched: bool = True
    disconnected: str = ""
    calls: list[Call] = field(default_factory=list)

    # Rooms.

    def conversation(self, name: str) -> Conversation:
        """The conversation of that name, a new one if there is none yet."""
        found = self.conversations.get(fold(name))
        if found is None:
            found = self.conversations[fold(name)] = Conversation(name)
            self._order()
        return found

    def _order(self) -> None:
        # Rooms first, then people, each in the order in which they came.
        ordered = sorted(self.conversations.items(), key=lambda item: item[1].is_private)
        self.conversations = dict(ordered)

    def show(self, name: str) -> Conversation:
        """Looks at a conversation; the one that was looked at is read up to here."""
        shown = self.conversation(name)
        if shown is not self.current:
            self.current.unread_from = None
            self.current.trim(HIDDEN_ENTRIES)
            self.current = shown
        shown.look()
        return shown

    def close(self, name: str) -> None:
        """Removes a conversation from the list."""
        self.conversations.pop(fold(name), None)
        if self.current.key == fold(name):
            self.current = next(iter(self.conversations.values()), None) or self.conversation(LOBBY)
            self.current.look()

    def watch(self, is_watched: bool) -> None:
        """Notes whether the person looks."""
        self.is_watched = is_watched
        if is_watched:
            self.current.look()

    def next_unread(self) -> Conversation | None:
        """Where something is unread: first where somebody called, then in the order of the list."""
        found = [c for c in self.conversations.values() if c.unread and c is not self.current]
        return max(found, key=lambda c: bool(c.calls), default=None)

    # What happens.

    def take(self, event: events.Event) -> None:
        """Takes an event of the chat."""
        match event:
            case Message():
                self._said(event)
            case events.Joined() | events.Left() | events.Kicked():
                self._came_or_went(event)
            case events.Reacted():
                self._reacted(event)
            case events.Edited():
                self._edited(event)
            case events.Redacted():
                self._redacted(event)
            case events.Typing():
                self._typing(event)
            case events.Renamed():
                self._renamed(event)
            case events.RoomRenamed():
                self._room_renamed(event)
            case events.ReadUpTo():
                self._read_up_to(event)
            case events.Present():
                return  # the client knows the members
            case _:
                self._other(event)

    def tell(self, text: str, *, now: datetime, room: str = "", is_error: bool = False) -> None:
        """Shows a line of ours, in a room or where the person is."""
        conversation = self.conversations.get(fold(room), self.current) if room else self.current
        conversation.add(Notice(now, text, is_error=is_error))

    def older(
        self, conversation: Conversation, messages: Iterable[Message], changes: Iterable[events.Event] = ()
    ) -> int:
        """Takes a page of the history, and what happened there; returns how many messages of it were new.

        The messages have the text of now: of what happened to them only reactions are needed.
        """
        for change in changes:
            if isinstance(change, events.Reacted):
                self._reacted(change)
        messages = list(messages)
        conversation.is_complete = not messages or messages[0].id == conversation.read_to
        if messages:
            conversation.read_to = messages[0].id
        said = [self._entry(message) for message in messages if not self._is_ignored(message)]
        return conversation.add_older(said)

    def _entry(self, message: Message) -> Said:
        quote = ""
        if message.reply_to:
            answered = self.conversation(message.room).by_id.get(message.reply_to)
            quote = (
                "an earlier message"
                if answered is None
                else f"{answered.message.nick}: {one_line(answered.message.text, _QUOTED)}"
            )
        return Said(
            message, calls=self.mentions.call(message, self.nick), quote=one_line(quote, _QUOTED + 20)
        )

    def _is_ignored(self, message: Message) -> bool:
        return message.nick in self.ignored and not message.own

    def _said(self, message: Message) -> None:
        if self._is_ignored(message):
            return
        conversation = self.conversation(message.room)
        if conversation.has(message):
            return
        entry = self._entry(message)
        conversation.typing.pop(fold(message.nick), None)
        was_there = conversation.is_settling and message.replayed
        conversation.is_settling = was_there
        conversation.add(entry)
        if conversation is not self.current:
            conversation.trim(HIDDEN_ENTRIES)
        elif self.is_watched:
            conversation.trim(SHOWN_ENTRIES)
        if message.own:
            conversation.unread_from = None
            conversation.look()
        elif not was_there and not (conversation is self.current and self.is_watched):
            if not conversation.unread:
                conversation.unread_from = entry
            conversation.unread += 1
            if entry.calls:
                conversation.calls += 1
                self.calls.append(Call(message.room, message.nick, one_line(message.text, 200)))

    def _came_or_went(self, event: events.Joined | events.Left | events.Kicked) -> None:
        if event.own:
            conversation = self.conversation(event.room)
            conversation.is_joined = isinstance(event, events.Joined)
            conversation.is_settling = conversation.is_joined
            if isinstance(event, events.Joined):
                self.nick = event.nick
                return
        found = self.conversations.get(fold(event.room))
        if found is None:
            return
        found.typing.pop(fold(event.nick), None)
        if event.own or isinstance(event, events.Kicked):
            self._note(found, event)
            return
        if event.nick in self.ignored:
            return
        verb = "joined" if isinstance(event, events.Joined) else "left"
        last = found.entries[-1] if found.entries else None
        if not isinstance(last, Notice) or last.presence is None:
            last = Notice(event.time, "", presence={})
            found.add(last)
        presence = last.presence or {}
        before = presence.pop(event.nick, "")
        presence[event.nick] = "came and went" if before == "joined" and verb == "left" else verb
        last.presence = presence
        last.text = _presence_text(presence)
        found.change(last)

    def _reacted(self, event: events.Reacted) -> None:
        conversation = self.conversations.get(fold(event.room))
        if conversation is not None and event.nick not in self.ignored:
            conversation.react(event)

    def _read_up_to(self, event: events.ReadUpTo) -> None:
        """Counts what is unread after that: it came while nobody was here, or was read elsewhere."""
        conversation = self.conversations.get(fold(event.room))
        known = None if conversation is None else conversation.read_up_to
        if conversation is None or (known is not None and known >= event.time):
            return
        conversation.read_up_to = event.time
        unread: list[Said] = []
        for entry in reversed(conversation.entries):
            if entry.time <= event.time:
                break
            if isinstance(entry, Said) and not entry.message.own:
                unread.append(entry)
        if not (conversation.is_settling or conversation.unread):
            return
        conversation.unread_from = unread[-1] if unread else None
        if not (conversation is self.current and self.is_watched):
            conversation.unread, conversation.calls = len(unread), sum(entry.calls for entry in unread)

    def reads(self) -> datetime | None:
        """Up to when the person has read what is shown, if the server does not know it yet."""
        current = self.current
        last = next((entry for entry in reversed(current.entries) if isinstance(entry, Said)), None)
        if not self.is_watched or last is None:
            return None
        known = current.read_up_to
        if known is not None and last.time <= known:
            return None
        current.read_up_to = last.time
        return last.time

    def _edited(self, event: events.Edited) -> None:
        found = self._message(event.room, event.id)
        if found is None:
            return
        conversation, entry = found
        entry.message = msgspec.structs.replace(entry.message, text=event.text)
        entry.lines = display_lines(event.text)
        entry.edited = True
        conversation.change(entry)

    def _redacted(self, event: events.Redacted) -> None:
        found = self._message(event.room, event.id)
        if found is None:
            return
        conversation, entry = found
        entry.redacted = event.nick
        entry.message = msgspec.structs.replace(entry.message, text="")
        entry.lines = []
        entry.reactions = {}
        conversation.change(entry)

    def _message(self, room: str, id: str) -> tuple[Conversation, Said] | None:
        conversation = self.conversations.get(fold(room))
        entry = conversation.by_id.get(id) if conversation is not None else None
        return None if conversation is None or entry is None else (conversation, entry)

    def _typing(self, event: events.Typing) -> None:
        conversation = self.conversations.get(fold(event.room))
        if conversation is None or event.nick in self.ignored:
            return
        lasts = TYPING_LASTS.get(event.state)
        conversation.typing.pop(fold(event.nick), None)
        if lasts is not None:
            conversation.typing[fold(event.nick)] = (event.nick, event.time + lasts)

    def _renamed(self, event: events.Renamed) -> None:
        if event.own:
            self.nick = event.now
        for room in event.rooms:
            if (found := self.conversations.get(fold(room))) is not None:
                self._note(found, event)
        private = self.conversations.get(fold(event.nick))
        if private is not None and fold(event.now) not in self.conversations:
            self._rename(private, event.now)
            self._note(private, event)

    def _room_renamed(self, event: events.RoomRenamed) -> None:
        found = self.conversation(event.room)
        self._rename(found, event.now)
        self._note(found, event)

    def _rename(self, conversation: Conversation, now: str) -> None:
        old = conversation.key
        conversation.name = now
        self.conversations = {
            (fold(now) if key == old else key): each for key, each in self.conversations.items()
        }

    def _other(self, event: events.Event) -> None:
        match event:
            case events.Disconnected():
                first = not self.disconnected
                self.disconnected = event.reason or "the connection broke"
                if first:
                    text = f"disconnected ({event.reason})" if event.reason else "disconnected"
                    self.current.add(Notice(event.time, text, is_error=True))
                return
            case events.Reconnected():
                self.disconnected = ""
                self.nick = event.nick
                for conversation in self.conversations.values():
                    conversation.is_settling = False  # what is read now was missed
            case events.Refused() if event.about:
                about = self.conversations.get(fold(event.about), self.current)
                self._note(about, event, is_error=True)
                return
        room = event.room if isinstance(event, events.RoomEvent | events.Gap | events.Unconfirmed) else ""
        conversation = self.conversations.get(fold(room), self.current) if room else self.current
        is_error = isinstance(event, events.Refused | events.Gap | events.Unconfirmed)
        self._note(conversation, event, is_error=is_error)

    def _note(self, conversation: Conversation, event: events.Event, *, is_error: bool = False) -> None:
        text = notice_of(event, conversation.name)
        time = getattr(event, "time", None) or getattr(event, "until", None)
        if text and time is not None:
            conversation.add(Notice(time, text, is_error=is_error))


def _presence_text(presence: dict[str, str]) -> str:
    parts = []
    for verb in ("joined", "left", "came and went"):
        nicks = [nick for nick, did in presence.items() if did == verb]
        if nicks:
            more = f" and {len(nicks) - 8} more" if len(nicks) > 8 else ""
            parts.append(f"{', '.join(one_line(nick, 40) for nick in nicks[:8])}{more} {verb}")
    return " · ".join(parts)
