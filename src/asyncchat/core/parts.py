"""Parts: what a feature keeps in the chat's state, and when it ends: with a run, a person, a room.

Owns the base class; a feature declares its part by a subclass, and nothing else lists it.
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
        """Every chat has one from now on."""
        super().__init_subclass__()
        Part.kinds.append(cls)

    @classmethod
    def of(cls, chat: Chat) -> Self:
        """This part of a chat."""
        return chat.parts[cls]  # type: ignore[return-value]  # what is under a class is of it

    def end_run(self) -> None:
        """A run of the node begins: forgets what belongs to people and sessions of the run before."""

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """A person has left the chat, with all its sessions."""

    def forget_session(self, person_id: int, session_id: int) -> None:
        """One session of a person who stays has ended."""

    def forget_account(self, account: str) -> None:
        """An account, by its key, is no more."""

    def rename_room(self, old: str, new: str) -> None:
        """A room has another key."""

    def forget_room(self, room: Room) -> None:
        """A room is closed."""

    def keeps_room(self, _room: Room) -> bool:
        """Whether a room must outlive its last member because of what this part keeps of it."""
        return False

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return None

    def facts(self, _chat: Chat) -> Iterator[Event]:
        """Few events that give this part again: what a snapshot keeps of it. Accounts are made before."""
        return iter(())
