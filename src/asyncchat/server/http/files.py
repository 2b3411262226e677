"""Uploaded files over HTTP: ``POST /upload`` takes one (soju.im/FILEHOST), ``GET`` of its link gives it.

Owns who may send a request, and the headers under which nothing that somebody uploaded is executed. Must not
know where contents are kept, or what refers to them (``uploads``).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
import unicodedata
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from asyncchat.core import replies
from asyncchat.core.features.bots import POST
from asyncchat.core.features.files import FILES_PATH, ID_LENGTH, ID_LETTERS, StoredFile
from asyncchat.core.features.visitors import person_of, speaker
from asyncchat.core.names import fold
from asyncchat.core.normalization import normalize
from asyncchat.core.people import Person, person
from asyncchat.log.base import LogError
from asyncchat.server.file_store import read_piece
from asyncchat.server.file_types import IMAGES, SHOWN
from asyncchat.server.http.api.access import visitor_of
from asyncchat.server.http.messages import BodyFault, Headers, Response, knows, problem
from asyncchat.server.limits import FILE_BYTES
from asyncchat.server.uploads import SMALL_IMAGE, Refusal, Refused, Uploads
from asyncchat.text.sentences import refusal_sentence

if TYPE_CHECKING:
    from asyncchat.server.auth import Authentication
    from asyncchat.server.http.api.dispatch import Api
    from asyncchat.server.http.messages import Body, Request
    from asyncchat.server.http.session_links import SessionLinks
    from asyncchat.server.session import Session, SessionContext

T = TypeVar("T")

_logger = logging.getLogger("asyncchat.files")

UPLOAD_PATH: Final = "/upload"
_UPLOAD_PREFIX: Final = "/upload/"
_THUMBS_PATH: Final = "/thumbs/"
FILE_PATHS: Final = (UPLOAD_PATH, FILES_PATH, _THUMBS_PATH)
"""What the paths begin with that ``FilesApp`` answers."""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""The content security policy of a file: no script runs, nothing else is loaded, and it has no origin."""

MEDIA_POLICY: Final = (
    "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin; "
    "frame-ancestors 'none'"
)
"""That of a film or a sound. A browser shows it in a page of its own making, which loads it once more from
its origin; no script runs there either."""

NAME_BYTES: Final = 120
"""Longest name of a file in its link, as it is written there: a line of IRC has room for the whole link."""

_FILE = re.compile(rf"([{ID_LETTERS}]{{{ID_LENGTH}}})(?:-(?:\d+x)?\d+)?(?:/([^/]*))?")
_ID = re.compile(rf"[{ID_LETTERS}]{{{ID_LENGTH}}}")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_NAME = re.compile(
    r"filename\*\s*=\s*(?:utf-8)'[^']*'([^;]+)|filename\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;]*))", re.I
)
_NO_NAME = frozenset('/\\:*?"<>|')
"""What file systems allow in no name."""

_MEDIA = ("video/", "audio/")

_BASIC = (("WWW-Authenticate", 'Basic realm="asyncchat", charset="UTF-8"'),)

_STATUS: Final = {
    Refused.OFF: 403,
    Refused.GUEST: 403,
    Refused.TOO_LARGE: 413,
    Refused.EMPTY: 400,
    Refused.QUOTA: 429,
    Refused.BUSY: 503,
    Refused.FULL: 507,
    Refused.DISK_FULL: 507,
    Refused.BROKEN: 500,
    Refused.DOWN: 503,
}


class Uploaded(msgspec.Struct, frozen=True):
    """What the answer to an upload says as JSON."""

    url: str
    name: str
    type: str
    size: int
    width: int
    height: int


class FilesApp:
    """Answers requests for files.

    Args:
        context: what sessions share.
        uploads: has the files.
        auth: checks the passwords of accounts.
        api: checks tokens.
        links: know who asks.
    """

    def __init__(
        self, context: SessionContext, uploads: Uploads, auth: Authentication, api: Api, links: SessionLinks
    ) -> None:
        self._context = context
        self._uploads = uploads
        self._auth = auth
        self._api = api
        self._links = links

    def upload_link(self, person_id: int, session_id: int, base: str) -> str:
        """Where a session of a person uploads files, without a password: nobody else knows the link.

        Args:
            person_id: the person.
            session_id: its session; when it ends, the link is of no use.
            base: the address at which the client reached the server, such as ``http://192.0.2.1:1234``; empty
                where there is none, as on a Unix socket.

        Returns:
            The link; empty if no file is taken.
        """
        options = self._context.options
        if options.file_url:
            base = options.file_url.rstrip("/") + options.base_path
        if not base or not self._uploads.most_bytes:
            return ""
        return f"{base}{_UPLOAD_PREFIX}{self._links.mark(person_id, session_id)}"

    async def respond(self, request: Request, body: Body, session: Session, base: str) -> Response:
        """The answer to a request below ``FILE_PATHS``.

        ``base`` is the address of the server for links.
        """
        path = request.raw_path
        if path == UPLOAD_PATH or path.startswith(_UPLOAD_PREFIX):
            return await self._take(request, body, session, base)
        if path.startswith(FILES_PATH):
            found = _FILE.fullmatch(path[len(FILES_PATH) :])
            file = None if found is None else self._uploads.find(found[1])
            if found is None or file is None:
                return _no_file(request)
            return await self._give(request, file, clean_name(unquote(found[2] or "")))
        if path.startswith(_THUMBS_PATH):
            id = path[len(_THUMBS_PATH) :]
            file = self._uploads.find(id) if _ID.fullmatch(id) else None
            return _no_file(request) if file is None else await self._give_thumbnail(request, file)
        return problem(404, "There is nothing here. Files are sent to /upload.")

    # Uploads.

    async def _take(self, request: Request, body: Body, session: Session, base: str) -> Response:
        if request.method == "OPTIONS":
            return Response(204, b"", (("Allow", "POST, OPTIONS"), ("Accept-Post", "*/*")))
        if request.method != "POST":
            allow = (("Allow", "POST, OPTIONS"),)
            return problem(405, "Files are sent here, with POST.", allow)
        uploader = await self._uploader(request, session)
        if isinstance(uploader, Response):
            return uploader
        try:
            async with aclosing(body.parts(self._uploads.most_bytes)) as parts:
                taken = await self._uploads.take(parts, request.length, uploader, session)
                if isinstance(taken, Refusal) and taken.why is not Refused.TOO_LARGE and not request.expects:
                    # A browser that still sends would not read the answer.
                    with suppress(BodyFault):
                        async for _ in parts:
                            pass
        except BodyFault as fault:
            if fault.response.status != 413:
                return fault.response
            taken = self._uploads.too_large()
        if isinstance(taken, Refusal):
            later = (("Retry-After", str(taken.seconds)),) if taken.seconds else ()
            return problem(_STATUS[taken.why], taken.words, later, close=True)
        name = name_of(request.header("content-disposition"))
        url = base + path_of(taken, name)
        told = Uploaded(url, name, taken.type, taken.size, taken.width, taken.height)
        headers = (("Content-Type", "application/json"), ("Location", url))
        return Response(201, msgspec.json.encode(told) + b"\n", headers)

    async def _uploader(self, request: Request, session: Session) -> Person | Response:
        """Who sends a file; the answer if that is not known."""
        found = self._links.session_of(request.raw_path[len(_UPLOAD_PREFIX) :])
        if found is not None:
            return found[0]
        authorization = request.header("authorization")
        scheme, _, given = authorization.partition(" ")
        match scheme.lower():
            case "bearer":
                return self._by_token(authorization, session)
            case "basic":
                return await self._account(given.strip(), session)
        if request.raw_path != UPLOAD_PATH:
            return problem(
                403, "This link is no longer valid, because its connection has ended. Join again.", close=True
            )
        if not (authorization or self._context.options.password):
            return self._guest(request, session)
        words = (
            "Send an account's name and password (Authorization: Basic), or a token (Authorization: Bearer)."
        )
        return problem(401, words, _BASIC, close=True)

    def _guest(self, request: Request, session: Session) -> Person | Response:
        """A guest under the name that it gives; one that is somebody's becomes a similar one."""
        name = dict(parse_qsl(request.query)).get("name", "guest")
        found = speaker(self._context.hub.chat, visitor_of(session, "", name), None)
        return (
            problem(403, refusal_sentence(found), close=True) if isinstance(found, replies.Refusal) else found
        )

    def _by_token(self, authorization: str, session: Session) -> Person | Response:
        token = self._api.token_of(authorization)
        if token is None:
            login = self._api.login_of(authorization, session)
            if isinstance(login, Response):
                return login
            return person_of(visitor_of(session, login.account))
        if POST not in token.actions:
            return problem(403, f"This token does not allow to {POST}.", close=True)
        return token.bot

    async def _account(self, given: str, session: Session) -> Person | Response:
        """The person that an account's name and password stand for (RFC 7617)."""
        if not session.private:
            words = (
                "A password is not accepted over a connection that is not encrypted. Upload to the link that "
                "your client is given (soju.im/FILEHOST), or with a token."
            )
            return problem(403, words, close=True)
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return problem(400, "The header Authorization is not valid.", close=True)
        right = await self._auth.verify_account(session, name, password)
        if isinstance(right, replies.AccountRefused):
            return problem(429, f"Too many wrong passwords: {right.detail}.", close=True)
        chat = self._context.hub.chat
        account = chat.accounts.get(fold(name))
        if not right or account is None:
            return problem(401, "The name or the password is wrong.", _BASIC, close=True)
        for one in chat.people.values():
            if one.account and fold(one.account) == fold(name):
                return one
        if self._context.options.password:
            return problem(403, "Join the chat first: this server has a password of its own.", close=True)
        return person(0, account.name, "account", "api", account=account.name)

    # Answers.

    async def _give(self, request: Request, file: StoredFile, name: str) -> Response:
        path = self._uploads.store.path(file.hash)
        is_shown = file.type in SHOWN
        shown = "inline" if is_shown else "attachment"
        headers = (
            ("Content-Type", file.type),
            ("Content-Security-Policy", MEDIA_POLICY if file.type.startswith(_MEDIA) else POLICY),
            ("Content-Disposition", f"{shown}; filename*=UTF-8''{quote(name or 'file', safe='')}"),
        )
        return await self._content(request, path, file.size, file.hash[:32], headers)

    async def _give_thumbnail(self, request: Request, file: StoredFile) -> Response:
        """A small picture of an image; if there is none, a small image itself."""
        store = self._uploads.store
        thumbnail = store.thumbnail(file.hash)
        headers: Headers
        if file.type in IMAGES and file.size <= SMALL_IMAGE:
            headers = (("Content-Type", file.type), ("Content-Security-Policy", POLICY))
            return await self._content(request, store.path(file.hash), file.size, file.hash[:32], headers)
        try:
            size = await self._here(thumbnail, lambda: thumbnail.stat().st_size)
        except LogError as error:
            return _elsewhere(error)
        except OSError:
            return _no_file(request, "There is no small picture of this file.")
        tag = f"{file.hash[:32]}-thumb"
        headers = (("Content-Type", "image/webp"), ("Content-Security-Policy", POLICY))
        return await self._content(request, thumbnail, size, tag, headers)

    async def _content(self, request: Request, path: Path, size: int, tag: str, headers: Headers) -> Response:
        """A content as it is asked for: all of it, a part (RFC 9110, 14), or only that it is the same."""
        if request.method not in ("GET", "HEAD"):
            return _only_read(request)
        entity = f'"{tag}"'
        headers = (
            *headers,
            ("ETag", entity),
            ("Accept-Ranges", "bytes"),
            ("Cache-Control", "private, max-age=31536000, immutable"),
        )
        if knows(request.header("if-none-match"), entity):
            return Response(304, b"", headers)
        start, end, status = 0, size, 200
        if request.method == "GET" and request.header("if-range") in ("", entity):
            try:
                part = _part(request.header("range"), size)
            except ValueError as error:
                return problem(416, f"{error}.", (("Content-Range", f"bytes */{size}"),))
            if part is not None:
                start, end = part
                status = 206
                headers += (("Content-Range", f"bytes {start}-{end - 1}/{size}"),)
        if request.method == "GET":
            begin = partial(read_piece, path, start, min(FILE_BYTES, end - start))
            try:
                begun = await self._here(path, begin)
            except LogError as error:
                return _elsewhere(error)
            except OSError:
                return problem(404, "The content of this file is gone. Ask whoever sent it to send it again.")
            if len(begun) == end - start:
                return Response(status, begun, headers)
        pieces = partial(_pieces, path, start, end)
        return Response(status, b"", headers, pieces=pieces, length=end - start)

    async def _here(self, path: Path, read: Callable[[], T]) -> T:
        """What a thread reads of a content, which is fetched if another node of the cluster has it.

        Raises:
            LogError: it can't be fetched now.
            OSError: nobody has it, or it can't be read.
        """
        try:
            return await asyncio.to_thread(read)
        except FileNotFoundError:
            if not await self._uploads.fetch(path.name):
                raise
        return await asyncio.to_thread(read)


def _no_file(request: Request, words: str = "There is no such file here, or it was removed.") -> Response:
    return problem(404, words) if request.method in ("GET", "HEAD") else _only_read(request)


def _elsewhere(error: LogError) -> Response:
    _logger.warning("A file of another node can't be given: %s", error)
    words = "This file is on another node of this chat, which can't be reached now. Try again later."
    return problem(503, words, (("Retry-After", "5"),))


def _only_read(request: Request) -> Response:
    allow = (("Allow", "GET, HEAD, OPTIONS"),)
    if request.method == "OPTIONS":
        return Response(204, b"", allow)
    return problem(405, "A file can only be read, with GET.", allow)


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last that a Range header asks for; None: all of it.

    What is not understood, or asks for several parts, may be answered by all of it (RFC 9110, 14.2).

    Raises:
        ValueError: there are no such bytes; the text says so.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = size - min(int(found[2]), size), size
    else:
        start, end = int(found[1]), int(found[2]) + 1 if found[2] else size
        if end <= start and found[2]:
            return None
    if start >= size:
        raise ValueError(f"The file has {size} bytes")
    return start, min(end, size)


async def _pieces(path: Path, start: int, end: int) -> AsyncGenerator[bytes, None]:
    """A content piece by piece; it ends early if it can't be read."""
    while start < end:
        try:
            piece = await asyncio.to_thread(read_piece, path, start, min(FILE_BYTES, end - start))
        except OSError:
            return
        if not piece:
            return
        start += len(piece)
        yield piece


# Names.


def path_of(file: StoredFile, name: str) -> str:
    """The path in a file's link. Readers see in it what it is before they load it: an image's width and
    height, or the bytes of another file, and its name."""
    size = f"{file.width}x{file.height}" if file.width and file.type in IMAGES else str(file.size)
    return f"{FILES_PATH}{file.id}-{size}/{quote(name, safe='')}"


def name_of(content_disposition: str) -> str:
    """The name in the header of an upload (RFC 6266), clean; ``file`` without one."""
    extended = plain = ""
    for found in _NAME.finditer(content_disposition[:8192]):
        if found[1]:
            extended = extended or unquote(found[1].strip())
        else:
            quoted = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3] or ""
            plain = plain or quoted.strip()
    with suppress(UnicodeError):
        plain = plain.encode("latin-1").decode()  # many clients send UTF-8
    return clean_name(extended or plain) or "file"


def clean_name(name: str) -> str:
    """A file's name without a path, controls, marks of direction and what no file system allows; short."""
    name = normalize("NFC", re.split(r"[/\\]", name)[-1])
    letters = ["" if unicodedata.category(one)[0] == "C" else "_" if one in _NO_NAME else one for one in name]
    name = re.sub(r"\s+", " ", "".join(letters)).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 10:
        stem, dot, ending = name, "", ""
    stem = stem[:NAME_BYTES]
    while stem and len(quote(stem + dot + ending, safe="")) > NAME_BYTES:
        stem = stem[:-1]
    return stem.rstrip(" .") + dot + ending
