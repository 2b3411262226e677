"""What operators of the server did that no other event tells, and which events make up the audit."""

from typing import ClassVar

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.events.metadata import RoomMetadataChanged
from asyncchat.core.events.notes import Erased
from asyncchat.core.events.people import HostChanged
from asyncchat.core.events.rooms import (
    BanChanged,
    FlagChanged,
    Kicked,
    MaskChanged,
    MuteChanged,
    RoleChanged,
    RoomRenamed,
    SettingChanged,
    TopicChanged,
)
from asyncchat.core.events.server import Announced, Killed, OwnerClaimed, ServerBanChanged
from asyncchat.core.people import Person

InRoom = (
    Kicked | RoleChanged | FlagChanged | SettingChanged | BanChanged | MuteChanged | MaskChanged
    | TopicChanged | Erased | RoomRenamed | RoomMetadataChanged
)  # fmt: skip
"""What somebody with a role may do in a room, and an operator of the server without one."""


class Overruled(Event, frozen=True, tag="overruled"):
    """An operator of the server did in a room what his role there does not allow; ``act`` is what he did."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    act: InRoom


class ClaimFailed(Event, frozen=True, tag="claim_failed"):
    """A person gave a wrong owner code, or a wrong password for the operator of this name."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    name: str = ""


class ConfigurationRead(Event, frozen=True, tag="configuration"):
    """A person had the configuration read again; ``changed`` are the options that are others now."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    changed: tuple[str, ...]


Act = (
    OwnerClaimed | ClaimFailed | Killed | HostChanged | ServerBanChanged | Announced | ConfigurationRead
    | Overruled
)  # fmt: skip
"""What the audit shows. To add one: here, in ``ACTS``, and its sentence in ``text``."""

ACTS: tuple[type[Event], ...] = (
    OwnerClaimed,
    ClaimFailed,
    Killed,
    HostChanged,
    ServerBanChanged,
    Announced,
    ConfigurationRead,
    Overruled,
)
"""The same as a table."""
