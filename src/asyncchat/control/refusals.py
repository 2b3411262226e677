"""The sentence of a refusal, for the console and for HTTP."""

from typing import Any

from asyncchat.dialects.plain.refusal_words import REFUSAL_WORDS


def sentence(refusal: Any) -> str:
    """Why a command was refused, on one line."""
    return REFUSAL_WORDS[type(refusal)](refusal).replace("\n", " ")
