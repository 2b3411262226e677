"""Slash commands: what ``/word …`` means, for every surface where people type.

Owns the table, its grammar and the help; must not know what becomes of a command. The commands themselves are
declared in ``text.features``.
"""

import enum
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from textwrap import wrap
from typing import Protocol

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.features.history import ReadHistory
from asyncchat.core.features.search import Search
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.text.times import Calendar


class Section(enum.IntEnum):
    """The parts of the help, in the order in which they are shown."""

    BASICS = enum.auto()
    MESSAGES = enum.auto()
    ROOMS = enum.auto()
    ACCOUNTS = enum.auto()
    MODERATION = enum.auto()
    SERVER = enum.auto()


class Actor(enum.Enum):
    """Who may use a command; the value is how the help says it. The core decides."""

    EVERYONE = ""
    ROOM_OPERATORS = "operators"
    SERVER_OPERATORS = "server operators"


class SlashContext(Protocol):
    """What a slash command may know of the session in which it is typed."""

    @property
    def room(self) -> str:
        """The current room."""
        ...

    @property
    def calendar(self) -> Calendar:
        """Where days begin for the person who types."""
        ...

    @property
    def is_confidential(self) -> bool:
        """Whether nobody listens on the way, so that a password may be sent."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """The last lines of the help."""
        ...

    def next_history(self, room: str) -> ReadHistory | None:
        """The next page of the history that is being read there, if any."""
        ...

    def next_search(self) -> Search | None:
        """The next page of the search that is being read, if any."""
        ...


Parser = Callable[[SlashContext, str], "Command | str | None"]
"""(session, what follows the word) -> what to ask, or what to answer at once, or None: that is misuse."""


class SlashCommand(msgspec.Struct, frozen=True):
    """One command.

    Attributes:
        name: the word without its slash.
        parameters: as the usage shows them; a command without any takes none.
        about: one sentence of help.
        parse: what it asks.
        section: where the help lists it.
        actor: who may use it.
        aliases: other words for it.
    """

    name: str
    parameters: str
    about: str
    parse: Parser
    section: Section
    actor: Actor = Actor.EVERYONE
    aliases: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """``/kick NAME [REASON]``."""
        return f"/{self.name} {self.parameters}".rstrip()

    @property
    def help(self) -> str:
        """What it does, and who may."""
        who = self.actor.value
        return f"{self.about.removesuffix('.')} ({who})." if who else self.about

    def ask(self, session: SlashContext, text: str) -> Command | str:
        """What it asks with these arguments, or what to answer at once."""
        asked = self.parse(session, text) if self.parameters or not text else None
        return f"Usage: {self.usage}" if asked is None else asked


_ACTORS = {Section.MODERATION: Actor.ROOM_OPERATORS, Section.SERVER: Actor.SERVER_OPERATORS}
"""Who may use the commands of a section, unless a command says something else; else everyone."""


class SlashCommands(list[SlashCommand]):
    """The commands of one feature, in the order in which the help lists those of a section."""

    def __call__(
        self,
        name: str,
        parameters: str,
        about: str,
        section: Section,
        *,
        actor: Actor | None = None,
        aliases: tuple[str, ...] = (),
    ) -> Callable[[Parser], Parser]:
        """Declares a parser's command; the arguments are those of ``SlashCommand``."""

        def declare(parse: Parser) -> Parser:
            who = actor or _ACTORS.get(section, Actor.EVERYONE)
            self.append(SlashCommand(name, parameters, about, parse, section, who, aliases))
            return parse

        return declare


def one_name(make: Callable[[str, str], Command]) -> Parser:
    """A parser that takes one name; ``make`` gets the current room and the name."""
    return lambda session, text: make(session.room, text) if text and " " not in text else None


COMMANDS: dict[str, SlashCommand] = {}
"""Each command by its name and its aliases."""


def register(declared: Iterable[SlashCommand]) -> None:
    """Adds commands to the table.

    Raises:
        ValueError: two have the same word.
    """
    for command in declared:
        for word in (command.name, *command.aliases):
            if word in COMMANDS:
                raise ValueError(f"/{word} is declared twice")
            COMMANDS[word] = command


def parse_slash(session: SlashContext, line: str) -> Command | str:
    """What a line that begins with ``/`` asks, or what to answer at once."""
    word, text = name_and_rest(line[1:])
    command = COMMANDS.get(word.lower())
    return unknown(word) if command is None else command.ask(session, text)


def unknown(word: str, known: Mapping[str, SlashCommand] = COMMANDS) -> str:
    """The answer to a word that is no command."""
    near = get_close_matches(word[:32].lower(), known, 1)
    meant = f" Did you mean /{near[0]}?" if near else ""
    return f"There is no /{word[:32]}.{meant} /help lists the commands; // sends a line that begins with /."


# What follows the word.

_ROOM_STARTS = ROOM_SIGNS | {"&"}
"""The first characters of a room's name; other IRC servers have rooms that begin with ``&``."""


def name_from(text: str) -> str:
    """A name as typed, trimmed; spaces inside become ``_``."""
    return "_".join(text.split())


def name_and_rest(text: str) -> tuple[str, str]:
    """The first word, and what follows it."""
    name, _, rest = text.partition(" ")
    return name, rest.strip()


def is_room(text: str) -> bool:
    """Whether a word names a room."""
    return text[:1] in _ROOM_STARTS if text else False


def room_from(text: str) -> str:
    """A room's name as typed; its ``#`` may be left out."""
    return text if is_room(text) else f"#{text}"


def switch_from(text: str) -> bool | None:
    """What ``on`` and ``off`` mean; None for anything else."""
    return {"on": True, "off": False}.get(text.lower())


# The help.

HELP_COLUMN = 22
"""Longest usage that has its help on the same line."""

HELP_WIDTH = 79
"""Longest line of the help: what fits the narrowest terminals that people have."""


def help_lines(command: SlashCommand, *, narrow: bool) -> list[str]:
    """A command in the list of them: its usage, and its help beside it, or under it where it is too long.

    Lines for narrow screens are of any length: whoever shows them wraps them.
    """
    usage = command.usage
    if narrow:
        return [f"  {usage}", f"      {command.help}"]
    lines = wrap(command.help, HELP_WIDTH - HELP_COLUMN - 4)
    before = [f"  {usage}"] if len(usage) > HELP_COLUMN else []
    first = "" if before else usage
    return before + [f"  {'' if at else first:<{HELP_COLUMN}}  {line}" for at, line in enumerate(lines)]


def in_order(known: Mapping[str, SlashCommand] = COMMANDS) -> list[SlashCommand]:
    """The commands as the help lists them."""
    return sorted(dict.fromkeys(known.values()), key=lambda command: command.section)


def help_text(
    notes: Iterable[str], known: Mapping[str, SlashCommand] = COMMANDS, *, narrow: bool = False
) -> str:
    """The list of commands in lines, and what else a person should know."""
    return "\n".join(
        (
            "What you type goes to the room; a line that begins with / is a command:",
            *(line for command in in_order(known) for line in help_lines(command, narrow=narrow)),
            *notes,
        )
    )


def help_answer(
    text: str, notes: Iterable[str], known: Mapping[str, SlashCommand] = COMMANDS, *, narrow: bool = False
) -> str:
    """The answer to ``/help TEXT``."""
    if not text:
        return help_text(notes, known, narrow=narrow)
    word = text.removeprefix("/")
    command = known.get(word.lower())
    return unknown(word, known) if command is None else f"{command.usage}\n{command.help}"
