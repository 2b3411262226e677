"""The roles a room's members can have, and what each may do: two tables.

Owns ranks and rights. Must not know how a dialect spells a role. A member's roles are one number, the sum of
their bits: the greater sum is the higher rank.
"""

import enum
from typing import Final

import msgspec


class Role(msgspec.Struct, frozen=True):
    """One role: its name, its bit, and the lowest bit with which a member may give it and take it away."""

    name: str
    bit: int
    given_by: int


VOICE: Final = Role("voice", 1, given_by=2)
HALF_OPERATOR: Final = Role("half-operator", 2, given_by=4)
OPERATOR: Final = Role("operator", 4, given_by=4)
ADMIN: Final = Role("admin", 8, given_by=16)
FOUNDER: Final = Role("founder", 16, given_by=16)

ROLES: Final = (FOUNDER, ADMIN, OPERATOR, HALF_OPERATOR, VOICE)
"""All roles, the highest first. To add one: a row here, its letter in the IRC dialect's ``modes``."""

ROLE_NAMED: Final = {role.name: role for role in ROLES}

SERVER_OPERATOR_RANK: Final = 1 << 10
"""The rank of a server operator in any room: above every role."""


class Right(enum.IntEnum):
    """What a role allows; the value is the lowest bit that has the right."""

    SPEAK = VOICE.bit
    """Speak although the room is moderated or slowed, or the member is muted or banned."""
    MODERATE = HALF_OPERATOR.bit
    """Kick, ban, mute, invite into an invite-only room, set a locked topic."""
    MANAGE = OPERATOR.bit
    """Set the room's flags and settings, and erase from its history."""


def highest(roles: int) -> int:
    """The bit of the highest role in a sum of roles, 0 for none."""
    return 1 << (roles.bit_length() - 1) if roles else 0
