"""Networks from which accounts were used, so that strangers' wrong passwords do not lock out their owners.

Owns marks of these networks. Must not know addresses: the server makes the marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event, Untold
from asyncchat.core.names import fold
from asyncchat.core.registry import applies

NETWORKS_EACH: Final = 16
"""Networks that are remembered of one account: those that came last. 1.5 KB."""


class KnownNetworks(Part, dict[str, dict[str, None]]):
    """The marks of networks, by the accounts' keys."""

    def forget_account(self, account: str) -> None:
        """Forgets the networks of a removed account."""
        self.pop(account, None)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {account: list(marks) for account, marks in self.items()}

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, marks in self.items():
            for mark in marks:
                yield NetworkKnown(chat.accounts[key].name, mark)


class NetworkKnown(Untold, frozen=True, tag="account_network"):
    """An account was used from a network for the first time."""

    account: str
    network: str


def network_known(chat: Chat, account: str, network: str, *, anew: bool = False) -> Iterator[Event]:
    """The event for a network that is not known yet, or is forgotten now (``anew``)."""
    if network and (anew or network not in KnownNetworks.of(chat).get(fold(account), ())):
        yield NetworkKnown(account, network)


@applies(NetworkKnown)
def _network_known(chat: Chat, event: NetworkKnown) -> None:
    key = fold(event.account)
    if key in chat.accounts:
        marks = KnownNetworks.of(chat).setdefault(key, {})
        marks[event.network] = None
        if len(marks) > NETWORKS_EACH:
            del marks[next(iter(marks))]
