"""What is said of each act of an operator of the server, in the audit.

Owns one table over the closed set of acts; the IRC dialect and the command line use its sentences too.
"""

from collections.abc import Callable
from typing import Any

from asyncchat.core import events
from asyncchat.core.people import Person
from asyncchat.text.events import EVENT_WORDS
from asyncchat.text.times import Zone


def _reason(text: str) -> str:
    return f": {text}" if text else ""


def _who(person: Person) -> str:
    """Somebody with what others are not shown: the address behind a cloak."""
    return f"{person.origin} ({person.address})" if person.address else person.origin


def _claimed(event: events.OwnerClaimed, _zone: Zone) -> str:
    what = f"an operator of the server, as {event.name}" if event.name else "the server's owner"
    return f"{_who(event.person)} became {what}"


def _claim_failed(event: events.ClaimFailed, _zone: Zone) -> str:
    what = f"password for the operator {event.name}" if event.name else "owner code"
    return f"{_who(event.person)} gave a wrong {what}"


def _killed(event: events.Killed, _zone: Zone) -> str:
    return f"{_who(event.by)} put {_who(event.person)} off the server{_reason(event.reason)}"


def _host(event: events.HostChanged, _zone: Zone) -> str:
    return f"{_who(event.by)} gave {_who(event.person)} the host {event.now.host}"


def _server_ban(event: events.ServerBanChanged, zone: Zone) -> str:
    if not event.on:
        return f"{_who(event.person)} lifted the ban of {event.mask} from the server"
    until = f", until {zone.moment(event.until)}" if event.until else ""
    return f"{_who(event.person)} banned {event.mask} from the server{until}{_reason(event.reason)}"


def _announced(event: events.Announced, _zone: Zone) -> str:
    return f"{_who(event.person)} announced: {event.text}"


def _configuration(event: events.ConfigurationRead, _zone: Zone) -> str:
    changed = ", ".join(event.changed) or "nothing"
    return f"{_who(event.person)} had the configuration read again; changed: {changed}"


def _overruled(event: events.Overruled, _zone: Zone) -> str:
    return f"{_who(event.person)} overruled {event.act.room}: {EVENT_WORDS[type(event.act)](event.act)}"


ACT_WORDS: dict[type[events.Event], Callable[[Any, Zone], str]] = {
    events.OwnerClaimed: _claimed,
    events.ClaimFailed: _claim_failed,
    events.Killed: _killed,
    events.HostChanged: _host,
    events.ServerBanChanged: _server_ban,
    events.Announced: _announced,
    events.ConfigurationRead: _configuration,
    events.Overruled: _overruled,
}
"""One sentence each, without a time and without a dot."""
