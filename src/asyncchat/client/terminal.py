"""``asyncchat join`` at a terminal: lines above, a prompt below.

Owns the screen and the keys. ``slash_commands`` decides what a line does, ``render`` how an event looks.
"""

import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from queue import SimpleQueue

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.renderer import CPR_Support
from prompt_toolkit.utils import get_cwidth

from asyncchat.client import events
from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError, NotConnected, TimedOut
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.mentions import Mentions
from asyncchat.client.remembered import Remembered
from asyncchat.client.render import UNDER, Fragments, Renderer, ansi
from asyncchat.client.slash_commands import COMMANDS, Leave, inputs, obey
from asyncchat.client.terminal_state import TerminalState
from asyncchat.core.names import fold
from asyncchat.text.sanitize import shown

_WAITING_SHOWN = 5
"""Most of our unacknowledged lines shown above the prompt."""


def run(
    chat: Client, room: str, *, commands_go_through: bool = False, remembered: Remembered | None = None
) -> None:
    """Runs until the person leaves, then closes the chat.

    Args:
        chat: a client with ``echo``: our own messages are shown once the server has them.
        room: the first current room.
        commands_go_through: whether the server takes commands (a plain dialect).
        remembered: whom the person ignores, and which words ring like their name.
    """
    screen = Screen(chat, room, commands_go_through=commands_go_through, remembered=remembered)
    try:
        with chat:
            screen.talk()
    finally:
        for _, text in screen.unsent:
            sys.stderr.write(f"not sent: {shown(text)}\n")


class Screen:
    """One terminal in one chat, under one prompt from the first key to the last.

    So the terminal never echoes what is typed in between. The main thread reads the keys, a second one
    follows the chat, and a third one does what is typed, since that may wait for the server.
    """

    def __init__(
        self,
        chat: Client,
        room: str,
        *,
        commands_go_through: bool = False,
        remembered: Remembered | None = None,
    ) -> None:
        self.unsent: list[tuple[str, str]] = []
        self._chat = chat
        self._renderer = Renderer()
        if remembered is not None:
            self._renderer.mentions = Mentions(remembered.highlights)
            self._renderer.ignored = IgnoredNames(remembered.ignored)
        self._colour = not os.environ.get("NO_COLOR")  # no-color.org
        self._again_at: float | None = None
        self._state = TerminalState(
            chat,
            room,
            self._tell,
            self._recall,
            self._renderer.ignored,
            commands_go_through=commands_go_through,
            recent=self._renderer.recent,
            columns=lambda: self._session.output.get_size().columns,
        )
        self._renderer.room = room
        self._lines: deque[str] = deque()
        self._typed: SimpleQueue[str] = SimpleQueue()
        self._session: PromptSession[None] = PromptSession(
            self._prompt,
            completer=NickCompleter(self._state),
            complete_while_typing=False,
            erase_when_done=True,
        )
        self._session.default_buffer.accept_handler = self._accept
        # A terminal reports the position of its cursor late, when lines may have moved it.
        self._session.app.renderer.cpr_support = CPR_Support.NOT_SUPPORTED

    def talk(self) -> None:
        """Shows and reads until the person leaves."""
        threads = [
            threading.Thread(target=target, name=f"asyncchat {name}", daemon=True)
            for target, name in ((self._follow, "screen"), (self._obey, "lines"))
        ]
        timeout, reason = 5.0, ""
        try:
            self._session.prompt(pre_run=lambda: _start(threads))
        except EOFError:
            pass
        except Leave as leave:
            reason = leave.reason
        except KeyboardInterrupt:
            timeout = 0.0
            raise
        finally:
            self.unsent = self._chat.close(timeout, reason=reason)
            threads[0].join(1.0)
            sys.stdout.write("".join(self._lines))
            sys.stdout.flush()

    # What is typed.

    def _accept(self, buffer: Buffer) -> bool:
        self._typed.put(buffer.text)
        return False  # the prompt stays, empty

    def _obey(self) -> None:
        while True:
            text = self._typed.get()
            for line in inputs(text, commands_go_through=self._state.commands_go_through):
                try:
                    obey(self._state, line)
                except Leave as leave:
                    self._end(leave)
                    return
                except (ClientError, ValueError) as error:
                    self._tell(str(error))
                self._renderer.room = self._state.room
                self._refresh()

    def _end(self, reason: BaseException) -> None:
        """Ends the prompt, from another thread."""
        app = self._session.app
        if (loop := app.loop) is not None:
            loop.call_soon_threadsafe(lambda: app.exit(exception=reason) if app.is_running else None)

    # What is shown.

    def _follow(self) -> None:
        while True:
            try:
                # While the connection is down, the prompt counts the seconds.
                event = self._chat.receive(None if self._again_at is None else 1.0)
            except TimedOut:
                pass
            except NotConnected:
                break
            else:
                self._follow_one(event)
            self._refresh()
        self._end(EOFError())

    def _follow_one(self, event: events.Event) -> None:
        if isinstance(event, events.Disconnected):
            self._again_at = time.monotonic() + event.retry_in if event.retry_in is not None else None
            if event.attempt:
                return  # it was told; the line above the prompt stays
        elif isinstance(event, events.Reconnected):
            self._again_at = None
        elif isinstance(event, events.RoomRenamed) and fold(event.room) == fold(self._state.room):
            self._state.room = event.now
        elif isinstance(event, events.Refused | events.Kicked) and self._is_out(event):
            self._state.room = self._renderer.room = self._chat.rooms[0]
        elif (
            isinstance(event, events.Joined | events.Left)
            and event.own
            and fold(event.room) == fold(self._state.room)
        ):
            self._state.room = self._renderer.room = event.room
        self._renderer.nick = self._chat.nick
        if told := self._state.ignored.take(event):
            self._tell(told)
        for line in self._renderer.event(event):
            self._write(line)
        if (
            isinstance(event, events.Message)
            and not event.replayed
            and event.nick not in self._renderer.ignored
            and self._renderer.mentions.call(event, self._chat.nick)
        ):
            self._lines.append("\a")

    def _is_out(self, event: events.Refused | events.Kicked) -> bool:
        """Whether the person is not in the room of the prompt, but in another one."""
        room = event.about if isinstance(event, events.Refused) else event.room
        rooms = self._chat.rooms
        return bool(rooms) and fold(room) == fold(self._state.room) and fold(room) not in map(fold, rooms)

    def _tell(self, text: str) -> None:
        self._write([("dim", shown(text) if text.startswith("  ") else f"-- {shown(text)} --")])

    def _recall(self, messages: list[events.Message]) -> None:
        renderer = Renderer(recent=self._renderer.recent)
        renderer.room = self._state.room
        for message in messages:
            for line in renderer.message(message):
                self._write(line)

    def _write(self, line: Fragments) -> None:
        for row in wrapped(line, self._state.columns()):
            self._lines.append(ansi(row, colour=self._colour) + "\r\n")
        self._refresh()

    def _refresh(self) -> None:
        if (loop := self._session.app.loop) is not None:
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(self._draw)

    def _draw(self) -> None:
        app = self._session.app
        if not app.is_running:
            return
        if self._lines:
            text = []
            while self._lines:
                text.append(self._lines.popleft())
            app.renderer.erase()
            app.output.write_raw("".join(text))
            app.output.flush()
        app.invalidate()

    def _prompt(self) -> StyleAndTextTuples:
        """What is shown below: our messages on their way, the state of the connection, the prompt."""
        parts: StyleAndTextTuples = []
        waiting = self._chat.waiting()
        mark = "" if self._chat.connected else " (waiting)"
        for room, text in waiting[:_WAITING_SHOWN]:
            place = "" if fold(room) == fold(self._state.room) else f"[{shown(room)}] "
            parts.append(
                (
                    "fg:ansibrightblack" if self._colour else "",
                    f"{place}{self._chat.nick}: {shown(text)}{mark}\n",
                )
            )
        if len(waiting) > _WAITING_SHOWN:
            parts.append(("", f"… and {len(waiting) - _WAITING_SHOWN} more{mark}\n"))
        if self._again_at is not None:
            seconds = max(0, round(self._again_at - time.monotonic()))
            parts.append(("", f"-- disconnected, trying again in {seconds} s (Ctrl-C leaves) --\n"))
        parts.append(("", f"{shown(self._state.room)}> "))
        return parts


def wrapped(line: Fragments, width: int) -> list[Fragments]:
    """A line as rows of a screen, cut at words; a word that fits in no row is left to the terminal.

    Args:
        line: the line.
        width: cells of a row.
    """
    text = "".join(piece for _, piece in line)
    if get_cwidth(text) <= width:
        return [line]
    indent = " " * min(len(text) - len(text.lstrip(" ")) or len(UNDER), width // 4)
    rows: list[Fragments] = []
    start = end = used = 0
    for word in _WORD.finditer(text):
        spaces, cells = len(word[1]), get_cwidth(word[2])
        if end and used + spaces + cells > width >= len(indent) + cells:
            rows.append([("", indent)] * bool(rows) + _between(line, start, end))
            start, used, spaces = word.start(2), len(indent), 0
        end, used = word.end(), (used + spaces + cells - 1) % width + 1
    rows.append([("", indent)] * bool(rows) + _between(line, start, end))
    return rows


_WORD = re.compile("( *)([^ ]+)")


def _between(line: Fragments, start: int, end: int) -> Fragments:
    """A part of a line, by the characters where it begins and ends."""
    found: Fragments = []
    for style, text in line:
        if piece := text[max(start, 0) : max(end, 0)]:
            found.append((style, piece))
        start, end = start - len(text), end - len(text)
    return found


def _start(threads: Iterable[threading.Thread]) -> None:
    for thread in threads:
        thread.start()


class NickCompleter(Completer):
    """Completes nicks of the room, and commands at the start of a line."""

    def __init__(self, state: TerminalState) -> None:
        self._state = state

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What the word before the cursor may become."""
        before = document.text_before_cursor
        start, _, begun = before.rpartition(" ")
        at_start = not start.strip()
        if at_start and begun.startswith("/"):
            words = sorted(word for word in COMMANDS if word.startswith(begun[1:].lower()))
            yield from (Completion(f"/{word} ", -len(begun), display=f"/{word}") for word in words)
            return
        key = fold(begun.removeprefix("@"))
        after = ": " if at_start else " "
        for nick in sorted(self._state.chat.members(self._state.room), key=fold):
            if fold(nick).startswith(key) and fold(nick) != fold(self._state.chat.nick):
                yield Completion(nick + after, -len(begun), display=nick)
