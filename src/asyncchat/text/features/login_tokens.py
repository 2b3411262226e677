"""Login tokens: the devices that stay signed in to an account."""

from asyncchat.core.commands import Command
from asyncchat.core.features.login_tokens import (
    ALL,
    GetLoginTokens,
    LoginToken,
    LoginTokensGone,
    LoginTokensRevoked,
    LoginTokensView,
    LoginTokenView,
    RevokeLoginTokens,
)
from asyncchat.text.sentences import FeatureText, counted
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash("devices", "[NAME]", "Lists the devices that stay signed in to your account.", Section.ACCOUNTS)
def _list(_session: SlashContext, text: str) -> Command | None:
    return None if " " in text else GetLoginTokens(text)


@slash(
    "signout",
    "DEVICE|all [NAME]",
    "Signs a device out that stays signed in, or all of them; operators of the server also those of others.",
    Section.ACCOUNTS,
)
def _sign_out(_session: SlashContext, text: str) -> Command | None:
    device, account = name_and_rest(text)
    if not device or " " in account:
        return None
    return RevokeLoginTokens(ALL if device.lower() == "all" else device, account)


def device(token: LoginToken, zone: Zone) -> str:
    """One device in a list."""
    made, used = zone.moment(token.made), zone.moment(token.used)
    return f"{token.id}  {token.label or 'a device'}, since {made}, last {used}"


def _devices(view: LoginTokensView, zone: Zone) -> list[str]:
    if not view.tokens:
        return [f"No device stays signed in to {view.account}."]
    return [f"Signed in to {view.account}:", *(device(token, zone) for token in view.tokens)]


TEXT = FeatureText(
    commands=slash,
    audit={
        LoginTokensRevoked: lambda event, _: (
            f"signed out {counted(len(event.digests), 'device', 'devices')} of the account {event.account}"
        )
    },
    replies={
        LoginTokenView: lambda reply, _: [
            f"The password of the device {reply.id}: {reply.secret} (it is shown only now)."
        ],
        LoginTokensView: _devices,
        LoginTokensGone: lambda reply, _: [
            f"{counted(reply.count, 'device is', 'devices are')} signed out of {reply.account}."
        ],
    },
)
