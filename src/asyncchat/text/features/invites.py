"""Invitations into a room."""

from asyncchat.core.commands import Command
from asyncchat.core.features import invites
from asyncchat.core.features.join import NotInvited
from asyncchat.text.sentences import FeatureText, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext
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


TEXT = FeatureText(
    commands=slash,
    events={
        invites.Invited: lambda event: f"{event.person.name} invites you to {event.room}: /join {event.room}"
    },
    own_events={invites.Invited: lambda event: f"You invited {event.to.name} to {event.room}."},
    replies={invites.InvitationsView: _invitations_view},
    refusals={
        NotInvited: lambda r: (
            f"Only invited people may join {place(r.room)}: /knock {r.room} asks for an invitation."
        ),
        invites.TooManyInvitations: lambda r: f"{r.name} is invited to too many rooms.",
    },
)
