"""IRCv3 capabilities: which there are, which of them a server offers, and the language of CAP about them.

Owns the table and what a client's request makes of a set; a set is an int of their bits, because ten thousand
idle sessions hold one each. Must not know who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from asyncchat.core.metadata import KEYS_EACH, SUBSCRIBED_EACH, VALUE_BYTES
from asyncchat.core.text import cut
from asyncchat.dialects.irc import batches

if TYPE_CHECKING:
    from asyncchat.dialects.base import ServerInfo

Value = Callable[["ServerInfo"], str | None]
"""A capability's value as a server is configured; None: it is not offered there."""


class Capability(msgspec.Struct, frozen=True):
    """One capability.

    ``changes`` tells whether it changes the bytes that others' events have, so that sessions with it are
    another encoder; ``needs`` names capabilities without which it gives less; ``spec`` is its specification.
    ``value`` is what CAP LS 302 says behind ``=``; one that hangs on the configuration is a function of it.
    """

    name: str
    bit: int
    spec: str
    value: str | Value = ""
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
MULTILINE: Final = 1 << 20
LABELED_RESPONSE: Final = 1 << 8
CHANNEL_RENAME: Final = 1 << 21
EVENT_PLAYBACK: Final = 1 << 24
MESSAGE_REDACTION: Final = 1 << 25
AWAY_NOTIFY: Final = 1 << 9
PRE_AWAY: Final = 1 << 10
SETNAME: Final = 1 << 11
CHGHOST: Final = 1 << 12
INVITE_NOTIFY: Final = 1 << 13
USERHOST_IN_NAMES: Final = 1 << 14
NO_IMPLICIT_NAMES: Final = 1 << 15
EXTENDED_ISUPPORT: Final = 1 << 16
OPER_TAG: Final = 1 << 17
EXTENDED_MONITOR: Final = 1 << 18
READ_MARKER: Final = 1 << 26
SEARCH: Final = 1 << 28

METADATA: Final = 1 << 30

SASL: Final = 1 << 40
ACCOUNT_TAG: Final = 1 << 41
ACCOUNT_NOTIFY: Final = 1 << 42
EXTENDED_JOIN: Final = 1 << 43
ACCOUNT_REGISTRATION: Final = 1 << 44

MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256")
"""The mechanisms of SASL; EXTERNAL comes with TLS."""


def _registration(server: ServerInfo) -> str | None:
    """The value of draft/account-registration; none where people make no accounts."""
    if not server.registration:
        return None
    early = ("before-connect",) if server.before_connect else ()
    email = ("email-required",) if server.require_email else ()
    return ",".join((*early, "custom-account-name", *email))


CAPABILITIES: Final = (
    Capability("away-notify", AWAY_NOTIFY, "extensions/away-notify", changes=True),
    Capability("account-notify", ACCOUNT_NOTIFY, "extensions/account-notify", changes=True),
    Capability("account-tag", ACCOUNT_TAG, "extensions/account-tag", changes=True),
    Capability("batch", BATCH, "extensions/batch"),
    Capability("cap-notify", CAP_NOTIFY, "extensions/capability-negotiation"),
    Capability("chghost", CHGHOST, "extensions/chghost", changes=True),
    Capability("draft/channel-rename", CHANNEL_RENAME, "extensions/channel-rename"),
    Capability(
        "draft/account-registration",
        ACCOUNT_REGISTRATION,
        "extensions/account-registration",
        value=_registration,
    ),
    Capability(
        "draft/chathistory",
        CHATHISTORY,
        "extensions/chathistory",
        needs=("batch", "server-time", "message-tags"),
    ),
    Capability(
        "draft/event-playback", EVENT_PLAYBACK, "extensions/chathistory", needs=("draft/chathistory",)
    ),
    Capability(
        "draft/message-redaction",
        MESSAGE_REDACTION,
        "extensions/message-redaction",
        changes=True,
        needs=("message-tags", "echo-message"),
    ),
    Capability(
        "draft/multiline",
        MULTILINE,
        "extensions/multiline",
        value=f"max-bytes={batches.MOST_BYTES},max-lines={batches.MOST_LINES}",
        changes=True,
        needs=("batch", "message-tags"),
    ),
    Capability("draft/extended-isupport", EXTENDED_ISUPPORT, "extensions/extended-isupport"),
    Capability(
        "draft/metadata-2",
        METADATA,
        "extensions/metadata",
        value=(
            f"before-connect,max-subs={SUBSCRIBED_EACH},max-keys={KEYS_EACH},max-value-bytes={VALUE_BYTES}"
        ),
        changes=True,
        needs=("batch",),
    ),
    Capability("draft/oper-tag", OPER_TAG, "extensions/oper-tag", changes=True),
    Capability("draft/pre-away", PRE_AWAY, "extensions/pre-away"),
    Capability("draft/read-marker", READ_MARKER, "extensions/read-marker", changes=True),
    Capability("echo-message", ECHO_MESSAGE, "extensions/echo-message"),
    Capability("extended-monitor", EXTENDED_MONITOR, "extensions/extended-monitor", changes=True),
    Capability("invite-notify", INVITE_NOTIFY, "extensions/invite-notify", changes=True),
    Capability("labeled-response", LABELED_RESPONSE, "extensions/labeled-response", needs=("batch",)),
    Capability("extended-join", EXTENDED_JOIN, "extensions/extended-join", changes=True),
    Capability("message-tags", MESSAGE_TAGS, "extensions/message-tags", changes=True),
    Capability("multi-prefix", MULTI_PREFIX, "extensions/multi-prefix"),
    Capability("no-implicit-names", NO_IMPLICIT_NAMES, "extensions/no-implicit-names"),
    Capability("sasl", SASL, "extensions/sasl-3.2", value=",".join(MECHANISMS)),
    Capability("server-time", SERVER_TIME, "extensions/server-time", changes=True),
    Capability("setname", SETNAME, "extensions/setname", changes=True),
    Capability(
        "soju.im/search",
        SEARCH,
        "https://soju.im/search",
        needs=("batch", "server-time", "message-tags"),
    ),
    Capability("standard-replies", STANDARD_REPLIES, "extensions/standard-replies"),
    Capability("userhost-in-names", USERHOST_IN_NAMES, "extensions/userhost-in-names"),
)
"""All capabilities, in the order in which they are listed."""

CHANGING: Final = sum(capability.bit for capability in CAPABILITIES if capability.changes)
"""Those that need an encoder of their own."""

VERSION_WITH_VALUES: Final = 302
"""From this CAP LS version on: values, several lines, and NEW and DEL without being asked for."""

_BY_NAME = {capability.name: capability for capability in CAPABILITIES}


class Offer:
    """The capabilities that a server offers as it is configured, and their values."""

    __slots__ = ("bits", "values")

    def __init__(self, server: ServerInfo, table: Sequence[Capability] = CAPABILITIES) -> None:
        self.bits = 0
        self.values: dict[str, str] = {}
        """By name, in the table's order."""
        for capability in table:
            value = capability.value if isinstance(capability.value, str) else capability.value(server)
            if value is not None:
                self.values[capability.name] = value
                self.bits |= capability.bit

    def listed(self, version: int) -> list[str]:
        """What CAP LS of this version lists; where only one line may be used, drafts are last."""
        if version >= VERSION_WITH_VALUES:
            return [f"{name}={value}" if value else name for name, value in self.values.items()]
        return sorted(self.values, key=lambda name: "/" in name)

    def requested(self, caps: int, words: str) -> int | None:
        """The set that a request makes of the one held, or None when it is rejected as a whole."""
        for word in words.split(" "):
            name = word.removeprefix("-")
            if not word:
                continue
            if name not in self.values:
                return None
            bit = _BY_NAME[name].bit
            caps = caps & ~bit if word[0] == "-" else caps | bit
        return caps


def named(caps: int) -> list[str]:
    """The names of a set."""
    return [capability.name for capability in CAPABILITIES if caps & capability.bit]


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
