"""The owner code: whoever can read the file beside the database owns the chat.

Owns the file and the comparison; must not know what an owner may do.
"""

import hmac
import os
import secrets
from pathlib import Path

# Without 0/O, 1/I/L, U: nobody mistakes one for the other when reading it out.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8


class OwnerCode:
    """A code such as ``7KQ2-M9XD``; case and dashes don't matter when it is typed."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def new(cls) -> "OwnerCode":
        """A code for one run, kept nowhere."""
        letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        return cls(f"{letters[:4]}-{letters[4:]}")

    @classmethod
    def beside(cls, database: Path) -> "OwnerCode":
        """The code kept beside a database (mode 0600), made at the first start.

        Raises:
            OSError: the file can't be read or made.
        """
        path = database.with_name(database.name + ".owner")
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            text = ""
        if len(_letters(text)) >= _LENGTH:
            return cls(text)
        code = cls.new()
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(code.text + "\n")
        return code

    def verify(self, typed: str) -> bool:
        """Whether that is the code; takes as long whatever is typed."""
        return hmac.compare_digest(_letters(typed).encode(), _letters(self.text).encode())


def _letters(text: str) -> str:
    return "".join(char for char in text.upper() if char.isalnum())
