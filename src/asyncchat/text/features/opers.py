"""Operators of the server: becoming one, kills, bans from the server, announcements."""

from asyncchat.core.commands import Command
from asyncchat.core.features import opers, server_bans
from asyncchat.core.replies import NotServerOperator
from asyncchat.text.sentences import FeatureText, after_colon, because, full_origin
from asyncchat.text.slash import Actor, Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone, seconds_in

slash = SlashCommands()


@slash(
    "owner",
    "CODE|NAME PASSWORD|off",
    "Makes you an operator of every room; the server shows the code when it starts.",
    Section.SERVER,
    actor=Actor.EVERYONE,
)
def _owner(_session: SlashContext, text: str) -> Command | None:
    name, password = name_and_rest(text)
    if not name:
        return None
    if text.lower() == "off":
        return opers.Resign()
    if not password or name.casefold() == "owner":
        return opers.Oper(password or name)
    return opers.Oper(password, name)


@slash("kill", "NAME [REASON]", "Removes a person from the server.", Section.SERVER)
def _kill(_session: SlashContext, text: str) -> Command | None:
    name, reason = name_and_rest(text)
    return server_bans.Kill(name, reason or "removed") if name else None


@slash(
    "serverban",
    "[NAME|MASK|NETWORK [90m|7d|1d2h] [REASON]]",
    "Bans a person from the server; alone lists the bans.",
    Section.SERVER,
)
def _server_ban(_session: SlashContext, text: str) -> Command | None:
    if not text:
        return server_bans.GetServerBans()
    mask, rest = name_and_rest(text)
    first, after = name_and_rest(rest)
    seconds = seconds_in(first, bare=False)
    if seconds is None:
        return server_bans.BanFromServer(mask, True, 0, rest)
    return server_bans.BanFromServer(mask, True, seconds, after)


@slash("serverunban", "MASK", "Lifts a ban from the server.", Section.SERVER)
def _server_unban(_session: SlashContext, text: str) -> Command | None:
    return server_bans.BanFromServer(text, False) if text and " " not in text else None


@slash("announce", "TEXT", "Sends a text to everybody who set /my wallops on.", Section.SERVER)
def _announce(_session: SlashContext, text: str) -> Command | None:
    return opers.Announce(text) if text else None


def _server_bans(view: server_bans.ServerBansView, zone: Zone) -> list[str]:
    if not view.bans:
        return ["Nobody is banned from the server."]
    lines = ["Banned from the server:"]
    for ban in view.bans:
        end = f", until {zone.moment(ban.until)}" if ban.until else ""
        by = ban.by.partition("!")[0]
        lines.append(f"  {ban.mask} by {by}, {zone.moment(ban.time)}{end}{after_colon(ban.reason)}")
    return lines


def _claimed(event: opers.OperGranted, _zone: Zone) -> str:
    what = f"an operator of the server, as {event.name}" if event.name else "the server's owner"
    return f"{full_origin(event.person)} became {what}"


def _oper_failed(event: opers.OperFailed, _zone: Zone) -> str:
    what = f"password for the operator {event.name}" if event.name else "owner code"
    return f"{full_origin(event.person)} gave a wrong {what}"


def _killed(event: server_bans.Killed, _zone: Zone) -> str:
    who = full_origin(event.person)
    return f"{full_origin(event.by)} removed {who} from the server{after_colon(event.reason)}"


def _server_ban_changed(event: server_bans.ServerBanChanged, zone: Zone) -> str:
    by = full_origin(event.person)
    if not event.on:
        return f"{by} lifted the ban of {event.mask} from the server"
    until = f", until {zone.moment(event.until)}" if event.until else ""
    return f"{by} banned {event.mask} from the server{until}{after_colon(event.reason)}"


TEXT = FeatureText(
    commands=slash,
    events={
        opers.Announced: lambda event: f"[server] {event.person.name}: {event.text}",
        server_bans.Killed: lambda event: f"{event.by.name} removed you from the chat{because(event.reason)}",
    },
    own_events={
        server_bans.Killed: lambda event: f"You removed {event.person.name} from the chat.",
        server_bans.ServerBanChanged: lambda event: (
            f"{event.mask} is {'banned' if event.on else 'no longer banned'} from the server."
        ),
        opers.OperGranted: lambda _: "You are now the owner: an operator of every room.",
        opers.OperResigned: lambda _: "You are no longer the owner.",
    },
    replies={server_bans.ServerBansView: _server_bans},
    refusals={
        opers.WrongCode: lambda r: (
            f"That is not the password of the operator {r.name}." if r.name else "That is not the owner code."
        ),
        opers.NotFromHere: lambda r: f"The operator {r.name} can't come from your address.",
        NotServerOperator: lambda _: "Only the owner and operators of the server may do that.",
        server_bans.BannedFromServer: lambda r: f"You are banned here{after_colon(r.reason)}.",
        server_bans.NoSuchServerBan: lambda r: f"{r.mask} is not banned from the server.",
        server_bans.TooManyServerBans: lambda r: (
            f"Not banned: the limit is {r.limit:,} bans, or the mask is too long."
        ),
        server_bans.ServerBanTooWide: lambda r: f"{r.mask} would ban everybody.",
    },
    audit={
        opers.OperGranted: _claimed,
        opers.OperFailed: _oper_failed,
        server_bans.Killed: _killed,
        server_bans.ServerBanChanged: _server_ban_changed,
        opers.Announced: lambda event, _: f"{full_origin(event.person)} announced: {event.text}",
    },
)
