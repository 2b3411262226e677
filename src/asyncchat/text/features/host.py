"""The host that a person is seen as coming from."""

from asyncchat.core.commands import Command
from asyncchat.core.features.host import ChangeHost, HostAlready, HostChanged, HostNotAllowed
from asyncchat.text.sentences import FeatureText, full_origin
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash("host", "NAME HOST", "Shows a person as coming from another host.", Section.SERVER, aliases=("vhost",))
def _host(_session: SlashContext, text: str) -> Command | None:
    name, host = name_and_rest(text)
    return ChangeHost(name, host) if host and " " not in host else None


def _audited(event: HostChanged, _zone: Zone) -> str:
    return f"{full_origin(event.by)} gave {full_origin(event.person)} the host {event.now.host}"


TEXT = FeatureText(
    commands=slash,
    own_events={
        HostChanged: lambda event: f"{event.now.name} is now seen as coming from {event.now.host}.",
    },
    refusals={
        HostNotAllowed: lambda r: (
            f"{r.host} can't be a host: only letters, digits and . : / - _ are allowed."
        ),
        HostAlready: lambda r: f"{r.name} already has the host {r.host}.",
    },
    audit={HostChanged: _audited},
)
