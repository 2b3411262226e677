"""The server itself: help, its configuration, its password, its history's file."""

from asyncchat.core.features.server import ConfigurationRead, NotReloaded, Reload, Reloaded, WrongPassword
from asyncchat.core.replies import DailyQuotaUsed, StorageDown
from asyncchat.text.sentences import FeatureText, capitalized, full_origin
from asyncchat.text.slash import Section, SlashCommands, SlashContext, help_answer
from asyncchat.text.times import Zone

slash = SlashCommands()

SLASH_NOTE = "A line that begins with // is sent with one /."
"""One of the last lines of the help."""


def kept_note(keeps_history: bool) -> str:
    """The last line of the help: what becomes of what is said."""
    if keeps_history:
        return "What is said here is kept in this server's history, private messages too."
    return "What is said here is kept only until this server stops."


@slash("help", "[COMMAND]", "Lists the commands, or explains one.", Section.BASICS)
def _help(session: SlashContext, text: str) -> str:
    return help_answer(text, session.notes)


slash("reload", "", "Reads the server's configuration again.", Section.SERVER, aliases=("rehash",))(
    lambda _session, _text: Reload()
)


def _reloaded(reply: Reloaded, _zone: Zone) -> list[str]:
    told = [f"Changed: {', '.join(reply.changed) or 'nothing'}."]
    if reply.waiting:
        told.append(f"Only a restart changes: {', '.join(reply.waiting)}.")
    return told


def _configuration_read(event: ConfigurationRead, _zone: Zone) -> str:
    changed = ", ".join(event.changed) or "nothing"
    return f"{full_origin(event.person)} reloaded the configuration; changed: {changed}"


TEXT = FeatureText(
    commands=slash,
    replies={Reloaded: _reloaded},
    refusals={
        NotReloaded: lambda r: f"Nothing changed: {r.reason}",
        WrongPassword: lambda r: (
            f"Too many wrong passwords came from your network: wait {r.wait} s, then try again."
            if r.wait
            else f"{capitalized(r.reason)}."
            if r.reason
            else "That is not the password."
        ),
        DailyQuotaUsed: lambda _: (
            "Not accepted: the guests of your network have sent as much as they may in a day. Log in to an "
            "account, or try again in some hours."
        ),
        StorageDown: lambda _: "Not accepted: the history can't be written at the moment. Try again soon.",
    },
    audit={ConfigurationRead: _configuration_read},
)
