"""SCRAM: the example of RFC 7677, an independent library on either side, and malformed messages."""

import contextlib

import pytest
import scramp
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncchat.core import scram

NAME, PASSWORD = "user", "pencil"
SALT = bytes.fromhex("5b6d99689d12351ed7c2cc1c9f5b1bd1")


@pytest.fixture(scope="module")
def known():
    return scram.verifier(PASSWORD, SALT, 4096)


RFC_FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
RFC_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
RFC_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
RFC_LAST = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_example_of_rfc_7677():
    known = scram.verifier(PASSWORD, scram._unb64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    exchange = scram.challenged(scram.begin(RFC_FIRST), known, RFC_NONCE)
    assert exchange.challenge == (
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert scram.proven(exchange, RFC_FINAL) == RFC_LAST
    prover = scram.Prover(NAME, PASSWORD, "rOprNGfwEbeRWgbNEkqO")
    assert prover.first() == RFC_FIRST
    assert prover.final(exchange.challenge.encode()) == RFC_FINAL
    assert prover.is_server(RFC_LAST)
    assert not prover.is_server(b"v=AAAA")
    assert not prover.is_server(b"e=other-error")


def test_a_verifier_is_read_from_what_is_stored(known):
    assert scram.read_verifier(str(known)) == known
    assert PASSWORD not in str(known)
    for text in ("", "x", "SCRAM-SHA-1$4096:AAAA$AAAA:AAAA", "SCRAM-SHA-256$x:AAAA$AAAA:AAAA", "a$b:é$c:d"):
        with pytest.raises(scram.ScramFault):
            scram.read_verifier(text)


def test_a_clear_password_is_checked_against_the_same_verifier(known):
    assert scram.is_password(known, PASSWORD)
    assert scram.is_password(known, "pen\u00adcil")  # a soft hyphen is mapped to nothing
    for wrong in ("Pencil", "", "pencil\n", "x" * 301):
        assert not scram.is_password(known, wrong)


@pytest.mark.parametrize("asked", ["", "a=user"])
def test_an_authorization_identity_is_told(asked):
    first = scram.begin(f"n,{asked},n=u=2Cs=3Der,r=abc".encode())
    assert (first.name, first.asked) == ("u,s=er", asked[2:])


def test_an_independent_client_meets_our_server(known):
    client = scramp.ScramClient([scram.NAME], NAME, PASSWORD)
    exchange = scram.challenged(scram.begin(client.get_client_first().encode()), known, "server")
    client.set_server_first(exchange.challenge)
    last = scram.proven(exchange, client.get_client_final().encode())
    assert last is not None
    client.set_server_final(last.decode())


def test_our_client_meets_an_independent_server(known):
    keys = (known.salt, known.stored_key, known.server_key, known.iterations)
    server = scramp.ScramMechanism(scram.NAME).make_server(lambda name: keys)
    prover = scram.Prover(NAME, PASSWORD, "client")
    server.set_client_first(prover.first().decode())
    server.set_client_final(prover.final(server.get_server_first().encode()).decode())
    assert prover.is_server(server.get_server_final().encode())


def test_a_wrong_password_proves_nothing(known):
    prover = scram.Prover(NAME, "pen", "client")
    exchange = scram.challenged(scram.begin(prover.first()), known, "server")
    assert scram.proven(exchange, prover.final(exchange.challenge.encode())) is None
    assert scram.proven(exchange, b"c=biws,r=clientserver,p=AAAA") is None


@pytest.mark.parametrize(
    "first",
    [b"", b"n", b"n,,", b"n,,n=u", b"n,,r=x,n=u", b"p=tls-unique,,n=u,r=x", b"n,x,n=u,r=x", b"n,,n=,r=x",
     b"n,,n=u,r=", b"n,,n==u,r=x", b"n,,m=x,n=u,r=x", b"\xff"],
)  # fmt: skip
def test_malformed_first_messages(first):
    with pytest.raises(scram.ScramFault):
        scram.begin(first)


@pytest.mark.parametrize(
    "final",
    [b"", b"c=biws,r=cs", b"c=biws,r=cx,p=AAAA", b"c=eSws,r=cs,p=AAAA", b"c=biws,r=cs,p=?",
     b"c=?,r=cs,p=AAAA",      b"r=cs,c=biws,p=AAAA", b"\xff"],
)  # fmt: skip
def test_malformed_proofs(known, final):
    exchange = scram.challenged(scram.begin(b"n,,n=u,r=c"), known, "s")
    with pytest.raises(scram.ScramFault):
        scram.proven(exchange, final)


@pytest.mark.parametrize(
    "challenge",
    [b"", b"r=other,s=AAAA,i=4096", b"r=client,s=AAAA,i=4096", b"r=clients,s=AAAA,i=x",
     b"r=clients,s=AAAA,i=0",      b"r=clients,s=AAAA,i=99999999", b"r=clients,s=?,i=1", b"e=no"],
)  # fmt: skip
def test_malformed_challenges(challenge):
    with pytest.raises(scram.ScramFault):
        scram.Prover(NAME, PASSWORD, "client").final(challenge)


@given(st.binary(max_size=60) | st.text(alphabet="nyparc=,/+A2CD3", max_size=40).map(str.encode))
@settings(max_examples=200)
def test_nothing_else_is_raised(data):
    known = scram.Verifier(1, b"s", b"k" * 32, b"k" * 32)
    exchange = scram.challenged(scram.First("u", "", "n,,", "n=u,r=c", "c"), known, "s")
    for ask in (scram.begin, lambda raw: scram.proven(exchange, raw), scram.Prover("u", "p", "c").final):
        with contextlib.suppress(scram.ScramFault):
            ask(data)
