"""Which nick to ask for when the wanted one is not available.

Owns that decision over several connections; must not know the wire.
"""

from collections.abc import Iterator

from asyncchat.core.names import alternatives

_AGAIN = 1.0
"""Seconds between two requests for a nick that our own dead connection may have."""


class NickFallback:
    """The wanted nick and its alternatives.

    Args:
        wanted: the nick asked for first, on each connection.
        patience: seconds for which our former nick is asked for again after a break.
    """

    def __init__(self, wanted: str, patience: float) -> None:
        self.wanted = wanted
        """Changed where the program asks for another one."""
        self.ask_again_at: float | None = None
        """When to ask for the wanted nick again; None: we do not wait for it."""
        self._patience = patience
        self._had = ""
        self._until = 0.0
        self._others: Iterator[str] = iter(())
        self._regaining = False

    def first(self, now: float, *, again: bool) -> str:
        """The nick to register with; ``again`` after a break, when our own dead connection may have it."""
        self._until = now + self._patience if again and self._had == self.wanted else now
        self._others = alternatives(self.wanted)
        self.ask_again_at = None
        self._regaining = False
        return self.wanted

    def next(self, taken: bool, now: float) -> str | None:
        """The nick to try after a refusal; None: wait until ``ask_again_at``, or give up if that is None."""
        if taken and now < self._until:
            self.ask_again_at = now + _AGAIN
            return None
        self.ask_again_at = None
        return next(self._others, None) if taken or self._had else None

    def ask_again(self) -> str:
        """Returns the wanted nick, which is now asked for again."""
        self.ask_again_at = None
        self._regaining = True
        return self.wanted

    def got(self, nick: str) -> None:
        """Notes that we have a nick."""
        self._had = nick
        self._regaining = False
        self.ask_again_at = None

    def refused_later(self) -> bool:
        """Notes that a nick was refused after registration; True: only this class had asked for it."""
        if self._regaining:
            self._regaining = False
            return True
        self.wanted = self._had or self.wanted
        return False
