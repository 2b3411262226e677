"""Thumbnails: small pictures of images, where Pillow is installed (``asyncchat[images]``).

Owns which images are decoded at all, and the process that decodes each: what a stranger's image does to a
decoder, it does not do to the chat. Must not know where they are kept. For a thread: it takes up to a second.
"""

import importlib.util
import io
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Final

_logger = logging.getLogger("asyncchat.files")

BOX: Final = (720, 480)
"""The largest thumbnail: twice what the page shows, for screens with small pixels."""

_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
"""What Pillow may decode: not the forty others that it knows, among them PostScript."""

_MOST_PIXELS: Final = 25_000_000
"""Pixels of an image that is decoded: they take 100 MB for a moment."""

_MOST_JPEG_PIXELS: Final = 120_000_000
"""The same of a JPEG, which is decoded at a fraction of its size. Telephones make 12 to 108 million."""

_MOST_SIDE: Final = 20_000
"""The longest side of such an image."""

_MOST_RATIO: Final = 50
"""How often the longer side may have the shorter one: of a line there is nothing to see."""

_MOST_SCANS: Final = 100
"""Passes over a JPEG: each takes its time, however few bytes it has. Cameras make one, programs ten."""

_SECONDS: Final = 5
"""How long a processor may be busy with an image, and three times as long until it is given up."""

_MEMORY: Final = 1_000_000_000
"""Bytes that its process may have, with those of its programs."""

_KEPT_VARIABLES: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The environment of the process: no secret of the server's is in it."""


def thumbnail(path: Path) -> bytes | None:
    """A small picture of an image, without what else is in its file; None: it is not decoded, or can't be.

    It is decoded in a process of its own, which has no more than its share of the time and the memory.
    """
    if importlib.util.find_spec("PIL") is None:
        return None
    known = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    known["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = (sys.executable, "-P", "-m", "asyncchat.server.thumbnails", str(path))
    try:
        made = subprocess.run(  # noqa: S603 - the path is the server's own
            command, env=known, stdin=subprocess.DEVNULL, capture_output=True, timeout=3 * _SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _logger.info("There is no thumbnail of an image: %s", error)
        return None
    if made.returncode:
        told = made.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        _logger.info("There is no thumbnail of an image: %s", told or f"its process ended: {made.returncode}")
    return made.stdout if made.returncode == 0 and made.stdout else None


def decoded(path: Path) -> bytes | None:
    """For the process: the small picture; None: the image is not decoded. What is none raises anything."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = _MOST_JPEG_PIXELS  # its own limit is lower; those below are the server's
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            is_jpeg = image.format == "JPEG"
            if width * height > (_MOST_JPEG_PIXELS if is_jpeg else _MOST_PIXELS):
                return None
            if max(width, height) > min(_MOST_SIDE, _MOST_RATIO * min(width, height)):
                return None
            if is_jpeg and path.read_bytes().count(b"\xff\xda") > _MOST_SCANS:
                return None
            image.draft("RGB", (2 * BOX[0], 2 * BOX[1]))
            if image.size[0] * image.size[1] > _MOST_PIXELS:
                return None
            image.thumbnail((2 * max(BOX), 2 * max(BOX)))
            shown = ImageOps.exif_transpose(image)
            shown.thumbnail(BOX)
            made = io.BytesIO()
            shown.convert("RGBA" if shown.has_transparency_data else "RGB").save(made, "WEBP", quality=80)
            return made.getvalue()


def _limit() -> None:
    """For the process: takes away what it does not need."""
    try:
        import resource
    except ImportError:
        return  # Windows
    os.nice(10)
    for kind, most in (("CPU", _SECONDS), ("AS", _MEMORY), ("FSIZE", 0), ("CORE", 0)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (most, most))


if __name__ == "__main__":
    _limit()
    sys.stdout.buffer.write(decoded(Path(sys.argv[1])) or b"")
