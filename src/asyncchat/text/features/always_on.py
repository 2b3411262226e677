"""Always on: an account that stays in its rooms while it is not connected."""

from asyncchat.core.commands import Command
from asyncchat.core.features.always_on import AlwaysOnStatus, SetAlwaysOn
from asyncchat.text.sentences import FeatureText, counted
from asyncchat.text.slash import Section, SlashCommands, SlashContext, switch_from
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash(
    "stay",
    "[on|off]",
    "Keeps you in your rooms while you are not connected; alone shows whether it does.",
    Section.ACCOUNTS,
)
def _stay(_session: SlashContext, text: str) -> Command | None:
    switch = switch_from(text)
    return SetAlwaysOn(switch) if not text or switch is not None else None


def _always_on_status(reply: AlwaysOnStatus, _zone: Zone) -> list[str]:
    if not reply.on:
        return [f"As {reply.account} you leave your rooms when your last connection ends."]
    end = f", for up to {counted(reply.days, 'day', 'days')}" if reply.days else ""
    return [f"As {reply.account} you stay in your rooms while you are not connected{end}."]


TEXT = FeatureText(
    commands=slash,
    replies={AlwaysOnStatus: _always_on_status},
)
