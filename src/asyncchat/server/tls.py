"""TLS: the server's certificate, and how a connection becomes encrypted.

Owns the files of the certificate and when they are read again. Must not know what is said over it.
"""

import asyncio
import logging
import os
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from asyncchat.core.fingerprints import fingerprint_of, shown_fingerprint
from asyncchat.errors import Misuse
from asyncchat.server.client_certificates import ask_for_certificates
from asyncchat.server.limits import READ_BYTES

_logger = logging.getLogger("asyncchat.tls")

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: with forward secrecy, and authenticated. All of TLS 1.3 are."""

SELF_SIGNED_DAYS = 3650
"""Whoever has seen the certificate once knows it by its fingerprint: it should not change."""

LOOK_SECONDS = 60.0
"""How often the files are looked at: whoever renews a certificate need not tell the server."""

HANDSHAKE_SECONDS = 10.0
"""How long a handshake may take."""

_HTTP = b"\x08http/1.1"
"""What a client of HTTP says that it wants to speak (RFC 7301, 3.1)."""

RECORD_HEAD = 5
"""Bytes of a record's head, the last two of which are the length of the rest (RFC 8446, 5.1)."""


class TlsError(Misuse):
    """The certificate can't be used; the text says why."""


class Certificate:
    """The certificate of a server, with its key.

    Args:
        certificate: the file with the certificate and those that signed it (PEM).
        key: the file with its key; it may be the same.

    Attributes:
        context: what connections that begin now use.
        asking_context: the same, but clients are asked for a certificate of their own.
        fingerprint: the certificate's SHA-256, as ``openssl x509 -fingerprint -sha256`` prints it.
        host: the name for which somebody vouches; '': nobody does, or for several.

    Raises:
        TlsError: they can't be used.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._times()
        self.context, self.asking_context = _contexts(certificate, key)
        self.fingerprint = _fingerprint(certificate)
        self.host = _vouched_host(certificate)

    def reload(self) -> None:
        """Reads the files again; connections that are there keep what they have.

        Raises:
            TlsError: they can't be used; what was read before stays.
        """
        seen = self._times()
        contexts, self.fingerprint = _contexts(*self._files), _fingerprint(self._files[0])
        self.context, self.asking_context = contexts
        self._seen = seen

    def context_for(self, greeting: bytes) -> ssl.SSLContext:
        """What a connection uses whose client began so. A browser is not asked: it would ask its person."""
        return self.context if _HTTP in greeting else self.asking_context

    async def watch(self) -> None:
        """Reads the files again whenever they have changed, until cancelled."""
        failed = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            times = self._times()
            if times in (self._seen, failed):
                continue
            try:
                await asyncio.to_thread(self.reload)
            except TlsError as error:
                failed = times
                _logger.error("The certificate before stays in use: %s", error)
            else:
                _logger.warning("The certificate was read again")

    def _times(self) -> tuple[tuple[int, int], ...]:
        found = []
        for file in self._files:
            with suppress(OSError):  # between two files a renewal may have none
                status = file.stat()
                found.append((status.st_ino, status.st_mtime_ns))
        return tuple(found)


def stated_certificate(certificate: str, key: str) -> Certificate | None:
    """The certificate that the options name, with its key, which may be in the same file; None: none.

    Raises:
        Misuse: they can't be used.
    """
    if certificate:
        return Certificate(Path(certificate).expanduser(), Path(key or certificate).expanduser())
    if key:
        raise Misuse("--tls-key needs the certificate: --tls-cert FILE")
    return None


def exposed_key(certificate: str, key: str) -> str:
    """Why too many can read the key that the options name, or ''."""
    file = Path(key or certificate).expanduser()
    try:
        is_exposed = bool(certificate) and os.name == "posix" and bool(file.stat().st_mode & 0o004)
    except OSError:
        return ""
    if not is_exposed:
        return ""
    return f"Others on this machine can read the key of the certificate. Run chmod o-r {file}"


def self_signed(names: Iterable[str]) -> str:
    """A new certificate for these host names and addresses that nobody else signed, and its key, as PEM.

    Raises:
        TlsError: the library that makes it is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise TlsError(
            "A certificate can only be made with a library: pip install 'asyncchat[tls]'. Or give one: "
            "--tls-cert FILE --tls-key FILE"
        ) from error
    key = ec.generate_private_key(ec.SECP256R1())
    first, *_ = named = list(dict.fromkeys(names))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, first)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([_alternative(x509, one) for one in named]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def _alternative(x509: Any, name: str) -> Any:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def is_pair(text: str) -> bool:
    """Whether a text has a certificate and its key, as ``self_signed`` makes them."""
    return "-----BEGIN PRIVATE KEY-----" in text and "-----BEGIN CERTIFICATE-----" in text


def _contexts(certificate: Path, key: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What connections use, and the same for those whose clients are asked for a certificate."""
    asking = _context(certificate, key)
    ask_for_certificates(asking)
    return _context(certificate, key), asking


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1", "irc"])
    for what, file in (("certificate", certificate), ("key", key)):
        try:
            file.read_bytes()
        except OSError as error:
            raise TlsError(f"The {what} {file} can't be read: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"The key {key} is not that of the certificate {certificate}") from error
        raise TlsError(_fault(certificate, key, error)) from error
    _check_time(certificate)
    return context


def _fault(certificate: Path, key: Path, error: ssl.SSLError) -> str:
    """Why the library can't load them; mostly it says no more than "PEM lib"."""
    text = key.read_text("ascii", "replace")
    if "-----BEGIN CERTIFICATE-----" not in certificate.read_text("ascii", "replace"):
        return f"{certificate} has no certificate in PEM (-----BEGIN CERTIFICATE-----)"
    if "PRIVATE KEY-----" not in text:
        return f"{key} has no key in PEM (-----BEGIN PRIVATE KEY-----)"
    if "ENCRYPTED" in text:
        return f"The key {key} has a password. Make a file without: openssl pkey -in {key} -out NEW"
    reason = (error.reason or "one of them is damaged").lower().replace("_", " ")
    return f"The certificate {certificate} or its key {key} can't be used: {reason}"


def _decoded(certificate: Path) -> dict[str, Any]:
    # The only decoder in the standard library; where it is missing, clients find out.
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    return {} if decode is None else decode(os.fspath(certificate))


def _vouched_host(certificate: Path) -> str:
    found = _decoded(certificate)
    names = [name for kind, name in found.get("subjectAltName", ()) if kind == "DNS" and "*" not in name]
    return names[0] if len(names) == 1 and found["issuer"] != found["subject"] else ""


def _check_time(certificate: Path) -> None:
    """Refuses a certificate that is not valid now."""
    found = _decoded(certificate)
    if not found:
        return
    now = time.time()
    if ssl.cert_time_to_seconds(found["notAfter"]) < now:
        raise TlsError(f"The certificate {certificate} was valid until {found['notAfter']}. Renew it")
    if ssl.cert_time_to_seconds(found["notBefore"]) > now:
        raise TlsError(f"The certificate {certificate} is valid from {found['notBefore']}. Set the clock")


def _fingerprint(certificate: Path) -> str:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    try:
        first = certificate.read_text("ascii", "replace").partition(begin)[2].partition(end)[0]
        der = ssl.PEM_cert_to_DER_cert(begin + first + end)
    except (OSError, ValueError) as error:  # replaced a moment ago, or in another form
        raise TlsError(f"The certificate {certificate} can't be read: {error}") from error
    return shown_fingerprint(fingerprint_of(der))


def greeting_bytes(begun: bytes) -> int:
    """How many bytes the first record of a client has, as far as that is known."""
    if len(begun) < RECORD_HEAD:
        return RECORD_HEAD
    return RECORD_HEAD + int.from_bytes(begun[3:RECORD_HEAD])


async def encrypt(writer: asyncio.StreamWriter, certificate: Certificate, begun: bytes) -> str:
    """Has a connection go on over TLS; returns the fingerprint of the client's certificate, if it showed one.

    Args:
        writer: its writer, to which nothing was written yet.
        certificate: the server's.
        begun: all that came from it: the client's first record, after which it waits. Nothing is received.

    Raises:
        OSError, TimeoutError: the handshake failed; the connection is closed.
    """
    transport = writer.transport
    before = transport.get_protocol()
    context = certificate.context_for(begun)
    shaking = asyncio.ensure_future(writer.start_tls(context, ssl_handshake_timeout=HANDSHAKE_SECONDS))
    try:
        # In the first pass the loop puts a protocol of its own before ours, which it connects in the second.
        # That one is given here what was read already, as the transport would do it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        layer = transport.get_protocol()
        if layer is not before and not shaking.done():
            buffered = cast("asyncio.BufferedProtocol", layer)
            for at in range(0, len(begun), READ_BYTES):
                piece = begun[at : at + READ_BYTES]
                memoryview(buffered.get_buffer(len(piece)))[: len(piece)] = piece
                buffered.buffer_updated(len(piece))
        await shaking
    except BaseException:
        shaking.cancel()
        transport.abort()
        raise
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    except ValueError as error:  # what came right behind the handshake has broken the connection
        writer.transport.abort()
        raise ConnectionResetError("what followed it is no TLS") from error
    return fingerprint_of(shown) if shown else ""
