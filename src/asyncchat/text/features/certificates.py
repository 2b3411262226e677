"""Certificates of clients, which log in to an account without a password."""

from asyncchat.core.commands import Command
from asyncchat.core.features.certificates import (
    AddCertificate,
    CertificateGone,
    CertificateKnown,
    CertificatesRemoved,
    CertificatesView,
    GetCertificates,
    RemoveCertificate,
)
from asyncchat.text.sentences import FeatureText, counted
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash("certs", "[NAME]", "Lists the certificates that log in to your account.", Section.ACCOUNTS)
def _list(_session: SlashContext, text: str) -> Command | None:
    return None if " " in text else GetCertificates(text)


@slash(
    "cert",
    "add [SHA256] | remove SHA256 [NAME]",
    "Lets a client that shows this certificate over TLS log in to your account, or no longer; without SHA256 "
    "the one that yours shows.",
    Section.ACCOUNTS,
)
def _change(_session: SlashContext, text: str) -> Command | None:
    word, rest = name_and_rest(text)
    if word.lower() == "add" and " " not in rest:
        return AddCertificate(rest)
    fingerprint, account = name_and_rest(rest)
    if word.lower() != "remove" or not fingerprint or " " in account:
        return None
    return RemoveCertificate(fingerprint, account)


def _certificates(view: CertificatesView, zone: Zone) -> list[str]:
    if not view.certificates:
        return [f"No certificate logs in to {view.account}."]
    lines = [f"{fingerprint}, since {zone.moment(time)}" for fingerprint, time in view.certificates]
    return [f"With these certificates clients log in to {view.account}:", *lines]


TEXT = FeatureText(
    commands=slash,
    audit={
        CertificatesRemoved: lambda event, _: (
            f"removed {counted(len(event.fingerprints), 'certificate', 'certificates')} of the account "
            f"{event.account}"
        )
    },
    replies={
        CertificateKnown: lambda reply, _: [
            f"Clients that show the certificate {reply.fingerprint} over TLS log in to {reply.account}."
        ],
        CertificatesView: _certificates,
        CertificateGone: lambda reply, _: [
            f"The certificate {reply.fingerprint} logs in to {reply.account} no longer."
        ],
    },
)
