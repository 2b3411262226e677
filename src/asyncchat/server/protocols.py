"""The protocols that clients speak: what the dialects of all sessions share.

Owns what the server says of itself, and its update by a reload. Must not know sessions.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from asyncchat import __version__
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.plain import Plain
from asyncchat.dialects.websocket import WebSocket
from asyncchat.server.hub import wall_clock

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig
    from asyncchat.core.ids import Ids
    from asyncchat.dialects.irc.capabilities import Offer


class Protocols:
    """IRC, IRC over WebSocket, and the plain dialect.

    Args:
        options: those of the server.
        ids: give messages their ids.
        motd: lines of the message of the day, or None.
    """

    def __init__(self, options: ServeConfig, ids: Ids, motd: tuple[str, ...] | None) -> None:
        local = time.localtime()
        info = ServerInfo(
            name=options.name,
            version=__version__,
            started=wall_clock(),
            ids=ids,
            zone=local.tm_zone,
            utc_offset=local.tm_gmtoff,
            keeps_history=options.history,
            registration=options.registration,
            require_email=options.require_email,
        )
        self.info = _with_options(info, options, motd)
        self.irc = IrcContext(self.info)
        self.websocket = WebSocket(self.irc)
        self.plain = Plain(self.info)

    def update(self, options: ServeConfig, motd: tuple[str, ...] | None) -> Offer | None:
        """Uses other options from now on.

        Returns:
            What IRC clients were offered before, if it is something else now.
        """
        self.info = _with_options(self.info, options, motd)
        offered = self.irc.offer
        self.irc.renew(self.info)
        self.plain.info = self.info
        return offered if self.irc.offer.values != offered.values else None


def _with_options(info: ServerInfo, options: ServeConfig, motd: tuple[str, ...] | None) -> ServerInfo:
    """With the options that a reload can change."""
    return msgspec.structs.replace(
        info,
        motd=motd,
        locked=bool(options.password),
        # Registering an account must not be a way around the server's password.
        before_connect=options.before_connect and not options.password,
        newcomers=options.newcomers,
        description=options.description,
        operators=tuple(options.operators),
        contact=options.contact,
        network=options.network,
        icon=options.icon,
    )
