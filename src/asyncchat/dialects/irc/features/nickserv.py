"""NickServ: the words for accounts that people know from other servers, as messages to it or as /NS.

Owns its words.
"""

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features import accounts
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.names import NICKSERV
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.client_registry import Line, NotAskable, to_server
from asyncchat.dialects.irc.features.services import Service, ServiceNotices
from asyncchat.dialects.irc.session import IrcSession

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

_SETTINGS = ("SET PASSWORD <new password>", "SET ALWAYSON [ON|OFF]")


@verb("REGISTER", 1, 2, "<password> [<email>]", "Makes an account of your nickname.", secret=True)
def _register(_session: IrcSession, words: list[str]) -> Command:
    email = words[1] if len(words) > 1 and words[1] != "*" else ""
    return accounts.RegisterAccount("", email, words[0], context=PURPOSE)


@verb("IDENTIFY", 1, 2, "[<account>] <password>", "Logs you in.", secret=True)
def _identify(_session: IrcSession, words: list[str]) -> Command:
    return accounts.LogInWithPassword(words[0] if len(words) > 1 else "", words[-1], PURPOSE)


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
    "PASSWORD <new password> | ALWAYSON [ON|OFF]",
    "Changes your password, or lets you stay in your channels while you are not connected.",
)
def _set(session: IrcSession, words: list[str]) -> Command:
    what, value = words[0].upper(), words[1] if len(words) > 1 else ""
    if what in ("ALWAYSON", "ALWAYS-ON") and value.upper() in ("", "ON", "OFF"):
        return SetAlwaysOn(value.upper() == "ON" if value else None, PURPOSE)
    if what != "PASSWORD" or not value:
        return DialectReply(ServiceNotices(_SETTINGS, PURPOSE))
    if not session.is_confidential:
        return DialectReply(AccountRefused(AccountFault.OPEN, context=PURPOSE))
    return accounts.NewPassword(value, PURPOSE)


@verb("DROP", 1, 2, "[<account>] <password>", "Removes your account.", secret=True)
def _drop(_session: IrcSession, words: list[str]) -> Command:
    return accounts.DropAccount(words[0] if len(words) > 1 else "", words[-1], PURPOSE)


# The client's side.


def _to_nickserv(*words: str, password: str = "") -> Line:
    if " " in password:
        raise NotAskable("NickServ takes no password with a space in it.")
    return ("NS", *(word for word in words if word))


to_server(accounts.RegisterAccount)(
    lambda _, c: _to_nickserv("REGISTER", c.password, c.email, password=c.password)
)
to_server(accounts.LogInWithPassword)(
    lambda _, c: _to_nickserv("IDENTIFY", c.account, c.password, password=c.password)
)
to_server(accounts.LogOut)(lambda _, _command: _to_nickserv("LOGOUT"))
to_server(accounts.GetAccount)(lambda _, c: _to_nickserv("INFO", c.account))
to_server(accounts.NewPassword)(lambda _, c: _to_nickserv("SET", "PASSWORD", c.password, password=c.password))
to_server(accounts.DropAccount)(lambda _, c: _to_nickserv("DROP", c.password, password=c.password))
to_server(accounts.Reclaim)(lambda _, c: _to_nickserv("REGAIN", c.name, c.password, password=c.password))
to_server(SetAlwaysOn)(
    lambda _, c: _to_nickserv("SET", "ALWAYSON", {True: "ON", False: "OFF", None: ""}[c.on])
)
