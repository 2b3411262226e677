"""``asyncchat join`` on a pipe: each input line is a message, each message is an output line.

Owns standard input, output and error; must not know the dialect.
"""

import codecs
import os
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError, TimedOut
from asyncchat.client.events import Event, Joined, Message, Present, Refused, Told, Unconfirmed
from asyncchat.client.render import notice_of, plain_lines

_LINE_BYTES = 65_536
"""Longest input line in bytes; a longer one becomes several messages."""

_AT_THE_END = 60.0
"""Seconds without progress for which it waits for acknowledgements at the end of input."""

_QUIET = frozenset(("250", "372", "351"))
"""Replies of no interest on a pipe: counts, the message of the day."""


def run(
    chat: Client,
    room: str,
    nick: str,
    *,
    exit_leaves: bool,
    stdin: int = 0,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> bool:
    """Connects standard input and output with a chat until the input ends.

    Args:
        chat: the chat; it is closed at the end.
        room: the room to which the input is sent.
        nick: the nick that was asked for.
        exit_leaves: whether the line ``exit`` leaves.
        stdin: the file descriptor of the input.
        out: where messages are written; None: standard output.
        err: where notices are written; None: standard error.

    Returns:
        Whether the whole input was acknowledged.
    """
    speaker = _Speaker(chat, room, stdin, exit_leaves=exit_leaves)
    speaker.start()
    # Looked up here and not as defaults: a test replaces them.
    out, err = out or sys.stdout, err or sys.stderr
    try:
        for event in chat:
            if isinstance(event, Message):
                print("\n".join(plain_lines(event)), file=out, flush=True)
                continue
            if isinstance(event, Refused | Unconfirmed):
                speaker.failed = True
            if not _is_routine(event, nick) and (notice := notice_of(event, room)):
                print(f"-- {notice} --", file=err, flush=True)
    finally:
        chat.close(timeout=0.0)
    if speaker.unsent:
        count = len(speaker.unsent)
        raise ClientError(
            f"{count} line{'s were' if count > 1 else ' was'} not acknowledged: {speaker.reason}"
        )
    return not speaker.failed


def _is_routine(event: Event, nick: str) -> bool:
    """Whether an event is no news to whoever started the pipe."""
    match event:
        case Joined(own=True):
            return event.nick == nick
        case Present():
            return True
        case Told():
            return event.numeric in _QUIET
        case _:
            return False


class _Speaker(threading.Thread):
    """Reads the input and sends it; at its end waits for the acknowledgements and closes the chat."""

    def __init__(self, chat: Client, room: str, stdin: int, *, exit_leaves: bool) -> None:
        super().__init__(name="asyncchat input", daemon=True)
        self.failed = False
        self.unsent: list[tuple[str, str]] = []
        self.reason = ""
        self._chat = chat
        self._room = room
        self._stdin = stdin
        self._exit_leaves = exit_leaves

    def run(self) -> None:
        """Reads to the end."""
        try:
            for line in lines_of(self._stdin):
                if self._exit_leaves and line.strip().lower() == "exit":
                    break
                self._say(line)
            self._settle()
        except ClientError as error:
            self.reason = str(error)
        finally:
            self.unsent = self._chat.close(timeout=0.0)

    def _say(self, line: str) -> None:
        while True:
            try:
                self._chat.say(self._room, line)
            except TimedOut:
                continue  # the server is slow or gone: the input waits
            return

    def _settle(self) -> None:
        """Waits until everything is acknowledged, as long as there is progress."""
        left = len(self._chat.waiting())
        while left:
            try:
                self._chat.flush(_AT_THE_END)
            except TimedOut as error:
                now = len(self._chat.waiting())
                if now >= left:
                    self.reason = str(error)
                    return
            left = len(self._chat.waiting())


def lines_of(descriptor: int) -> Iterator[str]:
    """The lines of a file descriptor, without line ends; bytes that are not UTF-8 become U+FFFD.

    It reads the descriptor itself: a thread that waits in ``sys.stdin`` would hold its lock at exit.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held = ""
    while True:
        try:
            data = os.read(descriptor, _LINE_BYTES)
        except OSError:
            data = b""
        *lines, held = (held + decoder.decode(data, final=not data)).split("\n")
        for line in lines:
            yield line.removesuffix("\r")
        if len(held) >= _LINE_BYTES or (held and not data):
            yield held
            held = ""
        if not data:
            return
