"""Every event there is, and an event with its number and time."""

import msgspec

from asyncchat.core.events.accounts import (
    AccountMade,
    AccountPasswordChanged,
    AccountRemoved,
    AccountStays,
    DeviceSeen,
    LoggedIn,
    LoggedOut,
    RoomAccessChanged,
    RoomRegistered,
    StayChanged,
)
from asyncchat.core.events.acts import ClaimFailed, ConfigurationRead, Overruled
from asyncchat.core.events.marks import ReadHere, ReadUpTo
from asyncchat.core.events.metadata import (
    AccountMetadataChanged,
    MetadataChanged,
    MetadataShown,
    RoomMetadataChanged,
    Subscribed,
    Synced,
)
from asyncchat.core.events.notes import (
    Erased,
    Reacted,
    ReactedTo,
    Retracted,
)
from asyncchat.core.events.people import (
    Attached,
    AwayChanged,
    Detached,
    Entered,
    HostChanged,
    HostShown,
    Left,
    PersonFlagChanged,
    RealnameChanged,
    Renamed,
)
from asyncchat.core.events.rooms import (
    BanChanged,
    FlagChanged,
    Invited,
    InviteShown,
    Joined,
    Kicked,
    Knocked,
    MaskChanged,
    MuteChanged,
    Parted,
    RoleChanged,
    RoomClosed,
    RoomOpened,
    RoomRenamed,
    SettingChanged,
    Spoke,
    TopicChanged,
)
from asyncchat.core.events.server import (
    Announced,
    Killed,
    NodeStarted,
    OwnerClaimed,
    OwnerResigned,
    ServerBanChanged,
)
from asyncchat.core.events.speech import (
    Confided,
    Said,
    Signalled,
    SignalledTo,
    SignalledToRole,
    Whispered,
)
from asyncchat.core.events.tokens import PostedOnce, TokenMade, TokenRevoked
from asyncchat.core.events.watching import Came, Noticed, Watched, Went

AnyEvent = (
    Said | Whispered | Signalled | SignalledTo | SignalledToRole | NodeStarted | Entered | Left | Renamed
    | Attached | Detached | AwayChanged | RoomOpened | RoomClosed | RoomRenamed | Joined | Parted | Kicked
    | RoleChanged
    | TopicChanged | FlagChanged | BanChanged | MuteChanged | SettingChanged | MaskChanged | Invited | Knocked
    | Spoke | Confided
    | HostChanged | HostShown
    | PersonFlagChanged | RealnameChanged | InviteShown | OwnerClaimed | OwnerResigned | Erased | Killed
    | ServerBanChanged | Announced
    | AccountMade | AccountPasswordChanged | AccountRemoved | LoggedIn | LoggedOut
    | RoomRegistered | RoomAccessChanged | AccountStays | StayChanged | DeviceSeen
    | Overruled | ClaimFailed | ConfigurationRead
    | Watched | Came | Went | Noticed
    | TokenMade | TokenRevoked | PostedOnce
    | Reacted | ReactedTo | Retracted | ReadHere | ReadUpTo
    | AccountMetadataChanged | RoomMetadataChanged | MetadataChanged | MetadataShown | Subscribed | Synced
)  # fmt: skip


class Record(msgspec.Struct, frozen=True):
    """A numbered event: ``number`` counts from 1 without a hole, ``time`` is microseconds since 1970 UTC.

    Times never decrease from one record to the next.
    """

    number: int
    time: int
    event: AnyEvent


class Passing(Record, frozen=True):
    """An event that passes by: it goes the way of the records, but the log has none; its number is 0."""
