"""Events: what happened in the chat, numbered and recorded, past tense.

Owns the facts and how long each kind is kept; must not know how anyone is told of them.
"""

from asyncchat.core.events.accounts import (
    AccountMade,
    AccountPasswordChanged,
    AccountRemoved,
    LoggedIn,
    LoggedOut,
)
from asyncchat.core.events.acts import ACTS, Act, ClaimFailed, ConfigurationRead, Overruled
from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.events.notes import Erased, Reacted, ReactedTo, Retracted
from asyncchat.core.events.people import AwayChanged, Entered, Left, PersonFlagChanged, Renamed
from asyncchat.core.events.record import AnyEvent, Passing, Record
from asyncchat.core.events.rooms import (
    BanChanged,
    FlagChanged,
    Invited,
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
from asyncchat.core.events.server import Announced, Killed, NodeStarted, OwnerClaimed, ServerBanChanged
from asyncchat.core.events.speech import (
    Confided,
    Cuts,
    Said,
    Signalled,
    SignalledTo,
    SignalledToRole,
    Speech,
    Tags,
    Whispered,
)
from asyncchat.core.events.together import Change, Together, together
from asyncchat.core.events.tokens import TokenMade, TokenRevoked

__all__ = [
    "ACTS",
    "AccountMade",
    "AccountPasswordChanged",
    "AccountRemoved",
    "Act",
    "Announced",
    "AnyEvent",
    "AwayChanged",
    "BanChanged",
    "Change",
    "ClaimFailed",
    "Confided",
    "ConfigurationRead",
    "Cuts",
    "Entered",
    "Erased",
    "Event",
    "FlagChanged",
    "Invited",
    "Joined",
    "Kept",
    "Kicked",
    "Killed",
    "Knocked",
    "Left",
    "LoggedIn",
    "LoggedOut",
    "MaskChanged",
    "MuteChanged",
    "NodeStarted",
    "Overruled",
    "OwnerClaimed",
    "Parted",
    "Passing",
    "PersonFlagChanged",
    "Reach",
    "Reacted",
    "ReactedTo",
    "Record",
    "Renamed",
    "Retracted",
    "RoleChanged",
    "RoomClosed",
    "RoomOpened",
    "RoomRenamed",
    "Said",
    "ServerBanChanged",
    "SettingChanged",
    "Signalled",
    "SignalledTo",
    "SignalledToRole",
    "Speech",
    "Spoke",
    "Tags",
    "Together",
    "TokenMade",
    "TokenRevoked",
    "TopicChanged",
    "Whispered",
    "together",
]
