"""Passwords that a command reads: neither the list of processes nor the screen shows them.

Owns where they come from; what they are for is the command's.
"""

import getpass
import sys
from pathlib import Path

from asyncchat.errors import AsyncChatError, Misuse


def password_in(file: str) -> str:
    """The first line of a file.

    Raises:
        AsyncChatError: the file can't be read.
    """
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
    except OSError as error:
        raise AsyncChatError(f"The password file {file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AsyncChatError(f"The password file {file} is not UTF-8 text") from error


def new_password(file: str | None = None) -> str:
    """A new password: the first line of a file or of a pipe, or typed twice at a terminal.

    Raises:
        Misuse: it is empty, or the two typed passwords differ.
        AsyncChatError: the file can't be read.
    """
    if file is not None:
        text = password_in(file)
    elif sys.stdin.isatty():
        text = getpass.getpass("Password: ")
        if getpass.getpass("Repeat: ") != text:
            raise Misuse("The two passwords differ")
    else:
        text = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    if not text:
        raise Misuse("The password is empty")
    return text
