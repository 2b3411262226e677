"""What a file is, by its content: its media type, and the size of an image in pixels.

Pure: bytes in, a type out. Owns which types are served as such; must not know who says what it is. What is
not in ``SHOWN`` is ``UNKNOWN``: browsers save it, and never show or run it. HTML, SVG and scripts are no
types of their own on purpose.
"""

import codecs
import re
import struct
from typing import Final

import msgspec

from asyncchat.server.photo_metadata import orientation

UNKNOWN: Final = "application/octet-stream"

TEXT: Final = "text/plain; charset=utf-8"

PDF: Final = "application/pdf"

IMAGES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))

SHOWN: Final = IMAGES | {"video/mp4", "video/webm", "video/ogg", "audio/mp4", "audio/ogg", "audio/mpeg", TEXT}
"""What a browser may show by itself. It saves all else, a PDF too: in a sandbox no browser shows one."""

HEAD_BYTES: Final = 262_144
"""How much of a file's beginning is looked at: a photograph may have 64 KB of other data before its size."""

_TEXT_BYTES = 65_536
"""How much of a text is looked at."""

_MOST_PIXELS = 1_000_000
"""The longest side of an image that is believed."""

_FTYP_BYTES = 256
"""How much of the list of brands is looked at."""

_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""Controls that a text does not have; a log may have colours, which begin with ESC."""


class FileType(msgspec.Struct, frozen=True):
    """A media type, and the width and height of an image as it is shown; 0: not known."""

    type: str
    width: int = 0
    height: int = 0


def file_type(head: bytes) -> FileType:
    """What a file is whose first ``HEAD_BYTES`` these are."""
    kind = _kind(head)
    if kind not in IMAGES:
        return FileType(kind)
    try:
        width, height = _SIZES[kind](head)
    except (struct.error, IndexError, ValueError):
        width = height = 0
    if not (0 < width <= _MOST_PIXELS and 0 < height <= _MOST_PIXELS):
        width = height = 0
    return FileType(kind, width, height)


def _kind(head: bytes) -> str:
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head.startswith(b"\x1aE\xdf\xa3"):  # EBML; Matroska with more codecs than WebM is not shown
        return "video/webm" if b"\x42\x82\x84webm" in head[:64] else UNKNOWN
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head[:512] else "audio/ogg"
    if len(head) > 2 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2):
        return "audio/mpeg"
    return TEXT if _is_text(head) else UNKNOWN


_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", PDF),
    (b"ID3", "audio/mpeg"),
)


def _of_brands(head: bytes) -> str:
    """A file of the ISO base media file format (ISO/IEC 14496-12), by its brands."""
    end = min(int.from_bytes(head[:4], "big"), _FTYP_BYTES)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if head[8:12] == b"M4A ":
        return "audio/mp4"
    # QuickTime and images of other codecs are not shown by all browsers.
    is_movie = brands & {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "}
    return "video/mp4" if is_movie and head[8:12] != b"qt  " else UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        # The last character may be cut.
        text = codecs.getincrementaldecoder("utf-8")().decode(head[:_TEXT_BYTES])
    except UnicodeDecodeError:
        return False
    return _NO_TEXT.search(text) is None


def _png(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _webp(head: bytes) -> tuple[int, int]:
    """See RFC 9649, 2.5 to 2.7."""
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF


def _avif(head: bytes) -> tuple[int, int]:
    """The largest extent of an image in it (``ispe``: ISO/IEC 23008-12, 6.5.3)."""
    found = [(0, 0)]
    at = head.find(b"ispe")
    while at >= 0 and len(found) < 64:
        width, height = struct.unpack_from(">II", head, at + 8)
        found.append((width, height))
        at = head.find(b"ispe", at + 4)
    return max(found)


def _jpeg(head: bytes) -> tuple[int, int]:
    """The size in the frame's header (ITU-T T.81, B.2.2), turned as its Exif data says."""
    at, turned = 2, False
    while True:
        if head[at] != 0xFF:
            raise ValueError("no marker")
        marker = head[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        length = int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, at + 5)
            return (height, width) if turned else (width, height)
        if marker == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            turned = orientation(head[at + 10 : at + 2 + length]) >= 5  # a quarter of a turn
        if length < 2 or marker == 0xDA:
            raise ValueError("no frame")
        at += 2 + length


_SIZES = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": _avif,
    "image/jpeg": _jpeg,
}
