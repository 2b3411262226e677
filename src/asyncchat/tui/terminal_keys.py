"""Keys that Textual reads as something else from terminals without the Kitty keyboard protocol.

Owns the sequences of Alt with a digit, which Textual takes for the signs that a Mac types so (``¡``), and of
Alt-Enter, which it takes for Enter.
"""

from enum import Enum
from typing import Any

from textual import _ansi_sequences

_ESC = "\x1b"


class _Keys(Enum):
    ALT_ENTER = "alt+enter"


def correct() -> None:
    """Has these keys read as what they are; a Textual without that table is left as it is."""
    table: Any = getattr(_ansi_sequences, "ANSI_SEQUENCES_KEYS", None)
    if isinstance(table, dict):
        for digit in "123456789":
            table.pop(_ESC + digit, None)
        table[f"{_ESC}\r"] = (_Keys.ALT_ENTER,)
