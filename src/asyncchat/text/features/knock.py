"""Knocking: asking for an invitation into a room."""

from asyncchat.core.commands import Command
from asyncchat.core.features.invites import Knock, Knocked, KnockForbidden, NoNeedToKnock, TooManyKnocks
from asyncchat.text.sentences import FeatureText, after_colon, in_room, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest, room_from

slash = SlashCommands()


@slash("knock", "#ROOM [TEXT]", "Asks for an invitation into a room.", Section.ROOMS)
def _knock(_session: SlashContext, text: str) -> Command | None:
    room, words = name_and_rest(text)
    return Knock(room_from(room), words) if room else None


def _knocked(event: Knocked) -> str:
    name = event.person.name
    return in_room(event.room, f"{name} asks for an invitation (/invite {name}){after_colon(event.text)}")


TEXT = FeatureText(
    commands=slash,
    events={Knocked: _knocked},
    own_events={Knocked: lambda event: f"You asked for an invitation to {event.room}."},
    refusals={
        NoNeedToKnock: lambda r: (
            f"You are already in {place(r.room)}." if r.inside else f"{r.room} is open: /join {r.room}"
        ),
        KnockForbidden: lambda r: f"Not asked: {r.reason}.",
        TooManyKnocks: lambda r: f"You asked for an invitation to {r.room} a moment ago.",
    },
)
