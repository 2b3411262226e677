"""Whom events concern beside the members of a room, by kinds of events.

Owns tables that ``delivery`` reads; the kinds are the core's.
"""

from collections.abc import Callable

from asyncchat.core import events

ToSome = events.Announced | events.ReadUpTo | events.Came | events.Went | events.Noticed
TO_SOME = (events.Announced, events.ReadUpTo, events.Came, events.Went, events.Noticed)
"""Events told to some people wherever they are."""

TO_ONE = events.Whispered | events.SignalledTo | events.ReactedTo | events.Retracted | events.Invited
"""Events told to one person beside the one who caused them."""

Seen = events.Joined | events.Parted | events.Kicked
SEEN = (events.Joined, events.Parted, events.Kicked)
"""Events of a room that only those are told who may see the person they are about."""

ALSO_CONCERNS: dict[type[events.Event], Callable[..., int]] = {
    events.Attached: lambda event: event.person.id,
    events.Kicked: lambda event: event.person.id,
    events.RoleChanged: lambda event: event.person.id,
    events.Invited: lambda event: event.to.id,
    events.Killed: lambda event: event.person.id,
    events.LoggedOut: lambda event: event.person.id,
    events.HostChanged: lambda event: event.person.id,
    events.Whispered: lambda event: event.to.id,
    events.SignalledTo: lambda event: event.to.id,
    events.ReactedTo: lambda event: event.to.id,
    events.Retracted: lambda event: event.to.id,
}
"""Events that concern a session besides the one that asked, and which."""
