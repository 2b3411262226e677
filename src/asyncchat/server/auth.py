"""Authentication: I/O commands that come with a password, which is checked outside the hub.

A password is hashed in a thread. The answer to a wrong one is delayed, and it counts against the network and
the account. The hub decides what a right one allows.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from asyncchat.core import scram
from asyncchat.core.commands import Command
from asyncchat.core.features import accounts, login_tokens
from asyncchat.core.features.bots import digest_of
from asyncchat.core.features.certificates import AddCertificate, AddCertificateVerified, Certificates
from asyncchat.core.features.gateways import ConnectedFor, ConnectFor, GatewayRefused
from asyncchat.core.features.invite_codes import (
    CODE_BYTES,
    CodeFault,
    InviteCode,
    MakeInviteCode,
    NewInviteCode,
    code_digest,
    code_for,
    link_to,
    spell,
)
from asyncchat.core.features.join import JoinWithCode, is_guess
from asyncchat.core.features.known_networks import KnownNetworks
from asyncchat.core.features.opers import GrantOper, NotFromHere, Oper
from asyncchat.core.features.server import Unlock, Unlocked, WrongPassword
from asyncchat.core.names import fold
from asyncchat.core.passwords import password_fault
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.server.addresses import is_local, parse_address
from asyncchat.server.password_guard import WRONG_SECONDS
from asyncchat.server.session import Ending

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.server.password_guard import PasswordGuard
    from asyncchat.server.server_passwords import OwnerCode, ServerPasswords
    from asyncchat.server.session import IoHandler, IoResult, Session

_logger = logging.getLogger("asyncchat.server")

EMAIL_BYTES = 254
"""Longest e-mail address (RFC 5321, 4.5.3.1.3)."""


TOKEN_BYTES = 24
"""Random bytes of a login token: far more than anyone can guess."""


def _is_email(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and "." in host.strip(".")) and text.isprintable() and _fits(text)


def _fits(email: str) -> bool:
    return " " not in email and len(email.encode()) <= EMAIL_BYTES


class Authentication:
    """Checks what sessions know.

    Args:
        chat: the state, only to be read.
        passwords: the server's and its operators'; a reload replaces them here.
        owner_code: makes a person an operator of the server.
        guard: verifies the passwords of accounts.
    """

    def __init__(
        self, chat: Chat, passwords: ServerPasswords, owner_code: OwnerCode, guard: PasswordGuard
    ) -> None:
        self._chat = chat
        self.passwords = passwords
        self.owner_code = owner_code
        self.guard = guard
        self.handlers: dict[type[Command], IoHandler] = {
            accounts.Authenticate: self.authenticate,
            accounts.LogInWithPassword: self.show_password,
            accounts.RegisterAccount: self.register,
            accounts.NewPassword: self.new_password,
            accounts.DropAccount: self.drop,
            accounts.Reclaim: self.reclaim,
            login_tokens.MakeLoginToken: self.make_token,
            AddCertificate: self.add_certificate,
            Oper: self.claim_owner,
            Unlock: self.unlock,
            ConnectFor: self.connect_for,
            JoinWithCode: self.join_with_code,
            NewInviteCode: self.new_code,
        }
        """The I/O commands that it answers."""

    async def authenticate(self, session: Session, command: accounts.Authenticate, _upto: int) -> IoResult:
        """Takes the next message of an exchange."""
        try:
            if command.mechanism == scram.NAME:
                return await self._scram(session, command)
            if command.mechanism == "EXTERNAL":
                return self._external(session, command)
            return await self._plain(session, command)
        except scram.ScramFault as fault:
            return AccountRefused(AccountFault.MALFORMED, detail=str(fault), context=command.context)

    def _external(self, session: Session, command: accounts.Authenticate) -> IoResult:
        """EXTERNAL (RFC 4422, appendix A): the account of the certificate that the client showed."""
        key = Certificates.of(self._chat).owners.get(session.certificate, "")
        account = self._chat.accounts.get(key)
        asked = command.data.decode("utf-8", "replace")
        if account is None or (asked and fold(asked) != key):
            _logger.info("%s showed a certificate of no account, or of another", session.address)
            return AccountRefused(AccountFault.NO_CERTIFICATE, asked, context=command.context)
        session.token = ""
        mark = self._network_mark(session, account.name)
        return accounts.LogInVerified(
            account.name, True, command.context, network=mark, verifier=account.verifier
        )

    async def add_certificate(self, session: Session, command: AddCertificate, _upto: int) -> IoResult:
        """Adds a certificate to the account of the session, by default the one that it shows."""
        if session.token:  # one that was stolen would outlive that it is revoked
            return AccountRefused(
                AccountFault.BY_TOKEN, self._person(session).account, context=command.context
            )
        return AddCertificateVerified(command.fingerprint or session.certificate, command.context)

    async def _plain(self, session: Session, command: accounts.Authenticate) -> IoResult:
        """PLAIN (RFC 4616): authorization identity, authentication identity and password, separated by
        NUL."""
        try:
            asked, name, password = command.data.decode().split("\0")
        except ValueError as error:
            raise scram.ScramFault("that is not PLAIN") from error
        if not name or not password:
            raise scram.ScramFault("no name or no password")
        if asked and fold(asked) != fold(name):
            raise scram.ScramFault("nobody acts for somebody else here")
        return await self.show_password(
            session, accounts.LogInWithPassword(name, password, command.context), 0
        )

    async def _scram(self, session: Session, command: accounts.Authenticate) -> IoResult:
        exchange = command.exchange
        guard = self.guard
        chat = self._chat
        if exchange is None:
            first = scram.begin(command.data)
            if first.asked and fold(first.asked) != fold(first.name):
                raise scram.ScramFault("nobody acts for somebody else here")
            refusal = self._refuse_guess(session, first.name, command.context)
            if refusal is not None:
                return refusal
            key = fold(first.name)
            known = guard.known(key, chat.accounts.get(key))
            begun = scram.challenged(first, known, guard.nonce())
            return accounts.Challenge(begun.challenge.encode(), begun)
        if isinstance(exchange, scram.Exchange):
            name = exchange.first.name
            refusal = self._refuse_guess(session, name, command.context)
            if refusal is not None:
                return refusal  # many exchanges may have begun at once
            last = scram.proven(exchange, command.data)
            if last is None or not self._is_kept(name, exchange.known):
                key = fold(name)
                known_here = self._is_known(session, key)
                guard.record_failure(key, session.address, known=known_here, exists=key in chat.accounts)
                return await self._logged_in(session, name, False, command.context)
            return accounts.Challenge(last, scram.Proven(name, exchange.known))
        if not isinstance(exchange, scram.Proven) or command.data:
            raise scram.ScramFault("nothing more was asked")
        name = exchange.name
        right = self._is_kept(name, exchange.known)
        if right:
            guard.record_success(fold(name), session.address)
        return await self._logged_in(session, name, right, command.context)

    def _is_kept(self, name: str, known: scram.Verifier) -> bool:
        """Whether this still is the account's verifier: the account may have been removed, or be new."""
        account = self._chat.accounts.get(fold(name))
        return account is not None and scram.read_verifier(account.verifier) == known

    async def show_password(
        self, session: Session, command: accounts.LogInWithPassword, _upto: int
    ) -> IoResult:
        """Checks a password that was sent in the clear, or a login token, and logs in."""
        name, password = accounts.shown_password(self._chat, self._person(session).name, command)
        if password.startswith(login_tokens.MARK):
            digest = digest_of(password)
            if digest in login_tokens.LoginTokens.of(self._chat).of_account(name):
                # Nobody guesses one: it is never told to wait, and a plain hash is safe.
                mark = self._network_mark(session, name)
                session.token = digest
                return login_tokens.LogInWithToken(name, digest, command.context, mark)
        right = await self._checked(session, name, password, command.context)
        if isinstance(right, AccountRefused):
            return right
        return await self._logged_in(session, name, right, command.context)

    async def _logged_in(self, session: Session, name: str, right: bool, context: object) -> Command:
        """What the hub is to decide after a password."""
        if right:
            session.token = ""
        mark = self._network_mark(session, name)
        return await self._delayed(
            session,
            name,
            right,
            accounts.LogInVerified(
                name, right, context, network=mark, verifier=self._verifier_if(right, name)
            ),
        )

    def _verifier_if(self, right: bool, name: str) -> str:
        """What a right password was checked against: in a cluster it may be another one for the hub."""
        return self._chat.accounts[fold(name)].verifier if right else ""

    def _network_mark(self, session: Session, name: str) -> str:
        return self.guard.network_mark(fold(name), session.address)

    def _is_known(self, session: Session, key: str) -> bool:
        """Whether the owner of an account has logged in from this session's network before."""
        return self._network_mark(session, key) in KnownNetworks.of(self._chat).get(key, ())

    async def register(self, session: Session, command: accounts.RegisterAccount, _upto: int) -> IoResult:
        """Registers an account, if the options and the chat allow it."""
        name = command.account or self._person(session).name or command.name
        if not session.context.options.registration:
            return AccountRefused(AccountFault.CLOSED, name, context=command.context)
        refusal = accounts.registration_refusal(
            self._chat, session.person_id, name, command.context
        ) or self._unregistrable(session, name, command)
        if refusal is not None:
            return refusal
        # Before it is hashed: many may be asked for at once.
        self.guard.record_registration(session.address)
        try:
            verifier = await self.guard.verifier(command.password, session.address)
        except scram.ScramFault as error:
            return AccountRefused(AccountFault.BAD_PASSWORD, name, str(error), command.context)
        _logger.info("%s registers the account %s", session.address, name)
        mark = self._network_mark(session, name)
        return accounts.RegisterAccountVerified(name, verifier, command.email, command.context, network=mark)

    def _unregistrable(
        self, session: Session, name: str, command: accounts.RegisterAccount
    ) -> AccountRefused | None:
        options = session.context.options

        def refused(fault: AccountFault, detail: str = "") -> AccountRefused:
            return AccountRefused(fault, name, detail, command.context)

        if options.require_email and not command.email:
            return refused(AccountFault.EMAIL)
        if command.email and not _is_email(command.email):
            return refused(AccountFault.BAD_EMAIL)
        weak = password_fault(command.password, name)
        if weak is not None:
            return refused(AccountFault.WEAK, weak)
        wait = self.guard.registration_wait(session.address)
        return refused(AccountFault.CROWD, f"wait {wait} s") if wait else None

    async def new_password(self, session: Session, command: accounts.NewPassword, _upto: int) -> IoResult:
        """Changes the password of the account that the session is logged in to."""
        name = self._person(session).account
        if not name:
            return AccountRefused(AccountFault.LOGGED_OUT, context=command.context)
        if session.token:  # whoever stole it must not take the account
            return AccountRefused(AccountFault.BY_TOKEN, name, context=command.context)
        weak = password_fault(command.password, name)
        if weak is not None:
            return AccountRefused(AccountFault.WEAK, name, weak, command.context)
        try:
            verifier = await self.guard.verifier(command.password, session.address)
        except scram.ScramFault as error:
            return AccountRefused(AccountFault.BAD_PASSWORD, name, str(error), command.context)
        mark = self._network_mark(session, name)
        return accounts.NewPasswordVerified(name, verifier, command.context, network=mark)

    async def make_token(
        self, session: Session, command: login_tokens.MakeLoginToken, _upto: int
    ) -> IoResult:
        """Makes the secret of a login token."""
        if session.token:  # one that was stolen would outlive that it is revoked
            return AccountRefused(
                AccountFault.BY_TOKEN, self._person(session).account, context=command.context
            )
        secret = login_tokens.MARK + secrets.token_urlsafe(TOKEN_BYTES)
        return login_tokens.NewLoginToken(
            command.label, secret, digest_of(secret), command.session, command.context
        )

    def end_revoked(self, sessions: Iterable[Session], event: login_tokens.LoginTokensRevoked) -> None:
        """Ends the sessions that came with revoked tokens; delivery ends those that the event names."""
        known = {session_id for _, session_id in event.sessions}
        for session in list(sessions):
            if session.token in event.digests and session.id not in known:
                session.disconnect("signed out")

    async def drop(self, session: Session, command: accounts.DropAccount, _upto: int) -> IoResult:
        """Removes an account, with its password."""
        name, password = accounts.shown_password(self._chat, self._person(session).account, command)
        if not name:
            return accounts.DropAccountVerified("", False, command.context)
        right = await self._checked(session, name, password, command.context)
        if isinstance(right, AccountRefused):
            return right
        verifier = self._verifier_if(right, name)
        asked = accounts.DropAccountVerified(name, right, command.context, verifier)
        return await self._delayed(session, name, right, asked)

    async def reclaim(self, session: Session, command: accounts.Reclaim, _upto: int) -> IoResult:
        """Disconnects whoever has a name, for the owner of its account."""
        if not command.password:
            return accounts.ReclaimVerified(command.name, False, command.take, command.context)
        right = await self._checked(session, command.name, command.password, command.context)
        if isinstance(right, AccountRefused):
            return right
        mark = self._network_mark(session, command.name)
        verifier = self._verifier_if(right, command.name)
        asked = accounts.ReclaimVerified(
            command.name, right, command.take, command.context, network=mark, verifier=verifier
        )
        return await self._delayed(session, command.name, right, asked)

    async def verify_account(self, session: Session, name: str, password: str) -> bool | AccountRefused:
        """Whether this is an account's password, for a request over HTTP; a refusal if it must not be tried
        now."""
        right = await self._checked(session, name, password, None)
        if right is False:
            _logger.warning("%s gave a wrong password for the account %s", session.address, name)
            await asyncio.sleep(WRONG_SECONDS)
        return right

    async def _checked(
        self, session: Session, name: str, password: str, context: object
    ) -> bool | AccountRefused:
        """Whether this is the account's password; a refusal if it must not be tried now."""
        refusal = self._refuse_guess(session, name, context)
        if refusal is not None:
            return refusal
        key = fold(name)
        account = self._chat.accounts.get(key)
        known = self._is_known(session, key)
        right = await self.guard.verify(key, account, password, session.address, known=known)
        if right is None:
            return self._refuse_guess(session, name, context, least=1) or False
        return right and self._chat.accounts.get(key) is account

    def _refuse_guess(
        self, session: Session, name: str, context: object, *, least: int = 0
    ) -> AccountRefused | None:
        """Refuses a session that tried too often; ``least`` is the least number of seconds to wait."""
        key = fold(name)
        wait = max(least, self.guard.wait(key, session.address, known=self._is_known(session, key)))
        return AccountRefused(AccountFault.MANY, name, f"wait {wait} s", context) if wait else None

    async def _delayed(self, session: Session, name: str, right: bool, command: Command) -> Command:
        """What the hub is to decide, with a delay if the password was wrong."""
        if not right:
            _logger.warning("%s gave a wrong password for the account %s", session.address, name)
            await asyncio.sleep(WRONG_SECONDS)
        return command

    def _person(self, session: Session) -> Person:
        return self._chat.people.get(session.person_id) or NOBODY

    async def claim_owner(self, session: Session, command: Oper, _upto: int) -> IoResult:
        """Checks the owner code, or a named operator's password."""
        name, address = command.name, session.address
        if name and not self.passwords.is_host_allowed(name, address):
            await asyncio.sleep(WRONG_SECONDS)
            return NotFromHere(name)
        verified = self.guard.count_operator_guess(name, address)
        if verified and not name:
            verified = self.owner_code.verify(command.code)
        elif verified:
            account = self._person(session).account
            verified = await self.passwords.verify_operator(name, command.code, account, address)
        if verified:
            self.guard.forget_operator_guesses(name, address)
        person = self._chat.people.get(session.person_id)
        who = session.address if person is None else person.origin
        if verified:
            _logger.warning("%s became operator as %s", who, command.name or "owner")
        else:
            _logger.warning("%s gave a wrong password for the operator %s", who, command.name or "owner")
            await asyncio.sleep(WRONG_SECONDS)
        return GrantOper(verified, command.name)

    async def unlock(self, session: Session, command: Unlock, _upto: int) -> IoResult:
        """Checks the server's password; a session without it is disconnected at the last try.

        An invitation code lets in too; whether it lets in this person, the hub decides.
        """
        code = code_for(self._chat, command.password, session.context.hub.now())
        if isinstance(code, InviteCode):
            return Unlocked(command.password)
        right = await self.passwords.verify_server(command.password, session.address, self.guard)
        if right:
            return Unlocked()
        if command.password:
            await asyncio.sleep(WRONG_SECONDS)
        wait = self.guard.server_wait(session.address) or 1 if right is None else 0
        reason = "" if wait or code is CodeFault.WRONG else code.text
        answer = WrongPassword(bool(command.password), command.last, wait, reason)
        if not command.last:
            return answer
        _logger.warning("%s did not know the password", session.address)
        return Ending(answer, "wrong password" if command.password else "no password")

    async def connect_for(self, session: Session, command: ConnectFor, _upto: int) -> IoResult:
        """Checks a gateway's password; from then on the session is where its client is."""
        gateway, address = session.address, parse_address(command.address)
        refused = ""
        name = await self.passwords.verify_gateway(command.password, gateway)
        if not name:
            await asyncio.sleep(WRONG_SECONDS)
            refused = "its password is wrong, or it does not connect from its networks"
        elif not address:
            refused = "the client's address is none"
        elif not session.relocate(address):
            refused = "too many connections are open from the client's address"
        if refused:
            _logger.warning("The gateway %s at %s is refused: %s", command.gateway, gateway, refused)
            return Ending(GatewayRefused(refused), f"gateway refused: {refused}")
        # Both ways must be safe: the client's to the gateway, and the gateway's to here.
        session.secure = command.secure and (session.secure or is_local(gateway))
        _logger.info("The gateway %s at %s has connected for %s", name, gateway, address)
        return ConnectedFor(session.host, session.private, session.secure, name)

    async def join_with_code(self, session: Session, command: JoinWithCode, _upto: int) -> IoResult:
        """Joins a room with a key that may be an invitation code; the answer to a wrong one is delayed."""
        if is_guess(self._chat, command.join):
            _logger.warning("%s gave a wrong invitation code for %s", session.address, command.join.room)
            await asyncio.sleep(WRONG_SECONDS)
        return command.join

    async def new_code(self, session: Session, command: NewInviteCode, _upto: int) -> IoResult:
        """Makes the letters of a code, which the hub makes known by their digest."""
        code = spell(secrets.token_bytes(CODE_BYTES))
        link = link_to(session.context.hub.page, command.room, code)
        return MakeInviteCode(
            command.room, code_digest(code), command.uses, command.seconds, command.role, code, link
        )
