"""Accounts: names that belong to somebody from one visit to the next.

Owns what is kept of one; how a password is checked is the server's affair, who may do what stands in
``rules.accounts``.
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


SERVER = 0
"""Asks in the place of a session's number where the server itself does, for who runs it."""

ACCOUNTS = 100_000
"""Accounts there may be: each costs half a kilobyte, so a script that makes them can't fill the memory."""
