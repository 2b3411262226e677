"""Preferences: the slash commands of ignoring."""

from asyncchat.core.commands import Command
from asyncchat.core.features.preferences import Ignore, Ignored, PreferenceRefused
from asyncchat.text.sentences import FeatureText
from asyncchat.text.slash import Section, SlashCommands, SlashContext, one_name
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash("ignore", "[NAME]", "Hides what a person says; alone lists whom you ignore.", Section.MESSAGES)
def _ignore(_session: SlashContext, text: str) -> Command | None:
    return Ignore(text) if " " not in text else None


slash("unignore", "NAME", "Shows again what a person says.", Section.MESSAGES)(
    one_name(lambda _, name: Ignore(name, False))
)


def _ignored(reply: Ignored, _zone: Zone) -> list[str]:
    return [f"You ignore {', '.join(reply.names)}." if reply.names else "You ignore nobody."]


TEXT = FeatureText(
    commands=slash,
    replies={Ignored: _ignored},
    refusals={PreferenceRefused: lambda r: f"Not done: {r.reason}."},
)
