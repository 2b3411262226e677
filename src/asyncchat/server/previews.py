"""Link previews: what a page says of itself, for those who read a link to it. The operator turns them on.

Owns which link of a text is looked at, what of a page is read, and what is remembered. The server asks, so
that a reader's address is not told to the page. Must not know who may read the text, or HTTP of its own.
"""

from __future__ import annotations

import asyncio
import codecs
import html
import logging
import re
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from asyncchat.core.features.files import FILES_PATH
from asyncchat.core.text import beginning
from asyncchat.server import outgoing
from asyncchat.text.sanitize import shown

if TYPE_CHECKING:
    from asyncchat.server.session import SessionContext

_logger = logging.getLogger("asyncchat.previews")

PAGE_BYTES: Final = 524_288
"""How much of a page is read: what it says of itself is at its beginning, behind some scripts."""

PAGE_SECONDS: Final = 8.0
"""How long it may take, with its redirects."""

MOST_REDIRECTS: Final = 4

MOST_WAITING: Final = 50
"""Pages that are waited for at a time."""

REMEMBERED: Final = 1000
"""Links that are remembered, the last ones: some 700 bytes each."""

REMEMBERED_SECONDS: Final = 3600.0
FAILED_SECONDS: Final = 600.0
"""For how long; for how long that there is nothing."""

LINK_BYTES: Final = 2000

TITLE_BYTES, DESCRIPTION_BYTES, SITE_BYTES = 200, 300, 80

_THREADS: Final = 4

_TYPES: Final = ("text/html", "application/xhtml+xml")

_LINK = re.compile(r"https?://[^\s<>\"\x00-\x1f]{1,2000}", re.IGNORECASE)
_AFTER = ".,:;!?'\"]}*_~`"
"""What belongs to the sentence around a link, at its end."""

_ATTRIBUTE = re.compile(
    r"\s([a-z:-]{1,20})\s?=\s?(?:\"([^\"]{0,1000})|'([^']{0,1000})|([^\s\"'>]{1,1000}))", re.IGNORECASE
)
_TITLE = re.compile(r"<title\b[^<>]{0,200}>([^<]{0,1000})", re.IGNORECASE)

_TAG_BYTES: Final = 2000
_MOST_TAGS: Final = 100
"""How much of a tag is read, and of how many of a kind: each is a step for which nobody else waits."""

_CHARSET = re.compile(rb"charset\s?=\s?[\"']?([A-Za-z0-9_-]{1,20})")

_CHARSETS: Final = frozenset(
    (
        "utf-8",
        "utf8",
        "us-ascii",
        "shift_jis",
        "euc-jp",
        "euc-kr",
        "gbk",
        "gb2312",
        "gb18030",
        "big5",
        "koi8-r",
    )
)
"""Encodings that are read, with those of ISO 8859 and of Windows: others are no text, or run code."""


class Preview(msgspec.Struct, frozen=True):
    """What a page says of itself; ``url`` is the link as the text has it."""

    url: str
    title: str
    description: str = ""
    site: str = ""


def link_in(text: str) -> str:
    """The first link of a text that is no file of a chat; empty: there is none."""
    for found in _LINK.findall(text):
        link = found.rstrip(_AFTER)
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(_AFTER)
        if FILES_PATH not in link and len(link) <= LINK_BYTES:
            return str(link)
    return ""


class Previews:
    """The previews that a server makes, and remembers for a while.

    Args:
        context: what sessions share.
    """

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._known: OrderedDict[str, tuple[float, Preview | None]] = OrderedDict()
        """By link, each with the time until which it is remembered."""
        self._coming: dict[str, asyncio.Task[Preview | None]] = {}
        self._pool = outgoing.Threads(_THREADS, "previews")

    async def run(self) -> None:
        """Owns what is being fetched, until cancelled."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._coming.values():
                task.cancel()
            await asyncio.gather(*self._coming.values(), return_exceptions=True)
            self._pool.close()

    def known(self, url: str) -> tuple[Preview | None] | None:
        """What is remembered of a link, which may be that there is nothing; None: it must be looked at."""
        until, preview = self._known.get(url, (0.0, None))
        return (preview,) if until > self._context.now() else None

    @property
    def is_busy(self) -> bool:
        """Whether no more pages can be waited for."""
        return len(self._coming) >= MOST_WAITING

    async def of(self, url: str) -> Preview | None:
        """What the page at a link says of itself; None: nothing."""
        known = self.known(url)
        if known is not None:
            return known[0]
        task = self._coming.get(url)
        if task is None:
            task = self._coming[url] = asyncio.create_task(self._fetch(url), name="preview")
            task.add_done_callback(lambda _: self._coming.pop(url))
        return await asyncio.shield(task)

    async def _fetch(self, url: str) -> Preview | None:
        networks = self._context.options.outgoing_networks
        try:
            preview = await self._pool.run(partial(fetched, url, networks))
        except outgoing.FAULTS as error:
            _logger.info("There is no preview of a link to %s: %s", urlsplit(url).netloc, error)
            preview = None
        while len(self._known) >= REMEMBERED:
            self._known.popitem(last=False)
        seconds = FAILED_SECONDS if preview is None else REMEMBERED_SECONDS
        self._known[url] = self._context.now() + seconds, preview
        return preview


def fetched(url: str, networks: tuple[str, ...] = ()) -> Preview | None:
    """For a thread: what a page says of itself.

    Each address that a redirect leads to is checked like the first one.

    Raises:
        OSError: it can't be reached, or must not be.
        h11.ProtocolError: it does not speak HTTP.
        ValueError: it is no address of the web.
    """
    target = _ascii(url)
    until = monotonic() + PAGE_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        answer = outgoing.request(
            "GET", target, (("Accept", ", ".join(_TYPES)),),
            networks=networks, seconds=until - monotonic(), most_bytes=PAGE_BYTES,
        )  # fmt: skip
        where = answer.headers.get("location", "")
        if answer.status not in (301, 302, 303, 307, 308) or not where:
            break
        target = _ascii(urljoin(target, where))
    kind, _, parameters = answer.headers.get("content-type", "").partition(";")
    if answer.status != 200 or kind.strip().lower() not in _TYPES:
        return None
    return read(url, answer.body, parameters)


def _ascii(url: str) -> str:
    """A link as a request has it (RFC 3987, 3.1), without its fragment."""
    parts = urlsplit(url)
    if parts.username is not None or not parts.hostname:
        raise ValueError("it has a name or no host")
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode()
    elif ":" in host:
        host = f"[{host}]"
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    return f"{parts.scheme.lower()}://{netloc}{path or '/'}{'?' if query else ''}{query}"


def read(url: str, page: bytes, parameters: str = "") -> Preview | None:
    """What a page's beginning says of it; None: it has no title.

    Args:
        url: the link that led there.
        page: its first bytes.
        parameters: those of its media type.
    """
    charset = _charset(page, parameters)
    small = page.lower()
    said: dict[str, str] = {}
    for tag in _tags(page, small, b"<meta", charset):
        values = _attributes(tag)
        name = (values.get("property") or values.get("name", "")).lower()
        if name and values.get("content"):
            said.setdefault(name, values["content"])
    titles = (_TITLE.match(tag) for tag in _tags(page, small, b"<title", charset))
    found = next((one for one in titles if one is not None), None)
    title = _clean(said.get("og:title") or (found[1] if found else ""), TITLE_BYTES)
    if not title:
        return None
    description = _clean(said.get("og:description") or said.get("description", ""), DESCRIPTION_BYTES)
    site = _clean(said.get("og:site_name", ""), SITE_BYTES)
    return Preview(url, title, "" if description == title else description, site)


def _tags(page: bytes, small: bytes, name: bytes, charset: str) -> Iterator[str]:
    """The beginnings of the tags of a name, with what follows them; ``small`` is the page in lower case."""
    at = small.find(name)
    for _ in range(_MOST_TAGS):
        if at < 0:
            return
        yield page[at : at + _TAG_BYTES].decode(charset, "replace")
        at = small.find(name, at + len(name))


def _attributes(tag: str) -> dict[str, str]:
    """The attributes of the tag with which a text begins."""
    values: dict[str, str] = {}
    end = 0
    for found in _ATTRIBUTE.finditer(tag):
        if ">" in tag[end : found.start()]:
            break
        values.setdefault(found[1].lower(), found[2] or found[3] or found[4] or "")
        end = found.end()
    return values


def _charset(page: bytes, parameters: str) -> str:
    found = _CHARSET.search(parameters.encode()) or _CHARSET.search(page[:4096])
    charset = found[1].decode().lower() if found else "utf-8"
    if charset not in _CHARSETS and not charset.startswith(("iso-8859-", "windows-125")):
        return "utf-8"
    try:
        codecs.lookup(charset)
    except LookupError:  # ISO 8859-99
        return "utf-8"
    return charset


def _clean(text: str, most: int) -> str:
    """A text of a page as people may see it."""
    return beginning(" ".join(shown(html.unescape(text)).split()), most)
