"""The roles a room's members can have, and what each may do: two tables.

Owns ranks and rights; must not know how a dialect spells a role. A member's roles are kept as one number, the
sum of their bits: of two such sums the greater is the higher rank.
"""

import enum
from typing import Final

import msgspec


class Role(msgspec.Struct, frozen=True):
    """One role: its name, its bit, and the least bit of who may give it and take it away."""

    name: str
    bit: int
    given_by: int


VOICE: Final = Role("voice", 1, given_by=2)
HALF_OPERATOR: Final = Role("half-operator", 2, given_by=4)
OPERATOR: Final = Role("operator", 4, given_by=4)
ADMIN: Final = Role("admin", 8, given_by=16)
FOUNDER: Final = Role("founder", 16, given_by=16)

ROLES: Final = (FOUNDER, ADMIN, OPERATOR, HALF_OPERATOR, VOICE)
"""All of them, the highest first. To add one: a row here, its letter in the IRC dialect's ``modes``."""

ROLE_NAMED: Final = {role.name: role for role in ROLES}

SERVER_OPERATOR_RANK: Final = 1 << 10
"""The server's owner in any room: above every role."""


class Right(enum.IntEnum):
    """What a role allows; the value is the least bit that has it."""

    SPEAK = VOICE.bit
    """Speak where a room is moderated, slowed, muted or banned for one."""
    MODERATE = HALF_OPERATOR.bit
    """Put out, ban, mute, invite into a closed room, set a locked topic."""
    MANAGE = OPERATOR.bit
    """Set the room's rules, and erase from its history."""


def highest(roles: int) -> int:
    """The bit of the highest of some roles, 0 for none."""
    return 1 << (roles.bit_length() - 1) if roles else 0
