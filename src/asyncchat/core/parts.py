"""Parts: the state that a feature owns, and when pieces of it end: with a run, a person, a room, an account.

Owns the base class. A feature declares its part by a subclass; nothing else lists it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self

from asyncchat.core.events import Event

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.core.rooms import Room


class Part:
    """One feature's part of a chat's state; a chat has one of each."""

    kinds: ClassVar[list[type[Part]]] = []

    def __init_subclass__(cls) -> None:
        """Registers the part: every chat made from now on has one."""
        super().__init_subclass__()
        Part.kinds.append(cls)

    @classmethod
    def of(cls, chat: Chat) -> Self:
        """This part of a chat."""
        return chat.parts[cls]  # type: ignore[return-value]  # what is under a class is of it

    def end_run(self) -> None:
        """A new run of the node begins: forget what belongs to people and sessions of the last run."""

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """A person has left the chat, with all its sessions."""

    def forget_session(self, person_id: int, session_id: int) -> None:
        """One session of a person has ended; the person is still in the chat."""

    def forget_account(self, account: str) -> None:
        """An account, given by its key, was removed."""

    def rename_room(self, old: str, new: str) -> None:
        """A room's key has changed."""

    def forget_room(self, room: Room) -> None:
        """A room was closed."""

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return None

    def facts(self, _chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part; they are applied after the accounts have been made."""
        return iter(())
