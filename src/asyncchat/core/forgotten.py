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

_KINDS: Final = frozenset(
    (
        "actions",
        "changed",
        "flag",
        "key",
        "keys",
        "listed",
        "role",
        "setting",
        "tls",
        "type",
        "version",
        "what",
    )
)
"""Fields with words of the server or of a protocol, which never mean a person who is called so."""

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
        neutral = _Neutral(self, sessions, messages)
        stays: Any = neutral.struct(event)
        mine = neutral.is_mine(event, "person")
        if stays == event and not mine:
            return event
        match event.retention:
            case Retention.TEXT | Retention.PRESENCE:
                return None if mine else stays
            case Retention.STATE if not event.audited and (
                event.stream is Stream.NONE or neutral.says(event)
            ):
                return None
            case _:
                return stays  # type: ignore[no-any-return]  # a value of the event's class


class _Neutral:
    """Makes values without a person; the arguments are those of ``Identity.without``."""

    def __init__(self, who: Identity, sessions: Collection[int], messages: Collection[int]) -> None:
        self._who = who
        self._sessions = sessions
        self._messages = messages

    def is_mine(self, event: object, field: str) -> bool:
        """Whether a field has the person."""
        someone = getattr(event, field, None)
        return isinstance(someone, Person) and self._is_person(someone)

    def says(self, event: Event) -> bool:
        """Whether the person said something by an event."""
        return self.is_mine(event, "person") and bool(getattr(event, "text", ""))

    def struct(self, value: Any) -> Any:
        """An event, or a value of one, without the person and its words."""
        changed: dict[str, Any] = {}
        by = "by" if isinstance(getattr(value, "by", None), Person) else "person"
        mine = isinstance(value, Event) and self.is_mine(value, by)
        for name in value.__struct_fields__:
            old = getattr(value, name)
            if name == "author" and self._is_about(value):
                new: Any = FORGOTTEN.name
            elif name in _KINDS:
                continue
            elif name not in _WORDS:
                new = self._value(old)
            else:
                new = type(old)() if mine and isinstance(old, str | tuple) else old
            if new != old:
                changed[name] = new
        return msgspec.structs.replace(value, **changed) if changed else value

    def _value(self, value: Any) -> Any:
        match value:
            case Person():
                return FORGOTTEN if self._is_person(value) else value
            case str():
                return self._who.replaced(value)
            case tuple():
                return tuple([self._value(one) for one in value])
            case msgspec.Struct():
                return self.struct(value)
        return value

    def _is_person(self, someone: Person) -> bool:
        return someone.id in self._sessions or self._who.is_person(someone)

    def _is_about(self, event: Any) -> bool:
        """Whether an event has the name of the person, as the author of a message that it is about."""
        to_me = self.is_mine(event, "to") and not self.is_mine(event, "person")
        return event.message in self._messages or (to_me and event.author != event.person.name)
