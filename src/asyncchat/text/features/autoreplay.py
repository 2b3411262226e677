"""Whether an account is told unasked what was said before."""

from asyncchat.core.commands import Command
from asyncchat.core.features.autoreplay import AutoreplayStatus, SetAutoreplay
from asyncchat.text.sentences import FeatureText
from asyncchat.text.slash import Section, SlashCommands, SlashContext, switch_from

slash = SlashCommands()


@slash(
    "replay",
    "[on|off]",
    "Tells you unasked what was said before you came; alone shows whether it does.",
    Section.ACCOUNTS,
)
def _replay(_session: SlashContext, text: str) -> Command | None:
    switch = switch_from(text)
    return SetAutoreplay(switch) if not text or switch is not None else None


def autoreplay_status(reply: AutoreplayStatus) -> str:
    """Whether it is."""
    return f"As {reply.account} you are {'' if reply.on else 'not '}told unasked what was said before"


TEXT = FeatureText(
    commands=slash,
    replies={AutoreplayStatus: lambda reply, _zone: [f"{autoreplay_status(reply)}."]},
)
