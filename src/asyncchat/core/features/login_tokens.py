"""Login tokens: passwords that the server makes, each for one device, so that it stays signed in.

Owns the tokens of accounts, and which sessions came with them. Must not know their secrets: the server makes
and compares it. A token logs in; it changes no password and removes no account.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Self

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.accounts import (
    AccountPasswordChanged,
    LogInVerified,
    override_of,
    own_account,
)
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, follows, for_people, handles
from asyncchat.core.replies import AccountFault, AccountRefused, Refusal, Reply
from asyncchat.core.text import cut, printable

MARK: Final = "aclogin_"
"""How a secret begins, so that it is told from a password, and scanners recognise it in the wrong place."""

TOKENS_EACH: Final = 20
"""Tokens of one account, as many as its devices that are remembered; one more replaces the one unused
for longest."""

SESSIONS_EACH: Final = 20
"""Sessions that are remembered of one token, the last ones."""

LABEL_BYTES: Final = 60
"""The longest name of a device."""

UNUSED_MICROSECONDS: Final = 90 * 86_400_000_000
"""How long a token that nobody uses is valid: a device that is not used for a season is lost or sold."""

ALL: Final = "*"
"""Stands for all tokens of an account."""


class LoginToken(msgspec.Struct, frozen=True):
    """One token of an account; times in microseconds since 1970 UTC.

    ``digest`` is the SHA-256 of its secret, ``label`` names the device for its owner.
    """

    digest: str
    label: str
    made: int
    used: int

    @property
    def id(self) -> str:
        """By which its owner names it."""
        return self.digest[:8]


class MakeLoginToken(IoCommand, frozen=True):
    """Make a token of the own account for a device with this label.

    ``session`` is the id of the device's session, which ends with the token; 0: another device gets it.
    """

    cost: ClassVar[int] = 5
    label: str = ""
    session: int = 0
    context: object = None


class NewLoginToken(Command, frozen=True):
    """The same, once the server has made the ``secret``; ``digest`` is its SHA-256."""

    label: str
    secret: str
    digest: str
    session: int = 0
    context: object = None


class LogInWithToken(Command, frozen=True):
    """Log in to an account with a token of it, whose secret has this digest."""

    account: str
    digest: str
    context: object = None
    network: str = ""


class GetLoginTokens(Command, frozen=True):
    """The tokens of an account (empty: the own one)."""

    account: str = ""
    context: object = None


class RevokeLoginTokens(Command, frozen=True):
    """Revoke a token of an account (empty: the own one), or all of them (``ALL``), and end their sessions."""

    token: str
    account: str = ""
    context: object = None


class LoginTokenMade(Untold, frozen=True, tag="login_token", omit_defaults=True):
    """A token was made; see ``LoginToken``. ``used`` is 0 until it is used."""

    account: str
    digest: str
    label: str
    made: int
    used: int = 0


class LoginTokenUsed(Untold, frozen=True, tag="login_token_used"):
    """A session logged in with a token, or a request came with it (0); ``time`` in microseconds since 1970
    UTC."""

    account: str
    digest: str
    time: int
    session: int


class LoginTokensRevoked(Untold, frozen=True, tag="login_tokens_revoked", omit_defaults=True):
    """Tokens were revoked. The ``sessions`` that came with them end: ids of persons and sessions."""

    account: str
    digests: tuple[str, ...]
    sessions: tuple[tuple[int, int], ...] = ()

    def to_store(self) -> Self:
        """The event without the sessions."""
        return msgspec.structs.replace(self, sessions=()) if self.sessions else self


class LoginTokenView(Reply, frozen=True):
    """The secret of a new token, which is told once; ``id`` names it."""

    account: str
    id: str
    secret: str
    context: object = None


class LoginTokensView(Reply, frozen=True):
    """The tokens of an account, the one used last first."""

    account: str
    tokens: tuple[LoginToken, ...]
    context: object = None


class LoginTokensGone(Reply, frozen=True):
    """So many tokens were revoked."""

    account: str
    count: int
    context: object = None


class LoginTokens(Part):
    """The tokens, by the accounts' keys and by digest."""

    def __init__(self) -> None:
        self.tokens: dict[str, dict[str, LoginToken]] = {}
        self.sessions: dict[str, tuple[int, ...]] = {}
        """The sessions that logged in with each token in this run, by digest."""
        self._of_session: dict[int, str] = {}
        self._owners: dict[str, str] | None = None
        """The keys of the accounts by the digests of their tokens; None: these are others since it was
        made."""

    def owner_of(self, digest: str, now: int) -> str:
        """The key of the account of the token whose secret has this digest, if it is still valid; else empty.

        Only whoever knows the secret can name the digest.
        """
        if self._owners is None:
            self._owners = {one: account for account, tokens in self.tokens.items() for one in tokens}
        owner = self._owners.get(digest, "")
        return owner if owner and now - self.tokens[owner][digest].used <= UNUSED_MICROSECONDS else ""

    def of_account(self, account: str) -> dict[str, LoginToken]:
        """The tokens of an account, by digest. The caller must not change them."""
        return self.tokens.get(fold(account), {})

    def token_of(self, session: int) -> str:
        """The digest of the token with which a session logged in; empty if it showed the password."""
        return self._of_session.get(session, "")

    def add_session(self, digest: str, session: int) -> None:
        """A session logged in with a token."""
        mine = (*self.sessions.get(digest, ()), session)
        if len(mine) > SESSIONS_EACH:
            self._of_session.pop(mine[0], None)
        self.sessions[digest] = mine[-SESSIONS_EACH:]
        self._of_session[session] = digest

    def forget_sessions(self, sessions: Iterable[int]) -> None:
        """Sessions ended."""
        for session in sessions:
            digest = self._of_session.pop(session, "")
            if digest in self.sessions:
                self.sessions[digest] = tuple([one for one in self.sessions[digest] if one != session])

    def add(self, account: str, token: LoginToken) -> None:
        """An account, by its key, has a token."""
        self.tokens.setdefault(account, {})[token.digest] = token
        self._owners = None

    def remove(self, account: str, digest: str) -> None:
        """A token is valid no longer."""
        self._owners = None
        self.tokens.get(fold(account), {}).pop(digest, None)
        for session in self.sessions.pop(digest, ()):
            self._of_session.pop(session, None)

    def end_run(self) -> None:
        """Forgets the sessions."""
        self.sessions.clear()
        self._of_session.clear()

    def forget_person(self, _person_id: int, sessions: tuple[int, ...]) -> None:
        """Forgets the sessions of a person who left."""
        self.forget_sessions(sessions)

    def forget_session(self, _person_id: int, session: int) -> None:
        """Forgets a session that ended."""
        self.forget_sessions((session,))

    def forget_account(self, account: str) -> None:
        """Forgets the tokens of a removed account."""
        for digest in tuple(self.tokens.get(account, ())):
            self.remove(account, digest)
        self.tokens.pop(account, None)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {account: dict(tokens) for account, tokens in self.tokens.items() if tokens}

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, tokens in self.tokens.items():
            for token in tokens.values():
                yield LoginTokenMade(
                    chat.accounts[key].name, token.digest, token.label, token.made, token.used
                )


@for_people(NewLoginToken)
def new_login_token(chat: Chat, me: Person, command: NewLoginToken, now: int) -> Items:
    """Makes a token of the requester's account; one too many replaces the one unused for longest."""
    account = chat.accounts.get(fold(me.account)) if me.account else None
    if account is None:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    label = cut(printable(command.label).strip(), LABEL_BYTES)[0]
    made = LoginTokenMade(account.name, command.digest, label, now)
    mine = sorted(LoginTokens.of(chat).of_account(account.name).values(), key=lambda one: one.used)
    oldest = [one.digest for one in mine[: max(0, len(mine) + 1 - TOKENS_EACH)]]
    replaced = (_revoked(chat, account.name, oldest),) if oldest else ()
    session = command.session
    used = (LoginTokenUsed(account.name, command.digest, now, session),) if session else ()
    return (
        *replaced,
        made,
        *used,
        LoginTokenView(account.name, command.digest[:8], command.secret, command.context),
    )


@handles(LogInWithToken)
def log_in_with_token(chat: Chat, person_id: int, command: LogInWithToken, now: int) -> Items:
    """Logs in with a token that is still valid; the rest is as with a password."""
    token = LoginTokens.of(chat).of_account(command.account).get(command.digest)
    valid = token is not None and now - token.used <= UNUSED_MICROSECONDS
    login = LogInVerified(command.account, valid, command.context, command.network)
    return (LoginTokenUsed(command.account, command.digest, now, person_id), login) if valid else (login,)


@handles(GetLoginTokens)
def get_login_tokens(chat: Chat, person_id: int, command: GetLoginTokens, _now: int) -> Items:
    """Tells the tokens of an account."""
    account = own_account(chat, person_id, command.account, command.context)
    if isinstance(account, Refusal):
        return (account,)
    tokens = sorted(LoginTokens.of(chat).of_account(account.name).values(), key=lambda one: -one.used)
    return (LoginTokensView(account.name, tuple(tokens), command.context),)


@handles(RevokeLoginTokens)
def revoke_login_tokens(chat: Chat, person_id: int, command: RevokeLoginTokens, _now: int) -> Items:
    """Revokes tokens of an account, for its owner, server operators, and the server itself."""
    account = own_account(chat, person_id, command.account, command.context)
    if isinstance(account, Refusal):
        return (account,)
    mine = LoginTokens.of(chat).of_account(account.name)
    digests = [one for one in mine if command.token == ALL or mine[one].id == command.token]
    if not digests:
        fault = AccountFault.NO_TOKENS if command.token == ALL else AccountFault.NO_TOKEN
        return (AccountRefused(fault, account.name, context=command.context),)
    event = _revoked(chat, account.name, digests)
    noted = override_of(chat, person_id, account, event.to_store())
    return (event, *noted, LoginTokensGone(account.name, len(digests), command.context))


def _revoked(chat: Chat, account: str, digests: list[str]) -> LoginTokensRevoked:
    sessions = LoginTokens.of(chat).sessions
    came = [session for digest in digests for session in sessions.get(digest, ())]
    ended = tuple((person_id, session) for session in came if (person_id := _person_with(chat, session)))
    return LoginTokensRevoked(account, tuple(digests), ended)


def _person_with(chat: Chat, session: int) -> int:
    """The id of the person who has a session; 0 if it is nobody's."""
    if session in chat.people and session in chat.sessions.of(session):
        return session
    several = chat.sessions.several.items()
    return next((person_id for person_id, sessions in several if session in sessions), 0)


@follows(AccountPasswordChanged)
def _password_changed(chat: Chat, _person_id: int, event: AccountPasswordChanged) -> Items:
    """Whoever knew the old password may have made tokens with it. The server ends the sessions that came with
    one; those that have shown the password stay."""
    digests = tuple(LoginTokens.of(chat).of_account(event.name))
    return (LoginTokensRevoked(event.name, digests),) if digests else ()


@applies(LoginTokenMade)
def _made(chat: Chat, event: LoginTokenMade) -> None:
    key = fold(event.account)
    if key in chat.accounts:
        token = LoginToken(event.digest, event.label, event.made, event.used or event.made)
        LoginTokens.of(chat).add(key, token)


@applies(LoginTokenUsed)
def _used(chat: Chat, event: LoginTokenUsed) -> None:
    of = LoginTokens.of(chat)
    mine = of.tokens.get(fold(event.account), {})
    token = mine.get(event.digest)
    if token is not None:
        mine[event.digest] = msgspec.structs.replace(token, used=event.time)
        if event.session:
            of.add_session(event.digest, event.session)


@applies(LoginTokensRevoked)
def _revoked_now(chat: Chat, event: LoginTokensRevoked) -> None:
    for digest in event.digests:
        LoginTokens.of(chat).remove(event.account, digest)
