"""Replies about people."""

import msgspec

from asyncchat.core.gone import Gone
from asyncchat.core.people import Person
from asyncchat.core.replies.base import Reply
from asyncchat.core.roles import OPERATOR
from asyncchat.core.seen import Visit


class Welcome(Reply, frozen=True):
    """The asker has entered; ``metadata`` are its own values by key.

    ``missed``: since when its device was not here, if that is known.
    """

    person: Person
    counts: "Counts"
    metadata: tuple[tuple[str, str], ...] = ()
    missed: Visit | None = None


class Counts(Reply, frozen=True):
    """How many there are now, and at the most so far in this run."""

    people: int
    rooms: int
    owners: int
    most_people: int
    invisible: int = 0


class PersonFlagsView(Reply, frozen=True):
    """One's own flags, and whether one is the owner."""

    flags: frozenset[str]
    owner: bool


class Seen(msgspec.Struct, frozen=True):
    """A person as another sees it, found in ``room`` ('' for none), with its roles there and its flags.

    ``idle`` is how many seconds it has said nothing. ``address`` is where from in truth, told of itself
    and to the owner; else empty.
    """

    person: Person
    away: str
    owner: bool
    room: str
    roles: int
    flags: frozenset[str] = frozenset()
    idle: int = 0
    address: str = ""

    @property
    def operator(self) -> bool:
        """Whether it is an operator of that room, or higher."""
        return self.roles >= OPERATOR.bit


class WhoView(Reply, frozen=True):
    """The people a mask describes; ``purpose`` as in AskWho."""

    mask: str
    people: tuple[Seen, ...]
    purpose: object = None


class PersonView(Reply, frozen=True):
    """All that may be known of a person; ``rooms`` are (name, sum of its roles) pairs.

    ``private`` tells whether the asker may know more than others: of itself, and the owner of all.
    ``purpose`` as in AskPerson; ``metadata`` are its values by key. ``absent`` is since when it has had no
    connection, 0 where it has one (microseconds since 1970 UTC).
    """

    seen: Seen
    rooms: tuple[tuple[str, int], ...]
    entered: int
    private: bool = False
    purpose: object = None
    metadata: tuple[tuple[str, str], ...] = ()
    absent: int = 0


class GoneView(Reply, frozen=True):
    """Those who had a name, the last first, and until when."""

    name: str
    gone: tuple[Gone, ...]


class PeopleView(Reply, frozen=True):
    """Those who are here of the names asked for, in that order; ``purpose`` as in AskPeople."""

    people: tuple[Seen, ...]
    purpose: object


class AwayNote(Reply, frozen=True):
    """Somebody just written to is away."""

    person: Person
    text: str


class StillAway(Reply, frozen=True):
    """Nothing changed: the asker is away with that word already, or is not away (empty)."""

    text: str


class Ignored(Reply, frozen=True):
    """The names a session hides from itself."""

    names: tuple[str, ...]
