"""A room or a private conversation as a person sees it: what was said there, and what happened to it since.

Owns the order of what is known, and what of the history is left out; must not know other rooms, nor the
screen.
"""

from collections.abc import Iterable
from datetime import datetime

from asyncchat.client import events
from asyncchat.client.events import Message
from asyncchat.core.names import fold
from asyncchat.text.slash import is_room
from asyncchat.tui.wrapping import display_line, display_lines, one_line

REACTED_TO = 10_000
"""Most messages of a room whose reactions are known, the messages themselves or not."""


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


class Break(Entry):
    """Where messages are left out, between an excerpt of the history and what is known up to now.

    ``after`` is the id of the message after which they begin.
    """

    __slots__ = ("after",)

    def __init__(self, time: datetime, after: str) -> None:
        super().__init__(time)
        self.after = after


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
        gap: what stands behind an excerpt of the history, which comes first; None: there is none.
        spliced: grows whenever entries were put in or taken out elsewhere than at the ends.
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
        self.gap: Break | None = None
        self.spliced = 0
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

    def put_excerpt(self, entries: list[Entry], first: str, last: str) -> None:
        """Puts a part of the history before what is known, instead of an earlier excerpt.

        Args:
            entries: the part.
            first: the id of its first message, whether that is shown or not.
            last: the id of its last message.
        """
        self.leave_excerpt()
        if not self._touches(entries):
            behind = (*self.entries[:1], *entries[-1:])  # the day line is that of what follows
            self.gap = Break(behind[0].time, last) if behind else None
            entries = [*entries, self.gap] if self.gap is not None else entries
        self.add_older(entries)
        self.is_complete, self.read_to = False, first
        self.spliced += 1

    def extend_excerpt(self, entries: list[Entry], last: str) -> None:
        """Adds what follows the excerpt, up to the message ``last`` ('': there is nothing more)."""
        gap = self.gap
        if gap is None:
            return
        touches = not last or self._touches(entries)
        new = [entry for entry in entries if not (isinstance(entry, Said) and self.has(entry.message))]
        for entry in new:
            self._learn(entry)
        at = self.entries.index(gap)
        self.entries[at : at + touches] = new
        self.gap = None if touches else gap
        gap.after = last
        self.spliced += 1

    def leave_excerpt(self) -> None:
        """Forgets an excerpt that does not reach what is known up to now; it can be read again."""
        if self.gap is not None:
            self._drop(self.entries.index(self.gap) + 1)

    def _touches(self, entries: Iterable[Entry]) -> bool:
        """Whether a part of the history reaches what is known."""
        return any(isinstance(entry, Said) and self.has(entry.message) for entry in entries)

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
        if surplus > most // 10:  # not each time that one is added
            self._drop(surplus)

    def _drop(self, count: int) -> None:
        """Forgets the first entries."""
        for entry in self.entries[:count]:
            if isinstance(entry, Said):
                self._known.discard((entry.message.id, entry.message.part))
                self.by_id.pop(entry.message.id, None)
            elif entry is self.gap:
                self.gap = None
        del self.entries[:count]
        self.removed += count
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
