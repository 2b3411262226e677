"""What a line typed at the terminal client does.

Owns what slash commands do with the ``Client``; their words, grammar and help stand in ``text.features``, the
lines of IRC for most of them in ``dialects.irc.features``. Must not know prompts or colours.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncchat.client import history_cursor
from asyncchat.client.errors import ClientError
from asyncchat.client.render import names_line
from asyncchat.client.search import SearchPages
from asyncchat.client.terminal_state import TerminalState
from asyncchat.core.commands import Command
from asyncchat.core.features.connect import Quit, Rename
from asyncchat.core.features.edits import Edit
from asyncchat.core.features.history import ReadHistory, ReplyTo
from asyncchat.core.features.join import Join, JoinWithCode, Part
from asyncchat.core.features.messages import Say, Speech
from asyncchat.core.features.moderation import Kick
from asyncchat.core.features.pins import GetPins, PinnedMessage, PinsView
from asyncchat.core.features.preferences import Ignore
from asyncchat.core.features.queries import GetPerson, GetWho
from asyncchat.core.features.reactions import React
from asyncchat.core.features.redaction import Redact
from asyncchat.core.features.search import CutShort, Search
from asyncchat.core.features.topic import GetTopic, SetTopic
from asyncchat.core.names import LOBBY, fold
from asyncchat.dialects.irc.client_registry import LineContext, NotAskable, line_for
from asyncchat.text import slash
from asyncchat.text.features import history, search
from asyncchat.text.sanitize import typed
from asyncchat.text.sentences import reply_lines
from asyncchat.text.slash import Section, SlashCommand, name_and_rest
from asyncchat.text.times import MICROSECONDS, Zone


class Leave(Exception):
    """The person leaves; ``reason`` for the others."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason


RAW = SlashCommand(
    "raw",
    "LINE",
    "Sends a line of IRC as it is.",
    lambda _session, _text: None,  # there is nothing of the core in it
    Section.SERVER,
    aliases=("quote",),
)

COMMANDS: Mapping[str, SlashCommand] = {**slash.COMMANDS, RAW.name: RAW, **dict.fromkeys(RAW.aliases, RAW)}
"""Each command by its name and its aliases."""

_HERE = {word: COMMANDS[word] for word in ("help", "who", "ignore", "unignore", "quit", "exit")}
"""The commands that are obeyed here even where the server takes the others."""


def inputs(text: str, *, commands_go_through: bool = False) -> list[str]:
    """What was typed or pasted, as messages and commands: several lines are one message.

    A text that begins with a command is a command in each line, and a server that takes the commands takes
    lines.
    """
    clean = "\n".join(typed(line) for line in text.splitlines())
    first = next((line.lstrip() for line in clean.split("\n") if line.strip()), "")
    is_command = first.startswith("/") and not first.startswith("//")
    found = clean.split("\n") if is_command or commands_go_through else [clean]
    return [line.lstrip() if line.lstrip().startswith("/") else line for line in found if line.strip()]


def obey(state: TerminalState, line: str) -> None:
    """Does what a typed line asks: says it, or obeys its command.

    Raises:
        Leave: the person leaves.
        ClientError: it can't be done.
        ValueError: it can't be said in one line.
    """
    if line.lower() == "exit":
        raise Leave
    if not line.startswith("/"):
        state.chat.say(state.room, line)
        return
    if line.startswith("//") and not state.commands_go_through:
        state.chat.say(state.room, line[1:])
        return
    word, text = name_and_rest(line[1:])
    known = _HERE if state.commands_go_through else COMMANDS
    command = known.get(word.lower())
    if command is None:
        if state.commands_go_through:
            state.chat.command(line)
        else:
            state.tell(slash.unknown(word, known))
        return
    raw = _raw_line(state, command, text)
    if raw:
        state.chat.command(*raw)
        return
    is_help = command.name == "help"
    if is_help:
        narrow = state.columns() <= slash.HELP_WIDTH
        asked: str | Command = slash.help_answer(text, state.notes, known, narrow=narrow)
    else:
        asked = command.ask(state, text)
    if isinstance(asked, str):
        for told in asked.split("\n"):
            state.tell(told)
    elif state.commands_go_through and isinstance(asked, GetPerson):
        state.chat.command(line)
    else:
        _HANDLERS.get(type(asked), _send)(state, asked)


def _raw_line(state: TerminalState, command: SlashCommand, text: str) -> tuple[str, ...]:
    """The line of IRC that was typed as it is: ``/raw …``, or the modes in ``/rule +m``; else nothing."""
    if command is RAW:
        head, colon, last = text.partition(" :")
        return (*head.split(), *([last] if colon else []))
    if command.name == "rule" and text.startswith(("+", "-")):
        return ("MODE", state.room, *text.split())
    return ()


def _send(state: TerminalState, command: Command) -> None:
    server = LineContext(state.chat.nick, state.chat.server_tokens, int(time.time()))
    try:
        line = line_for(server, command)
    except NotAskable as error:
        raise ClientError(str(error)) from None
    state.chat.command(*line)


def _who(state: TerminalState, asked: GetWho) -> None:
    names = state.chat.members(asked.mask)
    if names:
        state.tell(f"in {asked.mask}: {names_line(names, most=1000)}")
    else:
        state.tell(f"{asked.mask}: you are not there")


def _join(state: TerminalState, asked: Join) -> None:
    joined = {fold(name): name for name in state.chat.rooms}
    # The answer may come before ``join`` returns: a refusal takes the prompt back from this room.
    before, state.room = state.room, joined.get(fold(asked.room), asked.room)
    if fold(asked.room) not in joined:
        try:
            state.chat.join(asked.room, asked.key)
        except (ClientError, ValueError):
            state.room = before
            raise


def _part(state: TerminalState, asked: Part) -> None:
    state.chat.part(asked.room, asked.reason)
    if fold(asked.room) == fold(state.room):
        others = [name for name in state.chat.rooms if fold(name) != fold(asked.room)]
        state.room = others[0] if others else LOBBY


def _say(state: TerminalState, asked: Say) -> None:
    state.chat.say(asked.to, asked.text, action=asked.speech is Speech.ACTION)


def _show_topic(state: TerminalState, asked: GetTopic) -> None:
    topic = state.chat.topic(asked.room)
    state.tell(f"topic of {asked.room}: {topic}" if topic else f"{asked.room} has no topic")


def _history(state: TerminalState, asked: ReadHistory) -> None:
    key = fold(asked.room)
    cursor = state.history.pop(key, None)
    if cursor is None or cursor.asked is not asked:
        cursor = history_cursor.first_cursor(asked, datetime.now(UTC))
    until = None if cursor.before else cursor.until
    page = state.chat.history(asked.room, before=cursor.before, until=until, limit=cursor.limit)
    given = cursor.within(page)
    if not given:
        state.tell("there is nothing more" if cursor.before else history.NO_MESSAGES)
        return
    state.recall(given)
    rest = cursor.rest(page, given)
    if rest is not None:
        state.history[key] = rest
        state.tell(history.more(asked.room, here=key == fold(state.room)))


def _search(state: TerminalState, asked: Search) -> None:
    again = state.search is not None and state.search.asked is asked
    if state.search is None or not again:
        state.search = SearchPages(asked, datetime.now().astimezone())
    pages = state.search
    found = pages.next_page(state.chat, history.PAGE)
    if found:
        state.recall(found)
    if pages.over:
        state.search = None
    if pages.reached is not None and (not found or pages.why is not CutShort.FULL):
        moment = _local_moment(pages.reached)
        state.tell(search.looked_back(moment, pages.why, found=bool(found) or again))
    elif not found:
        state.tell("there is nothing more" if again else search.NOTHING_FOUND)
    elif not pages.over:
        state.tell(search.MORE)


def _pins(state: TerminalState, asked: GetPins) -> None:
    found = tuple(
        PinnedMessage(pin.id, pin.nick, _microseconds(pin.time), pin.text, pin.by, _microseconds(pin.pinned))
        for pin in state.chat.pins(asked.room)
    )
    for line in reply_lines(PinsView(asked.room, found), _zone_at(datetime.now(UTC))):
        state.tell(line)


def _microseconds(time: datetime) -> int:
    return int(time.timestamp()) * MICROSECONDS


def _zone_at(time: datetime) -> Zone:
    """The machine's zone, as it is at that time."""
    here = time.astimezone()
    offset = here.utcoffset() or timedelta()
    return Zone(here.tzname() or "", offset // timedelta(seconds=1))


def _local_moment(time: datetime) -> str:
    return _zone_at(time).moment(_microseconds(time))


def _ignore(state: TerminalState, asked: Ignore) -> None:
    ignored = state.ignored
    told = ignored.set(state.chat, asked.name, on=asked.on) if asked.name else ignored.sentence()
    if told:
        state.tell(told)


def _quit(_state: TerminalState, asked: Quit) -> None:
    raise Leave(asked.reason)


def _reply(state: TerminalState, asked: ReplyTo) -> None:
    found = state.recent.last(asked.which.to, asked.which.name)
    if found is None:
        state.tell(f"{asked.which.name} has said nothing here that was shown")
    else:
        state.chat.say(asked.which.to, f"{found.nick}: {asked.text}", reply_to=found.id)


def _react(state: TerminalState, asked: React) -> None:
    found = state.recent.last(asked.which.to, asked.which.name)
    if found is None:
        state.tell("there is no such message that was shown here")
    else:
        state.chat.react(asked.which.to, found.id, asked.reaction, on=asked.on)


def _edit(state: TerminalState, asked: Edit) -> None:
    found = state.recent.last(asked.which.to, "", own=True)
    if found is None:
        state.tell("you said nothing here that was shown")
    else:
        state.chat.command("EDIT", asked.which.to, found.id, asked.text)


def _redact(state: TerminalState, asked: Redact) -> None:
    room, name = asked.which.to, asked.which.name
    found = state.recent.get(name) or state.recent.last(room, name, own=True)
    if found is not None:
        state.chat.redact(room, found.id, asked.reason)
    elif "-" in name and fold(name) not in map(fold, state.chat.members(room)):
        state.chat.redact(room, name, asked.reason)
    else:
        state.tell(f"{name or 'you'} said nothing here that was shown")


_HANDLERS: dict[type[Command], Callable[[TerminalState, Any], None]] = {
    GetWho: _who,
    Join: _join,
    JoinWithCode: lambda state, asked: _join(state, asked.join),
    Part: _part,
    Rename: lambda state, asked: state.chat.set_nick(asked.name),
    Say: _say,
    GetTopic: _show_topic,
    SetTopic: lambda state, asked: state.chat.set_topic(asked.room, asked.text),
    ReadHistory: _history,
    GetPins: _pins,
    Search: _search,
    Ignore: _ignore,
    Quit: _quit,
    Kick: lambda state, asked: state.chat.kick(asked.room, asked.name, asked.reason),
    ReplyTo: _reply,
    React: _react,
    Redact: _redact,
    Edit: _edit,
}
"""What is done otherwise than by one line of IRC."""
