"""The datagrams of the numbered form: bytes to values and back.

Owns the grammar, and how long a datagram may be; must not know what follows from one. Each is a header line
of ASCII, which ``tcpdump -A`` shows; a packet's text comes behind it.
"""

import re

import msgspec

DATAGRAM_BYTES = 1200
"""The longest datagram: it fits all paths of IPv6 with room for tunnels (RFC 9000, 14)."""

RANGES = 8
"""Most ranges that a packet acknowledges besides all up to a number."""

TEXT_BYTES = 960
"""Most text of a packet: what the longest header leaves, of 17 bytes of id and 11 for each number in it."""

ID_LETTERS = 16
"""Letters of a connection's id, of 5 bits each: nobody guesses 80 bits."""

COOKIE_LETTERS = 12
"""Letters of a cookie: 60 bits, to be guessed within two minutes."""

HELLO_BYTES = 40
"""The length of a hello: longer than its answer, so that nobody is sent more than what came in its name."""


class Hello(msgspec.Struct, frozen=True):
    """A client asks for a cookie."""


class Cookie(msgspec.Struct, frozen=True):
    """The server's answer to an address that has not shown yet that it receives what is sent to it."""

    cookie: str


class Open(msgspec.Struct, frozen=True):
    """A client opens a connection, under an id of its choice. Sent again it changes nothing."""

    cookie: str
    id: str


class Move(msgspec.Struct, frozen=True):
    """A client goes on with its connection from another address."""

    cookie: str
    id: str


class Gone(msgspec.Struct, frozen=True):
    """The sender has no such connection, or no longer."""

    id: str


class Packet(msgspec.Struct, frozen=True):
    """A part of a connection, in either direction.

    Attributes:
        id: the connection's.
        number: of the text, counted from 1 in each direction; 0: there is none.
        received: all texts up to this number have been taken.
        ranges: further ones that wait for those between, each the first and the last.
        asks: whether an acknowledgement is wanted.
        is_last: whether no text follows this one.
        text: the next part of the stream: whole lines, or a piece of a longer one.
    """

    id: str
    number: int = 0
    received: int = 0
    ranges: tuple[tuple[int, int], ...] = ()
    asks: bool = False
    is_last: bool = False
    text: bytes = b""


Datagram = Hello | Cookie | Open | Move | Gone | Packet

_ID = rb"([A-Z2-7]{%d})" % ID_LETTERS
_COOKIE = rb"([A-Z2-7]{%d})" % COOKIE_LETTERS
_HELLO = re.compile(rb"~hello asyncchat/1\b[^\n]*\n?")
_WORDS = re.compile(rb"~(?:cookie %s|(open|move) %s %s|gone %s)\n?" % (_COOKIE, _COOKIE, _ID, _ID))
_NUMBER = rb"[0-9]{1,10}"
_PACKET = re.compile(
    rb"~%s(?: #(%s))?(?: \+(%s)((?:,%s-%s){0,%d}))?( \?)?( end)?(?:\n(.*))?"
    % (_ID, _NUMBER, _NUMBER, _NUMBER, _NUMBER, RANGES),
    re.DOTALL,
)


def encode(datagram: Datagram) -> bytes:
    """The bytes of a datagram."""
    match datagram:
        case Hello():
            return b"~hello asyncchat/1 ".ljust(HELLO_BYTES, b".")
        case Cookie(cookie):
            return f"~cookie {cookie}".encode()
        case Open(cookie, id):
            return f"~open {cookie} {id}".encode()
        case Move(cookie, id):
            return f"~move {cookie} {id}".encode()
        case Gone(id):
            return f"~gone {id}".encode()
        case Packet():
            return _header(datagram).encode() + datagram.text


def _header(packet: Packet) -> str:
    words = [f"~{packet.id}"]
    if packet.number:
        words.append(f"#{packet.number}")
    ranges = "".join([f",{first}-{last}" for first, last in packet.ranges])
    words.append(f"+{packet.received}{ranges}")
    if packet.asks:
        words.append("?")
    if packet.is_last:
        words.append("end")
    return " ".join(words) + ("\n" if packet.number else "")


def decode(data: bytes) -> Datagram | None:
    """The value of a datagram; None for any other bytes."""
    if not data.startswith(b"~") or len(data) > DATAGRAM_BYTES:
        return None
    found = _PACKET.fullmatch(data)
    if found is not None:
        return _packet(*found.groups())
    if _HELLO.fullmatch(data):
        return Hello()
    found = _WORDS.fullmatch(data)
    if found is None:
        return None
    cookie, word, with_cookie, id, gone = [(part or b"").decode() for part in found.groups()]
    if cookie:
        return Cookie(cookie)
    if gone:
        return Gone(gone)
    return Open(with_cookie, id) if word == "open" else Move(with_cookie, id)


def _packet(
    id: bytes,
    number: bytes | None,
    received: bytes | None,
    ranges: bytes | None,
    asks: bytes | None,
    last: bytes | None,
    text: bytes | None,
) -> Packet | None:
    counted = int(number or 0)
    if not counted and (text or last):
        return None
    pairs = [part.partition(b"-") for part in (ranges or b"").split(b",")[1:]]
    return Packet(
        id.decode(),
        counted,
        int(received or 0),
        tuple([(int(first), int(end)) for first, _, end in pairs]),
        asks is not None,
        last is not None,
        text or b"",
    )
