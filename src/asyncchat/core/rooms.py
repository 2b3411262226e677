"""A room's state: topic, flags, settings, members and their roles, lists of masks.

Owns how members are stored, so that a join costs the same in a room of ten and of ten thousand. Must not know
who may do what.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from asyncchat.core.masks import MUTED, Description, Mask
from asyncchat.core.modes import (
    BANS,
    CLOSING_FLAGS,
    CLOSING_SETTINGS,
    EXCEPTIONS,
    MASK_LISTS,
    MUTES,
    OPENED_FLAGS,
    SLOW,
    SPEECH_RESTRICTING,
    SPEECH_RESTRICTING_SETTINGS,
)
from asyncchat.core.names import fold
from asyncchat.core.people import SITE_SHARE, Person, site_of
from asyncchat.core.roles import FOUNDER, OPERATOR, highest

BLOCK_SIZE = 32
"""Members of one block: as many names of usual length as fill one line of an IRC NAMES reply."""


MASKS_FROM_NETWORK = 5000
"""Masks on the lists of all rooms that people from one network have opened: some 8 MB at most, and 80 rooms
with 60 bans each."""


class Topic(msgspec.Struct, frozen=True):
    """A topic, the origin of the person who set it, and when (microseconds since 1970 UTC)."""

    text: str
    by: str
    time: int


class ListEntry(msgspec.Struct, frozen=True):
    """Who put a mask on a list (origin), when, and until when (microseconds since 1970 UTC; 0: no end).

    ``by_address``: it is compared with addresses that hosts hide, too.
    """

    by: str
    time: int
    until: int = 0
    by_address: bool = True


class Member(msgspec.Struct, frozen=True):
    """A person in a room; ``roles`` is the sum of the bits of the member's roles."""

    person: Person
    roles: int = 0

    @property
    def operator(self) -> bool:
        """Whether the member is an operator of the room, or higher."""
        return self.roles >= OPERATOR.bit


class Block:
    """Some consecutive members; immutable, so that an encoder can cache their bytes.

    ``encoded`` is that cache: a dialect's bytes, by a key that the dialect chooses. The core never reads it.
    """

    __slots__ = ("encoded", "members")

    def __init__(self, members: tuple[Member, ...]) -> None:
        self.members = members
        self.encoded: dict[object, object] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and self.members == other.members

    __hash__ = None  # type: ignore[assignment]  # equal by content, so never a key


_NO_MASKS: dict[str, Mask] = {}
"""The masks of most rooms; shared, so never changed."""

_MUTE_EXCEPTIONS = "exception from mutes"
"""Stands for the exceptions that lift mutes only, in what is remembered."""

_STRANGERS = 1000
"""People besides the members for whom is remembered what a room's lists say of them."""

_EMPTY: dict[str, str] = {}
"""The access list and the metadata of most rooms; shared, so never changed."""


class Room:
    """One room.

    ``member_blocks`` maps the id of a member to the number of its block, ``roles`` the id of a member with a
    role to the sum of the roles' bits, ``last_spoke`` the id of a person to when it last spoke
    in a slowed room. ``speech_restricted`` tells whether a flag, a setting or a list can refuse a message; if
    not, a message is not checked.
    """

    __slots__ = (
        "_blocks",
        "_masks",
        "_next_block",
        "_verdicts",
        "_view",
        "access",
        "flags",
        "former",
        "founder",
        "last_spoke",
        "masks",
        "member_blocks",
        "metadata",
        "name",
        "network",
        "next_expiry",
        "opened",
        "renamed",
        "roles",
        "settings",
        "speech_restricted",
        "topic",
    )

    def __init__(self, name: str, opened: int) -> None:
        self.name = name
        self.opened = opened
        self.former: tuple[str, ...] = ()
        """Former names that no other room has taken since, the newest last."""
        self.network = ""
        """The network of who was the first in the room, in this run; empty: unknown, or not counted."""
        self.renamed = 0
        """When the room was last renamed (microseconds since 1970 UTC); 0: never."""
        self.founder = ""
        """The account that the room is registered to, if any."""
        self.access: dict[str, str] = _EMPTY
        """The roles that other accounts have in the room, by account name."""
        self.metadata: dict[str, str] = _EMPTY
        """Values for programs, by key; the dictionary is replaced, never changed."""
        self.topic: Topic | None = None
        self.flags: frozenset[str] = OPENED_FLAGS
        self.settings: dict[str, str] = {}
        self.masks: dict[str, dict[str, ListEntry]] = {listed: {} for listed in MASK_LISTS}
        self.speech_restricted = False
        self.next_expiry = 0
        """When the first mask on a list expires, in microseconds since 1970 UTC; 0: none does."""
        self.roles: dict[int, int] = {}
        self.member_blocks: dict[int, int] = {}
        self.last_spoke: dict[int, int] = {}
        self._masks: dict[str, Mask] = _NO_MASKS
        """The masks of all lists, made ready."""
        self._verdicts: dict[str, dict[int, tuple[Person, bool]]] = {}
        """Whether a list matches a person, by the list and the person's id, until either changes."""
        self._blocks: dict[int, Block] = {}
        self._next_block = 0
        self._view: tuple[Block, ...] | None = ()

    @property
    def key(self) -> str:
        """The folded name."""
        return fold(self.name)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The members in the order in which they joined, as an immutable snapshot."""
        if self._view is None:
            self._view = tuple(self._blocks.values())
        return self._view

    def members(self) -> Iterator[Member]:
        """The members in the order in which they joined."""
        for block in self.blocks:
            yield from block.members

    @property
    def is_default(self) -> bool:
        """Whether nothing is set here that has to be kept when the last member leaves; see ``keeps_room``."""
        return not self.topic and self.is_bare

    @property
    def is_bare(self) -> bool:
        """Whether nothing is set here but perhaps a topic."""
        changed = self.settings or self.founder or self.access or any(self.masks.values())
        return not changed and self.flags == OPENED_FLAGS

    @property
    def is_public(self) -> bool:
        """Whether everyone may know of the room and join it, so that its history is for everyone."""
        return CLOSING_FLAGS.isdisjoint(self.flags) and CLOSING_SETTINGS.isdisjoint(self.settings)

    def role_of(self, account: str) -> str:
        """The role that an account (empty: no account) has in the room, or empty."""
        if not account:
            return ""
        return FOUNDER.name if account == self.founder else self.access.get(account, "")

    def outranks(self, one: int, other: int) -> bool:
        """Whether one person's highest role in the room is above another's."""
        return highest(self.roles.get(one, 0)) > highest(self.roles.get(other, 0))

    # Flags, settings, lists of masks.

    def set_flag(self, flag: str, on: bool) -> None:
        """Turns a flag on or off."""
        self.flags = self.flags | {flag} if on else self.flags - {flag}
        self._update_speech_restricted()

    def set_setting(self, setting: str, value: str) -> None:
        """Gives a setting a value, or removes it (empty)."""
        if value:
            self.settings[setting] = value
        else:
            self.settings.pop(setting, None)
        if SLOW not in self.settings:
            self.last_spoke.clear()
        self._update_speech_restricted()

    def set_list_entry(self, listed: str, mask: str, entry: ListEntry | None) -> None:
        """Puts a mask on a list, or removes it (None)."""
        masks = self.masks.setdefault(listed, {})
        if entry is None:
            masks.pop(mask, None)
        else:
            masks[mask] = entry
        # Whoever changes a list pays for the change; what is said afterwards is not matched again.
        self._verdicts.clear()
        if entry is not None:
            if mask not in self._masks:
                self._masks = {**self._masks, mask: Mask(mask.removeprefix(MUTED))}
        elif not any(mask in others for others in self.masks.values()):
            self._masks = {name: known for name, known in self._masks.items() if name != mask}
        times = [entry.until for masks in self.masks.values() for entry in masks.values() if entry.until]
        self.next_expiry = min(times, default=0)
        self._update_speech_restricted()

    def forget(self, neutral: Callable[[str], str]) -> None:
        """Has somebody who set something here named no more: ``neutral`` gives what replaces an origin."""
        if self.topic is not None:
            self.topic = msgspec.structs.replace(self.topic, by=neutral(self.topic.by))
        for masks in self.masks.values():
            for mask, entry in masks.items():
                if (by := neutral(entry.by)) != entry.by:
                    masks[mask] = msgspec.structs.replace(entry, by=by)

    def _update_speech_restricted(self) -> None:
        self.speech_restricted = bool(
            self.masks[BANS]
            or self.masks[MUTES]
            or not SPEECH_RESTRICTING.isdisjoint(self.flags)
            or not SPEECH_RESTRICTING_SETTINGS.isdisjoint(self.settings)
        )

    # Members.

    def add_member(self, person: Person, roles: int) -> None:
        """Adds a member at the end."""
        number = self._next_block - 1
        block = self._blocks.get(number)
        if block is None or len(block.members) >= BLOCK_SIZE:
            number = self._next_block
            self._next_block += 1
            self._blocks[number] = Block((Member(person, roles),))
        else:
            self._blocks[number] = Block((*block.members, Member(person, roles)))
        self.member_blocks[person.id] = number
        if roles:
            self.roles[person.id] = roles
        self._view = None

    def remove_member(self, person_id: int) -> None:
        """Removes a member."""
        number = self.member_blocks.pop(person_id)
        rest = tuple(member for member in self._blocks[number].members if member.person.id != person_id)
        if rest:
            self._blocks[number] = Block(rest)
        else:
            del self._blocks[number]
        self.roles.pop(person_id, None)
        self._view = None

    def replace_member(self, person: Person, roles: int) -> None:
        """Replaces a member's value and roles; the position stays."""
        number = self.member_blocks[person.id]
        new = Member(person, roles)
        self._blocks[number] = Block(
            tuple(new if member.person.id == person.id else member for member in self._blocks[number].members)
        )
        if roles:
            self.roles[person.id] = roles
        else:
            self.roles.pop(person.id, None)
        self._view = None

    # Matching of masks.

    def lists(self, listed: str, person: Person) -> bool:
        """Whether a mask of the list matches the person; remembered until the list or the person changes."""
        masks = self.masks[EXCEPTIONS if listed == _MUTE_EXCEPTIONS else listed]
        if not masks:
            return False
        verdicts = self._verdicts.setdefault(listed, {})
        known = verdicts.get(person.id)
        if known is not None and known[0] is person:
            return known[1]
        if len(verdicts) >= len(self.member_blocks) + _STRANGERS:
            verdicts.clear()
        found = self._matches(masks, person, mutes_only=listed == _MUTE_EXCEPTIONS)
        verdicts[person.id] = person, found
        return found

    def _matches(self, masks: Mapping[str, ListEntry], person: Person, *, mutes_only: bool) -> bool:
        known = self._masks
        descriptions = Description(person, by_address=False), Description(person)
        return any(
            known[mask].describes(descriptions[entry.by_address])
            for mask, entry in masks.items()
            if mask.startswith(MUTED) == mutes_only
        )

    def bans_person(self, person: Person) -> bool:
        """Whether a ban matches the person, and no exception does."""
        return self.lists(BANS, person) and not self.lists(EXCEPTIONS, person)

    def mutes_person(self, person: Person) -> bool:
        """Whether a mute matches the person, and no exception does."""
        return self.lists(MUTES, person) and not (
            self.lists(EXCEPTIONS, person) or self.lists(_MUTE_EXCEPTIONS, person)
        )

    def state(self) -> dict[str, object]:
        """The whole room as plain data: equal for equal rooms."""
        return {
            "name": self.name,
            "opened": self.opened,
            "former": self.former,
            "network": self.network,
            "renamed": self.renamed,
            "topic": self.topic,
            "founder": self.founder,
            "access": dict(self.access),
            "metadata": dict(self.metadata),
            "flags": self.flags,
            "settings": dict(self.settings),
            "masks": {listed: dict(masks) for listed, masks in self.masks.items() if masks},
            "speech_restricted": self.speech_restricted,
            "members": list(self.members()),
            "roles": dict(self.roles),
            "last_spoke": dict(self.last_spoke),
        }


def _count(counts: dict[str, int], network: str, number: int) -> None:
    """Counts so many for a network (empty: for none), and for the IPv6 /48 around it."""
    for counted in filter(None, (network, site_of(network))):
        counts[counted] = counts.get(counted, 0) + number
        if not counts[counted]:
            del counts[counted]


def _below(counts: dict[str, int], network: str, most: int) -> bool:
    """Whether so many are not yet counted for a network, nor its share for the /48 around it."""
    return counts.get(network, 0) < most and counts.get(site_of(network), 0) < most * SITE_SHARE


class Rooms(dict[str, Room]):
    """The rooms of a chat, by key (the folded name)."""

    def __init__(self) -> None:
        super().__init__()
        self.redirects: dict[str, str] = {}
        """The current keys of renamed rooms, by the keys of their former names."""
        self.joined: dict[int, tuple[str, ...]] = {}
        """The keys of the rooms that a person is in, by the person's id, in the order of joining."""
        self.opened_from: dict[str, int] = {}
        """How many rooms people from a network were the first in; of an IPv6 /64 and of the /48 around it."""
        self.masks_from: dict[str, int] = {}
        """How many masks are on the lists of these rooms."""
        self.per_network = 0
        """How many rooms these may be (0: no limit). Set by the server's configuration, not by events."""
        self.configured: frozenset[str] = frozenset()
        """The keys of rooms that the configuration states; they are not forgotten."""

    def count_for(self, room: Room, network: str) -> None:
        """Counts a room for the network of who is the first in it now (empty: for none)."""
        masks = sum(map(len, room.masks.values()))
        _count(self.opened_from, room.network, -1)
        _count(self.masks_from, room.network, -masks)
        room.network = network
        _count(self.opened_from, network, 1)
        _count(self.masks_from, network, masks)

    def set_list_entry(self, room: Room, listed: str, mask: str, entry: ListEntry | None) -> None:
        """Puts a mask on a list of a room, or removes it (None)."""
        known = mask in room.masks.get(listed, {})
        room.set_list_entry(listed, mask, entry)
        _count(self.masks_from, room.network, (entry is not None) - known)

    def may_open(self, network: str) -> bool:
        """Whether people from a network (empty: from none that is counted) may open one more room."""
        return not self.per_network or _below(self.opened_from, network, self.per_network)

    def may_list(self, room: Room) -> bool:
        """Whether one more mask may be put on the lists of a room."""
        return not self.per_network or _below(self.masks_from, room.network, MASKS_FROM_NETWORK)

    def end_run(self) -> None:
        """Removes all members."""
        for room in self.values():
            room.network = ""
            room.last_spoke.clear()
            for person_id in list(room.member_blocks):
                room.remove_member(person_id)
        self.joined.clear()
        self.opened_from.clear()
        self.masks_from.clear()

    def state(self) -> dict[str, object]:
        """The rooms as plain data: equal in equal chats."""
        return {
            "rooms": {key: room.state() for key, room in self.items()},
            "redirects": dict(self.redirects),
            "joined": dict(self.joined),
            "opened_from": dict(self.opened_from),
            "masks_from": dict(self.masks_from),
        }
