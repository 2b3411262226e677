"""The commands of a person at a terminal: ``/word …``, from one table of which ``/help`` is made.

Owns the words, their usage and what each asks; must not know what becomes of it.
"""

from __future__ import annotations

from difflib import get_close_matches
from textwrap import wrap
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands
from asyncchat.core.commands import Command
from asyncchat.core.events import Speech
from asyncchat.core.modes import BANS, EXCEPTIONS, GUESTS, MUTES, PERSON_FLAGS
from asyncchat.core.roles import ROLE_NAMED
from asyncchat.dialects.plain import account_words, order_words, server_words
from asyncchat.dialects.plain.typed import Handler, name_and_rest, name_from, one_name, room_from
from asyncchat.text import history, search
from asyncchat.text.events import is_lobby

if TYPE_CHECKING:
    from asyncchat.dialects.plain.dialect import PlainDialect


class Word(msgspec.Struct, frozen=True):
    """One command: the word without its slash, its arguments, a sentence of help, other words for it."""

    word: str
    arguments: str
    help: str
    handle: Handler
    also: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """``/kick NAME [REASON]``."""
        return f"/{self.word} {self.arguments}" if self.arguments else f"/{self.word}"


def _help(session: PlainDialect, text: str) -> str:
    if text:
        word = WORDS.get(text.removeprefix("/").lower())
        return unknown(text.removeprefix("/")) if word is None else f"{word.usage}\n{word.help}"
    return help_text(session.shared.info.keeps_history)


def _who(session: PlainDialect, text: str) -> Command | None:
    if text and not text.startswith("#"):
        return commands.AskPerson(text) if " " not in text else None
    return commands.AskWho(text or session.room)


def _join(_session: PlainDialect, text: str) -> Command | None:
    room, key = name_and_rest(text)
    return commands.Join(room_from(room), key) if room and " " not in key else None


def _part(session: PlainDialect, text: str) -> Command | str:
    room, reason = name_and_rest(text) if text.startswith("#") else (session.room, text)
    if is_lobby(room) and is_lobby(session.room) and not text:
        return "You are in the lobby: /quit leaves the chat."
    return commands.Part(room, reason)


def _nick(_session: PlainDialect, text: str) -> Command | None:
    return commands.Rename(name_from(text)) if text else None


def _msg(_session: PlainDialect, text: str) -> Command | None:
    name, said = name_and_rest(text)
    return commands.Say(name, said) if said else None


def _me(session: PlainDialect, text: str) -> Command | None:
    return commands.Say(session.room, text, Speech.ACTION) if text else None


def _topic(session: PlainDialect, text: str) -> Command:
    if not text:
        return commands.AskTopic(session.room)
    return commands.SetTopic(session.room, "" if text == "-" else text)


def _history(session: PlainDialect, text: str) -> Command | None:
    place = session.room
    if text.startswith("@"):
        place, text = name_and_rest(text[1:])
    asked = history.parse_history(place, text, session.shared.zone, session.reading)
    return None if asked is None else asked.command()


def _react(on: bool) -> Handler:
    """A handler that puts a reaction to the last message, or to somebody's last one."""

    def handle(session: PlainDialect, text: str) -> Command | None:
        words = text.split()
        if not 1 <= len(words) <= 2:
            return None
        name = words[0] if len(words) == 2 else ""
        return commands.React(commands.Which(session.room, name=name), words[-1], on)

    return handle


def _unsay(session: PlainDialect, text: str) -> Command:
    name, reason = name_and_rest(text)
    return commands.Redact(commands.Which(session.room, name=name, own=not name), reason)


def _reply(session: PlainDialect, text: str) -> Command | None:
    name, said = name_and_rest(text)
    return commands.Reply(commands.Which(session.room, name=name), said) if said else None


def _search(session: PlainDialect, text: str) -> Command | str | None:
    if not text:
        return None if session.seeking is None else session.seeking.command()
    asked = search.parse_search(text, session.shared.zone)
    return asked if isinstance(asked, str) else asked.command()


def _my(_session: PlainDialect, text: str) -> Command | None:
    if not text:
        return commands.AskPersonFlags()
    flag, switch = name_and_rest(text.lower())
    if flag not in PERSON_FLAGS or switch not in ("on", "off"):
        return None
    return commands.SetPersonFlag(flag, switch == "on")


def _stay(_session: PlainDialect, text: str) -> Command | None:
    if text.lower() not in ("", "on", "off"):
        return None
    return commands.SetStaying(text.lower() == "on" if text else None)


def _owner(_session: PlainDialect, text: str) -> Command | None:
    name, password = name_and_rest(text)
    if not name:
        return None
    if text.lower() == "off":
        return commands.Resign()
    if not password or name.casefold() == "owner":
        return commands.Owner(password or name)
    return commands.Owner(password, name)


def _ignore(_session: PlainDialect, text: str) -> Command | None:
    return commands.Ignore(text) if " " not in text else None


_TABLE = (
    Word("help", "[COMMAND]", "Lists the commands, or explains one.", _help),
    Word(
        "who", "[#ROOM|NAME]", "Shows who is in the room, or tells about somebody.", _who, ("names", "whois")
    ),
    Word("rooms", "", "Lists the rooms.", lambda _session, _text: commands.AskRooms(), ("list",)),
    Word("join", "#ROOM [KEY]", "Joins a room; what you type then goes there.", _join),
    Word("part", "[#ROOM] [REASON]", "Leaves the room; what you type then goes to the lobby.", _part),
    Word("nick", "NAME", "Takes another name.", _nick, ("name",)),
    Word("msg", "NAME TEXT", "Says something to one person only.", _msg, ("m", "whisper")),
    Word("me", "TEXT", "Tells what you do: * NAME waves.", _me),
    Word(
        "away",
        "[TEXT]",
        "Answers for you who is away; alone: you are back.",
        lambda _session, text: commands.SetAway(text),
    ),
    Word("reply", "NAME TEXT", "Answers somebody's last message.", _reply),
    Word("react", "[NAME] EMOJI", "Puts a reaction to the last message, or to somebody's.", _react(True)),
    Word("unreact", "[NAME] EMOJI", "Takes it back.", _react(False)),
    Word(
        "unsay",
        "[NAME [REASON]]",
        "Takes your last message out of the history, or somebody's (operators).",
        _unsay,
    ),
    Word("topic", "[TEXT|-]", "Shows the room's topic, sets it, or takes it away.", _topic),
    Word(
        "history",
        "[@NAME] [30m|2h|2026-11-22|N]",
        "Shows what was said last, since then, that day, or N lines; again: what was before.",
        _history,
    ),
    Word("search", search.ARGUMENTS, search.HELP, _search),
    Word("ignore", "[NAME]", "Shows you nothing more from somebody; alone lists whom you ignore.", _ignore),
    Word(
        "unignore",
        "NAME",
        "Shows you somebody's words again.",
        one_name(lambda _, n: commands.Ignore(n, False)),
    ),
    Word(
        "quit",
        "[REASON]",
        "Leaves the chat; so does a line that is just: exit",
        lambda _session, text: commands.Quit(text),
        ("exit",),
    ),
    Word(
        "owner",
        "CODE|NAME PASSWORD|off",
        "Makes you an operator of every room; the server shows the code at its first start.",
        _owner,
    ),
    Word("register", "PASSWORD [MAIL]", "Makes your name your account.", account_words.register),
    Word("login", "[NAME] PASSWORD", "Logs you in to your account.", account_words.login),
    Word(
        "logout",
        "",
        "Logs you out of it.",
        lambda _session, _text: commands.LogOut(),
    ),
    Word(
        "account",
        "[NAME]",
        "Tells of your account, or of another.",
        lambda _session, text: commands.AskAccount(text),
    ),
    Word("passwd", "PASSWORD", "Changes the password of your account.", account_words.new_password),
    Word("unregister", "PASSWORD", "Removes your account.", account_words.drop),
    Word("regain", "NAME [PASSWORD]", "Takes your name back.", account_words.regain),
    Word(
        "stay", "[on|off]", "Keeps you in your rooms while you are not connected; alone tells whether.", _stay
    ),
    Word(
        "claim",
        "[ACCOUNT]",
        "Registers the room to your account.",
        account_words.claim,
    ),
    Word("unclaim", "", "Makes your room nobody's again.", account_words.unclaim),
    Word(
        "access",
        "[NAME ROLE|off]",
        "Gives an account a role in your room; alone lists them.",
        account_words.access,
    ),
    Word(
        "reload",
        "",
        "Reads the server's configuration again (owner).",
        lambda _session, _text: commands.Reload(),
        ("rehash",),
    ),
    Word("kick", "NAME [REASON]", "Puts somebody out of the room (operators).", order_words.kick),
    Word(
        "mute",
        "[NAME|MASK [30m|2h|7d]]",
        "Lets somebody read here but not speak (operators); alone lists them.",
        order_words.mask(MUTES),
    ),
    Word("unmute", "NAME|MASK", "Lets somebody speak again.", order_words.unmask(MUTES)),
    Word(
        "ban",
        "[NAME|MASK [30m|2h|7d]]",
        "Puts somebody out of the room, if need be for a time (operators); alone lists them.",
        order_words.mask(BANS),
    ),
    Word("unban", "NAME|MASK", "Lifts a ban.", order_words.unmask(BANS)),
    Word(
        "except",
        "[NAME|MASK]",
        "Lets no ban and no mute concern somebody (operators); alone lists them.",
        order_words.mask(EXCEPTIONS),
    ),
    Word("unexcept", "NAME|MASK", "Takes that back.", order_words.unmask(EXCEPTIONS)),
    Word(
        "guest",
        "[NAME|MASK]",
        "Lets somebody in without an invitation (operators); alone lists them.",
        order_words.mask(GUESTS),
    ),
    Word("unguest", "NAME|MASK", "Takes that back.", order_words.unmask(GUESTS)),
    Word(
        "rename-room",
        "#NEW [REASON]",
        "Gives the room another name; its history and rules stay (operators).",
        order_words.rename_room,
        ("renameroom",),
    ),
    Word(
        "invite",
        "[NAME]",
        "Asks somebody into the room; alone lists where you are invited.",
        order_words.invite,
    ),
    Word("knock", "#ROOM [TEXT]", "Asks to be invited into a room.", order_words.knock),
    Word(
        "voice",
        "NAME",
        "Lets somebody speak where only members with a role may (operators).",
        one_name(lambda r, n: commands.SetRole(r, n, role="voice")),
    ),
    Word(
        "unvoice",
        "NAME",
        "Takes that role back (operators).",
        one_name(lambda r, n: commands.SetRole(r, n, False, "voice")),
    ),
    Word("op", "NAME", "Makes somebody an operator of the room (operators).", one_name(commands.SetRole)),
    Word(
        "deop",
        "NAME",
        "Takes that role back (operators).",
        one_name(lambda r, n: commands.SetRole(r, n, False)),
    ),
    Word(
        "role",
        "NAME ROLE [off]",
        f"Gives somebody a role, or takes it: {', '.join(ROLE_NAMED)}.",
        order_words.role,
    ),
    Word(
        "rule",
        "[RULE on|off|VALUE]",
        "Shows the room's rules, or sets one (operators).",
        order_words.rule,
        ("rules",),
    ),
    Word(
        "my",
        "[FLAG on|off]",
        f"Shows or sets what you are: {', '.join(PERSON_FLAGS)}.",
        _my,
    ),
    Word(
        "clear",
        "NAME|*",
        "Erases what somebody, or everybody, said from the room's history (operators).",
        order_words.clear,
    ),
    Word("kill", "NAME [REASON]", "Puts somebody off the server (owner).", server_words.kill),
    Word(
        "host",
        "NAME HOST",
        "Lets somebody be seen as coming from another host (owner).",
        server_words.host,
        ("vhost",),
    ),
    Word(
        "serverban",
        "[NAME|MASK|NETWORK [90m|7d|1d2h] [REASON]]",
        "Bans from the server, alone it lists who is (owner).",
        server_words.server_ban,
    ),
    Word("serverunban", "MASK", "Lifts a ban from the server (owner).", server_words.server_unban),
    Word(
        "audit",
        "[30m|2h|7d|2026-11-22|N]",
        "Shows what operators of the server did, the last of it or since then (owner).",
        server_words.audit,
    ),
    Word("announce", "TEXT", "Tells all who set /my wallops on (owner).", server_words.announce),
)

HELP_COLUMN = 22
"""Longest usage that has its help on the same line."""

HELP_WIDTH = 79
"""Longest line of the help: what fits the narrowest terminals that people have."""

WORDS: dict[str, Word] = {word: row for row in _TABLE for word in (row.word, *row.also)}
"""Each command by its word and its other words."""


def help_lines(usage: str, help: str) -> list[str]:
    """A command in the list of them: its usage, and its help beside it, or under it where it is too long."""
    told = wrap(help, HELP_WIDTH - HELP_COLUMN - 4)
    before = [f"  {usage}"] if len(usage) > HELP_COLUMN else []
    first = "" if before else usage
    return before + [f"  {'' if at else first:<{HELP_COLUMN}}  {line}" for at, line in enumerate(told)]


def help_text(keeps_history: bool) -> str:
    """The list of commands, and what else a person should know, in lines."""
    kept = (
        "What is said here is kept in this server's history, private messages too."
        if keeps_history
        else "What is said here is kept only until this server stops."
    )
    return "\n".join(
        (
            "What you type goes to the room; a line with / in front is a command:",
            *(line for row in _TABLE for line in help_lines(row.usage, row.help)),
            "A line that begins with // is said with one /; //exit says exit.",
            kept,
        )
    )


def unknown(word: str) -> str:
    """What is answered to a word that is none."""
    near = get_close_matches(word[:32].lower(), WORDS, 1)
    meant = f" Did you mean /{near[0]}?" if near else ""
    return f"There is no /{word[:32]}.{meant} /help lists the commands; // says a line that begins with /."


def obey(session: PlainDialect, line: str) -> Command:
    """What a line that begins with ``/`` asks."""
    typed, text = name_and_rest(line[1:])
    word = WORDS.get(typed.lower())
    if word is None:
        return commands.Answer(unknown(typed))
    asked = word.handle(session, text)
    if asked is None:
        return commands.Answer(f"Usage: {word.usage}")
    return commands.Answer(asked) if isinstance(asked, str) else asked
