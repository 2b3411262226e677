"""An account: a name that stays reserved for its user between connections.

Owns the value. Must not know what can be done with an account: that is in ``features.accounts``.
"""

import msgspec


class Account(msgspec.Struct, frozen=True):
    """One account.

    ``verifier`` is what a password is checked against, never the password itself; the core passes it on and
    does not read it. ``time`` is when the account was made, in microseconds since 1970 UTC. ``email`` may be
    empty.
    """

    name: str
    verifier: str
    time: int
    email: str = ""
