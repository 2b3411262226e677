"""The sentence of a refusal, for the console and for HTTP."""

from typing import Any

from asyncchat.text.sentences import refusal_sentence


def sentence(refusal: Any) -> str:
    """Why a command was refused, on one line."""
    return refusal_sentence(refusal).replace("\n", " ")
