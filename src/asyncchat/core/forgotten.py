"""Forgetting a person: whom a name means in the history, and what stands in the place of who is forgotten.

Owns the neutral person, and how an event is kept without somebody. Must not know any feature.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from asyncchat.core.events import Event, Retention, Stream
from asyncchat.core.names import fold
from asyncchat.core.people import Person, from_origin, person

FORGOTTEN: Final = person(0, "forgotten", "forgotten", "forgotten")
"""Who stands in the place of everybody who is forgotten; nobody but a server operator can have the name."""

_WORDS: Final = frozenset(("text", "before", "reason", "reaction", "about", "value", "away", "tags", "cuts"))
"""Fields with what somebody wrote, which is never compared with a name."""

_OWNERS: Final = ("guest ", "account ")
"""Precede a name in ``post_keys``."""


class Identity(msgspec.Struct, frozen=True):
    """Whom a name means: the account of that name, whatever its nick; and whoever has the name without one.

    ``key`` is the folded name. ``origins`` are those that the account had: where only an origin is kept, it
    has no account.
    """

    key: str
    origins: frozenset[str] = frozenset()

    def is_person(self, someone: Person) -> bool:
        """Whether this is the person."""
        return fold(someone.account or someone.name) == self.key

    def is_author(self, author: str) -> bool:
        """The same for an author as the history has it (``people.author``)."""
        return author in self.origins or self.is_person(from_origin(author))

    def is_named(self, name: str) -> bool:
        """Whether a text is the name."""
        return fold(name) == self.key

    def replaced(self, text: str) -> str:
        """A text that is a name, an account or an origin, without the person."""
        if text.isascii() and self.key not in text.lower() and text not in self.origins:
            return text  # nearly always: lists in the state may be long
        for before in ("", "@", *_OWNERS):
            if text.startswith(before) and self.is_named(text[len(before) :]):
                return before + FORGOTTEN.name
        return FORGOTTEN.origin if "!" in text and self.is_author(text) else text

    def without(
        self, event: Event, sessions: Collection[int] = (), messages: Collection[int] = ()
    ) -> Event | None:
        """An event of the history as it stays; the same one where it does not have the person.

        None: nothing of it stays. That is what the person said, its comings and goings, and its settings: a
        snapshot has what of the state others need. Others see what it did in rooms, without who that was.

        Args:
            event: the event.
            sessions: the person's numbers in the run of the server to which the event belongs.
            messages: the numbers of what the person said in rooms, under whatever name.
        """
        neutral: Any = self._neutral_struct(event, messages)
        mine = self._is_mine(event, "person", sessions)
        if neutral == event and not mine:
            return event
        match event.retention:
            case Retention.TEXT | Retention.PRESENCE:
                return None if mine else neutral
            case Retention.STATE if not event.audited and (event.stream is Stream.NONE or self._says(event)):
                return None
            case _:
                return neutral  # type: ignore[no-any-return]  # a value of the event's class

    def _is_about(self, event: Any, messages: Collection[int]) -> bool:
        """Whether an event has the name of the person, as the author of a message that it is about."""
        to_me = self._is_mine(event, "to") and not self._is_mine(event, "person")
        return event.message in messages or (to_me and event.author != event.person.name)

    def _is_mine(self, event: Event, field: str, sessions: Collection[int] = ()) -> bool:
        someone = getattr(event, field, None)
        return isinstance(someone, Person) and (someone.id in sessions or self.is_person(someone))

    def _says(self, event: Event) -> bool:
        return self._is_mine(event, "person") and bool(getattr(event, "text", ""))

    def _neutral(self, value: Any, messages: Collection[int]) -> Any:
        """A value without the person, and without its words."""
        match value:
            case Person():
                return FORGOTTEN if self.is_person(value) else value
            case str():
                return self.replaced(value)
            case tuple():
                return tuple([self._neutral(one, messages) for one in value])
            case msgspec.Struct():
                return self._neutral_struct(value, messages)
        return value

    def _neutral_struct(self, value: Any, messages: Collection[int]) -> Any:
        changed: dict[str, Any] = {}
        by = "by" if isinstance(getattr(value, "by", None), Person) else "person"
        mine = isinstance(value, Event) and self._is_mine(value, by)
        for name in value.__struct_fields__:
            old = getattr(value, name)
            if name == "author" and self._is_about(value, messages):
                new: Any = FORGOTTEN.name
            elif name not in _WORDS:
                new = self._neutral(old, messages)
            else:
                new = type(old)() if mine and isinstance(old, str | tuple) else old
            if new != old:
                changed[name] = new
        return msgspec.structs.replace(value, **changed) if changed else value
