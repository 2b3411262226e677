"""Protocol detection: from a client's first byte to the dialect it speaks.

Owns the prompt and what each kind of client is answered; ``sniffing`` has the table. Must not know what
follows.
"""

import logging
import re
from collections.abc import Coroutine
from typing import NamedTuple

from asyncchat.dialects.plain.dialect import PlainDialect
from asyncchat.dialects.plain.unframed import silence_for
from asyncchat.server import plaintext, proxy_protocol
from asyncchat.server.addresses import Address, is_within
from asyncchat.server.chunked_writer import ChunkedWriter
from asyncchat.server.drain import TURNED_AWAY
from asyncchat.server.http.app import App
from asyncchat.server.http.connection import HttpConnection
from asyncchat.server.http.messages import Requesting, Streaming
from asyncchat.server.limits import FIRST_LINE_SECONDS, REGISTRATION_SECONDS
from asyncchat.server.listeners import CROWDED, Listeners
from asyncchat.server.protocols import Protocols
from asyncchat.server.session import Detector, Session
from asyncchat.server.sniffing import Kind, readable, sniff
from asyncchat.server.tls import HANDSHAKE_SECONDS, Certificate, greeting_bytes

_logger = logging.getLogger("asyncchat.detection")

PROMPT_SECONDS = 1.0
"""Silence after which the prompt is shown: a first packet may take a while, through a proxy on this machine
too, and the prompt would spoil the answer to a request."""

HANDSHAKE_LINES = 5
"""What a handshake costs of the budget for lines: a millisecond of the processor."""

_LINE_END = re.compile(rb"\n|\r\x00")
"""CR NUL is telnet's for a carriage return alone (RFC 854)."""

_TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x28"  # fatal, handshake_failure (RFC 8446, 6.2)
_SSH_LINE = "This is asyncchat, not an ssh server. Join with: nc {host} {port}\r\n"
NO_PROXY = b"This server takes no PROXY header from here. Name the proxy in its option trusted_proxies.\r\n"
_NO_TEXT = b"That name is not allowed: it is not plain text in UTF-8.\n"


def detect_protocol(
    protocols: Protocols, listeners: Listeners, app: App, listener: Address, session: Session
) -> Coroutine[None, None, bytes | None]:
    """Gives a session its dialect.

    Args:
        protocols: what clients can speak.
        listeners: know the address to tell a client on the wrong port.
        app: answers HTTP.
        listener: where it was accepted.
        session: the client's.

    Returns:
        The input that its dialect has not seen yet; None when there is nobody to serve.
    """
    return _Detection(protocols, listeners, app, listener, session).run()


def detect_again(
    protocols: Protocols, listeners: Listeners, app: App, before: object, unread: bytes, session: Session
) -> Coroutine[None, None, bytes | None]:
    """Gives a session its dialect where another process stopped.

    Args:
        protocols, listeners, app, session: as in ``detect_protocol``.
        before: what its ``how_to_go_on`` gave.
        unread: what came since and nobody has read.
    """
    return _Detection(protocols, listeners, app, Address(), session).go_on(before, unread)


def plain_detector(protocols: Protocols, asks: bool) -> Detector:
    """Gives sessions over bare datagrams the plain dialect: ``nc -u`` is no program's language.

    Args:
        protocols: what clients can speak.
        asks: whether the person must be asked for its name; else it came with it.
    """

    async def detect(session: Session) -> bytes | None:
        if asks:
            session.tell(protocols.plain.greeting())
        # Whoever knows the address could go on in the person's name: no account is entered there.
        session.adopt(protocols.plain.dialect(session.id, session.host, is_confidential=False))
        return b""

    return detect


class Detecting(NamedTuple):
    """A client whose first bytes are not enough yet, or who has no name yet."""

    begun: bytes
    prompted: bool
    telnet: bool
    proxied: bool
    must_encrypt: bool
    is_told_why: bool
    plain: PlainDialect | None


class _Detection:
    def __init__(
        self, protocols: Protocols, listeners: Listeners, app: App, listener: Address, session: Session
    ) -> None:
        self._protocols, self._listeners, self._app = protocols, listeners, app
        self._session = session
        self._must_encrypt = listener.tls or plaintext.is_refused(listener, session.address)
        self._is_told_why = not listener.tls
        self._begun = b""
        self._ended = False
        self._prompted = False
        self._telnet = False
        self._proxied = False
        """Whether a proxy has said who the client is: what comes then is the client's."""
        self._plain: PlainDialect | None = None
        self._deadline = session.waiting_since + REGISTRATION_SECONDS
        self._line_deadline = 0.0
        """Until when the line that has begun must end; 0: none has."""

    async def go_on(self, before: object, unread: bytes) -> bytes | None:
        """Goes on where another process stopped."""
        if isinstance(before, Detecting):
            self._begun, self._prompted, self._telnet = before.begun + unread, before.prompted, before.telnet
            self._proxied, self._plain = before.proxied, before.plain
            self._must_encrypt, self._is_told_why = before.must_encrypt, before.is_told_why
            return await self.run()
        if isinstance(before, Requesting):
            self._begun = before.begun + unread
            return await self._http(before).serve()
        if isinstance(before, Streaming):
            await self._http().stream_on(before.request)
        return None

    async def run(self) -> bytes | None:
        self._session.how_to_go_on = lambda: Detecting(
            begun=self._begun,
            prompted=self._prompted,
            telnet=self._telnet,
            proxied=self._proxied,
            must_encrypt=self._must_encrypt,
            is_told_why=self._is_told_why,
            plain=self._plain,
        )
        while True:
            if self._ended and not self._begun:
                return None
            if self._believes_no_header() and proxy_protocol.is_begun(self._begun):
                kind: Kind | None = Kind.PROXY  # the rest of it need not come
            else:
                kind = sniff(self._begun, ended=self._ended)
            if kind is Kind.PROXY:
                if not self._take_proxy_header():
                    return None
            elif kind is Kind.TLS and self._certificate() is not None:
                if not await self._encrypt():
                    return None
            elif kind is not None and self._must_encrypt:
                self._turn_away(kind)
                return None
            elif kind in (Kind.IRC, Kind.PLAIN) and self._session.context.draining:
                self._send_elsewhere(kind)
                return None
            elif kind is Kind.PLAIN:
                if await self._try_name():
                    return self._begun
            elif kind is Kind.HTTP:
                return None if self._prompted else await self._http().serve()
            elif kind is not None:
                return self._turn_to(kind)
            if self._session.ended:
                return None
            if kind is None and await self._listen():
                return self._begun

    def _believes_no_header(self) -> bool:
        """Whether a proxy's header is refused: there was one, or the client is no proxy that is listed."""
        session = self._session
        return self._proxied or not is_within(session.address, session.context.options.trusted_proxies)

    def _take_proxy_header(self) -> bool:
        """Goes on with the client for which a proxy has connected; False: that is not believed."""
        session = self._session
        context = session.context
        if self._believes_no_header():
            session.tell(NO_PROXY)
            header: proxy_protocol.ProxyHeader | str = "trusted_proxies does not name it"
        else:
            header = proxy_protocol.parse_header(self._begun)
        if isinstance(header, str):
            context.proxies_refused += 1
            _logger.warning("The PROXY header from %s was refused: %s", session.address, header)
            return False
        self._proxied = True
        self._begun = self._begun[header.length :]
        self._line_deadline = 0.0
        session.secure = header.encrypted
        if header.address and not session.relocate(header.address):
            session.tell(CROWDED)
            return False
        return True

    def _certificate(self) -> Certificate | None:
        """What this connection may be encrypted with: it is not yet, and was not shown any text."""
        unused = not self._session.encrypted and not self._prompted
        return self._session.context.certificate if unused else None

    async def _encrypt(self) -> bool:
        """Goes on over TLS, as soon as the client's first record is here; whether that succeeded."""
        session, certificate = self._session, self._certificate()
        while len(self._begun) < greeting_bytes(self._begun):
            data = await self._read(self._deadline - session.context.now())
            if not data:
                return False
            self._begun += data
        await session.pay(HANDSHAKE_LINES)
        begun, self._begun = self._begun, b""
        self._must_encrypt = False
        return certificate is not None and await session.encrypt(certificate, begun)

    async def _listen(self) -> bool:
        """Reads more. After a silence it shows the prompt; True: the client turned out to be unframed."""
        session = self._session
        silent = not readable(self._begun)  # telnet's negotiation does not count
        now = session.context.now()
        if silent:
            self._line_deadline = 0.0
        elif not self._line_deadline:
            self._line_deadline = now + FIRST_LINE_SECONDS
        left = min(self._deadline, self._line_deadline or self._deadline) - now
        if left <= 0:
            session.disconnect("no name in time")
            return False
        # A client that ended one line ends them all.
        unframed_after = silence_for(self._begun) if self._plain is None else None
        patience = left
        if self._must_encrypt:
            patience = HANDSHAKE_SECONDS
        elif not self._prompted and silent:
            patience = max(PROMPT_SECONDS, self._loading_seconds())
        elif unframed_after is not None:
            patience = unframed_after
        data = await self._read(min(patience, left))
        if data:
            await session.context.turns.wait()
            self._begun += data
            if self._prompted and not self._telnet and b"\xff" in data:
                self._telnet = True
                session.tell(self._protocols.plain.hush() if self._plain is None else b"")
        elif data is not None:
            self._ended = True
        elif self._must_encrypt:
            self._turn_away(Kind.PLAIN)
            self._begun, self._ended = b"", True
        elif silent:
            if self._loading_seconds() <= 0 and session.context.draining:
                self._send_elsewhere(Kind.PLAIN)
                self._ended = True
            elif self._loading_seconds() <= 0:
                self._prompt()
        elif unframed_after is not None:
            self._prompt()
            self._speak_plain(framed=False)
            return True
        return False

    async def _read(self, seconds: float) -> bytes | None:
        """What comes within this time; empty at the end of input, None for silence.

        A loop that was held up notices the end of the time before what came in it: it is given two passes
        more, one that reads from the kernel, one that finds what was read.
        """
        session = self._session
        session.may_stop = True
        for wait in (seconds, 0.0, 0.0):
            data = await session.read(wait)
            if data is not None:
                break
        session.may_stop = False
        return data

    def _loading_seconds(self) -> float:
        """For how long this may be a connection that a browser opened before it has a request for it."""
        return self._app.loading_seconds(self._session.address)

    def _prompt(self) -> None:
        if not self._prompted:
            self._prompted = True
            self._telnet = b"\xff" in self._begun
            self._session.tell(self._protocols.plain.greeting(telnet=self._telnet))

    def _speak_plain(self, *, framed: bool) -> PlainDialect:
        if self._plain is None or not framed:
            session = self._session
            self._plain = self._protocols.plain.dialect(
                session.id, session.host, framed=framed, is_confidential=session.private
            )
            session.adopt(self._plain)
            if not framed:
                session.write_in_chunks(ChunkedWriter(self._plain, session.send))
        return self._plain

    async def _try_name(self) -> bool:
        """Takes one line as a name; whether it was accepted."""
        self._prompt()
        dialect = self._speak_plain(framed=True)
        end = _LINE_END.search(self._begun)
        at = end.end() if end else len(self._begun)
        line, self._begun = self._begun[:at], self._begun[at:]
        self._line_deadline = 0.0
        await self._session.pay()
        asked = dialect.receive_data(line if end else line + b"\n")
        while asked:  # also what follows from it: a right password enters
            await self._session.process_one(asked)
            if dialect.entered or self._session.ended:
                break
            asked = dialect.receive_data(b"")
        return dialect.entered

    def _http(self, before: Requesting | None = None) -> HttpConnection:
        begun = readable(self._begun) if self._marked() else self._begun
        return HttpConnection(
            self._session, self._app, self._protocols.websocket, begun, ended=self._ended, before=before
        )

    def _send_elsewhere(self, kind: Kind) -> None:
        """Ends with a client that comes to a node which is taken out of service."""
        self._session.tell(plaintext.last_line(kind, TURNED_AWAY))

    def _turn_away(self, kind: Kind) -> None:
        """Ends with a client that must come over TLS and does not."""
        if not self._is_told_why or kind in (Kind.TLS, Kind.GARBAGE):
            self._turn_to(kind if kind is Kind.TLS else Kind.GARBAGE)
            return
        self._session.tell(plaintext.turn_away(kind, self._begun, self._listeners.tls_port()))
        _logger.info("%s came without TLS, closed", self._session.address)

    def _turn_to(self, kind: Kind) -> bytes | None:
        session = self._session
        match kind:
            case Kind.IRC:
                if self._prompted:
                    session.tell(b"\r\n")
                session.adopt(
                    self._protocols.irc.dialect(
                        session.id,
                        session.host,
                        is_confidential=session.private,
                        reached_at=session.reached_at,
                        way=session.way,
                    )
                )
                # Past telnet's negotiation, bytes are the dialect's to judge: 0xFF in a line is no UTF-8.
                return readable(self._begun) if self._marked() else self._begun
            case Kind.TLS:
                session.tell(_TLS_ALERT)
                if self._prompted and session.context.certificate is not None:
                    _logger.warning(
                        "%s began TLS after %g s of silence, when it had been shown the prompt: clients so "
                        "slow need a tls:// listener",
                        session.address,
                        PROMPT_SECONDS,
                    )
                else:
                    _logger.warning("%s tried TLS on the plain-text port", session.address)
            case Kind.SSH:
                host, port = self._listeners.first_address()
                session.tell(_SSH_LINE.format(host=host, port=port).encode())
                _logger.warning("%s tried ssh", session.address)
            case _:
                if self._prompted and kind is Kind.GARBAGE:  # it waited for the prompt: it may be a person
                    session.tell(_NO_TEXT)
                _logger.info("%s speaks no protocol of this server, closed", session.address)
        return None

    def _marked(self) -> bool:
        """Whether telnet's negotiation or a byte order mark goes before what was sent."""
        return self._begun.startswith((b"\xff", b"\xef\xbb\xbf"))
