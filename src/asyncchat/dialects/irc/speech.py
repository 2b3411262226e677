"""Messages as lines: PRIVMSG and NOTICE, CTCP, and the cutting of a long text.

Owns how a ``Speech`` is spelled, both ways; must not know who is told.
"""

from functools import lru_cache

from asyncchat.core.features.messages import Cuts, Speech
from asyncchat.core.text import cut
from asyncchat.dialects.irc.tokens import LINE_BYTES

_SPELLED: dict[Speech, tuple[str, str, str]] = {
    Speech.MESSAGE: ("PRIVMSG", "", ""),
    Speech.NOTICE: ("NOTICE", "", ""),
    Speech.ACTION: ("PRIVMSG", "\x01ACTION ", "\x01"),
    Speech.CTCP_QUERY: ("PRIVMSG", "\x01", "\x01"),
    Speech.CTCP_REPLY: ("NOTICE", "\x01", "\x01"),
}
"""Command, and what stands before and after the text (CTCP: Modern IRC, ctcp.md)."""

_LEAST_ROOM = 64
"""Fewest bytes that a line has for its text, however long its head is: the number of lines is bounded."""


def parse_ctcp(notice: bool, text: str) -> tuple[str, Speech]:
    """A message's text and how it is said, from what stood in a PRIVMSG or a NOTICE."""
    if text[:1] != "\x01":
        return text, Speech.NOTICE if notice else Speech.MESSAGE
    inner = text[1:].removesuffix("\x01")
    if notice:
        return inner, Speech.CTCP_REPLY
    if inner == "ACTION" or inner.startswith("ACTION "):
        return inner[7:], Speech.ACTION
    return inner, Speech.CTCP_QUERY


@lru_cache(2)
def said_lines(origin: str, target: str, text: str, speech: Speech, cuts: Cuts = ()) -> tuple[bytes, ...]:
    """The lines of a message, CR LF included; more than one where it is longer than a line, or of several.

    They are remembered: sixty sessions with sixty sets of capabilities are told the same message at once.
    Empty lines are left out: no client reads them that did not ask for whole texts (draft/multiline).
    """
    command, before, after = _SPELLED[speech]
    head = f":{origin} {command} {target} :{before}".encode("utf-8", "replace")
    tail = after.encode() + b"\r\n"
    parts = [part for part, _ in _parts(text, cuts, len(head) + len(tail)) if part] or [""]
    return tuple([b"%b%b%b" % (head, part.encode("utf-8", "replace"), tail) for part in parts])


@lru_cache(2)
def batch_lines(
    origin: str, target: str, text: str, speech: Speech, cuts: Cuts
) -> tuple[tuple[bytes, bool], ...]:
    """The lines of a message for clients that read it as one (draft/multiline), empty ones too; remembered.

    Returns:
        Each with whether it goes on where the one before it ended.
    """
    command, before, after = _SPELLED[speech]
    head = f":{origin} {command} {target} :".encode("utf-8", "replace")
    parts = _parts(text, cuts, len(head) + len(before) + len(after) + 2)
    parts[0] = (before + parts[0][0], False)
    parts[-1] = (parts[-1][0] + after, parts[-1][1])
    return tuple([(b"%b%b\r\n" % (head, part.encode("utf-8", "replace")), joined) for part, joined in parts])


def _parts(text: str, cuts: Cuts, beside: int) -> list[tuple[str, bool]]:
    """A text as it fits lines, and whether each part goes on where the one before it ended.

    It is cut where its sender cut it: a program that takes care of its words does so for all readers.

    Args:
        text: any.
        cuts: the sender's.
        beside: bytes that a line has beside its part, CR LF included.
    """
    room = max(_LEAST_ROOM, LINE_BYTES - beside)
    if "\r" in text or "\0" in text:
        text = text.replace("\r", "\n").replace("\0", "\n")
    parts: list[tuple[str, bool]] = []
    start = 0
    for end in (*cuts, len(text)):
        joined = start > 0
        for given in text[start:end].split("\n"):
            for part in cut(given, room):
                parts.append((part, joined))
                joined = True
            joined = False
        start = end
    return parts
