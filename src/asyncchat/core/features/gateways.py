"""Gateways: programs that connect for people elsewhere, and say where those are."""

from typing import ClassVar

from asyncchat.core.commands import IoCommand
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
    ``secure``: whether all of the way is encrypted.
    """

    host: str
    private: bool
    secure: bool


class GatewayRefused(Refusal, frozen=True):
    """The gateway is not believed, and its connection ends; ``reason`` is half a sentence."""

    reason: str
