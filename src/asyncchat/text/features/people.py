"""People: names, and who comes and goes."""

from asyncchat.core.commands import Command
from asyncchat.core.features.connect import (
    AlreadyConnected,
    NameFixed,
    NameNotAllowed,
    NameTaken,
    Quit,
    RealnameFixed,
    Rename,
    Welcome,
)
from asyncchat.core.features.presence import Left, RealnameChanged, Renamed
from asyncchat.core.replies import NoSuchPerson, NotConnectedYet
from asyncchat.text.sentences import FeatureText, because, place, untold
from asyncchat.text.slash import Section, SlashCommand, SlashContext, name_from


def _nick(_session: SlashContext, text: str) -> Command | None:
    return Rename(name_from(text)) if text else None


TEXT = FeatureText(
    commands=(
        SlashCommand("nick", "NAME", "Changes your name.", _nick, Section.BASICS, aliases=("name",)),
        SlashCommand(
            "quit",
            "[REASON]",
            "Leaves the chat; so does a line that is just: exit",
            lambda _session, text: Quit(text),
            Section.BASICS,
            aliases=("exit",),
        ),
    ),
    events={
        Left: lambda event: f"{event.person.name} left chat{because(event.reason)}",
        Renamed: lambda event: f"{event.person.name} is now {event.now.name}",
    },
    own_events={
        Left: untold,
        Renamed: lambda event: f"You are now {event.now.name}.",
        RealnameChanged: lambda event: f"Your real name is {event.now.realname}.",
    },
    replies={Welcome: lambda reply, _: [f"Hello, {reply.person.name}!"]},
    refusals={
        NotConnectedYet: lambda _: "You have no name yet.",
        AlreadyConnected: lambda _: "You already have a name; /nick NAME changes it.",
        NameTaken: lambda r: f"{r.name} is already in use.",
        NameNotAllowed: lambda r: f"That name is not allowed: {r.reason}.",
        NameFixed: lambda r: f"You can't change your name while you are muted or banned in {place(r.room)}.",
        RealnameFixed: lambda r: (
            f"You can't change your real name while you are muted or banned in {place(r.room)}."
        ),
        NoSuchPerson: lambda r: f"Nobody here is called {r.name}.",
    },
)
