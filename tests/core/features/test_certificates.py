"""Certificates of clients: added, listed and removed; what ends them; what others are told of TLS."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import (
    DropAccountVerified,
    LogInVerified,
    NewPasswordVerified,
    RegisterAccountVerified,
)
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.certificates import (
    CERTIFICATES_EACH,
    AddCertificateVerified,
    CertificateAdded,
    CertificateGone,
    CertificateKnown,
    Certificates,
    CertificatesRemoved,
    CertificatesView,
    GetCertificates,
    RemoveCertificate,
)
from asyncchat.core.features.connect import Connect, Detach
from asyncchat.core.features.queries import GetPerson, PersonView
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, NotConnectedYet
from tests.core.house import ANNA, BOB, NOBODY, NOW, OLGA, do, house

KEY, OTHER = "1a2b3c4d" * 8, "5e6f7a8b" * 8


@pytest.fixture
def chat() -> Chat:
    """The house; Anna and Bob have accounts, and Anna has a certificate."""
    chat = house()
    for person, name in ((ANNA, "anna"), (BOB, "bob")):
        do(chat, SERVER, RegisterAccountVerified(name, "v"))
        do(chat, person, LogInVerified(name, True))
    do(chat, ANNA, AddCertificateVerified(KEY))
    return chat


def refused(fault, account=""):
    return (AccountRefused(fault, account),)


def test_a_certificate_is_added_once(chat):
    colons = ":".join(OTHER[at : at + 2] for at in range(0, 64, 2)).upper()
    known = CertificateKnown("anna", OTHER, "p")
    assert do(chat, ANNA, AddCertificateVerified(colons, "p")) == (
        CertificateAdded("anna", OTHER, NOW),
        known,
    )
    assert do(chat, ANNA, AddCertificateVerified(OTHER, "p")) == (known,)
    assert Certificates.of(chat).owners == {KEY: "anna", OTHER: "anna"}


def test_what_can_t_be_added(chat):
    assert do(chat, BOB, AddCertificateVerified(KEY)) == refused(AccountFault.KNOWN_CERTIFICATE, "bob")
    assert do(chat, ANNA, AddCertificateVerified("")) == refused(AccountFault.NOT_SHOWN, "anna")
    assert do(chat, ANNA, AddCertificateVerified("ab")) == refused(AccountFault.NO_FINGERPRINT, "anna")
    assert do(chat, OLGA, AddCertificateVerified(OTHER)) == refused(AccountFault.LOGGED_OUT)
    assert do(chat, NOBODY, AddCertificateVerified(OTHER)) == (NotConnectedYet(),)
    for number in range(1, CERTIFICATES_EACH):
        do(chat, ANNA, AddCertificateVerified(f"{number:064}"))
    assert do(chat, ANNA, AddCertificateVerified(OTHER)) == refused(AccountFault.LISTED, "anna")


def test_they_are_listed_for_their_owner_and_operators(chat):
    view = CertificatesView("anna", ((KEY, NOW),))
    assert do(chat, ANNA, GetCertificates()) == (view,)
    assert do(chat, OLGA, GetCertificates("anna")) == (view,)
    assert do(chat, BOB, GetCertificates("anna")) == refused(AccountFault.OTHERS, "anna")


def test_one_is_removed_by_its_first_letters(chat):
    do(chat, ANNA, AddCertificateVerified("1a2b3c4e" + "0" * 56))
    assert do(chat, ANNA, RemoveCertificate("1a2b3c4")) == refused(AccountFault.NO_CERTIFICATE, "anna")
    assert do(chat, BOB, RemoveCertificate(KEY)) == refused(AccountFault.NO_CERTIFICATE, "bob")
    assert do(chat, BOB, RemoveCertificate(KEY, "anna")) == refused(AccountFault.OTHERS, "anna")
    event = CertificatesRemoved("anna", (KEY,))
    assert do(chat, OLGA, RemoveCertificate("1A:2B:3C:4D", "anna")) == (
        event,
        OperOverride(chat.people[OLGA], event),
        CertificateGone("anna", KEY),
    )
    assert KEY not in Certificates.of(chat).owners


def test_a_new_password_ends_them_and_they_go_with_the_account(chat):
    assert CertificatesRemoved("anna", (KEY,)) in do(chat, ANNA, NewPasswordVerified("", "w"))
    assert Certificates.of(chat).owners == {}
    do(chat, ANNA, AddCertificateVerified(KEY))
    do(chat, ANNA, DropAccountVerified("", True))
    assert Certificates.of(chat).owners == {}
    assert Certificates.of(chat).state() == {}


def test_their_facts_give_them_again(chat):
    again = Chat()
    do(again, SERVER, RegisterAccountVerified("anna", "v"))
    for event in Certificates.of(chat).facts(chat):
        again.apply(event)
    assert Certificates.of(again).state() == Certificates.of(chat).state() == {"anna": {KEY: NOW}}


def seen_by(chat, person, name):
    (view,) = (item for item in do(chat, person, GetPerson(name)) if isinstance(item, PersonView))
    return view.certificates


def test_others_are_told_that_all_of_a_person_is_encrypted_and_only_itself_by_which_certificate(chat):
    assert seen_by(chat, BOB, "Anna") is None
    do(chat, NOBODY, Connect("zoe", "u", "h", tls=KEY))
    assert seen_by(chat, BOB, "zoe") == ()
    assert seen_by(chat, OLGA, "zoe") == seen_by(chat, NOBODY, "zoe") == (KEY,)
    do(chat, NOBODY, LogInVerified("bob", True))
    do(chat, 70, Connect("zoe", "u", "h", account="bob", tls=""))
    assert seen_by(chat, OLGA, "zoe") == (KEY,)
    do(chat, 71, Connect("zoe", "u", "h", account="bob"))
    assert seen_by(chat, OLGA, "zoe") is None
    do(chat, NOBODY, Detach(71))
    do(chat, NOBODY, Detach(NOBODY))
    assert seen_by(chat, OLGA, "zoe") == ()
    assert chat.sessions.encrypted == {70: ""}
