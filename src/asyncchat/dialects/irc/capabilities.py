"""What a server offers: IRCv3 capabilities and the tokens of RPL_ISUPPORT (005).

Owns the tables that features fill, what belongs to no feature, and what a client's request makes of a set of
capabilities. A set is an int of their bits, because ten thousand idle sessions hold one each. Must not know
who asks. All tokens are true: each names the limit's constant.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from asyncchat.core.names import NAME_LENGTH, ROOM_LENGTH
from asyncchat.core.text import cut
from asyncchat.dialects.base import ServerInfo, Way
from asyncchat.dialects.irc import batches
from asyncchat.dialects.irc.table import Table

Value = Callable[["ServerInfo", Way], str | None]
"""A capability's value as a server is configured, for those connected so; None: it is not offered there."""


class Capability(msgspec.Struct, frozen=True):
    """One capability.

    Attributes:
        name: its name.
        bit: stands for it in sets; it has no meaning outside of this process.
        spec: its specification; empty: it is of its own.
        value: what CAP LS 302 says behind ``=``; one that depends on the configuration is a function of it.
        changes: whether it changes the bytes that others' events have: sessions with it need another encoder.
        needs: capabilities without which it gives less.
        requestable: whether it can be requested; if not, its value is all there is to it.
    """

    name: str
    bit: int
    spec: str
    value: str | Value = ""
    changes: bool = False
    needs: tuple[str, ...] = ()
    requestable: bool = True


CAPABILITIES: Final[list[Capability]] = []
"""All capabilities that are declared: these here, and those of features."""


def capability(
    name: str,
    spec: str,
    *,
    value: str | Value = "",
    changes: bool = False,
    needs: tuple[str, ...] = (),
    requestable: bool = True,
) -> int:
    """Declares a capability; gives its bit. The arguments are those of ``Capability``."""
    if any(one.name == name for one in CAPABILITIES):
        raise ValueError(f"{name} is declared twice")
    bit = 1 << len(CAPABILITIES)
    CAPABILITIES.append(Capability(name, bit, spec, value, changes, needs, requestable))
    return bit


def changing() -> int:
    """The set of those that need an encoder of their own."""
    return sum(one.bit for one in CAPABILITIES if one.changes)


ACCOUNT_TAG: Final = capability("account-tag", "extensions/account-tag", changes=True)
BATCH: Final = capability("batch", "extensions/batch")
CAP_NOTIFY: Final = capability("cap-notify", "extensions/capability-negotiation")
CHANNEL_RENAME: Final = capability("draft/channel-rename", "extensions/channel-rename")
CHATHISTORY: Final = capability(
    "draft/chathistory", "extensions/chathistory", needs=("batch", "server-time", "message-tags")
)
ECHO_MESSAGE: Final = capability("echo-message", "extensions/echo-message")
LABELED_RESPONSE: Final = capability("labeled-response", "extensions/labeled-response", needs=("batch",))
MESSAGE_TAGS: Final = capability("message-tags", "extensions/message-tags", changes=True)
MULTI_PREFIX: Final = capability("multi-prefix", "extensions/multi-prefix")
MULTILINE: Final = capability(
    "draft/multiline",
    "extensions/multiline",
    value=f"max-bytes={batches.MOST_BYTES},max-lines={batches.MOST_LINES}",
    changes=True,
    needs=("batch", "message-tags"),
)
OPER_TAG: Final = capability("draft/oper-tag", "extensions/oper-tag", changes=True)
SERVER_TIME: Final = capability("server-time", "extensions/server-time", changes=True)
STS: Final = "sts"


def _strict_policy(server: ServerInfo, way: Way) -> str | None:
    """Where to come over TLS, and over TLS for how long to come so again (IRCv3 sts, "Mechanism")."""
    if way in (Way.TLS, Way.CERTIFICATE):
        return None if server.strict_seconds is None else f"duration={server.strict_seconds}"
    if way is Way.LOCAL:  # its programs reach the server by an address that no certificate has
        return None
    return f"port={server.tls_port}" if server.strict_seconds and server.tls_port else None


capability(STS, "extensions/sts", value=_strict_policy, requestable=False)
STANDARD_REPLIES: Final = capability("standard-replies", "extensions/standard-replies")

VERSION_WITH_VALUES: Final = 302
"""From this CAP LS version on: values, several lines, and NEW and DEL without being asked for."""


class Offer:
    """The capabilities that a server offers as it is configured, and their values, to those connected so."""

    __slots__ = ("_bits", "bits", "values")

    def __init__(self, server: ServerInfo, way: Way, table: Sequence[Capability] = CAPABILITIES) -> None:
        self.bits = 0
        self.values: dict[str, str] = {}
        """By name, in the order of names."""
        self._bits: dict[str, int] = {}
        for one in sorted(table, key=lambda one: one.name):
            value = one.value if isinstance(one.value, str) else one.value(server, way)
            if value is not None:
                self.values[one.name] = value
                if one.requestable:
                    self._bits[one.name] = one.bit
                    self.bits |= one.bit

    def listed(self, version: int) -> list[str]:
        """The list for CAP LS of this version; drafts are last where only one line may be used."""
        if version >= VERSION_WITH_VALUES:
            return [f"{name}={value}" if value else name for name, value in self.values.items()]
        return sorted(self._bits, key=lambda name: "/" in name)

    def requested(self, caps: int, words: str) -> int | None:
        """The set that a request makes of the one held, or None when it is rejected as a whole."""
        for word in words.split(" "):
            name = word.removeprefix("-")
            if not word:
                continue
            bit = self._bits.get(name)
            if bit is None:
                return None
            caps = caps & ~bit if word[0] == "-" else caps | bit
        return caps


def named(caps: int) -> list[str]:
    """The names of a set."""
    return sorted(one.name for one in CAPABILITIES if caps & one.bit)


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


# The tokens of 005.

TokenValue = str | int | Callable[["ServerInfo"], str | None]
"""A token's value, empty for none, or what it is as a server is configured; None: there is no such token."""

TOKENS: Table[str, TokenValue] = Table()


def token(name: str, value: TokenValue = "") -> None:
    """Declares a token."""
    TOKENS.put(name, value)


SESSION_TOKENS: Final[list[Callable[[Any], str | None]]] = []
"""Functions that give a token which each session has of its own, ``NAME=value``; None: it has none."""


def session_token(make: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Declares a token whose value depends on the session, which ``make`` is given."""
    SESSION_TOKENS.append(make)
    return make


def isupport_tokens(server: ServerInfo) -> list[str]:
    """The tokens of a server, ``NAME`` or ``NAME=value``, by name."""
    found = []
    for name, given in sorted(TOKENS.items()):
        value = given(server) if callable(given) else str(given)
        if value is not None:
            found.append(f"{name}={value}" if value else name)
    return found


def renewed_tokens(before: ServerInfo, now: ServerInfo) -> tuple[str, ...]:
    """The tokens that are new or have another value, and ``-NAME`` of those that are gone."""
    old, new = isupport_tokens(before), isupport_tokens(now)
    names = {one.partition("=")[0] for one in new}
    gone = dict.fromkeys(one.partition("=")[0] for one in old if one.partition("=")[0] not in names)
    return (*(one for one in new if one not in old), *(f"-{name}" for name in gone))


def escaped(text: str) -> str:
    """A value as it is written (Modern IRC, "RPL_ISUPPORT Parameters")."""
    return text.replace("\\", "\\x5C").replace(" ", "\\x20").replace("=", "\\x3D")


def _icon(server: ServerInfo) -> str | None:
    return escaped(server.icon) if server.icon else None


token("CASEMAPPING", "ascii")
token("CHANTYPES", "#")
token("NICKLEN", NAME_LENGTH)
token("CHANNELLEN", ROOM_LENGTH)
token("NETWORK", lambda server: escaped(server.network or server.name))
token("draft/ICON", _icon)
token("CLIENTTAGDENY", lambda server: ",".join(server.client_tag_deny) or None)
token("UTF8ONLY")
