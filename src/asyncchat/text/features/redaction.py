"""Redaction: taking a message back, and erasing messages from the history."""

from asyncchat.core.commands import Command
from asyncchat.core.features.history import NoSuchMessage, Which
from asyncchat.core.features.redaction import Erased, EraseFrom, Redact, RedactedInPrivate, RedactionRefused
from asyncchat.text.sentences import FeatureText, because, counted, in_room, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest

slash = SlashCommands()


@slash(
    "unsay",
    "[NAME [REASON]]",
    "Takes back your last message, or another person's (operators).",
    Section.MESSAGES,
    aliases=("delete",),
)
def _unsay(session: SlashContext, text: str) -> Command:
    name, reason = name_and_rest(text)
    return Redact(Which(session.room, name=name, own=not name), reason)


@slash(
    "clear",
    "NAME|*",
    "Erases everything that a person, or everybody, said from the room's history.",
    Section.MODERATION,
)
def _clear(session: SlashContext, text: str) -> Command | None:
    if not text or " " in text:
        return None
    return EraseFrom(session.room, "" if text == "*" else text)


def _erased(event: Erased) -> str:
    if event.told_of == 0:
        return ""
    count = event.count
    what = counted(count, "message", "messages") if count else "no message"
    return in_room(event.room, f"{event.person.name} erased {what} from the history{because(event.reason)}")


def _redacted_in_private(event: RedactedInPrivate) -> str:
    return f"[private] {event.person.name} took back a message{because(event.reason)}"


TEXT = FeatureText(
    commands=slash,
    events={Erased: _erased, RedactedInPrivate: _redacted_in_private},
    refusals={
        NoSuchMessage: lambda r: f"There is no such message in {place(r.to)}.",
        RedactionRefused: lambda r: f"Not erased: {r.fault.text}.",
    },
)
