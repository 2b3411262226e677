"""What a photograph tells beside its picture is left out: the place where it was taken, the camera, names.

Pure: the bytes of a JPEG, a PNG or a WebP in, the parts to keep out. Nothing is decoded, so the picture stays
the same. Kept are the orientation, without which it would lie on its side, and colour profiles. Must not know
files.
"""

import re
import struct
import zlib
from collections.abc import Callable
from mmap import mmap
from typing import Final

Data = bytes | mmap

Part = slice | bytes
"""A part of the file as it is, or what stands in the place of one."""

_MOST_PARTS: Final = 100_000
"""Parts of a file that are looked at. An animation has some thousands."""

_MOST_EXIF: Final = 65_536
"""Bytes of Exif data in which the orientation is looked for."""

_STEP_BYTES: Final = 65_536
"""How much is looked through at a time: less than a millisecond."""

_ORIENTATION: Final = 0x0112


class _Broken(Exception):
    """The file is not as its format says: it is kept as it is."""


def stripped(kind: str, data: Data) -> list[Part] | None:
    """The parts of a file without what it tells beside its picture; None: there is nothing to leave out.

    Args:
        kind: its media type; another than those of photographs is kept as it is.
        data: the whole file.
    """
    strip = _FORMATS.get(kind)
    if strip is None:
        return None
    try:
        parts = strip(data)
    except (_Broken, struct.error, IndexError):
        return None
    return None if parts == [slice(0, len(data))] or sum(map(_length, parts)) == len(data) else parts


def _length(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else part.stop - part.start


def orientation(tiff: bytes) -> int:
    """How Exif data says a picture is turned (CIPA DC-008, 4.6.5.1.6): 1 to 8; 1: not at all."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    if at + 2 > len(tiff):
        return 1
    (entries,) = struct.unpack_from(f"{order}H", tiff, at)
    for entry in range(at + 2, min(at + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION:
            return value if 1 <= value <= 8 else 1
    return 1


def _only_orientation(tiff: bytes) -> bytes:
    """Exif data with the orientation alone; empty if the picture is not turned."""
    turned = orientation(tiff)
    if turned == 1:
        return b""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)


# JPEG (ITU-T T.81, annex B).

_EXIF_MARK = b"Exif\0\0"
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The marker that ends the data of a scan: no stuffed byte, and no restart."""

_LEFT_OUT = {
    0xE1: b"",  # Exif, XMP
    0xE2: b"MPF\0",  # where further pictures begin behind this one
    0xED: b"",  # Photoshop's, with IPTC
}
"""Application segments, by marker: how the ones begin that are left out."""


def _jpeg(data: Data) -> list[Part]:
    """Also what follows the picture is left out: a second one or a film, with metadata of its own."""
    if data[:2] != b"\xff\xd8":
        raise _Broken
    parts: list[Part] = [slice(0, 2)]
    turned = b""
    at = 2
    for _ in range(_MOST_PARTS):
        if at + 4 > len(data):  # it ends early, and browsers show what there is
            break
        if data[at] != 0xFF:
            raise _Broken
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            raise _Broken
        end = min(at + 2 + length, len(data))
        content = data[at + 4 : min(end, at + 4 + _MOST_EXIF)]
        if marker in _LEFT_OUT and content.startswith(_LEFT_OUT[marker]):
            if content.startswith(_EXIF_MARK):
                turned = turned or _only_orientation(content[len(_EXIF_MARK) :])
        else:
            if marker == 0xDA:
                end = _scan_end(data, end)
            parts.append(slice(at, end))
        at = end
    else:
        raise _Broken
    parts.append(slice(at, min(at + 2, len(data)) if data[at : at + 2] == b"\xff\xd9" else len(data)))
    if turned:
        parts.insert(1, b"\xff\xe1" + struct.pack(">H", len(turned) + 8) + _EXIF_MARK + turned)
    return parts


def _scan_end(data: Data, at: int) -> int:
    """Where the data of a scan end; in steps, between which others have their turn."""
    while at < len(data):
        found = _NEXT_MARKER.search(data, at, at + _STEP_BYTES + 1)
        if found is not None:
            return found.start()
        at += _STEP_BYTES
    return len(data)


# PNG (W3C, third edition).

_PROFILE = b"Raw profile type "
"""How the keyword of a text begins in which programs put Exif, IPTC and XMP."""


def _png(data: Data) -> list[Part]:
    """Texts stay: diagrams have their source in one."""
    parts: list[Part] = [slice(0, 8)]
    at = 8
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            return parts
        length, kind = struct.unpack_from(">I4s", data, at)
        end = min(at + 12 + length, len(data))
        content = data[at + 8 : min(at + 8 + length, at + 8 + _MOST_EXIF)]
        if kind == b"eXIf":
            if turned := _only_orientation(content):
                crc = struct.pack(">I", zlib.crc32(kind + turned))
                parts.append(struct.pack(">I", len(turned)) + kind + turned + crc)
        elif not (
            (kind == b"iTXt" and content.startswith(b"XML:com.adobe.xmp\0"))
            or (kind in (b"tEXt", b"zTXt", b"iTXt") and content.startswith(_PROFILE))
        ):
            parts.append(slice(at, end))
        at = end
        if kind == b"IEND":
            return parts
    raise _Broken


# WebP (RFC 9649, 2).

_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


def _webp(data: Data) -> list[Part]:
    whole = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    kept: list[Part] = []
    turned = b""
    flags = flags_at = 0
    at = 12
    for _ in range(_MOST_PARTS):
        if at + 8 > whole:
            break
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = min(at + 8 + length + length % 2, whole)
        if kind == b"EXIF":
            turned = _only_orientation(data[at + 8 : min(end, at + 8 + _MOST_EXIF)].removeprefix(_EXIF_MARK))
        elif kind == b"VP8X":
            if end - at < 18:
                raise _Broken
            flags = data[at + 8] & ~(_EXIF_FLAG | _XMP_FLAG)
            flags_at = len(kept) + 1
            kept += [slice(at, at + 8), bytes([flags]), slice(at + 9, end)]
        elif kind != b"XMP ":
            kept.append(slice(at, end))
        at = end
    else:
        raise _Broken
    if turned:
        kept.append(b"EXIF" + struct.pack("<I", len(turned)) + turned)
        if flags_at:
            kept[flags_at] = bytes([flags | _EXIF_FLAG])
    size = sum(map(_length, kept))
    if size + 12 == len(data):
        return [slice(0, len(data))]
    return [b"RIFF" + struct.pack("<I", size + 4) + b"WEBP", *kept]


_FORMATS: Final[dict[str, Callable[[Data], list[Part]]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
