"""What people keep for themselves: with their account, or without one until they leave.

Owns where it is kept and when it is forgotten. Must not know what it is.
"""

from typing import Generic, TypeVar

from asyncchat.core.names import fold
from asyncchat.core.people import Person

K = TypeVar("K")
V = TypeVar("V")


class Personal(Generic[K, V]):
    """A feature's part of a chat (``Part``) that has a table for each person."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[K, V]] = {}
        """By the account's key."""
        self.guests: dict[int, dict[K, V]] = {}
        """Those of people without an account, by the person's id."""

    def of_person(self, person: Person) -> dict[K, V]:
        """A person's table. The caller must not change it."""
        if person.account:
            return self.accounts.get(fold(person.account), {})
        return self.guests.get(person.id, {})

    def end_run(self) -> None:
        """Forgets the guests."""
        self.guests.clear()

    def forget_person(self, person_id: int, _sessions: tuple[int, ...]) -> None:
        """Forgets a guest who left."""
        self.guests.pop(person_id, None)

    def forget_account(self, account: str) -> None:
        """Forgets a removed account."""
        self.accounts.pop(account, None)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return tuple(
            {whose: dict(table) for whose, table in of.items() if table}
            for of in (self.accounts, self.guests)
        )
