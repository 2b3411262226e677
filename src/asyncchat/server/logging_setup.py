"""Set-up of logging: to standard error, as text for people or as JSON for log collectors.

Owns what reaches standard error: nothing that a peer sent can forge a line or speak to a terminal, and nobody
who does not read it holds the server up.
"""

import logging
import os
import select
import threading
import time
from collections import deque

import msgspec

QUEUE_BYTES = 1 << 20
"""Lines that wait for whoever reads standard error; beyond it lines are lost, and counted."""

FLUSH_SECONDS = 1.0
"""How long the end of the program waits until the lines are written."""

GATHER_SECONDS = 0.02
"""Least seconds between two writes: what is logged meanwhile goes out together."""

_STANDARD_ERROR = 2


def visible(text: str) -> str:
    r"""The text with an escape such as ``\n`` or ``\x1b`` for each character that can't be seen."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else char.encode("unicode_escape").decode() for char in text])


class TextFormatter(logging.Formatter):
    """One line for people; the lines of a traceback follow it, indented.

    Args:
        worker: the name of the process, where several write the same log.
    """

    def __init__(self, worker: str = "") -> None:
        super().__init__()
        self._who = f"{worker}: " if worker else ""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        lines = [f"{self.formatTime(record)} {record.levelname} {self._who}{visible(record.getMessage())}"]
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        if record.stack_info:
            lines += record.stack_info.split("\n")
        return "\n  ".join([lines[0], *map(visible, lines[1:])])


class JsonFormatter(logging.Formatter):
    """One object a line.

    Args:
        worker: as for ``TextFormatter``.
    """

    def __init__(self, worker: str = "") -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        entry: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": visible(record.getMessage()),
        }
        if self._worker:
            entry["worker"] = self._worker
        if record.exc_info:
            lines = self.formatException(record.exc_info).split("\n")
            entry["traceback"] = "\n".join(map(visible, lines))
        if record.stack_info:
            entry["stack"] = "\n".join(map(visible, record.stack_info.split("\n")))
        return msgspec.json.encode(entry).decode()


class ThreadedHandler(logging.Handler):
    """Writes lines to a file descriptor in a thread of its own.

    Whoever logs wakes it 50 times a second at the most: each time takes the loop's thread up to 0.1 ms.

    A pipe that nobody reads, or a terminal stopped by Ctrl-S, blocks only this thread. It writes to the
    descriptor and not to ``sys.stderr``, whose lock would hold up the end of the program.

    Args:
        descriptor: where the lines go.
        most: bytes that may wait.
        patience: seconds that ``flush`` waits at most.
    """

    def __init__(self, descriptor: int, *, most: int = QUEUE_BYTES, patience: float = FLUSH_SECONDS) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._most = most
        self._patience = patience
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        """Bytes of the lines that wait and of those that are being written."""
        self._lost = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record; one for which there is no space is lost."""
        try:
            line = self._line(record)
        except Exception:  # noqa: BLE001  # the logging module says what was wrong with the call
            self.handleError(record)
            return
        with self._changed:
            if (
                self._lost or self._waiting + len(line) > self._most
            ):  # after a gap all is lost until it is told
                self._lost += 1
            else:
                self._lines.append(line)
                self._waiting += len(line)
            self._changed.notify_all()

    def flush(self) -> None:
        """Waits until all is written, for a bounded time."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._lost, self._patience)

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace") + b"\n"

    def _run(self) -> None:
        untold = 0
        while True:
            time.sleep(GATHER_SECONDS)
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._lost)
                lines, self._lines = list(self._lines), deque()
                lost, self._lost = untold + self._lost, 0
            told = [self._line(_lost_record(lost))] if lost else []
            untold = 0 if self._write(b"".join(lines + told)) else lost + len(lines)
            with self._changed:
                self._waiting = sum(map(len, self._lines))
                self._changed.notify_all()

    def _write(self, data: bytes) -> bool:
        """Writes all; whether that was possible."""
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # whoever shares the terminal or the pipe asked for that
                select.select([], [self._descriptor], [])
            except OSError:  # nobody reads any more, or the disk is full
                return False
        return True


def _lost_record(lines: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": "asyncchat.server",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": f"Lines lost here, because standard error took no more: {lines}",
        }
    )


def set_up(level: str, form: str, worker: str = "") -> None:
    """Logs to standard error, from this level up.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        form: ``text`` or ``json``.
        worker: the name of this process, where several write the same log.
    """
    handler = ThreadedHandler(_STANDARD_ERROR)
    handler.setFormatter(JsonFormatter(worker) if form == "json" else TextFormatter(worker))
    # None of our formats shows these (logging's documentation, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(level)


def flush() -> None:
    """Waits until the lines so far are written, for a bounded time."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def set_level(level: str) -> None:
    """Logs from this level up from now on."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    # asyncio's own messages below a warning are about this program's internals.
    logging.getLogger("asyncio").setLevel(max(logging.WARNING, root.level))
