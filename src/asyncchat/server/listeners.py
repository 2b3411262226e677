"""The listeners: accept connections, within the limits, and begin their sessions.

Owns the listening sockets, and the addresses by which people reach them. Must not know what clients speak.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from asyncchat.dialects.udp.admission import Admission
from asyncchat.server import banner, plaintext
from asyncchat.server.addresses import BACKLOG, LOCALHOST, Address
from asyncchat.server.drain import TURNED_AWAY
from asyncchat.server.handover import SessionState
from asyncchat.server.limits import READ_BYTES, NetworkBudget
from asyncchat.server.session import Detector, Session, SessionContext
from asyncchat.server.udp import Serve, UdpEndpoint

_logger = logging.getLogger("asyncchat.server")

FULL = b"The chat is full. Try again later.\r\n"
CROWDED = b"Too many connections from your address. Close some, or try again later.\r\n"


class Listeners:
    """The listeners of a server.

    Args:
        context: what its sessions share.
        most_sessions: most connections; the options may allow fewer.
        key: a secret of the run, which proves addresses over UDP.
    """

    def __init__(self, context: SessionContext, most_sessions: int, key: bytes) -> None:
        self._context = context
        self._detect: Callable[[Address], Detector]
        self._detect_person: Callable[[bool], Detector]
        self._most_sessions = most_sessions
        self.next_id = 1
        """The number of the next session."""
        self._servers: list[asyncio.Server] = []
        self._endpoints: list[UdpEndpoint] = []
        self._admission = Admission(key)
        self.addresses: list[Address] = []
        self.reachable: list[Address] = []
        """Addresses that people can use, found at the start: a name server may be asked."""

    async def open(
        self,
        sockets: Sequence[tuple[Address, Sequence[socket.socket]]],
        detect: Callable[[Address], Detector],
        detect_person: Callable[[bool], Detector],
        first_id: int,
    ) -> None:
        """Accepts connections on these sockets.

        Args:
            sockets: bound, by what was asked for.
            detect: gives each session its dialect; it is told of the listener.
            detect_person: gives the same for a person with ``nc -u``, who may have to be asked for its name.
            first_id: the number of the first session.
        """
        self._detect, self._detect_person = detect, detect_person
        self.next_id = first_id
        await self.reopen(sockets)

    async def reopen(self, sockets: Sequence[tuple[Address, Sequence[socket.socket]]]) -> None:
        """Accepts connections on these sockets, also again after ``close``."""
        self.addresses, self._servers, self._endpoints = [], [], []
        for address, listening in sockets:
            for listener in listening:
                if address.udp:
                    host, port = listener.getsockname()[:2]
                    self.addresses.append(Address(host, port, udp=True, insecure=address.insecure))
                    self._endpoints.append(await self._open_endpoint(listener, address))
                    continue
                accept = partial(self._accept, self._detect(address))
                if address.path:
                    self.addresses.append(Address(path=address.path))
                    server = await asyncio.start_unix_server(
                        accept, limit=READ_BYTES, sock=listener, backlog=BACKLOG
                    )
                else:
                    host, port = listener.getsockname()[:2]
                    self.addresses.append(msgspec.structs.replace(address, host=host, port=port))
                    server = await asyncio.start_server(
                        accept, limit=READ_BYTES, sock=listener, backlog=BACKLOG
                    )
                self._servers.append(server)
        self.reachable = banner.reachable(self.addresses)

    def close(self) -> None:
        """Accepts no more connections."""
        for server in self._servers:
            server.close()
        for endpoint in self._endpoints:
            endpoint.stop_accepting()

    def close_endpoints(self) -> None:
        """Closes the UDP sockets, when all sessions are over."""
        for endpoint in self._endpoints:
            endpoint.close()

    def how_to_join(self) -> str:
        """The lines on how to join."""
        udp = next((address for address in self.reachable if address.udp), None)
        locked = bool(self._context.options.password)
        return banner.how_to_join(
            self._best(),
            udp,
            locked=locked,
            certificate=self._context.certificate,
        )

    def page(self) -> str:
        """The address of the page as others reach it: the first public name in the options, else an address.

        Empty: there is none.
        """
        options = self._context.options
        for origin in options.origins:
            return f"{origin.rstrip('/')}{options.base_path}/"
        best = self._best()
        return "" if best.path or best.udp else banner.root(best)

    def tls_port(self) -> int:
        """Where to come over TLS: a port for it alone, else any; 0: nowhere."""
        if self._context.certificate is None:
            return 0
        ports = {address.tls: address.port for address in self.addresses if not (address.path or address.udp)}
        return ports.get(True) or ports.get(False, 0)

    def first_address(self) -> tuple[str, int]:
        """A host and port that people can use."""
        best = self._best()
        return best.host, best.port

    def _best(self) -> Address:
        """The address to tell others; a public one takes TLS alone, where nothing else is spelled out."""
        best = banner.best(self.reachable)
        needs_tls = self._context.certificate is not None and plaintext.is_refused(best, best.host)
        return msgspec.structs.replace(best, tls=best.tls or needs_tls)

    def _accept(
        self, detect: Detector, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Coroutine[None, None, None] | None:
        """Begins a session. The coroutine becomes its task: one more frame around it would cost memory."""
        peer = writer.get_extra_info("peername")
        if isinstance(peer, tuple):
            # Interned: a thousand people behind one address share one string.
            address = sys.intern(peer[0].removeprefix("::ffff:"))
        elif isinstance(writer.get_extra_info("sockname"), tuple):
            # Reset before it was accepted. It must not pass for a local client, whom no ban matches.
            writer.transport.abort()
            return None
        else:
            address = LOCALHOST
        network = self._admit(address)
        if isinstance(network, bytes):
            writer.write(network)
            writer.close()
            return None
        _use_a_list(writer.transport.get_protocol())
        return self._begin(address, reader, writer, network).run(detect)

    def _admit(self, address: str) -> NetworkBudget | bytes:
        """The budget of a new session's network, which counts it; or why there is none."""
        context, options = self._context, self._context.options
        if len(context.sessions) >= min(self._most_sessions, options.sessions or self._most_sessions):
            context.budgets.hits["server_full"] += 1
            return FULL
        network = context.budgets.connect(address)
        if network is None:
            _logger.info("%s has too many connections, one more was closed", address)
            return CROWDED
        return network

    def _begin(
        self,
        address: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        network: NetworkBudget,
    ) -> Session:
        writer.transport.set_write_buffer_limits(high=self._context.options.send_bytes)
        session = Session(self._context, self.next_id, address, reader, writer, network)
        self.next_id += 1
        return session

    async def restore(
        self, states: Sequence[SessionState], connections: Sequence[socket.socket]
    ) -> list[Session]:
        """The sessions that another process has handed over, with their connections.

        Nothing is read there before ``Session.go_on``.
        """
        loop = self._context.loop
        protocols = [_Restored(loop) for _ in states]
        opening = [
            loop.create_task(loop.connect_accepted_socket(partial(_itself, protocol), connection))
            for protocol, connection in zip(protocols, connections, strict=True)
        ]
        # uvloop begins to read behind ``connection_made``, in the pass after that in which the tasks
        # begin. It is told not to in the same pass: what comes is looked for between two passes.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for protocol in protocols:
            protocol.pause()
        await asyncio.gather(*opening)
        return [self._restored(state, protocol) for state, protocol in zip(states, protocols, strict=True)]

    def _restored(self, state: SessionState, protocol: _Restored) -> Session:
        writer = asyncio.StreamWriter(protocol.transport, protocol, protocol.reader, self._context.loop)
        _use_a_list(protocol)
        network = self._context.budgets.restore_connection(state.address)
        self.next_id = state.id
        session = self._begin(state.address, protocol.reader, writer, network)
        session.restore(state)
        return session

    async def _open_endpoint(self, listener: socket.socket, address: Address) -> UdpEndpoint:
        _transport, endpoint = await self._context.loop.create_datagram_endpoint(
            lambda: UdpEndpoint(
                self._admission,
                partial(self._admit_udp, address),
                lambda: bool(self._context.options.password),
            ),
            sock=listener,
        )
        return endpoint

    def _admit_udp(self, listener: Address, address: str, opening: bytes | None) -> bytes | Serve:
        if self._context.draining:
            return f"{TURNED_AWAY}\r\n".encode()
        if plaintext.is_refused(listener, address):
            return f"{plaintext.sentence(self.tls_port())}\r\n".encode()
        network = self._admit(address)
        if isinstance(network, bytes):
            return network
        detect = (
            self._detect(Address(udp=True, insecure=True))
            if opening is None
            else self._detect_person(not opening)
        )
        return lambda reader, writer: self._begin(address, reader, writer, network).run(detect)


class _Restored(asyncio.StreamReaderProtocol):
    """The protocol of a connection that another process has handed over."""

    transport: Any

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.reader = asyncio.StreamReader(READ_BYTES, loop)
        super().__init__(self.reader, loop=loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a transport."""
        self.transport = transport
        super().connection_made(transport)

    def pause(self) -> None:
        """Leaves what comes to the kernel."""
        with suppress(RuntimeError):  # uvloop's word for a connection that is gone
            self.transport.pause_reading()


def _itself(protocol: _Restored) -> _Restored:
    return protocol


def _use_a_list(protocol: object) -> None:
    """Has asyncio keep those who wait for ``drain`` in a list: an empty deque takes 760 bytes a connection.

    There is one at the most. Where asyncio keeps them in another way, nothing is changed.
    """
    if getattr(protocol, "_drain_waiters", None) == deque():
        setattr(protocol, "_drain_waiters", [])  # noqa: B010  # it is private
