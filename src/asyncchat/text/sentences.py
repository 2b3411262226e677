"""The sentence for each event, reply, refusal and act of an operator.

Owns the look-up; must not know who is told, nor the bytes of a line.
"""

from asyncchat.core.events import Event, Record
from asyncchat.core.replies import Refusal, Reply
from asyncchat.text.audit import ACT_WORDS
from asyncchat.text.events import EVENT_WORDS, OWN_WORDS
from asyncchat.text.refusals import REFUSAL_WORDS
from asyncchat.text.replies import REPLY_WORDS
from asyncchat.text.sanitize import shown
from asyncchat.text.times import Zone


def event_sentence(event: Event) -> str:
    """What is said of an event to those who did not cause it; empty where they are not told."""
    return EVENT_WORDS[type(event)](event)


def own_event_sentence(event: Event) -> str:
    """What is said of an event to the one who caused it; empty where it is not told."""
    return OWN_WORDS[type(event)](event)


def reply_lines(reply: Reply, zone: Zone) -> list[str]:
    """A reply in lines; none where it is not told."""
    return REPLY_WORDS[type(reply)](reply, zone)


def refusal_sentence(refusal: Refusal) -> str:
    """Why a command was refused."""
    return REFUSAL_WORDS[type(refusal)](refusal)


def audit_sentence(event: Event, zone: Zone) -> str:
    """What an operator of the server did, in one clean line without a full stop."""
    return shown(ACT_WORDS[type(event)](event, zone))


def audit_line(record: Record, zone: Zone) -> str:
    """``Sun 22 Nov 2026 21:14 UTC  …``."""
    return f"{zone.moment(record.time)}  {audit_sentence(record.event, zone)}"
