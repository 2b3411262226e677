"""Web push: where the devices of accounts are told of mentions and private messages while nobody looks.

Owns the subscriptions of accounts, and who is called by a text. A subscription ends with the login token of
its device. Must not know how a push is encrypted or sent.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.accounts import AccountPasswordChanged
from asyncchat.core.features.login_tokens import UNUSED_MICROSECONDS, LoginTokens, LoginTokensRevoked
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, for_people
from asyncchat.core.replies import AccountFault, AccountRefused, Fault, Refusal, Reply

SUBSCRIPTIONS_EACH: Final = 20
"""Subscriptions of one account, as many as its devices that are remembered; one more replaces the oldest."""

ENDPOINT_BYTES: Final = 400
"""The longest endpoint. Those of browsers have 150 to 350 bytes; a line of IRC has room for no more."""


class Subscription(msgspec.Struct, frozen=True):
    """Where one device is told.

    ``endpoint`` is a URL of a push service; ``p256dh`` and ``auth`` are the keys of the device (RFC 8291) in
    base64. ``caps`` are the capabilities by which a message is written for it; ``token`` is the digest of the
    login token of the device, empty if it showed the password.
    """

    endpoint: str
    p256dh: str
    auth: str
    caps: tuple[str, ...] = ()
    token: str = ""


class Subscribe(IoCommand, frozen=True):
    """Have a device of the own account told; the server fills the token in."""

    cost: ClassVar[int] = 2
    subscription: Subscription
    context: object = None


class SubscribeVerified(Command, frozen=True):
    """The same, once the server has looked where the endpoint is and what the keys are."""

    subscription: Subscription
    context: object = None


class Unsubscribe(Command, frozen=True):
    """Have a device of the own account told no more."""

    endpoint: str


class PushSubscribed(Untold, frozen=True, tag="push"):
    """A device of an account is told from now on, in place of what had the endpoint before."""

    account: str
    subscription: Subscription


class PushEnded(Untold, frozen=True, tag="push_ended"):
    """Devices are told no more."""

    endpoints: tuple[str, ...]


class PushFault(Fault):
    """Why a device is not subscribed, as a sentence."""

    OFF = "this server sends no pushes"
    ENDPOINT = f"the endpoint is no https:// address of at most {ENDPOINT_BYTES} letters"
    ADDRESS = "the host of the endpoint is not found, or it is in a private network"
    KEYS = "p256dh is no key of the curve P-256, or auth has not 16 bytes"


class PushRefused(Refusal, frozen=True):
    """A device is not subscribed."""

    fault: PushFault
    endpoint: str


class DeviceSubscribed(Reply, frozen=True):
    """The device is told from now on."""

    endpoint: str


class DeviceUnsubscribed(Reply, frozen=True):
    """The device is told no more; perhaps it never was."""

    endpoint: str


class Subscriptions(Part):
    """The subscriptions, by the accounts' keys and by endpoint, the oldest first."""

    def __init__(self) -> None:
        self.by_account: dict[str, dict[str, Subscription]] = {}
        self._owners: dict[str, str] = {}
        """The accounts' keys by endpoint."""

    def of_account(self, account: str) -> Mapping[str, Subscription]:
        """Those of an account, by endpoint."""
        return self.by_account.get(fold(account), {})

    def add(self, account: str, subscription: Subscription) -> None:
        """An account has a subscription from now on, and nobody else has one with its endpoint."""
        key = fold(account)
        if self._owners.get(subscription.endpoint, key) != key:
            self.remove(subscription.endpoint)
        self._owners[subscription.endpoint] = key
        self.by_account.setdefault(key, {})[subscription.endpoint] = subscription

    def remove(self, endpoint: str) -> None:
        """A subscription ended; nothing happens if there is none."""
        key = self._owners.pop(endpoint, None)
        if key is not None:
            self.by_account[key].pop(endpoint)
            if not self.by_account[key]:
                del self.by_account[key]

    def forget_account(self, account: str) -> None:
        """Forgets the subscriptions of a removed account."""
        for endpoint in tuple(self.by_account.get(account, ())):
            self.remove(endpoint)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {account: dict(mine) for account, mine in self.by_account.items()}

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, mine in self.by_account.items():
            for subscription in mine.values():
                yield PushSubscribed(chat.accounts[key].name, subscription)


def is_valid(chat: Chat, account: str, subscription: Subscription, now: int) -> bool:
    """Whether the login token of a device still is, if it has one."""
    if not subscription.token:
        return True
    token = LoginTokens.of(chat).of_account(account).get(subscription.token)
    return token is not None and now - token.used <= UNUSED_MICROSECONDS


_WORD = re.compile(r"[^\W_]+")
_AROUND = "@.,:;!?()<>\"'*~…"
"""What may stand around a name in a text, and is no part of one."""


def called(text: str, names: Mapping[str, str]) -> set[str]:
    """Whom a text calls: the values of the names in it.

    Args:
        text: what was said.
        names: for each name in lower case (``str.casefold``) what stands for its owner.
    """
    words = set(text.casefold().split())
    marked = [word for word in words if not word.isalnum()]
    if marked:
        words.update([word.strip(_AROUND) for word in marked])
        words.update(_WORD.findall(" ".join(marked)))
    return {names[word] for word in words if word in names}


@for_people(SubscribeVerified)
def subscribe(chat: Chat, me: Person, command: SubscribeVerified, _now: int) -> Items:
    """Adds a subscription to the requester's account; one too many replaces the oldest."""
    account = chat.accounts.get(fold(me.account)) if me.account else None
    if account is None:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    new = command.subscription
    mine = Subscriptions.of(chat).of_account(account.name)
    done = DeviceSubscribed(new.endpoint)
    if mine.get(new.endpoint) == new:
        return (done,)  # devices ask at each visit
    others = [endpoint for endpoint in mine if endpoint != new.endpoint]
    oldest = tuple(others[: max(0, len(others) + 1 - SUBSCRIPTIONS_EACH)])
    return (*((PushEnded(oldest),) if oldest else ()), PushSubscribed(account.name, new), done)


@for_people(Unsubscribe)
def unsubscribe(chat: Chat, me: Person, command: Unsubscribe, _now: int) -> Items:
    """Removes a subscription of the requester's account."""
    known = bool(me.account) and command.endpoint in Subscriptions.of(chat).of_account(me.account)
    ended = (PushEnded((command.endpoint,)),) if known else ()
    return (*ended, DeviceUnsubscribed(command.endpoint))


@applies(PushSubscribed)
def _subscribed(chat: Chat, event: PushSubscribed) -> None:
    if fold(event.account) in chat.accounts:
        Subscriptions.of(chat).add(event.account, event.subscription)


@applies(PushEnded)
def _ended(chat: Chat, event: PushEnded) -> None:
    for endpoint in event.endpoints:
        Subscriptions.of(chat).remove(endpoint)


@applies(LoginTokensRevoked)
def _signed_out(chat: Chat, event: LoginTokensRevoked) -> None:
    """Who signs a device out has it told no more."""
    subscriptions = Subscriptions.of(chat)
    for endpoint, one in tuple(subscriptions.of_account(event.account).items()):
        if one.token in event.digests:
            subscriptions.remove(endpoint)


@applies(AccountPasswordChanged)
def _password_changed(chat: Chat, event: AccountPasswordChanged) -> None:
    """Whoever knew the old password may have subscribed with it."""
    Subscriptions.of(chat).forget_account(fold(event.name))
