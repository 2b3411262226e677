"""Outgoing webhooks as the configuration states them: ``[webhooks.NAME]``."""

import base64
from urllib.parse import urlsplit

import msgspec

from asyncchat.core.names import room_fault

SECRET_LENGTH = 16
"""Shortest secret: one that is guessed signs whatever its guesser likes."""


CODED = "whsec_"
"""How a secret begins that stands for other bytes, in base64 (Standard Webhooks)."""


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where messages of some rooms are posted to, and what signs them."""

    url: str
    rooms: tuple[str, ...]
    secret: str


def webhook_fault(hook: Webhook) -> str:
    """Why there can't be such a webhook, or ''."""
    try:
        parts = urlsplit(hook.url)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad or not hook.url.isascii() or not hook.url.isprintable() or " " in hook.url:
        return f"{hook.url} is no URL like https://HOST/PATH"
    if parts.username is not None:
        return "the URL has a name or password in it; the signature says who posts"
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
            return f"a secret that begins with {CODED} goes on in base64"
    return ""


def key_of(secret: str) -> bytes:
    """The key that a secret stands for."""
    if secret.startswith(CODED):
        return base64.b64decode(secret.removeprefix(CODED))
    return secret.encode()
