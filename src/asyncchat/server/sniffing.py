"""Which client this is, by its first complete line: docs/architecture.md, "One port, any client".

Pure: bytes in, a kind out. Owns the table; must not know sockets, time or what the kinds are answered.
"""

import enum
import re

from asyncchat.server import proxy_protocol


class Kind(enum.Enum):
    """What a client turns out to be."""

    PLAIN = enum.auto()
    IRC = enum.auto()
    HTTP = enum.auto()
    TLS = enum.auto()
    SSH = enum.auto()
    PROXY = enum.auto()
    GARBAGE = enum.auto()


LONGEST_FIRST_LINE = 16_384
"""A first line may be an HTTP request's; more without an end is nobody's."""

LONGEST_NEGOTIATION = 4096
"""The same with telnet's commands in it, all of which are looked at with each byte that comes."""

MOST_NEGOTIATED = 200
"""Telnet's commands in what was sent; a client has some twenty."""

_IRC = re.compile(
    rb"(?:CAP|NICK|USER|PASS|WEBIRC|AUTHENTICATE|PING|QUIT) |@[^ ]+ +[A-Z]+"
    # What comes too early is still IRC's, and is answered so (451): nobody is called that.
    rb"|(?:JOIN|PART|MODE|TOPIC|NAMES|LIST|WHO) #|(?:PRIVMSG|NOTICE) [^ ]+ :"
)
_HTTP = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ ]+ HTTP/\d")
_BEGUN = re.compile(rb"@|[!#$%&'*+.^_`|~0-9A-Za-z-]+ ")
"""A line that may become one of those: what is wrong in it is answered in its own protocol."""
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.{0,1024}?\xff\xf0|[^\xfa-\xfe])", re.DOTALL)
_BOM = b"\xef\xbb\xbf"


def sniff(begun: bytes, *, ended: bool = False) -> Kind | None:
    """Tells a client apart.

    Args:
        begun: all that it has sent so far, or what is left after refused names.
        ended: whether that is all it will ever send.

    Returns:
        Its kind, or None while that is open.
    """
    if begun.startswith(b"\x16\x03"):
        return Kind.TLS
    if begun.startswith(b"SSH-2.0-"):
        return Kind.SSH
    if proxy_protocol.is_begun(begun):
        return Kind.PROXY if ended or proxy_protocol.is_whole(begun) else None
    if begun and (proxy_protocol.BINARY.startswith(begun) or begun == b"\x16"):
        return Kind.GARBAGE if ended else None
    if b"\xff" in begun and _haggles(begun):
        return Kind.GARBAGE
    line = readable(begun)
    first, newline, _rest = line.partition(b"\n")
    if not newline and not ended:
        if len(line) > LONGEST_FIRST_LINE:
            return Kind.GARBAGE
        return Kind.GARBAGE if not _BEGUN.match(first) and _is_garbage(first, whole=False) else None
    if _IRC.match(first):
        return Kind.IRC
    if _HTTP.match(first):
        return Kind.HTTP
    return Kind.GARBAGE if _is_garbage(first, whole=True) else Kind.PLAIN


def readable(begun: bytes) -> bytes:
    """What was sent without telnet's negotiation, a byte order mark, and empty lines before the first."""
    if b"\xff" in begun:
        # What is left of it after that is a negotiation whose end has not come.
        begun = _TELNET.sub(b"", begun).partition(b"\xff")[0]
    if b"\r\x00" in begun:
        begun = begun.replace(b"\r\x00", b"\n")
    return begun.removeprefix(_BOM)


def _haggles(begun: bytes) -> bool:
    return begun.count(b"\xff") > MOST_NEGOTIATED or (
        len(begun) > LONGEST_NEGOTIATION and b"\n" not in begun and b"\r\0" not in begun
    )


def _is_garbage(line: bytes, *, whole: bool) -> bool:
    if _FORBIDDEN.search(line):
        return True
    try:
        line.decode()
    except UnicodeDecodeError as error:
        # An unfinished character at the end of what has come so far may still be completed.
        return whole or error.reason != "unexpected end of data"
    return False
