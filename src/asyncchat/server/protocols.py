"""The protocols that clients speak: what the dialects of all sessions share.

Owns what the server says of itself, and its update by a reload. Must not know sessions.
"""

import time

from asyncchat.config.options import ServeConfig
from asyncchat.core.features.opers import OfferRenewed
from asyncchat.core.ids import Ids
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc.capabilities import renewed_tokens
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.plain.dialect import Plain
from asyncchat.dialects.websocket import WebSocket
from asyncchat.server.clock import wall_clock
from asyncchat.version import __version__


class Protocols:
    """IRC, IRC over WebSocket, and the plain dialect.

    Args:
        options: those of the server.
        ids: give messages their ids.
        motd: lines of the message of the day, or None.
        push_key: the public key of pushes; empty: none can be sent.
    """

    def __init__(
        self, options: ServeConfig, ids: Ids, motd: tuple[str, ...] | None, push_key: str = ""
    ) -> None:
        self._ids = ids
        self._push_key = push_key
        self._started = wall_clock()
        self._zone = time.localtime()
        self.tls_port = 0
        """Where the server takes TLS, known when it listens; 0: nowhere."""
        self.info = self._info(options, motd)
        self.irc = IrcContext(self.info)
        self.websocket = WebSocket(self.irc)
        self.plain = Plain(self.info)

    def update(self, options: ServeConfig, motd: tuple[str, ...] | None) -> OfferRenewed | None:
        """Uses other options from now on.

        Returns:
            What IRC clients were offered before, and which tokens are others, if something is.
        """
        before, self.info = self.info, self._info(options, motd)
        offers = self.irc.offers
        renewed = OfferRenewed(offers, renewed_tokens(before, self.info))
        self.irc.renew(self.info)
        self.plain.info = self.info
        others = any(offers[way].values != now.values for way, now in self.irc.offers.items())
        return renewed if renewed.tokens or others else None

    def _info(self, options: ServeConfig, motd: tuple[str, ...] | None) -> ServerInfo:
        return ServerInfo(
            name=options.name,
            version=__version__,
            started=self._started,
            ids=self._ids,
            motd=motd,
            zone=self._zone.tm_zone,
            utc_offset=self._zone.tm_gmtoff,
            keeps_history=options.history,
            locked=bool(options.password),
            registration=options.registration,
            # Registering an account must not be a way around the server's password.
            before_connect=options.before_connect and not options.password,
            require_email=options.require_email,
            newcomers=options.newcomers,
            description=options.description,
            operators=tuple(options.operators),
            contact=options.contact,
            network=options.network,
            icon=options.icon,
            client_tag_deny=options.client_tag_deny,
            push_key=self._push_key if options.push else "",
            strict_seconds=max(0, options.strict_days) * 86_400 if options.strict_days else None,
            tls_port=self.tls_port,
            file_bytes=options.file_megabytes * 1_000_000 if options.file_uploads else 0,
        )
