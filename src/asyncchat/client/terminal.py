"""``asyncchat join`` at a terminal: lines above, a prompt below.

Owns the screen and the keys; what is said and shown is decided in ``words`` and ``show``.
"""

import os
import sys
import threading
import time
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.output import create_output
from prompt_toolkit.patch_stdout import StdoutProxy

from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError
from asyncchat.client.events import Disconnected, Event, Joined, Left, Message, Reconnected
from asyncchat.client.show import Fragments, Show, ansi
from asyncchat.client.words import WORDS, Leave, Talk, obey
from asyncchat.core.names import fold
from asyncchat.dialects.plain.clean import shown, typed

_WAITING_SHOWN = 5
"""Most of our unacknowledged lines shown above the prompt."""

_BETWEEN_WRITES = 0.02
"""Seconds for which lines are gathered before the prompt is moved down once for all of them."""


def run(chat: Client, room: str, *, commands_go_through: bool = False) -> None:
    """Talks until the person leaves; the chat is closed then.

    Args:
        chat: a client with ``echo``: our own lines are shown when the server has taken them.
        room: where what is typed goes at first.
        commands_go_through: whether the server takes commands (a plain dialect).
    """
    screen = Screen(chat, room, commands_go_through=commands_go_through)
    with chat, StdoutProxy(sleep_between_writes=_BETWEEN_WRITES, raw=True) as out:
        screen.talk(out)
    for _, text in screen.unsent:
        print(f"not sent: {shown(text)}", file=sys.stderr)  # noqa: T201 - what would be lost unseen


class Screen:
    """One terminal in one chat: a thread shows what comes, the main one reads what is typed."""

    def __init__(self, chat: Client, room: str, *, commands_go_through: bool = False) -> None:
        self.unsent: list[tuple[str, str]] = []
        self._chat = chat
        self._show = Show()
        self._colour = not os.environ.get("NO_COLOR")  # no-color.org
        self._again_at: float | None = None
        self._talk = Talk(
            chat, room, self._tell, self._recall, self._show.ignored, commands_go_through=commands_go_through
        )
        self._show.room = room
        self._out: StdoutProxy | None = None
        self._session: PromptSession[str] = PromptSession(
            self._prompt,
            completer=NickCompleter(self._talk),
            complete_while_typing=False,
            erase_when_done=True,
            refresh_interval=0.5,  # the seconds count down
            output=create_output(stdout=sys.__stdout__),
        )

    def talk(self, out: StdoutProxy) -> None:
        """Shows and reads until the person leaves."""
        self._out = out
        follower = threading.Thread(target=self._follow, name="asyncchat screen", daemon=True)
        follower.start()
        reason = ""
        try:
            while not self._chat.closed:
                self._typed(self._session.prompt())
        except EOFError:
            pass
        except Leave as leave:
            reason = leave.reason
        except KeyboardInterrupt:
            self._leave(follower, "", timeout=0.0)
            raise
        self._leave(follower, reason, timeout=5.0)

    def _leave(self, follower: threading.Thread, reason: str, timeout: float) -> None:
        self.unsent = self._chat.close(timeout, reason=reason)
        follower.join(1.0)
        if self._out is not None:
            self._out.flush()

    def _typed(self, text: str) -> None:
        for line in text.splitlines():  # a paste of several lines is one input
            clean = typed(line)
            if not clean.strip():
                continue
            try:
                obey(self._talk, clean.lstrip() if clean.lstrip().startswith("/") else clean)
            except (ClientError, ValueError) as error:
                self._tell(str(error))
            self._show.room = self._talk.room

    def _follow(self) -> None:
        for event in self._chat:
            self._follow_one(event)
            self._refresh()
        self._leave_prompt()

    def _follow_one(self, event: Event) -> None:
        if isinstance(event, Disconnected):
            self._again_at = time.monotonic() + event.retry_in if event.retry_in is not None else None
            if event.attempt:
                return  # told already; the line above the prompt goes on
        elif isinstance(event, Reconnected):
            self._again_at = None
        elif isinstance(event, Joined | Left) and event.own and fold(event.room) == fold(self._talk.room):
            self._talk.room = self._show.room = event.room
        for line in self._show.event(event):
            self._write(line)

    def _tell(self, text: str) -> None:
        self._write(
            [("dim", f"-- {shown(text)} --" if not text.startswith("  ") else f"   {shown(text.strip())}")]
        )

    def _recall(self, messages: list[Message]) -> None:
        show = Show()
        show.room = self._talk.room
        for message in messages:
            for line in show.message(message):
                self._write(line)

    def _write(self, line: Fragments) -> None:
        if self._out is not None:
            self._out.write(ansi(line, colour=self._colour) + "\n")
            self._out.flush()

    def _refresh(self) -> None:
        if self._session.app.is_running:
            self._session.app.invalidate()

    def _leave_prompt(self) -> None:
        """The chat is over: so is the prompt."""
        app = self._session.app
        loop = app.loop
        if loop is not None and app.is_running:
            loop.call_soon_threadsafe(lambda: app.exit(exception=EOFError) if app.is_running else None)

    def _prompt(self) -> StyleAndTextTuples:
        """What stands below: our lines on their way, the state of the line, the prompt itself."""
        parts: StyleAndTextTuples = []
        waiting = self._chat.waiting()
        mark = "" if self._chat.connected else " (waiting)"
        for room, text in waiting[:_WAITING_SHOWN]:
            place = "" if fold(room) == fold(self._talk.room) else f"[{shown(room)}] "
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
        parts.append(("", f"{shown(self._talk.room)}> "))
        return parts


class NickCompleter(Completer):
    """Completes nicks of the room, and commands at the start of a line."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What the word before the cursor may become."""
        before = document.text_before_cursor
        start, _, begun = before.rpartition(" ")
        at_start = not start.strip()
        if at_start and begun.startswith("/"):
            words = sorted(word for word in WORDS if word.startswith(begun[1:].lower()))
            yield from (Completion(f"/{word} ", -len(begun), display=f"/{word}") for word in words)
            return
        key = fold(begun.removeprefix("@"))
        after = ": " if at_start else " "
        for nick in sorted(self._talk.chat.members(self._talk.room), key=fold):
            if fold(nick).startswith(key) and fold(nick) != fold(self._talk.chat.nick):
                yield Completion(nick + after, -len(begun), display=nick)
