"""Logs that other programs wrote: of irssi, WeeChat and ZNC, and what ergo's HISTSERV EXPORT gives.

Owns what their lines mean, and how what was said becomes a history. Must not know the command line. Only what
was said in rooms is taken: comings and goings are not kept for ever here either.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said, Speech
from asyncchat.core.names import room_fault
from asyncchat.core.people import person
from asyncchat.core.text import TEXT_BYTES, cut
from asyncchat.errors import AsyncChatError
from asyncchat.log.base import Log, check_own

_AT_ONCE: Final = 1000
"""Records of one transaction."""


class ImportFault(AsyncChatError):
    """Files can't be imported; the text says why and what to do."""


class Line(NamedTuple):
    """Something that was said; ``room`` is empty where the file does not say it."""

    time: datetime
    nick: str
    text: str
    speech: Speech = Speech.MESSAGE
    room: str = ""


Reader = Callable[[Path, Iterable[str]], Iterator[Line]]
"""(the file's name, its lines) -> what was said; a line that says nothing is left out."""

_SIGNS = "@+%&~!* "
"""What may stand before a nick: the signs of its role."""

_CLOCK = r"(\d\d):(\d\d)(?::(\d\d))?"
_IRSSI_DAY = re.compile(r"--- (?:Log opened|Day changed) \w{3} (\w{3}) (\d\d) (?:[\d:]{8} )?(\d{4})")
_IRSSI = re.compile(_CLOCK + r" (?:<([^>]+)> ?(.*)| \* (\S+) ?(.*)|-([^:\s]+):#\S*- (.*))")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _irssi(_path: Path, lines: Iterable[str]) -> Iterator[Line]:
    """Times without days; a line says each day. ``autolog`` writes one file for each room."""
    day: date | None = None
    for line in lines:
        if (begins := _IRSSI_DAY.match(line)) is not None and begins[1] in _MONTHS:
            day = _date(int(begins[3]), _MONTHS.index(begins[1]) + 1, int(begins[2]))
        elif day is not None and (said := _IRSSI.fullmatch(line)) is not None:
            yield from _spoken(day, said.groups())


_ZNC = re.compile(r"\[" + _CLOCK + r"\] (?:<([^>]+)> ?(.*)|\* (\S+) ?(.*)|-([^\s-]+)- (.*))")
_ZNC_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)$")


def _znc(path: Path, lines: Iterable[str]) -> Iterator[Line]:
    """Times without days; each day is a file, and in its name."""
    named = _ZNC_DAY.search(path.stem)
    day = None if named is None else _date(int(named[1]), int(named[2]), int(named[3]))
    for line in lines:
        if day is not None and (said := _ZNC.fullmatch(line)) is not None:
            yield from _spoken(day, said.groups())


def _spoken(day: date, found: tuple[str | None, ...]) -> Iterator[Line]:
    """What the groups of ``_IRSSI`` and ``_ZNC`` say: hour, minute, second; nick and text of each kind."""
    hour, minute, second, *said = found
    for at, speech in enumerate((Speech.MESSAGE, Speech.ACTION, Speech.NOTICE)):
        nick, text = said[2 * at : 2 * at + 2]
        if nick is not None:
            time = _local(day, int(hour or 0), int(minute or 0), int(second or 0))
            if time is not None:
                yield Line(time, nick, text or "", speech)


_WEECHAT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T]" + _CLOCK + r"(?:\.\d+)?(Z?)\t([^\t]*)\t(.*)")


def _weechat(_path: Path, lines: Iterable[str]) -> Iterator[Line]:
    """Time, nick and text with tabs in between; signs stand for a nick where nobody speaks."""
    for line in lines:
        if (said := _WEECHAT.fullmatch(line)) is None:
            continue
        day, nick, text = _date(int(said[1]), int(said[2]), int(said[3])), said[8], said[9]
        time = None if day is None else _local(day, int(said[4]), int(said[5]), int(said[6] or 0))
        if time is None:
            continue
        if said[7]:  # newer ones write UTC
            time = time.replace(tzinfo=UTC)
        if nick.strip() == "*":
            name, _, text = text.partition(" ")
            yield Line(time, name, text, Speech.ACTION)
        elif nick.strip(_SIGNS) and nick not in ("-->", "<--", "--", "=!="):
            yield Line(time, nick, text)


class _ErgoPart(msgspec.Struct, frozen=True):
    Message: str = ""
    Concat: bool = False


class _ErgoText(msgspec.Struct, frozen=True):
    Time: datetime
    Message: str = ""
    Split: list[_ErgoPart] | None = None


class _ErgoItem(msgspec.Struct, frozen=True):
    Type: int
    Nick: str
    Message: _ErgoText
    CfCorrespondent: str = ""


_ERGO_SPEECH = {1: Speech.MESSAGE, 2: Speech.NOTICE}
_ergo_item = msgspec.json.Decoder(_ErgoItem).decode


def _ergo(_path: Path, lines: Iterable[str]) -> Iterator[Line]:
    """An object of JSON a line; private messages are left out."""
    for line in lines:
        try:
            item = _ergo_item(line)
        except (msgspec.DecodeError, UnicodeError):
            continue
        speech = _ERGO_SPEECH.get(item.Type)
        if speech is None or room_fault(item.CfCorrespondent) is not None or not item.Message.Time.tzinfo:
            continue
        text = item.Message.Message
        for number, part in enumerate(item.Message.Split or ()):
            text += ("" if part.Concat or not number else "\n") + part.Message
        if text.startswith("\x01ACTION "):
            text, speech = text[8:].removesuffix("\x01"), Speech.ACTION
        yield Line(item.Message.Time, item.Nick.partition("!")[0], text, speech, item.CfCorrespondent)


READERS: Final[dict[str, Reader]] = {"irssi": _irssi, "weechat": _weechat, "znc": _znc, "ergo": _ergo}
"""By the name of the program."""


def read(path: Path, room: str = "", program: str = "") -> list[Line]:
    """What was said, as a file has it.

    Args:
        path: the file.
        room: the room; empty: as the file, its name or its folder says.
        program: whose log it is; empty: the one whose lines are found in it.

    Raises:
        ImportFault: it can't be read, or it does not say of which room it is.
    """
    try:
        lines = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    except OSError as error:
        raise ImportFault(f"{path} can't be read: {error.strerror}") from error
    named = room or _room_of(path)
    for reader in (READERS[program],) if program else READERS.values():
        found = [
            line._replace(room=room or line.room or named, nick=line.nick.strip(_SIGNS))
            for line in reader(path, lines)
        ]
        if any(not line.room for line in found):
            raise ImportFault(f"{path} does not say of which room it is: --room '#ROOM'")
        if found:
            return [line for line in found if line.text.strip()]
    return []


async def keep(log: Log, lines: Iterable[Line]) -> None:
    """Writes lines into a history, in the order of their times.

    Raises:
        ImportFault: the history has something later.
        LogError: it can't be written, or is a copy of a cluster's stream.
    """
    check_own(log)
    ordered = sorted(lines, key=lambda line: line.time)
    if ordered and _microseconds(ordered[0].time) <= log.last_time:
        raise ImportFault(
            "The history has something that is not older than these messages. Import all of them at once "
            "into a new history, before a server uses it: --db FILE"
        )
    for start in range(0, len(ordered), _AT_ONCE):
        last = log.last
        records = [
            Record(last + number, _microseconds(line.time), _said(line))
            for number, line in enumerate(ordered[start : start + _AT_ONCE], 1)
        ]
        await log.append(last, records)


def _said(line: Line) -> Said:
    nick = re.sub(r"[!@\s]", "_", line.nick) or "_"
    text = cut(line.text.replace("\0", ""), TEXT_BYTES)[0]
    return Said(line.room, person(0, nick, nick, "imported"), text, line.speech)


def _room_of(path: Path) -> str:
    """The room in the name of a file or of its folder; '' where there is none."""
    for name in (path.name, path.parent.name):
        found = "#" + name.partition("#")[2].removesuffix(".log").removesuffix(".weechatlog")
        found = re.sub(r"_\d{8}$", "", found)  # of ZNC before 1.6
        if room_fault(found) is None:
            return found
    return ""


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _local(day: date, hour: int, minute: int, second: int) -> datetime | None:
    """A time of the machine's zone, which these programs write."""
    try:
        return datetime(day.year, day.month, day.day, hour, minute, min(second, 59)).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _microseconds(time: datetime) -> int:
    return max(0, int(time.timestamp() * 1_000_000))
