"""NickServ: the words for accounts that people know from other servers, as messages to it or as /NS.

Owns its words.
"""

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features import accounts
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.features.autoreplay import SetAutoreplay
from asyncchat.core.names import NICKSERV
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.client_registry import Line, LineContext, NotAskable, to_server
from asyncchat.dialects.irc.features.services import Service, ServiceNotices, ServicePurpose
from asyncchat.dialects.irc.modes import EXTBANS
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.text.features.accounts import password_and_email

verb = Service(
    NICKSERV,
    ("NICKSERV", "NS"),
    "Asks NickServ, which manages accounts: NS HELP lists its commands.",
    {
        "ID": "IDENTIFY",
        "LOGIN": "IDENTIFY",
        "RELEASE": "GHOST",
        "RECOVER": "REGAIN",
        "UNREGISTER": "DROP",
    },
)

PURPOSE = verb.purpose

_SWITCH = {"": None, "ON": True, "TRUE": True, "OFF": False, "FALSE": False}
"""What a setting is set to; TRUE and FALSE are what ergo's users type."""

_SETTINGS = ("SET PASSWORD <new password>", "SET ALWAYSON [ON|OFF]", "SET HISTORY [ON|OFF]")


@verb("REGISTER", 1, 1, "<password> [<email>]", "Makes an account of your nickname.", secret=True)
def _register(_session: IrcSession, words: list[str]) -> Command:
    password, email = password_and_email(words[0].removesuffix(" *"))
    return accounts.RegisterAccount("", email, password, context=PURPOSE)


def _account_and_password(words: list[str]) -> tuple[str, str, ServicePurpose, str]:
    if len(words) == 1:
        return "", words[0], PURPOSE, ""
    return words[0], words[1], PURPOSE, " ".join(words)


@verb("IDENTIFY", 1, 2, "[<account>] <password>", "Logs you in.", secret=True)
def _identify(_session: IrcSession, words: list[str]) -> Command:
    return accounts.LogInWithPassword(*_account_and_password(words))


verb("LOGOUT", 0, 0, "", "Logs you out.")(lambda _session, _words: accounts.LogOut(PURPOSE))


@verb("INFO", 0, 1, "[<account>]", "Tells about an account.")
def _info(_session: IrcSession, words: list[str]) -> Command:
    return accounts.GetAccount(words[0] if words else "", PURPOSE)


@verb("GHOST", 1, 2, "<nickname> [<password>]", "Disconnects whoever has your nickname.", secret=True)
def _ghost(_session: IrcSession, words: list[str]) -> Command:
    return accounts.Reclaim(words[0], words[1] if len(words) > 1 else "", False, PURPOSE)


@verb(
    "REGAIN", 1, 2, "<nickname> [<password>]", "Disconnects whoever has it, and gives it to you.", secret=True
)
def _regain(_session: IrcSession, words: list[str]) -> Command:
    return accounts.Reclaim(words[0], words[1] if len(words) > 1 else "", True, PURPOSE)


@verb(
    "SET",
    1,
    2,
    "PASSWORD <new password> | ALWAYSON [ON|OFF] | HISTORY [ON|OFF]",
    "Changes your password, lets you stay in your channels while you are not connected, or tells you what "
    "was said before.",
    spaced=True,
)
def _set(session: IrcSession, words: list[str]) -> Command:
    what, value = words[0].upper(), words[1] if len(words) > 1 else ""
    if what in ("ALWAYSON", "ALWAYS-ON") and value.upper() in _SWITCH:
        return SetAlwaysOn(_SWITCH[value.upper()], PURPOSE)
    if what == "HISTORY" and value.upper() in _SWITCH:
        return SetAutoreplay(_SWITCH[value.upper()], PURPOSE)
    if what != "PASSWORD" or not value:
        return DialectReply(ServiceNotices(_SETTINGS, PURPOSE))
    if not session.is_confidential:
        return DialectReply(AccountRefused(AccountFault.OPEN, context=PURPOSE))
    return accounts.NewPassword(value, PURPOSE)


@verb("DROP", 1, 2, "[<account>] <password>", "Removes your account.", secret=True)
def _drop(_session: IrcSession, words: list[str]) -> Command:
    return accounts.DropAccount(*_account_and_password(words))


# The client's side.


def _to_nickserv(*words: str) -> Line:
    return ("NS", *(word for word in words if word))


def _with_password(server: LineContext, password: str, *words: str, email: str = "") -> Line:
    """A line with a password behind the words, and an e-mail address behind it."""
    if " " not in password:
        return _to_nickserv(*words, password, email)
    if server.tokens.get("EXTBAN") != f",{EXTBANS}":  # another program would take the first word alone
        raise NotAskable("NickServ of this server takes no password with a space in it.")
    return _to_nickserv(*words, f"{password} {email}".rstrip())


to_server(accounts.RegisterAccount)(
    lambda server, c: _with_password(server, c.password, "REGISTER", email=c.email)
)
to_server(accounts.LogInWithPassword)(
    lambda server, c: _with_password(server, c.password, "IDENTIFY", c.account)
)
to_server(accounts.LogOut)(lambda _, _command: _to_nickserv("LOGOUT"))
to_server(accounts.GetAccount)(lambda _, c: _to_nickserv("INFO", c.account))
to_server(accounts.NewPassword)(lambda server, c: _with_password(server, c.password, "SET", "PASSWORD"))
to_server(accounts.DropAccount)(lambda server, c: _with_password(server, c.password, "DROP"))
to_server(accounts.Reclaim)(lambda server, c: _with_password(server, c.password, "REGAIN", c.name))
_WORD = {True: "ON", False: "OFF", None: ""}
to_server(SetAlwaysOn)(lambda _, c: _to_nickserv("SET", "ALWAYSON", _WORD[c.on]))
to_server(SetAutoreplay)(lambda _, c: _to_nickserv("SET", "HISTORY", _WORD[c.on]))
