"""IRCv3 capabilities: which there are, and the language of CAP about them.

Owns the table and what a client's request makes of a set; a set is an int of their bits, because ten thousand
idle sessions hold one each. Must not know who asks.
"""

from typing import Final

import msgspec

from asyncchat.core.text import cut


class Capability(msgspec.Struct, frozen=True):
    """One capability.

    ``changes`` tells whether it changes the bytes that others' events have, so that sessions with it are
    another variant; ``needs`` names capabilities without which it gives less; ``spec`` is its specification.
    """

    name: str
    bit: int
    spec: str
    value: str = ""
    changes: bool = False
    needs: tuple[str, ...] = ()


SERVER_TIME: Final = 1 << 0
MESSAGE_TAGS: Final = 1 << 1
ECHO_MESSAGE: Final = 1 << 2
BATCH: Final = 1 << 3
CHATHISTORY: Final = 1 << 4
CAP_NOTIFY: Final = 1 << 5
STANDARD_REPLIES: Final = 1 << 6
MULTI_PREFIX: Final = 1 << 7

CAPABILITIES: Final = (
    Capability("batch", BATCH, "extensions/batch"),
    Capability("cap-notify", CAP_NOTIFY, "extensions/capability-negotiation"),
    Capability(
        "draft/chathistory",
        CHATHISTORY,
        "extensions/chathistory",
        needs=("batch", "server-time", "message-tags"),
    ),
    Capability("echo-message", ECHO_MESSAGE, "extensions/echo-message"),
    Capability("message-tags", MESSAGE_TAGS, "extensions/message-tags", changes=True),
    Capability("multi-prefix", MULTI_PREFIX, "extensions/multi-prefix"),
    Capability("server-time", SERVER_TIME, "extensions/server-time", changes=True),
    Capability("standard-replies", STANDARD_REPLIES, "extensions/standard-replies"),
)
"""All capabilities, in the order in which they are listed."""

CHANGING: Final = sum(capability.bit for capability in CAPABILITIES if capability.changes)
"""Those that make a variant."""

VERSION_WITH_VALUES: Final = 302
"""From this CAP LS version on: values, several lines, and NEW and DEL without being asked for."""

_BY_NAME = {capability.name: capability for capability in CAPABILITIES}


def requested(held: int, words: str) -> int | None:
    """The set that a request makes of the one held, or None when it is rejected as a whole."""
    for word in words.split(" "):
        if not word:
            continue
        capability = _BY_NAME.get(word.removeprefix("-"))
        if capability is None:
            return None
        held = held & ~capability.bit if word[0] == "-" else held | capability.bit
    return held


def offered(version: int) -> list[str]:
    """What CAP LS of this version lists."""
    with_values = version >= VERSION_WITH_VALUES
    return [
        f"{capability.name}={capability.value}" if with_values and capability.value else capability.name
        for capability in CAPABILITIES
    ]


def named(held: int) -> list[str]:
    """The names of a set."""
    return [capability.name for capability in CAPABILITIES if held & capability.bit]


def gathered(words: list[str], limit: int) -> list[str]:
    """Words in as few lines of at most ``limit`` bytes as they need; one empty line for none."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}" if lines[-1] else cut(word, limit)[0]
        if len(longer.encode()) <= limit:
            lines[-1] = longer
        else:
            lines.append(cut(word, limit)[0])
    return lines
