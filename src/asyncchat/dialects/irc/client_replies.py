"""Numerics as a client deals with those that need no state: silent ones, readable ones, refusals to join.

Owns tables; must not know a connection.
"""

from dataclasses import dataclass

from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.tokens import Message

SILENT = frozenset(
    (
        numerics.RPL_YOURHOST,
        numerics.RPL_CREATED,
        numerics.RPL_MYINFO,
        numerics.RPL_LUSERCLIENT,
        numerics.RPL_LUSEROP,
        numerics.RPL_LUSERUNKNOWN,
        numerics.RPL_LUSERCHANNELS,
        numerics.RPL_LUSERME,
        numerics.RPL_LOCALUSERS,
        numerics.RPL_GLOBALUSERS,
        numerics.RPL_TOPICWHOTIME,
        numerics.RPL_CREATIONTIME,
        numerics.RPL_MOTDSTART,
        numerics.RPL_LISTSTART,
        numerics.RPL_LISTEND,
        numerics.RPL_ENDOFWHO,
        numerics.RPL_ENDOFWHOIS,
        numerics.RPL_ENDOFBANLIST,
        numerics.RPL_ENDOFEXCEPTLIST,
        numerics.RPL_ENDOFINVEXLIST,
        numerics.RPL_ENDOFINVITELIST,
        "042",  # RPL_YOURID
        numerics.RPL_VISIBLEHOST,
    )
)
"""Numerics that say nothing to people."""

JOIN_REFUSALS = frozenset(
    (
        numerics.ERR_NOSUCHCHANNEL,
        numerics.ERR_TOOMANYCHANNELS,
        numerics.ERR_BANNEDFROMCHAN,
        numerics.ERR_BADCHANMASK,
        "407",  # ERR_TOOMANYTARGETS
        "471",  # ERR_CHANNELISFULL
        "473",  # ERR_INVITEONLYCHAN
        "475",  # ERR_BADCHANNELKEY
        "477",  # ERR_NEEDREGGEDNICK
        "479",  # ERR_BADCHANNAME
        "489",  # ERR_SECUREONLYCHAN
        "FAIL",
    )
)
"""Answers to a JOIN that was not granted."""


SPEECH_REFUSALS = frozenset(
    (
        numerics.ERR_NOSUCHNICK,
        numerics.ERR_NOSUCHCHANNEL,
        numerics.ERR_CANNOTSENDTOCHAN,
        numerics.ERR_TOOMANYTARGETS,
        numerics.ERR_NOTONCHANNEL,
        "408",  # ERR_NOCOLORSONCHAN, ERR_NOSUCHSERVICE
        "413",  # ERR_NOTOPLEVEL
        "414",  # ERR_WILDTOPLEVEL
        "477",  # ERR_NEEDREGGEDNICK
        "486",  # ERR_NONONREG
        "492",  # ERR_NOCTCP
        "494",  # ERR_OWNMODE
        "531",  # ERR_CANTSENDTOUSER
        "716",  # ERR_TARGUMODEG
        "FAIL",
    )
)
"""Answers to a PRIVMSG or NOTICE that was not delivered; others are about other commands."""


@dataclass(frozen=True, slots=True)
class Question:
    """A CHATHISTORY or SEARCH command that waits for its answer, or for its turn."""

    token: int
    room: str
    command: tuple[str, ...]


def readable(line: Message) -> str:
    """A reply as one line for people: its parameters without our nick."""
    shape = _SHAPES.get(line.command)
    if shape is not None and len(line.params) > shape[0]:
        return (shape[1] + shape[2] * bool(line.params[shape[0]])).format(*line.params)
    return " ".join(param for param in line.params[1:] if param)


_SHAPES: dict[str, tuple[int, str, str]] = {
    numerics.RPL_LIST: (3, "{1} ({2})", " {3}"),
    numerics.RPL_WHOISUSER: (5, "{1} is {2}@{3}", " ({5})"),
    numerics.RPL_WHOISCHANNELS: (2, "{1} is in", " {2}"),
    numerics.RPL_WHOISSERVER: (3, "{1} is on {2}", " ({3})"),
    numerics.RPL_WHOISOPERATOR: (2, "{1}", " {2}"),
    numerics.RPL_WHOISIDLE: (2, "{1} has been idle for", " {2} s"),
    numerics.RPL_AWAY: (2, "{1} is away", ": {2}"),
    numerics.RPL_BANLIST: (2, "{1} ban:", " {2}"),
    numerics.RPL_EXCEPTLIST: (2, "{1} exception:", " {2}"),
    numerics.RPL_INVEXLIST: (2, "{1} guest:", " {2}"),
    numerics.RPL_INVITELIST: (1, "you are invited to", " {1}"),
    numerics.RPL_INVITING: (2, "{1} is invited to", " {2}"),
}
"""Numeric -> (last parameter needed, shape, what that parameter adds to it unless it is empty)."""
