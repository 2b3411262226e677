"""The sentence for each event, reply, refusal and act of an operator.

Owns the tables, which ``text.features`` fills; must not know who is told, nor the bytes of a line. A sentence
is one line without its end (a message of several lines has several); an empty one is not told.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from asyncchat.core.events import Event, Record
from asyncchat.core.features.connect import Rename
from asyncchat.core.features.messages import Speech
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import SetFlag, SetMask, SetRole, SetSetting
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.features.user_modes import SetPersonFlag
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import PROGRAM_USER, Person
from asyncchat.core.replies import Refusal, Reply
from asyncchat.text import slash
from asyncchat.text.sanitize import shown
from asyncchat.text.slash import SlashCommand
from asyncchat.text.times import Zone

Sentence = Callable[[Any], str]
ReplyLines = Callable[[Any, Zone], list[str]]
AuditSentence = Callable[[Any, Zone], str]


class FeatureText(msgspec.Struct, frozen=True):
    """What people type and read of one feature.

    Attributes:
        commands: its slash commands.
        events: what the others are told of its events, and the one who caused it, unless ``own_events`` says
            something else.
        own_events: what the one who caused it is told.
        replies: its replies in lines.
        refusals: why something of it is refused.
        audit: what the audit says of its events: one sentence without a time and without a full stop.
    """

    commands: Sequence[SlashCommand] = ()
    events: dict[type[Event], Sentence] = {}
    own_events: dict[type[Event], Sentence] = {}
    replies: dict[type[Reply], ReplyLines] = {}
    refusals: dict[type[Refusal], Sentence] = {}
    audit: dict[type[Event], AuditSentence] = {}


EVENTS: dict[type[Event], Sentence] = {}
OWN_EVENTS: dict[type[Event], Sentence] = {}
REPLIES: dict[type[Reply], ReplyLines] = {}
REFUSALS: dict[type[Refusal], Sentence] = {}
AUDIT: dict[type[Event], AuditSentence] = {}


def register(feature: FeatureText) -> None:
    """Adds a feature's texts to the tables.

    Raises:
        ValueError: two features have the same slash command, or words for the same value.
    """
    slash.register(feature.commands)
    _add(EVENTS, feature.events)
    _add(OWN_EVENTS, feature.own_events)
    _add(REPLIES, feature.replies)
    _add(REFUSALS, feature.refusals)
    _add(AUDIT, feature.audit)


def _add(table: dict[Any, Any], declared: Mapping[Any, Any]) -> None:
    for kind, words in declared.items():
        if kind in table:
            raise ValueError(f"{kind.__name__} has words twice")
        table[kind] = words


def untold(_event: Event) -> str:
    """Nothing: for an event that the others are told, but not the one who caused it."""
    return ""


def event_sentence(event: Event) -> str:
    """What the others are told of an event; empty: nothing."""
    words = EVENTS.get(type(event))
    return "" if words is None else words(event)


def own_event_sentence(event: Event) -> str:
    """What the one who caused an event is told; empty: nothing."""
    words = OWN_EVENTS.get(type(event))
    return event_sentence(event) if words is None else words(event)


def reply_lines(reply: Reply, zone: Zone) -> list[str]:
    """A reply in lines; none where it is not told."""
    words = REPLIES.get(type(reply))
    return [] if words is None else words(reply, zone)


def refusal_sentence(refusal: Refusal) -> str:
    """Why a command was refused."""
    return REFUSALS[type(refusal)](refusal)


def audit_sentence(event: Event, zone: Zone) -> str:
    """What an operator of the server did, in one clean line."""
    return shown(AUDIT[type(event)](event, zone))


def audit_line(record: Record, zone: Zone) -> str:
    """``Sun 22 Nov 2026 21:14 UTC  …``."""
    return f"{zone.moment(record.time)}  {audit_sentence(record.event, zone)}"


CHANGES = Rename, SetTopic, SetRole, SetFlag, SetSetting, SetMask, SetPersonFlag, Ban
"""Commands whose outcome is empty where they change nothing."""

ALREADY_SO = "That is already so."
"""What is said then."""

# Parts of sentences that several features need.

NAMES_SHOWN = 100
"""Names that one list shows: about a screen of them."""


def is_lobby(room: str) -> bool:
    """Whether a name means the lobby."""
    return room == LOBBY or fold(room) == LOBBY


def place(room: str) -> str:
    """A room as a sentence names it."""
    return "the lobby" if is_lobby(room) else room


def in_room(room: str, sentence: str) -> str:
    """The sentence, with the room before it unless that is the lobby."""
    return sentence if is_lobby(room) else f"[{room}] {sentence}"


def because(reason: str) -> str:
    """A reason in brackets, or nothing."""
    return f" ({reason})" if reason else ""


def after_colon(text: str) -> str:
    """A colon and the text, or nothing."""
    return f": {text}" if text else ""


def capitalized(text: str) -> str:
    """The text with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def counted(count: int, one: str, many: str) -> str:
    """``1 day``, ``1,500 days``."""
    return f"{count:,} {one if count == 1 else many}"


def first_names(names: list[str], size: int) -> list[str]:
    """At most ``NAMES_SHOWN`` of ``size`` names, and how many more there are."""
    if size <= NAMES_SHOWN:
        return names
    return [*names[:NAMES_SHOWN], f"{size - NAMES_SHOWN:,} others"]


def a_role(name: str) -> str:
    """A role as a sentence names it: ``an operator``."""
    return f"a{'n' if name[0] in 'aeiou' else ''} {name}"


def spoken(start: str, name: str, text: str, speech: Speech) -> str:
    """A person's message; each line of several has its speaker. Clients' own queries (CTCP) are not shown."""
    if speech is Speech.ACTION:
        start = f"{start}* {name} "
    elif speech is Speech.CTCP_QUERY or speech is Speech.CTCP_REPLY:
        return ""
    else:
        start = f"{start}{name}: "
    return "\n".join(start + part for part in text.split("\n")) if "\n" in text else start + text


def full_origin(person: Person) -> str:
    """A person with what others are not shown: the address behind a cloak. A program is "token NAME"."""
    if person.user == PROGRAM_USER and person.host == "api":
        return f"token {person.name}"
    return f"{person.origin} ({person.address})" if person.address else person.origin
