"""The terminal client's commands: ``/word …``, from one table of which ``/help`` is made.

Owns the words and what each asks of the ``Client``; must not know prompts or colours.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches

from asyncchat.client import paging, searching, words_sent
from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError
from asyncchat.client.events import Message
from asyncchat.client.paging import PAGE
from asyncchat.client.recent import Recent
from asyncchat.client.searching import Sought
from asyncchat.client.show import names_line
from asyncchat.core.names import HISTSERV, LOBBY, fold
from asyncchat.dialects.plain import words as plain


class Leave(Exception):
    """The person leaves; ``reason`` for the others."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason


@dataclass(slots=True)
class Talk:
    """What a person at the terminal is doing: in which room, how far back they read, whom they ignore.

    ``tell`` shows a line of ours, ``recall`` messages of the history.
    """

    chat: Client
    room: str
    tell: Callable[[str], None]
    recall: Callable[[list[Message]], None]
    ignored: dict[str, str]
    commands_go_through: bool = False
    """Whether the server takes the commands (a plain dialect), and only a few are ours."""
    read_to: dict[str, paging.Stretch] = field(default_factory=dict)
    """Where ``/history`` goes on in each room, and with each person."""
    sought: Sought | None = None
    """Where ``/search`` goes on."""
    recent: Recent = field(default_factory=Recent)
    """What was shown, so that it can be answered."""


Handler = Callable[[Talk, str], bool | None]
"""(talk, what follows the word) -> False: that is misuse."""


@dataclass(frozen=True, slots=True)
class Word:
    """One command: its word, its arguments, a sentence of help, other words for it."""

    word: str
    arguments: str
    help: str
    handle: Handler
    also: tuple[str, ...] = ()
    here: bool = False
    """Whether it is obeyed here even where the server takes the commands."""

    @property
    def usage(self) -> str:
        """``/kick NAME [REASON]``."""
        return f"/{self.word} {self.arguments}".rstrip()


def obey(talk: Talk, line: str) -> None:
    """Does what a typed line asks: says it, or obeys its command.

    Raises:
        Leave: the person leaves.
        ClientError: it can't be done.
    """
    if line.lower() == "exit":
        raise Leave
    if not line.startswith("/"):
        talk.chat.say(talk.room, line)
        return
    if line.startswith("//") and not talk.commands_go_through:
        talk.chat.say(talk.room, line[1:])
        return
    typed, _, text = line[1:].partition(" ")
    word = WORDS.get(typed.lower())
    if talk.commands_go_through and (word is None or not word.here):
        talk.chat.command(line)
    elif word is None:
        near = get_close_matches(typed.lower(), WORDS, 1)
        meant = f" Did you mean /{near[0]}?" if near else ""
        talk.tell(f"there is no /{typed}.{meant} /help lists the commands; // says a line that begins with /")
    elif word.handle(talk, text.strip()) is False:
        talk.tell(f"usage: {word.usage}")


def _help(talk: Talk, text: str) -> None:
    if text:
        word = WORDS.get(text.removeprefix("/").lower())
        talk.tell(f"{word.usage}: {word.help}" if word is not None else f"there is no /{text}")
        return
    rows = [word for word in _TABLE if word.here or not talk.commands_go_through]
    talk.tell("what you type goes to the room; a line with / in front is a command:")
    for word in rows:
        for line in plain.help_lines(word.usage, word.help):
            talk.tell(line)
    if talk.commands_go_through:
        talk.tell("other commands go to the server as they are")
    else:
        talk.tell("a line that begins with // is said with one /")


def _who(talk: Talk, text: str) -> None:
    if text and not text.startswith("#") and not talk.commands_go_through:
        talk.chat.command("WHOIS", text)
        return
    room = text or talk.room
    names = talk.chat.members(room)
    talk.tell(f"in {room}: {names_line(names, most=1000)}" if names else f"{room}: you are not there")


def _join(talk: Talk, text: str) -> bool | None:
    name, _, key = text.partition(" ")
    if not name or " " in key.strip():
        return False
    room = name if name.startswith(("#", "&")) else f"#{name}"
    joined = {fold(name): name for name in talk.chat.rooms}
    if fold(room) not in joined:
        talk.chat.join(room, key.strip())
    talk.room = joined.get(fold(room), room)
    return None


def _part(talk: Talk, text: str) -> None:
    first, _, rest = text.partition(" ")
    room, reason = (first, rest) if first.startswith(("#", "&")) else (talk.room, text)
    talk.chat.part(room, reason.strip())
    if fold(room) == fold(talk.room):
        others = [name for name in talk.chat.rooms if fold(name) != fold(room)]
        talk.room = others[0] if others else LOBBY


def _nick(talk: Talk, text: str) -> bool | None:
    if not text:
        return False
    talk.chat.set_nick("_".join(text.split()))
    return None


def _msg(talk: Talk, text: str) -> bool | None:
    name, _, said = text.partition(" ")
    if not said.strip():
        return False
    talk.chat.say(name, said.strip())
    return None


def _me(talk: Talk, text: str) -> bool | None:
    if not text:
        return False
    talk.chat.say(talk.room, text, action=True)
    return None


def _topic(talk: Talk, text: str) -> None:
    if text:
        talk.chat.set_topic(talk.room, "" if text == "-" else text)
        return
    topic = talk.chat.topic(talk.room)
    talk.tell(f"topic of {talk.room}: {topic}" if topic else f"{talk.room} has no topic")


def _history(talk: Talk, text: str) -> bool | None:
    target = talk.room
    if text.startswith("@"):
        target, _, text = text[1:].partition(" ")
    text = text.strip()
    key = fold(target)
    asked = paging.stretch(text, datetime.now(UTC)) if text else talk.read_to.get(key, paging.Stretch())
    if asked is None or not target:
        return False
    until = None if asked.before else asked.until
    page = talk.chat.history(target, before=asked.before, until=until, limit=asked.limit)
    given = asked.within(page)
    talk.read_to.pop(key, None)
    if not given:
        talk.tell("there is nothing more" if asked.before else "nothing was said")
        return None
    talk.recall(given)
    rest = asked.rest(page, given)
    if rest is not None:
        talk.read_to[key] = rest
        talk.tell("more: /history" if target == talk.room else f"more: /history @{target}")
    return None


def _search(talk: Talk, text: str) -> bool | None:
    if text:
        asked = searching.sought(text, datetime.now().astimezone())
        if isinstance(asked, str):
            talk.tell(asked)
            return None
        talk.sought = asked
    if talk.sought is None:
        return False
    found = talk.sought.next_page(talk.chat, PAGE)
    if found:
        talk.recall(found)
    if talk.sought.over:
        talk.sought = None
    if not found:
        talk.tell("nothing was found" if text else "there is nothing more")
    elif talk.sought is not None:
        talk.tell("more: /search")
    return None


def _ignore(talk: Talk, text: str) -> None:
    if text:
        talk.ignored[fold(text)] = text
        talk.tell(f"you see nothing more from {text}; /unignore {text} ends that")
    else:
        talk.tell(
            f"you ignore {names_line(list(talk.ignored.values()), most=100)}"
            if talk.ignored
            else "you ignore nobody"
        )


def _unignore(talk: Talk, text: str) -> bool | None:
    if not text:
        return False
    known = talk.ignored.pop(fold(text), None)
    talk.tell(f"you see {text} again" if known else f"you do not ignore {text}")
    return None


def _quit(_talk: Talk, text: str) -> None:
    raise Leave(text)


def _kick(talk: Talk, text: str) -> bool | None:
    name, _, reason = text.partition(" ")
    if not name:
        return False
    talk.chat.kick(talk.room, name, reason.strip())
    return None


def _mute_letters(talk: Talk, sign: str) -> tuple[str, str]:
    """How this server mutes, as change and what precedes a mask: an extended ban, or a list of its own.

    Where extended bans have a sign before them, ``m`` means something else.

    Raises:
        ClientError: it can't.
    """
    before, comma, extended = talk.chat.server_tokens.get("EXTBAN", "").partition(",")
    if comma and not before and "m" in extended:
        return f"{sign}b", "m:"
    if "q" in talk.chat.server_tokens.get("CHANMODES", "").partition(",")[0]:
        return f"{sign}q", ""
    raise ClientError("This server can't mute over IRC.")


def _mode(change: str, *, alone: bool = False) -> Handler:
    """A handler that sets a mode for one name, or lists who has it where that makes sense."""

    def handle(talk: Talk, text: str) -> bool | None:
        if " " in text or (not text and not alone):
            return False
        mask = text if change[1] in "ov" or "!" in text or "@" in text or not text else f"{text}!*@*"
        letters = change
        if change[1] == "q":
            letters, before = _mute_letters(talk, change[0])
            mask = before + mask if mask else ""
        talk.chat.command("MODE", talk.room, letters, *([mask] if mask else []))
        return None

    return handle


def _away(talk: Talk, text: str) -> None:
    talk.chat.command("AWAY", *([text] if text else []))


def _clear(talk: Talk, text: str) -> bool | None:
    if not text or " " in text:
        return False
    talk.chat.command("PRIVMSG", HISTSERV, f"CLEAR {talk.room} {text}")
    return None


def _reply(talk: Talk, text: str) -> bool | None:
    name, _, said = text.partition(" ")
    if not said.strip():
        return False
    found = talk.recent.last(talk.room, name)
    if found is None:
        talk.tell(f"{name} has said nothing here that was shown")
    else:
        talk.chat.say(talk.room, f"{found.nick}: {said.strip()}", reply_to=found.id)
    return None


def _react(on: bool) -> Handler:
    """A handler that puts a reaction to the last message, or to somebody's last one."""

    def handle(talk: Talk, text: str) -> bool | None:
        words = text.split()
        if not 1 <= len(words) <= 2:
            return False
        found = talk.recent.last(talk.room, words[0] if len(words) == 2 else "")
        if found is None:
            talk.tell("there is no such message that was shown here")
        else:
            talk.chat.react(talk.room, found.id, words[-1], on=on)
        return None

    return handle


def _unsay(talk: Talk, text: str) -> None:
    name, _, reason = text.partition(" ")
    found = talk.recent.get(name) or talk.recent.last(talk.room, name, own=True)
    if found is not None:
        talk.chat.redact(talk.room, found.id, reason.strip())
    elif "-" in name and fold(name) not in map(fold, talk.chat.members(talk.room)):
        talk.chat.redact(talk.room, name, reason.strip())
    else:
        talk.tell(f"{name or 'you'} said nothing here that was shown")


def _raw(talk: Talk, text: str) -> bool | None:
    head, colon, last = text.partition(" :")
    words = head.split() + ([last] if colon else [])
    if not words:
        return False
    talk.chat.command(*words)
    return None


def _sent(line: words_sent.Line) -> Handler:
    """A handler that sends one line."""

    def handle(talk: Talk, text: str) -> bool | None:
        command = line(talk, text)
        if command is None:
            return False
        talk.chat.command(*command)
        return None

    return handle


def _as_plain(word: str, handle: Handler) -> Word:
    """A word as the plain dialect has it."""
    row = plain.WORDS[word]
    return Word(word, row.arguments, row.help, handle, row.also)


_TABLE = (
    Word("help", "[COMMAND]", "Lists the commands, or explains one.", _help, here=True),
    Word(
        "who",
        "[#ROOM|NAME]",
        "Shows who is in the room, or tells about somebody.",
        _who,
        ("names", "whois"),
        here=True,
    ),
    Word("rooms", "", "Lists the rooms.", lambda talk, _: talk.chat.command("LIST"), ("list",)),
    Word(
        "join",
        "#ROOM [KEY]",
        "Joins a room, or goes back to it; what you type then goes there.",
        _join,
        ("room",),
    ),
    Word("part", "[#ROOM] [REASON]", "Leaves the room.", _part),
    Word("nick", "NAME", "Takes another name.", _nick, ("name",)),
    Word("msg", "NAME TEXT", "Says something to one person only.", _msg, ("m", "whisper")),
    Word("me", "TEXT", "Tells what you do: * NAME waves.", _me),
    Word("topic", "[TEXT|-]", "Shows the room's topic, sets it, or takes it away.", _topic),
    Word(
        "history",
        "[@NAME] [30m|2h|2026-11-22|N]",
        "Shows what was said last, here or in private, since then, that day, or N; again: before that.",
        _history,
    ),
    Word("away", "[TEXT]", "Answers for you who is away; alone: you are back.", _away),
    Word("clear", "NAME|*", "Erases what somebody, or everybody, said from the history (operators).", _clear),
    Word(
        "search", searching.ARGUMENTS, "Finds what was said in your rooms; again shows older ones.", _search
    ),
    Word(
        "ignore",
        "[NAME]",
        "Shows nothing more from somebody; alone lists whom you ignore.",
        _ignore,
        here=True,
    ),
    Word("unignore", "NAME", "Shows somebody's words again.", _unignore, here=True),
    Word(
        "quit", "[REASON]", "Leaves the chat; so does a line that is just: exit", _quit, ("exit",), here=True
    ),
    Word("kick", "NAME [REASON]", "Puts somebody out of the room (operators).", _kick),
    Word(
        "ban",
        "[NAME|MASK]",
        "Keeps somebody out of the room (operators); alone lists who is.",
        _mode("+b", alone=True),
    ),
    Word("unban", "NAME|MASK", "Lifts a ban.", _mode("-b")),
    Word(
        "mute", "[NAME|MASK]", "Lets somebody read here but not speak (operators).", _mode("+q", alone=True)
    ),
    Word("unmute", "NAME|MASK", "Lets somebody speak again.", _mode("-q")),
    Word("op", "NAME", "Makes somebody an operator of the room (operators).", _mode("+o")),
    Word("deop", "NAME", "Takes that role back (operators).", _mode("-o")),
    Word("voice", "NAME", "Lets somebody speak in a moderated room (operators).", _mode("+v")),
    Word("unvoice", "NAME", "Takes that role back (operators).", _mode("-v")),
    _as_plain("reply", _reply),
    _as_plain("react", _react(True)),
    _as_plain("unreact", _react(False)),
    Word(
        "unsay",
        "[NAME|ID [REASON]]",
        "Takes your last message back, or somebody's (operators).",
        _unsay,
        ("delete",),
    ),
    Word(
        "rule",
        "[RULE on|off|VALUE]",
        "Shows the room's rules, or sets one: /rule +m, too (operators).",
        _sent(words_sent.rule),
        ("rules",),
    ),
    *(_as_plain(word, _sent(line)) for word, line in words_sent.SENT.items()),
    Word("raw", "LINE", "Sends a line of IRC as it is.", _raw, ("quote",)),
)

WORDS: dict[str, Word] = {word: row for row in _TABLE for word in (row.word, *row.also)}
"""Each command by its word and its other words."""
