"""Numerics as a client deals with those that several commands get: refusals to join and to speak.

Owns tables; must not know a connection.
"""

from dataclasses import dataclass

from asyncchat.dialects.irc import client_numerics, numerics

JOIN_REFUSALS = frozenset(
    (
        numerics.ERR_NOSUCHCHANNEL,
        numerics.ERR_TOOMANYCHANNELS,
        numerics.ERR_TOOMANYTARGETS,
        numerics.ERR_CHANNELISFULL,
        numerics.ERR_INVITEONLYCHAN,
        numerics.ERR_BANNEDFROMCHAN,
        numerics.ERR_BADCHANNELKEY,
        numerics.ERR_BADCHANMASK,
        numerics.ERR_NEEDREGGEDNICK,
        client_numerics.ERR_BADCHANNAME,
        client_numerics.ERR_SECUREONLYCHAN,
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
        client_numerics.ERR_NOCOLORSONCHAN,
        client_numerics.ERR_NOTOPLEVEL,
        client_numerics.ERR_WILDTOPLEVEL,
        numerics.ERR_NEEDREGGEDNICK,
        client_numerics.ERR_NONONREG,
        client_numerics.ERR_NOCTCP,
        client_numerics.ERR_OWNMODE,
        client_numerics.ERR_CANTSENDTOUSER,
        client_numerics.ERR_TARGUMODEG,
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
