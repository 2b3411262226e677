"""What is known of a session before it is registered.

Owns nick, user, real name and password until there is a person; must not know how they came.
"""


class PendingRegistration:
    """What a session has said of itself before it is a person; dropped afterwards."""

    __slots__ = (
        "account",
        "away",
        "keys",
        "metadata",
        "negotiating",
        "nick",
        "password",
        "realname",
        "unlocked",
        "user",
    )

    def __init__(self) -> None:
        self.away = ""
        self.account = ""
        self.nick = ""
        self.user = ""
        self.realname = ""
        self.password = ""
        self.unlocked = False
        self.negotiating = False
        self.metadata: tuple[tuple[str, str | None], ...] = ()
        """What it sets of itself when it enters, by key; None: what it takes away."""
        self.keys: tuple[str, ...] = ()
        """Keys of others' metadata that it subscribes to."""

    @property
    def complete(self) -> bool:
        """Whether everything that a registration needs is there."""
        return bool(self.nick and self.user) and not self.negotiating
