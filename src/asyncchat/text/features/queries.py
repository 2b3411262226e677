"""Queries: who is here, and what is known of a person."""

from asyncchat.core.commands import Command
from asyncchat.core.features import queries
from asyncchat.core.features.server import TimeNow
from asyncchat.core.features.whowas import WhowasView
from asyncchat.core.modes import BOT
from asyncchat.core.roles import ROLES
from asyncchat.text.features.rooms import room_lines
from asyncchat.text.sentences import NAMES_SHOWN, FeatureText, counted, first_names, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, is_room
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash(
    "who",
    "[#ROOM|NAME]",
    "Shows who is in the room, or information about a person.",
    Section.BASICS,
    aliases=("names", "whois"),
)
def _who(session: SlashContext, text: str) -> Command | None:
    if not text or is_room(text):
        return queries.GetWho(text or session.room)
    return queries.GetPerson(text) if " " not in text else None


def _role_named(roles: int) -> str:
    """The highest of some roles, or nothing."""
    return next((role.name for role in ROLES if roles & role.bit), "")


def _seen(seen: queries.PersonSummary) -> str:
    notes = []
    if seen.server_operator:
        notes.append("owner")
    elif seen.roles:
        notes.append(_role_named(seen.roles))
    if BOT in seen.flags:
        notes.append("bot")
    if seen.away:
        notes.append(f"away: {seen.away}")
    return f"{seen.person.name} ({', '.join(notes)})" if notes else seen.person.name


def _found(people: tuple[queries.PersonSummary, ...]) -> str:
    return ", ".join(first_names([_seen(seen) for seen in people[:NAMES_SHOWN]], len(people)))


def _who_view(view: queries.WhoView, _zone: Zone) -> list[str]:
    in_room = is_room(view.mask)
    if not view.people:
        return [f"Nobody is in {place(view.mask)}." if in_room else "Nobody matches that."]
    where = f"In {place(view.mask)}" if in_room else "Found"
    return [f"{where} ({len(view.people):,}): {_found(view.people)}"]


def _people_view(view: queries.PeopleView, _zone: Zone) -> list[str]:
    if not view.people:
        return ["None of them is here."]
    return [f"Found ({len(view.people):,}): {_found(view.people)}"]


def _person_view(view: queries.PersonView, zone: Zone) -> list[str]:
    seen = view.seen
    rooms = ", ".join(f"{room} ({_role_named(roles)})" if roles else room for room, roles in view.rooms)
    real = seen.person.realname
    lines = [
        f"{seen.person.name} is {seen.person.origin}{f' ({real})' if real else ''}",
        f"  in {rooms or 'no room'}; here since {zone.moment(view.connected_at)}",
    ]
    if seen.address and seen.address != seen.person.host:
        lines.append(f"  from {seen.address}; others do not see that")
    lines.extend(f"  by the gateway {gateway}; others do not see that" for gateway in view.gateways)
    if seen.server_operator:
        lines.append("  the owner: an operator of every room")
    if view.offline_since:
        lines.append(f"  not connected since {zone.moment(view.offline_since)}")
    elif seen.away:
        lines.append(f"  away: {seen.away}")
    lines.extend(f"  {key}: {value}" for key, value in view.metadata)
    return lines


def _whowas_view(view: WhowasView, zone: Zone) -> list[str]:
    lines = [f"{gone.person.origin} until {zone.moment(gone.time)}" for gone in view.entries[:NAMES_SHOWN]]
    return lines or [f"Nobody called {view.name} was here lately."]


def _names_view(view: queries.NamesView, _zone: Zone) -> list[str]:
    lines = [line for room in view.rooms for line in room_lines(room)]
    others = first_names([person.name for person in view.others[:NAMES_SHOWN]], len(view.others))
    return [*lines, f"In no room: {', '.join(others)}"] if others else lines


def _counts(counts: queries.Counts, _zone: Zone) -> list[str]:
    return [
        f"{counted(counts.people, 'person', 'people')} in {counted(counts.rooms, 'room', 'rooms')}, "
        f"at most {counts.most_people:,} so far."
    ]


TEXT = FeatureText(
    commands=slash,
    replies={
        queries.WhoView: _who_view,
        queries.PeopleView: _people_view,
        queries.PersonView: _person_view,
        WhowasView: _whowas_view,
        queries.NamesView: _names_view,
        queries.Counts: _counts,
        TimeNow: lambda reply, zone: [f"It is {zone.moment(reply.time)}."],
    },
)
