"""Rooms that belong to an account, and the roles that accounts have in them."""

from asyncchat.core.commands import Command
from asyncchat.core.features import room_registration
from asyncchat.text.sentences import FeatureText, capitalized, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash("claim", "[ACCOUNT]", "Registers the room to your account, or gives it to another.", Section.ROOMS)
def _claim(session: SlashContext, text: str) -> Command | None:
    return room_registration.RegisterRoom(session.room, text) if " " not in text else None


@slash("unclaim", "", "Ends the registration of your room.", Section.ROOMS)
def _unclaim(session: SlashContext, _text: str) -> Command | None:
    return room_registration.RegisterRoom(session.room, on=False)


@slash(
    "access",
    "[NAME ROLE|off]",
    "Gives an account a role in your room; alone lists the accounts with a role.",
    Section.ROOMS,
)
def _access(session: SlashContext, text: str) -> Command | None:
    if not text:
        return room_registration.GetAccess(session.room)
    account, role = name_and_rest(text)
    if not role or " " in role:
        return None
    return room_registration.SetAccess(session.room, account, "" if role.lower() == "off" else role)


def _access_view(view: room_registration.AccessView, _zone: Zone) -> list[str]:
    if not view.founder:
        return [f"{capitalized(place(view.room))} belongs to nobody: /claim registers it to your account."]
    roles = (f"  {account}: {role}" for account, role in view.access)
    return [f"{capitalized(place(view.room))} belongs to the account {view.founder}.", *roles]


def _registered(event: room_registration.RoomRegistered, _zone: Zone) -> str:
    return f"registered it to the account {event.account}" if event.account else "ended its registration"


def _access_changed(event: room_registration.RoomAccessChanged, _zone: Zone) -> str:
    did = "gave" if event.on else "took from"
    return f"{did} the account {event.account} the role {event.role}"


TEXT = FeatureText(
    commands=slash,
    audit={
        room_registration.RoomRegistered: _registered,
        room_registration.RoomAccessChanged: _access_changed,
    },
    replies={
        room_registration.AccessView: _access_view,
        room_registration.RoomRegisteredNow: lambda reply, _: [
            f"{reply.room} now belongs to the account {reply.account}."
            if reply.account
            else f"{reply.room} now belongs to nobody."
        ],
        room_registration.AccessChanged: lambda reply, _: [
            f"{reply.account} now has the role {reply.role} in {reply.room}."
            if reply.role
            else f"{reply.account} no longer has a role in {reply.room}."
        ],
    },
)
