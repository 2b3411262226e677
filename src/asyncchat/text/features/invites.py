"""Invitations into a room, and knocking: asking for one."""

from asyncchat.core.commands import Command
from asyncchat.core.features import invites
from asyncchat.core.features.join import NotInvited
from asyncchat.text.sentences import FeatureText, after_colon, in_room, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest, room_from
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash(
    "invite",
    "[NAME]",
    "Invites a person into the room; alone lists the rooms that you are invited to.",
    Section.ROOMS,
)
def _invite(session: SlashContext, text: str) -> Command | None:
    if not text:
        return invites.GetInvitations()
    return invites.Invite(session.room, text) if " " not in text else None


def _invitations_view(view: invites.InvitationsView, _zone: Zone) -> list[str]:
    return [f"You are invited to {', '.join(view.rooms)}." if view.rooms else "You are invited to no room."]


@slash("knock", "#ROOM [TEXT]", "Asks for an invitation into a room.", Section.ROOMS)
def _knock(_session: SlashContext, text: str) -> Command | None:
    room, words = name_and_rest(text)
    return invites.Knock(room_from(room), words) if room else None


def _knocked(event: invites.Knocked) -> str:
    name = event.person.name
    return in_room(event.room, f"{name} asks for an invitation (/invite {name}){after_colon(event.text)}")


TEXT = FeatureText(
    commands=slash,
    audit={invites.Invited: lambda event, _: f"let {event.to.name} in by an invitation"},
    events={
        invites.Invited: lambda event: f"{event.person.name} invites you to {event.room}: /join {event.room}",
        invites.Knocked: _knocked,
    },
    own_events={
        invites.Invited: lambda event: f"You invited {event.to.name} to {event.room}.",
        invites.Knocked: lambda event: f"You asked for an invitation to {event.room}.",
    },
    replies={invites.InvitationsView: _invitations_view},
    refusals={
        NotInvited: lambda r: (
            f"Only invited people may join {place(r.room)}: /knock {r.room} asks for an invitation."
        ),
        invites.TooManyInvitations: lambda r: f"{r.name} is invited to too many rooms.",
        invites.NoNeedToKnock: lambda r: (
            f"You are already in {place(r.room)}." if r.inside else f"{r.room} is open: /join {r.room}"
        ),
        invites.KnockForbidden: lambda r: f"Not asked: {r.reason}.",
        invites.TooManyKnocks: lambda r: f"You asked for an invitation to {r.room} a moment ago.",
    },
)
