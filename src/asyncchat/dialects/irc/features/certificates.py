"""Certificates of clients: NickServ's CERT. Logging in with one is SASL's EXTERNAL (``sasl``)."""

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features import certificates
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.features import nickserv
from asyncchat.dialects.irc.features.services import ServiceNotices, notice
from asyncchat.dialects.irc.registry import reply
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.text.features.certificates import TEXT
from asyncchat.text.times import Zone

_USAGE = ("CERT ADD [<SHA-256>]", "CERT LIST [<account>]", "CERT DEL <SHA-256> [<account>]")


@nickserv.verb(
    "CERT",
    1,
    3,
    "ADD [<SHA-256>] | LIST [<account>] | DEL <SHA-256> [<account>]",
    "Lets clients log in that show a certificate over TLS (SASL EXTERNAL); ADD alone means the one that "
    "yours shows now.",
)
def _cert(_session: IrcSession, words: list[str]) -> Command:
    match (words[0].upper(), *words[1:]):
        case ("ADD",):
            return certificates.AddCertificate(context=nickserv.PURPOSE)
        case ("ADD", fingerprint):
            return certificates.AddCertificate(fingerprint, nickserv.PURPOSE)
        case ("LIST", *account) if len(account) < 2:
            return certificates.GetCertificates("".join(account), nickserv.PURPOSE)
        case ("DEL" | "DELETE" | "REMOVE", fingerprint, *account):
            return certificates.RemoveCertificate(fingerprint, "".join(account), nickserv.PURPOSE)
    return DialectReply(ServiceNotices(_USAGE, nickserv.PURPOSE))


@reply(certificates.CertificateKnown, certificates.CertificatesView, certificates.CertificateGone)
def _told(
    session: IrcSession,
    answer: certificates.CertificateKnown | certificates.CertificatesView | certificates.CertificateGone,
) -> bytes:
    """Notices of the service that was asked."""
    zone = Zone(session.context.server.zone, session.context.server.utc_offset)
    texts = TEXT.replies[type(answer)](answer, zone)
    return b"".join(notice(session, answer.context, text) for text in texts)


# The client's side.


def _named(word: str) -> tuple[str, ...]:
    return (word,) if word else ()


to_server(certificates.AddCertificate)(lambda _, c: ("NS", "CERT", "ADD", *_named(c.fingerprint)))
to_server(certificates.GetCertificates)(lambda _, c: ("NS", "CERT", "LIST", *_named(c.account)))
to_server(certificates.RemoveCertificate)(
    lambda _, c: ("NS", "CERT", "DEL", c.fingerprint, *_named(c.account))
)
