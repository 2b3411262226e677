"""Devices that stay signed in: DEVICES, of no specification, for programs; NickServ has words for people.

A device logs in by SASL PLAIN with its token as the password.
"""

from collections.abc import Sequence
from typing import Final

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features import login_tokens
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.features import nickserv
from asyncchat.dialects.irc.features.accounts import FailPurpose
from asyncchat.dialects.irc.features.services import notice
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.features.login_tokens import TEXT
from asyncchat.text.times import Zone, timestamp

ALL: Final = login_tokens.ALL


class DevicesPurpose(FailPurpose, frozen=True):
    """Purpose of what DEVICES asks."""

    command: str = "DEVICES"


@command(
    "DEVICES [ADD [:<name>] | REMOVE <id>|*]",
    "Lists the devices that stay signed in to your account, gives one more a password of its own, or signs "
    "one or all of them out. NS HELP has the same for people.",
)
def _devices(session: IrcSession, message: Message) -> Sequence[Command]:
    word, value = message.param(0).upper(), message.param(1)
    purpose = DevicesPurpose()
    if not word:
        return [login_tokens.GetLoginTokens(context=purpose)]
    if word == "ADD":
        return [_made(session, value, purpose, session.session)]
    if word == "REMOVE" and value:
        return [login_tokens.RevokeLoginTokens(value, context=purpose)]
    return [
        session.fail_answer("DEVICES", "INVALID_PARAMS", text="DEVICES, DEVICES ADD, DEVICES REMOVE <id>|*")
    ]


def _made(session: IrcSession, label: str, purpose: object, device: int = 0) -> Command:
    if not session.is_confidential:
        return DialectReply(AccountRefused(AccountFault.OPEN, context=purpose))
    return login_tokens.MakeLoginToken(label, device, purpose)


@reply(login_tokens.LoginTokenView)
def _say_made(session: IrcSession, view: login_tokens.LoginTokenView) -> bytes:
    if isinstance(view.context, DevicesPurpose):
        return line(f":{session.context.name} DEVICES ADD {view.account} {view.id} {view.secret}")
    return _told(session, view)


@reply(login_tokens.LoginTokensView)
def _say_tokens(session: IrcSession, view: login_tokens.LoginTokensView) -> bytes:
    if not isinstance(view.context, DevicesPurpose):
        return _told(session, view)
    head = f":{session.context.name} DEVICES LIST {view.account}"
    return b"".join(
        line(f"{head} {one.id} {timestamp(one.made)} {timestamp(one.used)}", one.label) for one in view.tokens
    )


@reply(login_tokens.LoginTokensGone)
def _say_gone(session: IrcSession, gone: login_tokens.LoginTokensGone) -> bytes:
    if isinstance(gone.context, DevicesPurpose):
        return line(f":{session.context.name} DEVICES REMOVE {gone.account} {gone.count}")
    return _told(session, gone)


def _told(
    session: IrcSession,
    answer: login_tokens.LoginTokenView | login_tokens.LoginTokensView | login_tokens.LoginTokensGone,
) -> bytes:
    """Notices of the service that was asked."""
    zone = Zone(session.context.server.zone, session.context.server.utc_offset)
    texts = TEXT.replies[type(answer)](answer, zone)
    return b"".join(notice(session, answer.context, text) for text in texts)


@nickserv.verb("DEVICES", 0, 1, "[<account>]", "Lists the devices that stay signed in to your account.")
def _list(_session: IrcSession, words: list[str]) -> Command:
    return login_tokens.GetLoginTokens("".join(words), nickserv.PURPOSE)


@nickserv.verb(
    "TOKEN",
    0,
    1,
    "[<name of the device>]",
    "Makes a password for one device, which you can revoke.",
    spaced=True,
)
def _token(session: IrcSession, words: list[str]) -> Command:
    return _made(session, words[0] if words else "", nickserv.PURPOSE)


@nickserv.verb(
    "SIGNOUT",
    1,
    2,
    "<device>|ALL [<account>]",
    "Signs a device out that stays signed in, or all of them. Operators may name another account.",
)
def _sign_out(_session: IrcSession, words: list[str]) -> Command:
    token = ALL if words[0].upper() == "ALL" else words[0]
    return login_tokens.RevokeLoginTokens(token, "".join(words[1:]), nickserv.PURPOSE)


# The client's side.


def _named(account: str) -> tuple[str, ...]:
    return (account,) if account else ()


to_server(login_tokens.GetLoginTokens)(lambda _, c: ("NS", "DEVICES", *_named(c.account)))
to_server(login_tokens.RevokeLoginTokens)(
    lambda _, c: ("NS", "SIGNOUT", "ALL" if c.token == ALL else c.token, *_named(c.account))
)
