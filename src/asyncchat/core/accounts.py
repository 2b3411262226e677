"""An account: a name that belongs to somebody from one visit to the next.

Owns the value; what may be done with one stands in ``features.accounts``.
"""

import msgspec


class Account(msgspec.Struct, frozen=True):
    """One account.

    ``verifier`` is what a password is checked against, never the password: a text that the core hands on and
    does not read. ``time`` is when it was made, in microseconds since 1970 UTC; ``email`` may be empty.
    """

    name: str
    verifier: str
    time: int
    email: str = ""
