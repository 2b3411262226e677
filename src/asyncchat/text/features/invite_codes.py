"""Invitation codes: making one, the list of them, and why one lets nobody in."""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features.invite_codes import (
    CODE_ROLES,
    DEFAULT_SECONDS,
    DEFAULT_USES,
    CodeFault,
    GetInviteCodes,
    InviteCode,
    InviteCodeEnded,
    InviteCodeGiven,
    InviteCodeMade,
    InviteCodeRefused,
    InviteCodeRevoked,
    InviteCodesView,
    NewInviteCode,
    RevokeInviteCode,
)
from asyncchat.text.sentences import FeatureText, capitalized, counted, place
from asyncchat.text.slash import Actor, Section, SlashCommands, SlashContext
from asyncchat.text.times import Zone, lasting, seconds_in

slash = SlashCommands()


def parse_new_code(room: str, words: Sequence[str]) -> NewInviteCode | None:
    """A code for so many people (``30``), for a time (``2h``), with a role: in any order. None: misuse."""
    uses, seconds, role = DEFAULT_USES, DEFAULT_SECONDS, ""
    for word in words:
        if word.isascii() and word.isdigit() and len(word) <= 9:
            uses = int(word)
        elif (given := seconds_in(word, bare=False)) is not None:
            seconds = given
        elif word.lower() in CODE_ROLES:
            role = word.lower()
        else:
            return None
    return NewInviteCode(room, uses, seconds, role)


@slash(
    "invitecode",
    "[USES] [TIME] [ROLE]",
    f"Makes a code that lets {DEFAULT_USES} people into the room for {lasting(DEFAULT_SECONDS)}, or so many "
    "for a time such as 2h; with a role if you name one, such as voice.",
    Section.ROOMS,
    actor=Actor.ROOM_OPERATORS,
)
def _new(session: SlashContext, text: str) -> Command | None:
    return parse_new_code(session.room, text.split())


@slash("invitecodes", "", "Lists the room's invitation codes.", Section.ROOMS, actor=Actor.ROOM_OPERATORS)
def _list(session: SlashContext, _text: str) -> Command:
    return GetInviteCodes(session.room)


@slash("uninvite", "NUMBER", "Revokes an invitation code.", Section.ROOMS, actor=Actor.ROOM_OPERATORS)
def _revoke(session: SlashContext, text: str) -> Command | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return RevokeInviteCode(session.room, int(text) if len(text) <= 9 else 0)  # no code has 0


def given_lines(reply: InviteCodeGiven, zone: Zone) -> list[str]:
    """A new code, and how it is used."""
    made = reply.made
    role = f" and gives the role {made.role}" if made.role else ""
    lines = [
        f"Invitation code {made.number} for {place(made.room)}: {reply.code}",
        f"It lets in {counted(made.uses, 'person', 'people')} until {zone.moment(made.expires)}{role}. "
        f"It is shown only now: /join {made.room} {reply.code}",
    ]
    return [*lines, f"Link: {reply.link}"] if reply.link else lines


def code_line(code: InviteCode, now: int, zone: Zone) -> str:
    """A code in the list."""
    state = {
        None: f"until {zone.moment(code.expires)}",
        CodeFault.USED_UP: f"used up, until {zone.moment(code.expires)}",
        CodeFault.EXPIRED: "expired",
        CodeFault.REVOKED: "revoked",
    }[code.fault(now)]
    role = f", gives {code.role}" if code.role else ""
    by = f", made by {code.by}" if code.by else ""
    return f"{code.number}: {len(code.used):,} of {counted(code.uses, 'person', 'people')}, {state}{role}{by}"


def view_lines(view: InviteCodesView, zone: Zone) -> list[str]:
    """The list."""
    if not view.codes:
        return [f"There is no invitation code for {place(view.room)}."]
    lines = (f"  {code_line(code, view.time, zone)}" for code in view.codes)
    return [f"Invitation codes for {place(view.room)}:", *lines]


def ended_line(reply: InviteCodeEnded) -> str:
    """A code is revoked."""
    return f"Invitation code {reply.number} for {place(reply.room)} is revoked."


def _made_audited(event: InviteCodeMade, zone: Zone) -> str:
    role = f", with {event.role}" if event.role else ""
    return (
        f"{event.by or 'the administrator'} made invitation code {event.number} for {event.room}: "
        f"{counted(event.uses, 'person', 'people')} until {zone.moment(event.expires)}{role}"
    )


def _revoked_audited(event: InviteCodeRevoked, _zone: Zone) -> str:
    return f"{event.by or 'the administrator'} revoked invitation code {event.number} for {event.room}"


TEXT = FeatureText(
    commands=slash,
    replies={
        InviteCodeGiven: given_lines,
        InviteCodesView: view_lines,
        InviteCodeEnded: lambda reply, _zone: [ended_line(reply)],
    },
    refusals={
        InviteCodeRefused: lambda r: (
            f"You can't join {place(r.room)}: {r.fault.text}."
            if r.closed_by is not None
            else f"{capitalized(r.fault.text)}."
        ),
    },
    audit={InviteCodeMade: _made_audited, InviteCodeRevoked: _revoked_audited},
)
