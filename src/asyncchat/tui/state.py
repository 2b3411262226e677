"""What the person at the terminal client sees of the chat: rooms, what was said, what is unread, who calls.

Owns what each event means for the rooms; must not know the screen, threads or the network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from asyncchat.client import events
from asyncchat.client.events import Message
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.mentions import Mentions
from asyncchat.client.render import notice_of
from asyncchat.core.names import LOBBY, fold
from asyncchat.tui.conversation import Conversation, Entry, Notice, Said
from asyncchat.tui.wrapping import display_lines, one_line

HIDDEN_ENTRIES = 5_000
"""Most entries kept of a room that is not shown: older ones are read again from the history."""

SHOWN_ENTRIES = 200_000
"""Most entries kept of the room that is shown: some 200 MB."""

TYPING_LASTS = {"active": timedelta(seconds=6), "paused": timedelta(seconds=30)}
"""How long somebody counts as typing (IRCv3 client-tags/typing)."""

_QUOTED = 80
"""Characters of a message shown above its answer."""


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
        messages = list(messages)
        conversation.is_complete = not messages or messages[0].id == conversation.read_to
        if messages:
            conversation.read_to = messages[0].id
        return conversation.add_older(self._read(messages, changes))

    def around(
        self, conversation: Conversation, messages: Sequence[Message], changes: Iterable[events.Event] = ()
    ) -> None:
        """Takes a page of the history from anywhere, to be shown as an excerpt."""
        if messages:
            entries = self._read(messages, changes)
            conversation.put_excerpt(entries, messages[0].id, messages[-1].id)

    def newer(
        self, conversation: Conversation, messages: Sequence[Message], changes: Iterable[events.Event] = ()
    ) -> None:
        """Takes the page that follows the excerpt."""
        last = messages[-1].id if messages else ""
        conversation.extend_excerpt(self._read(messages, changes), last)

    def _read(self, messages: Iterable[Message], changes: Iterable[events.Event]) -> list[Entry]:
        """What of a page is shown."""
        for change in changes:
            if isinstance(change, events.Reacted):
                self._reacted(change)
        return [self._entry(message) for message in messages if not self._is_ignored(message)]

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
