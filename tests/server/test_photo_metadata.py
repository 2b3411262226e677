"""What a photograph tells beside its picture is left out, and the picture stays as it is."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server.photo_metadata import _STEP_BYTES, orientation, stripped
from tests.server.test_file_types import EXIF_TURNED, png

PLACE = b"52.5200 N 13.4050 E"
TURNED = EXIF_TURNED.removeprefix(b"Exif\0\0")
XMP = b"http://ns.adobe.com/xap/1.0/\0" + PLACE


def without(kind, data):
    parts = stripped(kind, data)
    if parts is None:
        return None
    return b"".join(part if isinstance(part, bytes) else data[part] for part in parts)


def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


JFIF, FRAME, COLOURS = (
    segment(marker, content)
    for marker, content in ((0xE0, b"JFIF\0"), (0xC0, bytes(9)), (0xE2, b"ICC_PROFILE\0"))
)
SCAN = segment(0xDA, bytes(6)) + b"data\xff\0more\xff\xd0rest"
END = b"\xff\xd9"
UPRIGHT = b"Exif\0\0MM\0*\0\0\0\x08\0\0" + PLACE


def test_a_jpeg():
    picture = b"\xff\xd8" + JFIF + COLOURS + FRAME + SCAN + segment(0xC4, b"table") + SCAN
    hidden = [
        segment(0xE1, UPRIGHT),
        segment(0xE1, XMP),
        segment(0xED, PLACE),
        segment(0xE2, b"MPF\0" + PLACE),
    ]
    head, rest = picture[: 2 + len(JFIF)], picture[2 + len(JFIF) :]
    for one in hidden:
        assert without("image/jpeg", head + one + rest + END) == picture + END
    assert without("image/jpeg", head + b"".join(hidden) + rest) == picture  # it ends early
    assert without("image/jpeg", picture + END + b"\xff\xd8" + segment(0xE1, XMP)) == picture + END
    assert without("image/jpeg", picture + END) is None
    turned = b"\xff\xd8" + segment(0xE1, EXIF_TURNED) + picture[2:] + END
    again = without("image/jpeg", head + segment(0xE1, EXIF_TURNED + PLACE) + rest + END)
    assert PLACE not in again
    assert len(again) == len(turned)
    assert orientation(again[12:]) == 6
    assert without("image/jpeg", again) is None


@pytest.mark.parametrize("length", [_STEP_BYTES - 1, _STEP_BYTES, _STEP_BYTES + 1, 3 * _STEP_BYTES])
def test_a_long_scan_ends_where_the_next_marker_is(length):
    picture = b"\xff\xd8" + FRAME + segment(0xDA, bytes(6)) + bytes(length)
    assert without("image/jpeg", picture + segment(0xE1, XMP) + SCAN + END) == picture + SCAN + END


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_png():
    picture = png()
    head, rest = picture[:33], picture[33:]
    for hidden in (
        chunk(b"eXIf", UPRIGHT[6:]),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PLACE),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + PLACE),
    ):
        assert without("image/png", head + hidden + rest) == picture
        assert without("image/png", head + hidden) == head  # it ends early
    diagram = head + chunk(b"zTXt", b"mxfile\0\0source") + rest
    assert without("image/png", diagram) is None
    assert without("image/png", picture + PLACE) == picture
    again = without("image/png", head + chunk(b"eXIf", TURNED + PLACE) + rest)
    assert PLACE not in again
    assert orientation(again[41:]) == 6


def riff(*chunks):
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def test_a_webp():
    head, flagged = (b"VP8X", b"\x10" + bytes(9)), (b"VP8X", b"\x1c" + bytes(9))
    pixels = (b"VP8L", b"\x2f1234")
    for hidden in ((b"EXIF", UPRIGHT), (b"XMP ", XMP)):
        assert without("image/webp", riff(flagged, pixels, hidden)) == riff(head, pixels)
    assert without("image/webp", riff(head, pixels)) is None
    assert without("image/webp", riff(head, pixels) + PLACE) == riff(head, pixels)
    again = without("image/webp", riff(flagged, pixels, (b"EXIF", TURNED + PLACE), (b"XMP ", XMP)))
    assert PLACE not in again
    assert again[20] == 0x18
    assert orientation(again[again.index(b"EXIF") + 8 :]) == 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_picture_of_a_real_file_is_the_same(kind):
    Image = pytest.importorskip("PIL.Image", reason="the extra asyncchat[images] is not installed")
    exif = Image.Exif()
    exif[0x0112] = 8
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    shown = Image.linear_gradient("L").convert("RGB")
    file = io.BytesIO()
    shown.save(file, kind, exif=exif)
    again = Image.open(io.BytesIO(without(f"image/{kind.lower()}", file.getvalue())))
    assert dict(again.getexif()) == {0x0112: 8}
    assert again.tobytes() == Image.open(file).tobytes()


@given(
    st.sampled_from(["image/jpeg", "image/png", "image/webp"]), st.binary(max_size=200), st.integers(0, 90)
)
def test_nothing_raises(kind, more, at):
    whole = {
        "image/jpeg": b"\xff\xd8" + JFIF + segment(0xE1, EXIF_TURNED) + FRAME + SCAN + END,
        "image/png": png(),
        "image/webp": riff((b"VP8X", bytes(10)), (b"EXIF", TURNED), (b"VP8L", b"x")),
    }[kind]
    told = without(kind, whole[:at] + more)
    assert told is None or len(told) <= at + len(more) + 64


def test_a_webp_whose_head_is_short_stays_as_it_is():
    for head in (b"", b"\x0c"):
        assert stripped("image/webp", riff((b"VP8X", head), (b"XMP ", XMP))) is None


def test_other_files_stay_as_they_are():
    assert stripped("text/plain", UPRIGHT) is None
    assert stripped("image/jpeg", b"\xff\xd8\xff\x01") is None
    assert stripped("image/gif", b"GIF89a") is None
