"""New passwords, asked for so that nobody reads them over a shoulder or in the list of processes."""

import getpass
import sys
from pathlib import Path

from asyncchat.cli._misuse import Misuse
from asyncchat.errors import AsyncChatError


def new_password(file: str | None = None) -> str:
    """A password: the first line of a file, or of a pipe; typed twice at a terminal.

    Raises:
        Misuse: it is empty, or was typed in two ways.
        AsyncChatError: the file can't be read.
    """
    if file is not None:
        try:
            line = Path(file).expanduser().read_text(encoding="utf-8").partition("\n")[0]
        except OSError as error:
            raise AsyncChatError(f"The password file {file} can't be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise AsyncChatError(f"The password file {file} is not UTF-8 text") from error
    elif sys.stdin.isatty():
        line = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != line:
            raise Misuse("These are two different passwords")
    else:
        line = sys.stdin.readline().removesuffix("\n")
    text = line.removesuffix("\r")
    if not text:
        raise Misuse("The password is empty")
    return text
