"""Gateways: programs that connect for people elsewhere, and say where those are."""

from typing import ClassVar

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import IoCommand
from asyncchat.core.features.presence import Connected, SessionAttached
from asyncchat.core.registry import applies
from asyncchat.core.replies import Refusal, Reply


class ConnectFor(IoCommand, frozen=True):
    """A gateway says for whom it has connected, before anything else.

    ``address``: the client's; ``secure``: whether its connection to the gateway is encrypted.
    """

    cost: ClassVar[int] = 5
    password: str
    gateway: str
    address: str
    secure: bool


class ConnectedFor(Reply, frozen=True):
    """The gateway is believed.

    ``host``: what others see in place of the client's address; ``private``: whether nobody can listen;
    ``secure``: whether all of the way is encrypted; ``gateway``: its name in the configuration.
    """

    host: str
    private: bool
    secure: bool
    gateway: str


class GatewayRefused(Refusal, frozen=True):
    """The gateway is not believed, and its connection ends; ``reason`` is half a sentence."""

    reason: str


class Gateways(Part):
    """The gateways by which sessions have come, by the sessions' numbers. Of those of one run."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}

    def of_person(self, chat: Chat, person_id: int) -> tuple[str, ...]:
        """The names of those by which a person has come."""
        found = (self.names.get(session, "") for session in chat.sessions.of(person_id))
        return tuple(dict.fromkeys(filter(None, found)))

    def end_run(self) -> None:
        """Forgets all of it."""
        self.names.clear()

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """Forgets those of a person who left."""
        for session in sessions:
            self.names.pop(session, None)

    def forget_session(self, person_id: int, session_id: int) -> None:
        """Forgets that of a session that has ended."""
        self.names.pop(session_id, None)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return dict(self.names)


@applies(Connected)
def _connected(chat: Chat, event: Connected) -> None:
    if event.gateway:
        Gateways.of(chat).names[event.person.id] = event.gateway


@applies(SessionAttached)
def _attached(chat: Chat, event: SessionAttached) -> None:
    if event.gateway:
        Gateways.of(chat).names[event.session] = event.gateway
