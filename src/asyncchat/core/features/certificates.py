"""Certificates of clients: whoever shows one over TLS logs in to its account without a password.

Owns the certificates of accounts, by their fingerprints. Must not know TLS: the server says what a client
showed.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.accounts import AccountPasswordChanged, override_of, own_account
from asyncchat.core.fingerprints import parse_fingerprint
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, follows, for_people, handles
from asyncchat.core.replies import AccountFault, AccountRefused, Refusal, Reply

CERTIFICATES_EACH: Final = 20
"""Certificates of one account: as many as its devices."""

ID_LETTERS: Final = 8
"""The least letters of a fingerprint by which its owner names it."""


class AddCertificate(IoCommand, frozen=True):
    """Let a certificate log in to the own account; empty: the one that the client shows."""

    cost: ClassVar[int] = 5
    fingerprint: str = ""
    context: object = None


class AddCertificateVerified(Command, frozen=True):
    """The same, once the server has seen what the client shows."""

    fingerprint: str
    context: object = None


class GetCertificates(Command, frozen=True):
    """The certificates of an account (empty: the own one)."""

    account: str = ""
    context: object = None


class RemoveCertificate(Command, frozen=True):
    """Let a certificate of an account (empty: the own one) log in no longer; its first letters are enough."""

    fingerprint: str
    account: str = ""
    context: object = None


class CertificateAdded(Untold, frozen=True, tag="certificate"):
    """A certificate logs in to an account; ``time`` in microseconds since 1970 UTC."""

    account: str
    fingerprint: str
    time: int


class CertificatesRemoved(Untold, frozen=True, tag="certificates_removed"):
    """Certificates log in to an account no longer."""

    account: str
    fingerprints: tuple[str, ...]


class CertificateKnown(Reply, frozen=True):
    """A certificate logs in to the account from now on."""

    account: str
    fingerprint: str
    context: object = None


class CertificatesView(Reply, frozen=True):
    """The certificates of an account: (fingerprint, when it was added in microseconds since 1970 UTC)."""

    account: str
    certificates: tuple[tuple[str, int], ...]
    context: object = None


class CertificateGone(Reply, frozen=True):
    """A certificate logs in to the account no longer."""

    account: str
    fingerprint: str
    context: object = None


class Certificates(Part):
    """When each certificate was added, by account and fingerprint."""

    def __init__(self) -> None:
        self.added: dict[str, dict[str, int]] = {}
        self.owners: dict[str, str] = {}
        """The keys of their accounts, by fingerprint."""

    def of_account(self, account: str) -> dict[str, int]:
        """Those of an account. The caller must not change them."""
        return self.added.get(fold(account), {})

    def add(self, account: str, fingerprint: str, time: int) -> None:
        """An account, by its key, has a certificate."""
        self.added.setdefault(account, {})[fingerprint] = time
        self.owners[fingerprint] = account

    def remove(self, account: str, fingerprint: str) -> None:
        """An account, by its key, has a certificate no longer."""
        if self.added.get(account, {}).pop(fingerprint, None) is not None:
            del self.owners[fingerprint]

    def forget_account(self, account: str) -> None:
        """Forgets those of a removed account."""
        for fingerprint in self.added.pop(account, ()):
            del self.owners[fingerprint]

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {account: dict(added) for account, added in self.added.items() if added}

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, added in self.added.items():
            for fingerprint, time in added.items():
                yield CertificateAdded(chat.accounts[key].name, fingerprint, time)


@for_people(AddCertificateVerified)
def add_certificate(chat: Chat, me: Person, command: AddCertificateVerified, now: int) -> Items:
    """Adds a certificate to the requester's account."""
    account, context = chat.accounts.get(fold(me.account)) if me.account else None, command.context
    known = Certificates.of(chat)
    if account is None:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=context),)
    fingerprint = parse_fingerprint(command.fingerprint)
    if not fingerprint:
        fault = AccountFault.NO_FINGERPRINT if command.fingerprint else AccountFault.NOT_SHOWN
        return (AccountRefused(fault, account.name, context=context),)
    answer = CertificateKnown(account.name, fingerprint, context)
    owner = known.owners.get(fingerprint)
    if owner == fold(account.name):
        return (answer,)
    if owner is not None:
        return (AccountRefused(AccountFault.KNOWN_CERTIFICATE, account.name, context=context),)
    if len(known.of_account(account.name)) >= CERTIFICATES_EACH:
        return (AccountRefused(AccountFault.LISTED, account.name, context=context),)
    return (CertificateAdded(account.name, fingerprint, now), answer)


@handles(GetCertificates)
def get_certificates(chat: Chat, person_id: int, command: GetCertificates, _now: int) -> Items:
    """Tells the certificates of an account."""
    account = own_account(chat, person_id, command.account, command.context)
    if isinstance(account, Refusal):
        return (account,)
    mine = Certificates.of(chat).of_account(account.name)
    return (CertificatesView(account.name, tuple(mine.items()), command.context),)


@handles(RemoveCertificate)
def remove_certificate(chat: Chat, person_id: int, command: RemoveCertificate, _now: int) -> Items:
    """Removes a certificate of an account, for its owner, server operators, and the server itself."""
    account = own_account(chat, person_id, command.account, command.context)
    if isinstance(account, Refusal):
        return (account,)
    begin = command.fingerprint.replace(":", "").lower()
    mine = Certificates.of(chat).of_account(account.name)
    found = [one for one in mine if one.startswith(begin)] if len(begin) >= ID_LETTERS else []
    if len(found) != 1:
        return (AccountRefused(AccountFault.NO_CERTIFICATE, account.name, context=command.context),)
    event = CertificatesRemoved(account.name, tuple(found))
    noted = override_of(chat, person_id, account, event)
    return (event, *noted, CertificateGone(account.name, found[0], command.context))


@follows(AccountPasswordChanged)
def _password_changed(chat: Chat, _person_id: int, event: AccountPasswordChanged) -> Items:
    """Whoever knew the old password may have added certificates with it."""
    mine = tuple(Certificates.of(chat).of_account(event.name))
    return (CertificatesRemoved(event.name, mine),) if mine else ()


@applies(CertificateAdded)
def _added(chat: Chat, event: CertificateAdded) -> None:
    if fold(event.account) in chat.accounts:
        Certificates.of(chat).add(fold(event.account), event.fingerprint, event.time)


@applies(CertificatesRemoved)
def _removed(chat: Chat, event: CertificatesRemoved) -> None:
    for fingerprint in event.fingerprints:
        Certificates.of(chat).remove(fold(event.account), fingerprint)
