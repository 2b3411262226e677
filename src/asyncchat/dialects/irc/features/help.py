"""HELP and HELPOP: a text for each command, made from the table itself so that none is forgotten.

Owns the pages about the whole; what is said of a command stands in its ``CommandSpec``.
"""

import textwrap
from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.registry import COMMANDS, command
from asyncchat.dialects.irc.serialize import numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

_COLUMNS = 72
"""Where a line of help is broken: it is read beside times and names."""

_INDEX = ("INDEX", "COMMANDS", "USERCMDS")
"""Subjects under which people look for the list of commands."""


@command("HELP [<command>]", "Says what a command does, or which commands there are.")
@command("HELPOP [<command>]", "Says what a command does, or which commands there are.")
def _help(session: IrcSession, message: Message) -> Sequence[Command]:
    subject = message.param(0).upper()
    if not subject or subject in _INDEX:
        names = textwrap.wrap(" ".join(sorted(COMMANDS)), _COLUMNS)
        more = "HELP <command> says what a command does."
        return _page(subject or "*", "The commands of this server", [*names, "", more])
    entry = COMMANDS.get(subject)
    if entry is None:
        shown = message.param(0) if " " not in subject and subject[0] != ":" else "*"
        return [numeric(numerics.ERR_HELPNOTFOUND, shown, text="No help available on this topic")]
    usage = f"{subject} {entry.params}".rstrip()
    return _page(subject, f"The command {subject}", [usage, "", *textwrap.wrap(entry.about, _COLUMNS)])


def _page(subject: str, title: str, texts: Sequence[str]) -> Sequence[Command]:
    """A title, an empty line as is usual, the text; its last line tells that it is (Modern IRC, "HELP")."""
    return [
        numeric(numerics.RPL_HELPSTART, subject, text=title),
        *(numeric(numerics.RPL_HELPTXT, subject, text=text) for text in ("", *texts[:-1])),
        numeric(numerics.RPL_ENDOFHELP, subject, text=texts[-1]),
    ]
