"""People: names, and who comes and goes."""

from asyncchat.core.commands import Command
from asyncchat.core.features import connect
from asyncchat.core.features.presence import Left, RealnameChanged, Renamed
from asyncchat.core.replies import NoSuchPerson, NotConnectedYet
from asyncchat.text.sentences import FeatureText, because, place, untold
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_from

slash = SlashCommands()


@slash("nick", "NAME", "Changes your name.", Section.BASICS, aliases=("name",))
def _nick(_session: SlashContext, text: str) -> Command | None:
    return connect.Rename(name_from(text)) if text else None


slash(
    "quit",
    "[REASON]",
    "Leaves the chat; so does a line that is just: exit",
    Section.BASICS,
    aliases=("exit",),
)(lambda _session, text: connect.Quit(text))

TEXT = FeatureText(
    commands=slash,
    events={
        Left: lambda event: f"{event.person.name} left chat{because(event.reason)}",
        Renamed: lambda event: f"{event.person.name} is now {event.now.name}",
    },
    own_events={
        Left: untold,
        Renamed: lambda event: f"You are now {event.now.name}.",
        RealnameChanged: lambda event: f"Your real name is {event.now.realname}.",
    },
    replies={connect.Welcome: lambda reply, _: [f"Hello, {reply.person.name}!"]},
    refusals={
        NotConnectedYet: lambda _: "You have no name yet.",
        connect.AlreadyConnected: lambda _: "You already have a name; /nick NAME changes it.",
        connect.NameTaken: lambda r: f"{r.name} is already in use.",
        connect.NameNotAllowed: lambda r: f"That name is not allowed: {r.reason}.",
        connect.NameFixed: lambda r: (
            f"You can't change your name while you are muted or banned in {place(r.room)}."
        ),
        connect.RealnameFixed: lambda r: (
            f"You can't change your real name while you are muted or banned in {place(r.room)}."
        ),
        NoSuchPerson: lambda r: f"Nobody here is called {r.name}.",
    },
)
