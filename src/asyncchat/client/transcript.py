"""Messages as a command prints them: lines, JSON, Markdown, a page of HTML.

Owns these forms. Must not know where messages come from; nothing in one reaches a terminal as a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape

from asyncchat.client.http_api import Message

_KEYS = ("id", "time", "room", "nick", "text", "kind")

_UNSEEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls and marks of direction that JSON may have as they are, and what can't be printed at all."""

_MISSING = "some messages are missing here"


def as_json(message: Message) -> str:
    """One object on one line; a gap has a room and a kind only."""
    told = {"nick" if key == "name" else key: value for key, value in message.items()}
    return json_line({key: told[key] for key in _KEYS if key in told})


def json_line(told: Mapping[str, object]) -> str:
    """An object on one line, in which nothing is a command for a terminal."""
    line = json.dumps(told, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def as_lines(message: Message) -> str:
    """``2026-11-30 21:14:05 NAME: text``; each line of the text is one."""
    if "id" not in message:
        return f"-- {_MISSING} --"
    start = f"{_local(message):%Y-%m-%d %H:%M:%S} {_speaker(message)}"
    return "\n".join(start + clean(line) for line in message["text"].split("\n"))


def text_of(message: Message) -> str:
    """A message's text alone."""
    return "\n".join(clean(line) for line in message["text"].split("\n"))


def markdown(room: str, messages: Iterable[Message]) -> Iterator[str]:
    """A room as Markdown, with a heading for each day."""
    yield f"# {clean(room)}\n"
    for day, message in _by_day(messages):
        if day:
            yield f"## {day}\n"
        text = message["text"]
        name = f"**{_marked(message['name'])}** {_local(message):%H:%M}"
        if message["kind"] == "action":
            yield f"{name} *{_marked(text)}*\n"
        else:  # what people write is Markdown already, as the page shows it
            yield f"{name}\n\n" + "\n".join(clean(line) for line in text.split("\n")) + "\n"


def html(room: str, messages: Iterable[Message]) -> Iterator[str]:
    """A room as a page of its own, without scripts, for any browser and for printing."""
    title = escape(clean(room))
    yield _HEAD.format(title=title)
    for day, message in _by_day(messages):
        if day:
            yield f"<h2>{day}</h2>"
        name, text = escape(clean(message["name"])), _marked_up(text_of(message))
        at = f'<time datetime="{escape(message["time"])}">{_local(message):%H:%M}</time>'
        said = f"<em>{text}</em>" if message["kind"] == "action" else text
        yield f'<div id="{escape(message["id"])}">{at} <b>{name}</b> <span>{said}</span></div>'
    yield "</body></html>"


_PARTS = re.compile(r"```(?:[\w+-]{1,20}\n|\n)?(.+?)\n?```|(https?://[^\s<>\"]+)", re.DOTALL)
"""A block of code, or a link."""


def _marked_up(text: str) -> str:
    """A text as HTML: blocks of code and links, all else as it is written."""
    found, at = "", 0
    for part in _PARTS.finditer(text):
        code, link = part.groups()
        found += escape(text[at : part.start()])
        if link:
            found += f'<a href="{escape(link)}" rel="noreferrer">{escape(link)}</a>'
        else:
            found += f"<pre>{escape(code)}</pre>"
        at = part.end()
    return found + escape(text[at:])


_HEAD = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ font-size: 1rem; border-bottom: 1px solid; }}
div {{ margin: .25rem 0; overflow-wrap: anywhere; }}
time {{ opacity: .7; font-size: .85em; }}
span {{ white-space: pre-wrap; }}
pre {{ margin: .25rem 0 .25rem 2rem; }}
</style></head><body><h1>{title}</h1>"""


def clean(text: str) -> str:
    """A line as a terminal may see it."""
    # It loads much, and is not needed for JSON, which scripts ask for in loops.
    from asyncchat.text.sanitize import shown

    return shown(text)


def _by_day(messages: Iterable[Message]) -> Iterator[tuple[str, Message]]:
    """Each message, with its day where that is another one than before."""
    before = ""
    for message in messages:
        day = f"{_local(message):%Y-%m-%d}"
        yield ("" if day == before else day), message
        before = day


def _local(message: Message) -> datetime:
    return datetime.fromisoformat(message["time"]).astimezone()


def _speaker(message: Message) -> str:
    name = clean(message["name"])
    return f"* {name} " if message["kind"] == "action" else f"{name}: "


def _marked(text: str) -> str:
    """A text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#" else char for char in clean(text))
