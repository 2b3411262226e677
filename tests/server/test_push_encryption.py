"""What a push service and a device read of a push, held against RFC 8291 and another implementation."""

import base64
import json

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from asyncchat.server.push_encryption import (
    VALID_SECONDS,
    ServerKey,
    decoded,
    device_key,
    device_secret,
    encoded,
    encrypted,
)

CURVE = ec.SECP256R1()

# RFC 8291, 5.
DEVICE = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
DEVICE_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
OWN_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
PUSHED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text):
    return ec.derive_private_key(int.from_bytes(decoded(text)), CURVE)


def test_the_example_of_the_specification():
    message = b"When I grow up, I want to be a watermelon"
    made = encrypted(message, DEVICE, AUTH, salt=decoded(SALT), own=private(OWN_PRIVATE))
    assert encoded(made) == PUSHED


def test_another_implementation_reads_it():
    for message in (b"", b"x", b"y" * 3900):
        made = encrypted(message, DEVICE, AUTH)
        read = http_ece.decrypt(
            made, private_key=private(DEVICE_PRIVATE), auth_secret=decoded(AUTH), version="aes128gcm"
        )
        assert read == message
        assert len(made) <= 4096


def test_what_can_be_no_key():
    assert device_key(DEVICE + "=").key_size == 256
    for wrong in ("", "AAAA", "!", DEVICE[:-3] + "AAA"):
        with pytest.raises(ValueError):  # noqa: PT011  # what it says comes from elsewhere
            device_key(wrong)
    for wrong in ("", AUTH[:-2], DEVICE):
        with pytest.raises(ValueError):  # noqa: PT011
            device_secret(wrong)


def test_a_push_service_knows_the_server_by_its_key():
    key = ServerKey(bytes(range(32)))
    assert ServerKey(bytes(range(32))).public == key.public
    assert ServerKey(b"\xff" * 32).public != key.public
    scheme, token, public = key.authorization("https://push.example", "mailto:a@b.example", 1000).split(" ")
    assert (scheme, public) == ("vapid", f"k={key.public}")
    head, claims, signature = token.removeprefix("t=").removesuffix(",").split(".")
    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "ES256"}
    assert json.loads(decoded(claims)) == {
        "aud": "https://push.example", "exp": 1000 + VALID_SECONDS, "sub": "mailto:a@b.example",
    }  # fmt: skip
    raw = base64.urlsafe_b64decode(signature + "==")
    shape = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    device_key(key.public).verify(shape, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
