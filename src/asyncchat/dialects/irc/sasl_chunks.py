"""The messages of a SASL exchange as AUTHENTICATE carries them, for both sides (IRCv3 sasl-3.1)."""

import base64

CHUNK_BYTES = 400
"""Longest chunk of a message in base64 (sasl-3.1, "The AUTHENTICATE command")."""


def chunks(data: bytes) -> list[str]:
    """A message as AUTHENTICATE takes it; a last chunk of full length is followed by an empty one."""
    text = base64.b64encode(data).decode()
    cut = [text[at : at + CHUNK_BYTES] for at in range(0, len(text), CHUNK_BYTES)]
    return cut if cut and len(cut[-1]) < CHUNK_BYTES else [*cut, "+"]
