"""People: names, and who comes and goes."""

from asyncchat.core import commands, events, replies
from asyncchat.core.commands import Command
from asyncchat.text.arguments import name_from
from asyncchat.text.phrases import because, place
from asyncchat.text.sentences import FeatureText, untold
from asyncchat.text.slash import Section, SlashCommand, SlashContext


def _nick(_session: SlashContext, text: str) -> Command | None:
    return commands.Rename(name_from(text)) if text else None


TEXT = FeatureText(
    commands=(
        SlashCommand("nick", "NAME", "Changes your name.", _nick, Section.BASICS, aliases=("name",)),
        SlashCommand(
            "quit",
            "[REASON]",
            "Leaves the chat; so does a line that is just: exit",
            lambda _session, text: commands.Quit(text),
            Section.BASICS,
            aliases=("exit",),
        ),
    ),
    events={
        events.Left: lambda event: f"{event.person.name} left chat{because(event.reason)}",
        events.Renamed: lambda event: f"{event.person.name} is now {event.now.name}",
    },
    own_events={
        events.Left: untold,
        events.Renamed: lambda event: f"You are now {event.now.name}.",
        events.RealnameChanged: lambda event: f"Your real name is {event.now.realname}.",
    },
    replies={replies.Welcome: lambda reply, _: [f"Hello, {reply.person.name}!"]},
    refusals={
        replies.NotEntered: lambda _: "You have no name yet.",
        replies.AlreadyEntered: lambda _: "You already have a name; /nick NAME changes it.",
        replies.NameTaken: lambda r: f"{r.name} is already in use.",
        replies.NameNotAllowed: lambda r: f"That name is not allowed: {r.reason}.",
        replies.NameFixed: lambda r: (
            f"You can't change your name while you are muted or banned in {place(r.room)}."
        ),
        replies.RealnameFixed: lambda r: (
            f"You can't change your real name while you are muted or banned in {place(r.room)}."
        ),
        replies.NoSuchPerson: lambda r: f"Nobody here is called {r.name}.",
    },
)
