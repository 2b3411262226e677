"""What is posted to Slack, as a text: its payload, its marks and escapes, its attachments and blocks.

Owns Slack's shapes, as far as they have words (docs.slack.dev, "Sending messages using incoming webhooks",
"Formatting message text"). Must not know where a text goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from asyncchat.core.names import fold
from asyncchat.core.text import TEXT_BYTES, beginning, cut, printable, size

NAME_BYTES = 60
"""Longest ``username`` that is shown."""

_CUT_BYTES = 64
"""Space for the words that say how much was cut."""


class Part(msgspec.Struct, frozen=True):
    """A block, or a part of one: a text, and parts inside it."""

    type: str = ""
    text: str | Part | None = None
    title: str | Part | None = None
    fields: list[Part] | None = None
    elements: list[Part] | None = None
    url: str | None = None
    image_url: str | None = None
    alt_text: str | None = None
    name: str | None = None


class Field(msgspec.Struct, frozen=True):
    """A row of an attachment."""

    title: str | None = None
    value: str | int | float | None = None


class Attachment(msgspec.Struct, frozen=True):
    """What many monitors send instead of a text."""

    pretext: str | None = None
    title: str | None = None
    title_link: str | None = None
    text: str | None = None
    fields: list[Field] | None = None
    footer: str | None = None
    fallback: str | None = None
    blocks: list[Part] | None = None


class Payload(msgspec.Struct, frozen=True):
    """A message to an incoming webhook; what is not listed here is ignored."""

    text: Annotated[str, Meta(description="The text; links are <https://example.org|label>.")] | None = None
    channel: Annotated[str, Meta(description="A room of the token; without it, the first one.")] | None = None
    username: Annotated[str, Meta(description="Shown before the text; it is not who says it.")] | None = None
    attachments: list[Attachment] | None = None
    blocks: list[Part] | None = None


class Form(msgspec.Struct, frozen=True):
    """The same in a form."""

    payload: Annotated[str, Meta(description="The message as JSON.")]


def message_text(payload: Payload, own: str) -> str:
    """The text of a payload for a bot that is called ``own``; empty: it has none."""
    text = shown(payload.text or "") or _blocks(payload.blocks)
    text = _joined([text, *map(_attachment, payload.attachments or ())])
    name = printable(beginning((payload.username or "").strip(), NAME_BYTES))
    if text and name and fold(name) != fold(own):
        text = f"{name}: {text}"
    if size(text) <= TEXT_BYTES:
        return text
    kept = cut(text, TEXT_BYTES - _CUT_BYTES)[0]
    return f"{kept}\n… ({len(text) - len(kept):,} more characters)"


_MARK = re.compile(r"<([^<>|\s][^<>|]*)(?:\|([^<>]*))?>")
_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def shown(text: str) -> str:
    """A text of Slack as people read it: links with their labels, mentions, and the three escapes."""
    text = _MARK.sub(_mark, text)
    for escape, char in _ESCAPES:
        text = text.replace(escape, char)
    return text.strip()


def _mark(found: re.Match[str]) -> str:
    target, label = found[1], found[2] or ""
    if target[0] in "@#":
        return target[0] + (label or target[1:]).removeprefix(target[0])
    if target[0] == "!":  # <!here>, <!subteam^S0|@team>, <!date^0^{date}|Monday>
        return label or f"@{target[1:].partition('^')[0]}"
    if not _LINK.match(target):
        return found[0]
    return _link(target, label)


def _link(url: str, label: str) -> str:
    address = url.removeprefix("mailto:")
    bare = address.partition("://")[2].strip("/")
    return address if label.strip("/") in ("", address, bare) else f"{label} ({address})"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line)


def _attachment(one: Attachment) -> str:
    title = shown(one.title or "")
    if one.title_link:
        title = _link(one.title_link, title)
    rows = [
        ": ".join(filter(None, (shown(row.title or ""), "" if row.value is None else shown(str(row.value)))))
        for row in one.fields or ()
    ]
    said = [shown(one.pretext or ""), title, shown(one.text or ""), *rows, _blocks(one.blocks)]
    return _joined([*said, shown(one.footer or "")]) if any(said) else shown(one.fallback or "")


def _blocks(blocks: list[Part] | None) -> str:
    return _joined(map(_part, blocks or ()))


def _part(part: Part | str | None) -> str:
    """A block, or a part of one, as text."""
    if not isinstance(part, Part):
        return shown(part or "")
    match part.type:
        case "text":  # of a rich text: it has no marks
            return part.text if isinstance(part.text, str) else ""
        case "emoji":
            return f":{part.name or ''}:"
    words = _part(part.text)
    if part.url:
        return _link(part.url, words)
    if part.image_url:
        return _link(part.image_url, part.alt_text or "")
    between = {"context": " ", "actions": " ", "rich_text_section": ""}.get(part.type, "\n")
    inner = between.join(filter(None, map(_part, part.elements or ())))
    return _joined([_part(part.title), words, *map(_part, part.fields or ()), inner])
