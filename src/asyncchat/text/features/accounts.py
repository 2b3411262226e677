"""Accounts: making one, logging in and out, passwords, and names that belong to one."""

from asyncchat.core.commands import Command
from asyncchat.core.features import accounts
from asyncchat.core.features.connect import NameReserved
from asyncchat.core.features.presence import LoggedOut
from asyncchat.core.replies import AccountRefused, NeedsAccount
from asyncchat.text.sentences import FeatureText, place
from asyncchat.text.slash import Parser, Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone

slash = SlashCommands()

NOT_PRIVATE = (
    "Not done: this connection is not encrypted, so others could read your password on the way. "
    "Join from the server's own network."
)
"""The answer to everything that takes a password where others may listen."""


def password_and_email(text: str) -> tuple[str, str]:
    """A password may be several words; an e-mail address is the last one, if it has an @."""
    password, _, email = text.rpartition(" ")
    return (password.rstrip(), email) if password and "@" in email else (text, "")


@slash("register", "PASSWORD [MAIL]", "Makes an account of your name.", Section.ACCOUNTS)
def _register(session: SlashContext, text: str) -> Command | str | None:
    password, email = password_and_email(text)
    if not password:
        return None
    return accounts.RegisterAccount("", email, password) if session.is_confidential else NOT_PRIVATE


@slash("login", "[NAME] PASSWORD", "Logs you in to your account.", Section.ACCOUNTS)
def _login(session: SlashContext, text: str) -> Command | str | None:
    name, password = name_and_rest(text)
    if not name:
        return None
    if not session.is_confidential:
        return NOT_PRIVATE
    return accounts.LogInWithPassword(
        name if password else "", password or name, phrase=text if password else ""
    )


slash("logout", "", "Logs you out of your account.", Section.ACCOUNTS)(
    lambda _session, _text: accounts.LogOut()
)


def _with_password(make: Parser) -> Parser:
    """A parser that takes a password and nothing else."""

    def parse(session: SlashContext, text: str) -> Command | str | None:
        if not text:
            return None
        return make(session, text) if session.is_confidential else NOT_PRIVATE

    return parse


@slash("account", "[NAME]", "Shows your account, or another one.", Section.ACCOUNTS)
def _account(_session: SlashContext, text: str) -> Command | None:
    return accounts.GetAccount(text) if " " not in text else None


slash("passwd", "PASSWORD", "Changes the password of your account.", Section.ACCOUNTS)(
    _with_password(lambda _session, text: accounts.NewPassword(text))
)
slash("unregister", "PASSWORD", "Removes your account.", Section.ACCOUNTS)(
    _with_password(lambda _session, text: accounts.DropAccount("", text))
)


@slash("regain", "NAME [PASSWORD]", "Takes your name back.", Section.ACCOUNTS)
def _regain(session: SlashContext, text: str) -> Command | str | None:
    name, password = name_and_rest(text)
    if not name:
        return None
    return accounts.Reclaim(name, password, True) if session.is_confidential or not password else NOT_PRIVATE


def _account_view(view: accounts.AccountView, zone: Zone) -> list[str]:
    here = f"Logged in to it: {', '.join(view.people)}." if view.people else "Nobody is logged in to it."
    address = [f"Its e-mail address: {view.email or 'none'}."] if view.mine else []
    return [f"The account {view.account} was made {zone.moment(view.time)}.", here, *address]


TEXT = FeatureText(
    commands=slash,
    audit={
        accounts.AccountRemoved: lambda event, _: f"removed the account {event.name}",
        accounts.AccountPasswordChanged: lambda event, _: f"changed the password of the account {event.name}",
    },
    own_events={
        LoggedOut: lambda event: f"You are no longer logged in as {event.person.account}.",
    },
    replies={
        accounts.Registered: lambda reply, _: [
            f"{reply.account} is now your account, and the name is yours."
        ],
        accounts.LoggedInNow: lambda reply, _: [f"You are logged in as {reply.account}."],
        accounts.PasswordChanged: lambda reply, _: [f"The password of {reply.account} is changed."],
        accounts.Released: lambda reply, _: [f"{reply.name} is free, or yours."],
        accounts.AccountView: _account_view,
        accounts.Removed: lambda reply, _: [f"The account {reply.account} is removed."],
    },
    refusals={
        NeedsAccount: lambda r: f"For {place(r.target)} you have to be logged in: /login [NAME] PASSWORD",
        NameReserved: lambda r: (
            f"{r.name} belongs to an account: /login {r.name} PASSWORD, then /nick {r.name}"
        ),
        AccountRefused: lambda r: f"Not done: {r.why}.",
    },
)
