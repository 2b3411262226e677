"""The static files of the page, from the package, as responses.

Owns their types, entity tags and compression. Must not know sessions.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from asyncchat.dialects.irc import modes
from asyncchat.server.http.messages import Headers, Request, Response, accepts_gzip, knows, problem
from asyncchat.text import (
    features,  # noqa: F401  # fills the table
    slash,
)
from asyncchat.text.features.modes import RULE_WORDS, SETTING_WORDS

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
"""Media types by suffix; a file with another suffix is not served."""

_WORTH_COMPRESSING = 500
"""Bytes: less fits into one packet anyway."""

_MOST_LEFT = 0.9
"""How much of a file may be left for its compression to be worth a browser's time."""

_REMEMBERED = 256
"""Answers that are remembered, without the files themselves."""

_REMEMBERED_LETTERS = 512
"""Letters of the headers that such an answer depends on: an answer then takes 2 KB."""

_COMPRESSED_SUFFIXES = (".png", ".ico", ".woff2")

INDEX = "/index.html"

_SCRIPT = b'<script type="module"'

MAIN = "/js/main.js"

WORDS = "/js/words.js"
"""A module with the tables of words that all surfaces share: commands, and what the rules of a room say."""

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; "
    "require-trusted-types-for 'script'; trusted-types worker; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'"
)
"""The page runs only its own files, makes no markup or code of a text, and connects only to this server.

The one policy of trusted types, ``worker``, gives the address of the service worker and nothing else.
"""


WORKER = "/sw.js"

_WORKER_POLICY = "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""The service worker loads files of this server; a worker has a policy of its own."""


class File(msgspec.Struct, frozen=True):
    """One file; ``packed`` is empty if compression is of no use, ``lasts`` whether its path has this content
    for ever."""

    kind: str
    data: bytes
    packed: bytes
    tag: str
    lasts: bool = False


@cache
def files() -> dict[str, File]:
    """All files by their paths, read once.

    All but the page are also below a folder that has the digest of all of them in its name. The page names
    them there, so a browser asks for each of them once, until an update.
    """
    contents: dict[str, bytes] = {}
    _gather(resources.files("asyncchat") / "web", "", contents)
    contents[WORDS] = _words()
    every = hashlib.sha256()
    for name, data in sorted(contents.items()):
        every.update(b"%b\0%d\0%b" % (name.encode(), len(data), data))
    folder = f"/v/{every.hexdigest()[:16]}"
    contents[INDEX] = contents[INDEX].replace(_SCRIPT, _preloads(contents) + _SCRIPT)
    # Below another path of a proxy they are found, too, because the page is in the folder above.
    contents[INDEX] = contents[INDEX].replace(b'="/', b'="%b/' % folder[1:].encode())
    found = {name: _file(name, data) for name, data in contents.items()}
    for name in contents.keys() - {INDEX}:
        found[folder + name] = msgspec.structs.replace(found[name], lasts=True)
    return found


def _gather(folder: Traversable, path: str, found: dict[str, bytes]) -> None:
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            _gather(entry, name, found)
        elif _suffix(name) in TYPES:
            found[name] = entry.read_bytes()


def _preloads(contents: dict[str, bytes]) -> bytes:
    """Names all modules, so that a browser asks for them at once and not as each names the next."""
    modules = sorted(name for name in contents if name.startswith("/js/") and name != MAIN)
    return b"".join(b'<link rel="modulepreload" href="%b">\n' % name.encode() for name in modules)


def _words() -> bytes:
    """The module of words: each slash command in the order of the help, each rule by its letter."""
    listed = sorted(dict.fromkeys(slash.COMMANDS.values()), key=lambda command: command.section)
    commands = [
        {"name": one.name, "usage": one.usage, "about": one.help, "aliases": one.aliases} for one in listed
    ]
    rules = {modes.FLAG_LETTERS[flag]: words for flag, words in RULE_WORDS.items()}
    settings = {modes.SETTING_LETTERS[setting]: words for setting, words in SETTING_WORDS.items()}
    tables = {"COMMANDS": commands, "RULES": rules, "SETTINGS": settings}
    return b"".join(
        b"export const %b = %b;\n" % (name.encode(), msgspec.json.encode(table))
        for name, table in tables.items()
    )


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]


def _file(name: str, data: bytes) -> File:
    suffix = _suffix(name)
    worth = suffix not in _COMPRESSED_SUFFIXES and len(data) >= _WORTH_COMPRESSING
    packed = gzip.compress(data, mtime=0) if worth else b""
    if len(packed) > len(data) * _MOST_LEFT:
        packed = b""
    return File(TYPES[suffix], data, packed, hashlib.sha256(data).hexdigest()[:16])


def respond(path: str, request: Request) -> Response | None:
    """The file at a path, or 304 if the browser has it already; None: there is none.

    Browsers ask alike, so the answers are remembered.
    """
    file = files().get(path)
    if file is None:
        return None
    get = request.values.get
    host = request.host if file.kind == TYPES[".html"] else ""
    known, wanted, accepted = get("if-none-match", ""), get("if-match", ""), get("accept-encoding", "")
    is_usual = len(host) + len(known) + len(wanted) + len(accepted) <= _REMEMBERED_LETTERS
    return (_remembered if is_usual else _respond)(path, host, known, wanted, accepted)


def _respond(path: str, host: str, known: str, wanted: str, accepted: str) -> Response:
    """A file as the headers want it.

    Args:
        path: the file's.
        host: the host that is asked for a page; '' for another file.
        known: If-None-Match.
        wanted: If-Match.
        accepted: Accept-Encoding.
    """
    file = files()[path]
    zipped = bool(file.packed) and accepts_gzip(accepted)
    # An entity tag stands for the bytes sent (RFC 9110, 8.8.3).
    tag = f'"{file.tag}-gz"' if zipped else f'"{file.tag}"'
    headers: Headers = (
        ("Content-Type", file.kind),
        ("ETag", tag),
        # The browser revalidates the page: after an update nobody has half of the old one.
        ("Cache-Control", "public, max-age=31536000, immutable" if file.lasts else "no-cache"),
        ("Vary", "Accept, Accept-Encoding" if file.packed else "Accept"),
    )
    if file.kind == TYPES[".html"]:
        headers += _page_headers(host)
    elif path == WORKER:
        headers += (("Content-Security-Policy", _WORKER_POLICY),)
    # Tags match strongly there (RFC 9110, 13.1.1): one with W/ never does.
    tags = [part.strip() for part in wanted.split(",")]
    if tags != [""] and tag not in tags and "*" not in tags:
        return problem(412, "That is not the version of the file that is here. Ask without If-Match.")
    if knows(known, tag):
        return Response(304, b"", headers)
    if zipped:
        return Response(200, file.packed, (*headers, ("Content-Encoding", "gzip")))
    return Response(200, file.data, headers)


_remembered = lru_cache(_REMEMBERED)(_respond)


def _page_headers(host: str) -> Headers:
    """The headers that only the page has: what it may load and use, and that no other window reaches it.

    For some browsers ``'self'`` does not include a WebSocket of the same host.
    """
    sockets = f" ws://{host} wss://{host}" if host else ""
    return (
        ("Content-Security-Policy", _PAGE_POLICY.format(sockets=sockets)),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    )
