"""The texts that the generator sends: sender, number and time, in a form that is found fast.

A text is ``~b1~``, the sender (4 hex digits), its number from 1 (8), the send time (12, microseconds of the
monotonic clock) and padding. It must not know dialects: a text is found anywhere in a line.
"""

import random
import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, NamedTuple, get_args

MARK = b"~b1~"
_SENDER_END = len(MARK) + 4
_NUMBER_END = _SENDER_END + 8
STAMPED = _NUMBER_END + 12  # bytes of a text before its padding


class Stamp(NamedTuple):
    """What a text contains."""

    sender: int
    number: int
    sent: int  # microseconds


def now() -> int:
    """Return the monotonic time in microseconds."""
    return time.monotonic_ns() // 1000


Filler = Literal["same", "words", "json"]
FILLERS: tuple[Filler, ...] = get_args(Filler)

# A message is padded with the one that its sender and its number choose: so many that a batch rarely has one
# twice, which would be compressed better than what people say.
_PADDINGS = 4096
_APART = 397  # what is between the paddings of two senders that have sent as many messages
_WORDS = (  # noqa: SIM905  # a literal list has a line for each
    "the a to and of in is it you that he was for on are with as i his they be at one have this from or "
    "had by  hot but some what there we can out other were all your when up use word how said an each she "
    "which do  their time if will way about many then them would write like so these her long make thing "
    "see him two has  look more day could go come did my sound no most number who over know water than "
    "call first people may  down side been now find any new work part take get place made live where "
    "after back little only round man  year came show every good me give our under name very through just "
    "form great think say help low line  before turn cause same mean differ move right boy old too does "
    "tell sentence set three want air well also  play small end put home read hand port large spell add "
    "even land here must big high such follow act why  ask men change went light kind off need house "
    "picture try us again animal point mother world near build  self earth father lol ok thanks yeah "
    "sorry maybe tomorrow server works "
).split()


def paddings(payload: int, filler: Filler = "same") -> tuple[bytes, ...]:
    """Return what fills texts up to ``payload`` bytes, of which each text has one. They are the same in each
    run."""
    size = payload - STAMPED
    if filler == "same":
        return (b" ".ljust(size, b"x"),)
    chance = random.Random(1)  # noqa: S311  # no secret
    make = _prose if filler == "words" else _json
    return tuple(b" " + make(chance, size - 1).encode() for _ in range(_PADDINGS))


def _prose(chance: random.Random, size: int) -> str:
    """Words as frequent as in a language: the n-th is said 1/n as often (Zipf)."""
    said = ""
    while len(said) <= size:
        said += f"{chance.choices(_WORDS, cum_weights=_UP_TO)[0]} "
    return said[:size].rstrip().ljust(size, ".")


def _json(chance: random.Random, size: int) -> str:
    """What a program may say, with values that differ."""
    said = ""
    while len(said) <= size:
        said += (
            f'{{"id":{chance.randrange(10**6)},"state":"{chance.choice(("open", "closed", "failed"))}",'
            f'"value":{chance.random():.4f}}}'
        )
    return said[:size].ljust(size)


_UP_TO = list(accumulate(1 / rank for rank in range(1, len(_WORDS) + 1)))
"""How frequent each word and those before it are together."""


def text(sender: int, number: int, sent: int, pads: Sequence[bytes]) -> bytes:
    """Make one text."""
    return b"~b1~%04x%08x%012x%b" % (sender, number, sent, pads[(sender * _APART + number) % len(pads)])


def find(line: bytes, pads: Sequence[bytes]) -> Stamp | None:
    """Find a text at the end of a line without its LF; None if there is none.

    The number is negative if the text does not end as it was sent, and 0 if the text cannot be read.
    """
    at = line.find(MARK)
    if at < 0:
        return None
    try:
        stamp = Stamp(
            int(line[at + 4 : at + 8], 16), int(line[at + 8 : at + 16], 16), int(line[at + 16 : at + 28], 16)
        )
    except ValueError:
        return Stamp(0, 0, 0)
    if line[at + STAMPED :].rstrip(b"\r") != pads[(stamp.sender * _APART + stamp.number) % len(pads)]:
        return stamp._replace(number=-stamp.number)
    return stamp
