"""Outgoing webhooks in the configuration: ``[webhooks.NAME]``.

Owns what is valid; must not know how messages are posted.
"""

import base64
from urllib.parse import urlsplit

import msgspec

from asyncchat.core.names import room_fault

SECRET_LENGTH = 16
"""Shortest secret: whoever guesses it can sign anything."""

CODED = "whsec_"
"""The beginning of a secret that gives its bytes in base64 (Standard Webhooks)."""


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The URL to which messages of some rooms are posted, and the secret that signs them."""

    url: str
    rooms: tuple[str, ...]
    secret: str


def webhook_fault(hook: Webhook) -> str:
    """Why this webhook is not valid, or ''."""
    try:
        parts = urlsplit(hook.url)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad or not hook.url.isascii() or not hook.url.isprintable() or " " in hook.url:
        return f"{hook.url} is not a URL like https://HOST/PATH"
    if parts.username is not None:
        return "the URL can't have a user name or password; receivers check the signature instead"
    if not hook.rooms:
        return "a webhook needs rooms"
    for room in hook.rooms:
        reason = room_fault(room)
        if reason is not None:
            return f"a room can't be called {room}: {reason}"
    if len(hook.secret) < SECRET_LENGTH:
        return f"the secret is shorter than {SECRET_LENGTH} characters"
    if hook.secret.startswith(CODED):
        try:
            base64.b64decode(hook.secret.removeprefix(CODED), validate=True)
        except ValueError:
            return f"a secret that begins with {CODED} must continue in base64"
    return ""


def key_of(secret: str) -> bytes:
    """The signing key of a secret."""
    if secret.startswith(CODED):
        return base64.b64decode(secret.removeprefix(CODED))
    return secret.encode()
