"""What a file is, by its content alone."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server.file_types import IMAGES, PDF, SHOWN, TEXT, UNKNOWN, FileType, file_type

EXIF_TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
EXIF_BIG_ENDIAN = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0"


def png(width=2, height=3, data=b""):
    """A whole PNG of these measures; its pixels are black, or what ``data`` gives."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    rows = data or zlib.compress((b"\0" + bytes(-(-width // 8))) * height)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width, height, *segments, frame=0xC0):
    more = b"".join(b"\xff" + struct.pack(">BH", kind, len(data) + 2) + data for kind, data in segments)
    return b"\xff\xd8" + more + struct.pack(">BBHBHHB", 0xFF, frame, 11, 8, height, width, 1) + b"\1\x11\0"


def webp(kind, data):
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + data


TYPES = [
    (png(640, 480), "image/png", 640, 480),
    (b"GIF89a" + struct.pack("<HH", 10, 20), "image/gif", 10, 20),
    (b"GIF87a" + struct.pack("<HH", 0, 20), "image/gif", 0, 0),
    (jpeg(300, 200, (0xE0, b"JFIF\0")), "image/jpeg", 300, 200),
    (jpeg(300, 200, (0xE1, EXIF_TURNED), frame=0xC2), "image/jpeg", 200, 300),
    (jpeg(300, 200, (0xE1, EXIF_BIG_ENDIAN)), "image/jpeg", 200, 300),
    (jpeg(300, 200, (0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")), "image/jpeg", 300, 200),
    (b"\xff\xd8\xff\xe0\0\x02\xff\xda", "image/jpeg", 0, 0),
    (b"\xff\xd8\xff" + b"\xff" * 300, "image/jpeg", 0, 0),
    (webp(b"VP8X", bytes(4) + b"\x3f\x02\0\x8f\x01\0"), "image/webp", 576, 400),
    (webp(b"VP8L", b"\x2f\x3f\xc2\x63\0"), "image/webp", 576, 400),
    (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\x40\x02\x90\x41"), "image/webp", 576, 400),
    (
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf....ispe\0\0\0\0\0\0\0\x05\0\0\0\x06ispe\0\0\0\0\0\0\0\x50\0\0\0\x60",
        "image/avif", 80, 96,
    ),
    (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video/mp4", 0, 0),
    (b"\0\0\0\x18ftypM4A \0\0\0\0isommp42", "audio/mp4", 0, 0),
    (b"\0\0\0\x14ftypqt  \0\0\0\0isom", UNKNOWN, 0, 0),
    (b"\0\0\0\x14ftypheic\0\0\0\0mif1", UNKNOWN, 0, 0),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01\x42\x82\x84webm", "video/webm", 0, 0),
    (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", UNKNOWN, 0, 0),
    (b"OggS" + bytes(24) + b"\x01vorbis", "audio/ogg", 0, 0),
    (b"OggS" + bytes(24) + b"\x80theora", "video/ogg", 0, 0),
    (b"ID3\x04", "audio/mpeg", 0, 0),
    (b"\xff\xfb\x90\x64", "audio/mpeg", 0, 0),
    (b"%PDF-1.7\n", PDF, 0, 0),
    ("grüße\n\ttab".encode(), TEXT, 0, 0),
    ("ж".encode() * 40_000, TEXT, 0, 0),  # the last letter that is looked at is cut
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", TEXT, 0, 0),
    (b"<!doctype html><script>alert(1)</script>", TEXT, 0, 0),
    (b"\xef\xbb\xbf<html>", TEXT, 0, 0),
    (b"a\0b", UNKNOWN, 0, 0),
    (b"caf\xe9 ", UNKNOWN, 0, 0),
    (b"PK\x03\x04", UNKNOWN, 0, 0),
    (b"MZ\x90\0", UNKNOWN, 0, 0),
    (b"\x7fELF", UNKNOWN, 0, 0),
    (b"\x89PNG\r\n\x1a\n", "image/png", 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "width", "height"), TYPES)
def test_types(content, kind, width, height):
    assert file_type(content) == FileType(kind, width, height)


def test_nothing_that_runs_is_shown():
    assert not [
        kind for kind in SHOWN if any(word in kind for word in ("svg", "html", "xml", "script", "pdf"))
    ]
    assert IMAGES < SHOWN


@given(st.sampled_from([content for content, *_ in TYPES]), st.binary(max_size=60), st.integers(0, 60))
def test_no_content_raises(content, more, at):
    found = file_type(content[:at] + more)
    assert (found.width > 0) == (found.height > 0)
    assert found.type in SHOWN | {UNKNOWN, PDF}
