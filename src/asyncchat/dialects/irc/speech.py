"""What is said, as lines: PRIVMSG and NOTICE, CTCP, and the cutting of a long text.

Owns how a ``Speech`` is spelled, both ways; must not know who is told.
"""

from asyncchat.core.events import Speech
from asyncchat.core.text import cut
from asyncchat.dialects.irc.line import BODY_BYTES

_SPELLED: dict[Speech, tuple[str, str, str]] = {
    Speech.MESSAGE: ("PRIVMSG", "", ""),
    Speech.NOTICE: ("NOTICE", "", ""),
    Speech.ACTION: ("PRIVMSG", "\x01ACTION ", "\x01"),
    Speech.PROBE: ("PRIVMSG", "\x01", "\x01"),
    Speech.PROBE_ANSWER: ("NOTICE", "\x01", "\x01"),
}
"""Command, and what stands before and after the text (CTCP: Modern IRC, ctcp.md)."""

_LEAST_ROOM = 64
"""Bytes a line has for its text at least, whatever its head: no host makes a message endless."""


def understood(notice: bool, text: str) -> tuple[str, Speech]:
    """A message's text and how it is said, from what stood in a PRIVMSG or a NOTICE."""
    if text[:1] != "\x01":
        return text, Speech.NOTICE if notice else Speech.MESSAGE
    inner = text[1:].removesuffix("\x01")
    if notice:
        return inner, Speech.PROBE_ANSWER
    if inner == "ACTION" or inner.startswith("ACTION "):
        return inner[7:], Speech.ACTION
    return inner, Speech.PROBE


def said_lines(origin: str, target: str, text: str, speech: Speech) -> list[bytes]:
    """The lines of a message, CR LF included; more than one where it is longer than a line."""
    command, before, after = _SPELLED[speech]
    head = f":{origin} {command} {target} :{before}".encode("utf-8", "replace")
    tail = after.encode() + b"\r\n"
    room = max(_LEAST_ROOM, BODY_BYTES + 2 - len(head) - len(tail))
    if "\r" in text or "\0" in text:
        text = text.replace("\r", "\n").replace("\0", "\n")
    lines = text.split("\n") if "\n" in text else [text]
    parts = [part for line in lines if line for part in cut(line, room)] or [""]
    return [b"%b%b%b" % (head, part.encode("utf-8", "replace"), tail) for part in parts]
