"""Thumbnails: what is decoded, and what is not."""

import io
import struct
import sys
import zlib

import pytest

from asyncchat.server.thumbnails import BOX, decoded, thumbnail
from tests.server.test_file_types import png

Image = pytest.importorskip("PIL.Image", reason="the extra asyncchat[images] is not installed")


@pytest.fixture
def made(tmp_path):
    """The thumbnail of a content as an image, made without a process; None: there is none."""

    def make(content):
        path = tmp_path / "image"
        path.write_bytes(content)
        try:
            found = decoded(path)
        except Exception:  # noqa: BLE001  # as the process ends
            return None
        return None if found is None else Image.open(io.BytesIO(found))

    return make


def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_an_image_becomes_small(made, kind):
    image = made(encoded(Image.new("RGB", (3000, 1000), "navy"), kind))
    assert (image.format, image.size) == ("WEBP", (720, 240))
    assert made(encoded(Image.new("RGB", (30, 10)), kind)).size == (30, 10)


def test_a_photograph_of_a_large_telephone_becomes_small(made):
    """Of 108 million pixels: more than the decoder takes by itself."""
    assert made(encoded(Image.new("L", (12_000, 9_000)), "JPEG")).size == (640, 480)
    assert made(encoded(Image.new("L", (12_001, 10_000)), "JPEG")) is None


def test_it_stands_upright_and_tells_nothing_else(made):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    image = made(encoded(Image.new("RGB", (2000, 1000)), "JPEG", exif=exif))
    assert image.size == (240, 480)
    assert not image.getexif()
    assert made(encoded(Image.new("RGBA", (10, 10), (1, 2, 3, 0)), "PNG")).mode == "RGBA"


def test_only_the_first_picture_of_many(made):
    frames = [Image.new("L", (900, 900), shade) for shade in (0, 99, 200)]
    image = made(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (image.size, getattr(image, "n_frames", 1)) == ((BOX[1], BOX[1]), 1)


@pytest.mark.parametrize(
    "content",
    [
        png(1, 100_000),
        png(100_000, 1),
        png(30_000, 30_000, zlib.compress(b"")),  # of 34 bytes, but 900 million pixels
        png(500, 500, zlib.compress(bytes(10))),  # it ends too early
        png(8000, 8000, zlib.compress(bytes(64_000_000))),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"BM" + bytes(60),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31 - 1) + b"IHDR",
        b"GIF89a" + bytes(20),
        b"<svg/>",
        b"",
    ],
    ids=range(11),
)
def test_what_is_not_decoded(made, content):
    assert made(content) is None


def progressive(width, height, scans):
    """A JPEG of few bytes, whose decoder goes over all of its blocks as often as asked."""
    blocks = -(-width // 8) * -(-height // 8)
    runs = -(-blocks // 0x7FFF)
    bits = ("0" + "1" * 14) * runs
    bits += "1" * (-len(bits) % 8)
    skipped = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    table = bytes([1, *[0] * 15])
    parts = [
        (0xDB, bytes([0, *[1] * 64]), b""),
        (0xC2, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0]), b""),
        (0xC4, b"\x00" + table + b"\x00", b""),
        (0xC4, b"\x10" + table + b"\xe0", b""),
        (0xDA, bytes([1, 1, 0, 0, 0, 0]), bytes(-(-blocks // 8))),
        *[(0xDA, bytes([1, 1, 0, 1, 63, 0]), skipped)] * scans,
    ]
    segments = [
        b"\xff" + bytes([marker]) + struct.pack(">H", len(head) + 2) + head + data
        for marker, head, data in parts
    ]
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xd9"


def test_a_jpeg_of_many_passes_is_not_decoded(made):
    assert made(progressive(800, 800, 90)).size == (BOX[1], BOX[1])
    assert made(progressive(800, 800, 101)) is None


def test_another_process_decodes(tmp_path):
    """A decoder that crashes, or takes all memory, takes nothing from the chat."""
    path = tmp_path / "image"
    path.write_bytes(encoded(Image.new("RGB", (900, 900)), "PNG"))
    before = {name for name in sys.modules if "Plugin" in name}
    assert (thumbnail(path) or b"").startswith(b"RIFF")
    assert {name for name in sys.modules if "Plugin" in name} == before
    path.write_bytes(png(500, 500, zlib.compress(bytes(10))))
    assert thumbnail(path) is None


def test_without_the_extra_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    path = tmp_path / "image"
    path.write_bytes(png())
    assert thumbnail(path) is None
